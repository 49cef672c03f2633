#!/bin/bash
# Installs what the tests need on Debian or Ubuntu: the packages of tools.txt (as root) and,
# into build/rig (or $RIG_BUILD), the npm packages of oidc/ and browser/.
#
#   install.sh           installs what is missing; with nothing missing it returns at once
#   install.sh --list    prints what is missing, a tool and its package per line;
#                        exit 0 when nothing is missing, 1 otherwise
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$RIG/../../packaging/debian.sh"

npm_is_current() { cmp -s "$RIG/$1/package-lock.json" "$RIG_BUILD/$1/installed"; } # oidc|browser

list() {
  local missing
  missing=$(missing_tools "$RIG/tools.txt")
  npm_is_current oidc || missing+="${missing:+$'\n'}oidc-provider npm"
  npm_is_current browser || missing+="${missing:+$'\n'}playwright-core npm"
  [ -z "$missing" ] && return 0
  printf '%s\n' "$missing"
  return 1
}

install_npm() { # oidc|browser
  mkdir -p "$RIG_BUILD/$1"
  cp "$RIG/$1/package.json" "$RIG/$1/package-lock.json" "$RIG_BUILD/$1/"
  (cd "$RIG_BUILD/$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$RIG/$1/package-lock.json" "$RIG_BUILD/$1/installed"
}

if [ "${1:-}" = --list ]; then
  list
  exit
fi

install_tools "$RIG/tools.txt"
for folder in oidc browser; do
  npm_is_current "$folder" || install_npm "$folder"
done
