# Installs packages on Debian and Ubuntu, for the scripts that bring tools; a tools.txt names them:
# a check (a command, a path, which may be a pattern, or python3:MODULE), and the package that brings it.
#
# No service starts: while apt runs, policy-rc.d says no; what was there before is put back.

present() { # CHECK
  case $1 in
    /*)        compgen -G "$1" >/dev/null ;;
    python3:*) python3 -c "import ${1#python3:}" 2>/dev/null ;;
    *)         command -v "$1" >/dev/null ;;
  esac
}

missing_tools() { # TOOLS.TXT: prints its lines whose check fails
  local check package
  while read -r check package; do
    case $check in ''|'#'*) continue ;; esac
    present "$check" || printf '%s %s\n' "$check" "$package"
  done <"$1"
}

install_tools() { # TOOLS.TXT
  local missing
  missing=$(missing_tools "$1")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    printf 'These are missing, and installing them needs root:\n%s\n' "$missing" >&2
    exit 1
  fi
  # shellcheck disable=SC2046 # one word per package is meant
  install_packages $(awk '{print $2}' <<<"$missing" | sort -u)
}

apt() { apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

install_packages() { # PACKAGE...
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  trap restore_policy EXIT
  # One that an interrupted run saved stays the saved one.
  if [ -e "$policy" ] && [ ! -e "$policy.before-rig" ]; then mv "$policy" "$policy.before-rig"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  apt update
  if command -v debconf-set-selections >/dev/null; then
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  fi
  apt install -y --no-install-recommends "$@"
}

restore_policy() {
  rm -f "$policy"
  if [ -e "$policy.before-rig" ]; then mv "$policy.before-rig" "$policy"; fi
}
