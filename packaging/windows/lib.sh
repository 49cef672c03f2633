# Helpers of the scripts for Windows, here and in tests/windows: folders that are whole or not there.

. "$(dirname "${BASH_SOURCE[0]}")/../debian.sh"

# A cache, so that every checkout of this user has what one of them built.
WINDOWS_BUILD=${WINDOWS_BUILD:-${XDG_CACHE_HOME:-$HOME/.cache}/postrider/windows}

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
