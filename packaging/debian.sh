# Installing packages on Debian and Ubuntu, for the scripts that bring tools: as root, and without
# starting any service.

restore_policy() {
  rm -f "$policy"
  if [ -e "$policy.before-rig" ]; then mv "$policy.before-rig" "$policy"; fi
}

apt() { apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

update_package_lists() { apt update; }

install_packages() { # PACKAGE...
  if [ "$(id -u)" != 0 ]; then
    printf 'These are missing, and installing them needs root: %s\n' "$*" >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  trap restore_policy EXIT
  # One that an interrupted run saved stays the saved one.
  if [ -e "$policy" ] && [ ! -e "$policy.before-rig" ]; then mv "$policy" "$policy.before-rig"; fi
  # While apt runs, this says no to every start of a service.
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  update_package_lists
  if command -v debconf-set-selections >/dev/null; then
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  fi
  apt install -y --no-install-recommends "$@"
  restore_policy
  trap - EXIT
}
