#!/bin/bash
# Installs what the tests need on Debian or Ubuntu: the packages of tools.txt (as root) and,
# into build/rig (or $RIG_BUILD), the npm packages of oidc/package-lock.json.
#
#   install.sh           installs what is missing; with nothing missing it returns at once
#   install.sh --list    prints what is missing, a tool and its package per line;
#                        exit 0 when nothing is missing, 1 otherwise
#
# No service starts: while apt runs, policy-rc.d says no; what was there before is put back.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

present() { # CHECK
  case $1 in
    /*)        compgen -G "$1" >/dev/null ;;
    python3:*) python3 -c "import ${1#python3:}" 2>/dev/null ;;
    *)         command -v "$1" >/dev/null ;;
  esac
}

missing_tools() { # prints the lines of tools.txt whose check fails
  local check package
  while read -r check package; do
    case $check in ''|'#'*) continue ;; esac
    present "$check" || printf '%s %s\n' "$check" "$package"
  done <"$RIG/tools.txt"
}

npm_is_current() { cmp -s "$RIG/oidc/package-lock.json" "$RIG_BUILD/oidc/installed"; }

list() {
  local missing
  missing=$(missing_tools)
  npm_is_current || missing+="${missing:+$'\n'}oidc-provider npm"
  [ -z "$missing" ] && return 0
  printf '%s\n' "$missing"
  return 1
}

restore_policy() {
  rm -f "$policy"
  if [ -e "$policy.before-rig" ]; then mv "$policy.before-rig" "$policy"; fi
}

install_packages() { # PACKAGE...
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  trap restore_policy EXIT
  # One that an interrupted run saved stays the saved one.
  if [ -e "$policy" ] && [ ! -e "$policy.before-rig" ]; then mv "$policy" "$policy.before-rig"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "${apt[@]}" update
  if command -v debconf-set-selections >/dev/null; then
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  fi
  "${apt[@]}" install -y --no-install-recommends "$@"
}

install_npm() {
  mkdir -p "$RIG_BUILD/oidc"
  cp "$RIG/oidc/package.json" "$RIG/oidc/package-lock.json" "$RIG_BUILD/oidc/"
  (cd "$RIG_BUILD/oidc" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$RIG/oidc/package-lock.json" "$RIG_BUILD/oidc/installed"
}

if [ "${1:-}" = --list ]; then
  list
  exit
fi

missing=$(missing_tools)
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    printf 'These are missing, and installing them needs root:\n%s\n' "$missing" >&2
    exit 1
  fi
  # shellcheck disable=SC2046 # one word per package is meant
  install_packages $(awk '{print $2}' <<<"$missing" | sort -u)
fi
npm_is_current || install_npm
