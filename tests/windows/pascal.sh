#!/bin/bash
# Compiles a Pascal program for Windows, in Delphi mode, into FOLDER.
#
#   pascal.sh 64|32 SOURCE FOLDER [FLAG OF FPC...]
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

[ $# -ge 3 ] || fail 'usage: pascal.sh 64|32 SOURCE FOLDER [FLAG OF FPC...]'
units=$WINDOWS_BUILD/units$1
[ -d "$units" ] && [ -d "$I386" ] || fail 'run tests/windows/install.sh first'
mkdir -p "$3"
# -n: no settings of this machine.
exec "$(pascal_compiler "$1")" -n "-Twin$1" -Mdelphi "-Fu$units" "-FU$3" "-FE$3" "${@:4}" "$2"
