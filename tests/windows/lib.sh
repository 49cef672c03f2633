# Helpers of install.sh, wine.sh and pascal.sh: places, and folders that are whole or not there.

WINDOWS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# A cache, so that every checkout of this user has what one of them built.
WINDOWS_BUILD=${WINDOWS_BUILD:-${XDG_CACHE_HOME:-$HOME/.cache}/postrider/windows}
I386=$WINDOWS_BUILD/i386

# What a folder is made of: a version, and the function that makes it.
recipe() { # VERSION FUNCTION
  printf '%s\n' "$1"
  declare -f "$2"
}

is_made() { # NAME VERSION FUNCTION [ARG...]
  [ "$(cat "$WINDOWS_BUILD/$1/made-by" 2>/dev/null)" = "$(recipe "$2" "$3")" ]
}

# Has FUNCTION fill the folder NAME, which gets that name only when it is whole. Whoever comes
# meanwhile waits.
make_once() { # NAME VERSION FUNCTION [ARG...]
  is_made "$@" && return
  mkdir -p "$WINDOWS_BUILD"
  (
    flock 9
    is_made "$@" && exit
    made=$WINDOWS_BUILD/$1
    new=$made.new.$BASHPID
    rm -rf "$made".new.* || true # a program of an interrupted run may still write there
    mkdir "$new"
    trap 'tail -n 30 "$made.log" >&2' EXIT
    "${@:3}" "$new" >"$made.log" 2>&1 9>&- # nothing that it starts may keep the lock
    trap - EXIT
    recipe "$2" "$3" >"$new/made-by"
    rm -rf "$made"
    mv "$new" "$made"
  ) 9>"$WINDOWS_BUILD/$1.lock"
}

fail() { # TEXT
  printf '%s\n' "$1" >&2
  exit 1
}

# Both are Linux programs of this machine: Debian's ppc386 is a static one.
pascal_compiler() { # 64|32
  case $1 in
    64) echo ppcx64 ;;
    32) echo "$I386"/usr/lib/i386-linux-gnu/fpc/*/ppc386 ;;
  esac
}
