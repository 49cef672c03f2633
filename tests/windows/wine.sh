#!/bin/bash
# Runs a Windows program with Wine; cargo can use it as runner. Paths and environment are those of
# the caller, and so are input, output and exit code.
#
#   wine.sh 64|32 PROGRAM [ARG...]
#   wine.sh stop      ends what still runs: at the end of a test run. By itself, Wine's server ends
#                     3 seconds after the last program; to start it anew costs a third of a second
#
# The 32-bit Wine is that of another system, whose /usr it finds in place of the machine's own: in
# a mount namespace of its own, so that nothing stays mounted. Every other folder is the same
# inside, /usr/local and /usr/src too.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

REVOCATION=$WINDOWS/revocation.c

run() { # 64|32 PROGRAM [ARG...]
  case $1 in
    64) exec /usr/lib/wine/wine64 "${@:2}" ;;
    32) exec unshare --mount --propagation private bash -ec '
          for kept in local src; do mount --rbind "/usr/$kept" "$0/usr/$kept"; done
          mount --rbind "$0/usr" /usr
          exec /usr/lib/wine/wine "$@"' "$I386" "${@:2}" ;;
  esac
}

server() { /usr/lib/wine/wineserver64 "$@"; } # it finds the 32-bit one too

make_prefix() { # 64|32 FOLDER
  local gcc=x86_64-w64-mingw32-gcc
  local key='HKLM\Software\Microsoft\Cryptography\OID\EncodingType 1\CertDllVerifyRevocation\DEFAULT'
  [ "$1" = 64 ] || gcc=i686-w64-mingw32-gcc
  export WINEPREFIX=$2
  trap 'server --kill; exit 1' INT TERM
  export HOME=$2/none # Wine links its folders for documents to those that are there
  (run "$1" wineboot --init)
  (run "$1" winecfg -v win10)
  "$gcc" -shared -s -Wl,--kill-at "$REVOCATION" -o "$2/drive_c/windows/system32/revocation.dll"
  (run "$1" reg add "$key" /v Dll /t REG_MULTI_SZ /d revocation.dll /f)
  server --wait
}

stop() {
  for WINEPREFIX in "$WINDOWS_BUILD"/wine{64,32}{,.new.*}; do
    export WINEPREFIX
    [ ! -d "$WINEPREFIX" ] || ! server --kill || server --wait
  done
}

# No messages of Wine, no windows, no questions for Mono and Gecko, and UTF-8 to and from it.
export WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=
export LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY

case ${1:-} in
  stop) stop ;;
  64|32)
    [ $# -ge 2 ] || fail 'usage: wine.sh 64|32 PROGRAM [ARG...]'
    [ -d "$I386" ] || fail 'run tests/windows/install.sh first'
    export WINEARCH=win$1
    make_once "wine$1" "$(<"$REVOCATION")" make_prefix "$1"
    export WINEPREFIX=$WINDOWS_BUILD/wine$1
    run "$@"
    ;;
  *) fail 'usage: wine.sh 64|32 PROGRAM [ARG...], or wine.sh stop' ;;
esac
