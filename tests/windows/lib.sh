# Helpers of install.sh, wine.sh and pascal.sh.

WINDOWS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$WINDOWS/../../packaging/windows/lib.sh"
I386=$WINDOWS_BUILD/i386

# Both are Linux programs of this machine: Debian's ppc386 is a static one.
pascal_compiler() { # 64|32
  case $1 in
    64) echo ppcx64 ;;
    32) echo "$I386"/usr/lib/i386-linux-gnu/fpc/*/ppc386 ;;
  esac
}
