#!/bin/bash
# Installs what the tests need on Debian or Ubuntu: the packages of tools.txt (as root) and,
# into build/rig (or $RIG_BUILD), the npm packages of oidc/package-lock.json.
#
#   install.sh           installs what is missing; with nothing missing it returns at once
#   install.sh --list    prints what is missing, a tool and its package per line;
#                        exit 0 when nothing is missing, 1 otherwise
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$RIG/../../packaging/debian.sh"

npm_is_current() { cmp -s "$RIG/oidc/package-lock.json" "$RIG_BUILD/oidc/installed"; }

list() {
  local missing
  missing=$(missing_tools "$RIG/tools.txt")
  npm_is_current || missing+="${missing:+$'\n'}oidc-provider npm"
  [ -z "$missing" ] && return 0
  printf '%s\n' "$missing"
  return 1
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

install_tools "$RIG/tools.txt"
npm_is_current || install_npm
