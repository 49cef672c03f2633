#!/bin/bash
# Puts together what a person with a real Windows needs to try the libraries: `make windows-check`.
#
#   check.sh WINDOWS FOLDER     WINDOWS is what `make windows` made
set -euo pipefail
windows=$(readlink -f "$1")
mkdir -p "$2"
folder=$(readlink -f "$2")
cd "$(dirname "$(readlink -f "$0")")/../.."
. packaging/windows/lib.sh
install_tools tests/windows/tools.txt

for width in x64 x86; do
  case $width in x64) bits=64 ;; x86) bits=32 ;; esac
  bash tests/windows/programs.sh "$bits" "$windows/$width" "$folder/$width"
  cp "$windows/$width/postrider.exe" "$folder/$width/"
done
# cmd wants its lines to end as Windows does.
sed 's/\r*$/\r/' packaging/windows/check.cmd >"$folder/check.cmd"
