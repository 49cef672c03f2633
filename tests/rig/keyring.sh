#!/bin/bash
# Runs a command on a session bus of its own, with a keyring in the state that is asked for.
#
#   keyring.sh HOME unlocked|locked|absent COMMAND...
#
#   unlocked   gnome-keyring, its login keyring made with a password and open
#   locked     the same keyring after a restart; nobody answers a dialog
#   absent     a bus and nothing on it
#
# HOME is an empty folder of the caller's. Nothing outlives the command.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

mkdir -p "$1/run"
chmod 700 "$1/run"
HOME=$(cd "$1" && pwd)
export HOME XDG_RUNTIME_DIR=$HOME/run STATE=$2 RIG
shift 2
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME

# A configuration of our own, without services that start on demand: "absent" would find them.
cat >"$HOME/bus.conf" <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=$XDG_RUNTIME_DIR</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
CONF

in_session() {
  . "$RIG/lib.sh"
  trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
  case $STATE in
    absent) ;;
    unlocked) keyring --unlock ;;
    locked)
      # Made and opened once, so that there is one to be locked.
      keyring --unlock
      kill "$!"
      wait "$!" || true
      poll 10 name_is free
      keyring
      ;;
    *) echo "no such state: $STATE" >&2; exit 2 ;;
  esac
  "$@"
}

keyring() { # OPTION...
  # With --unlock it reads the password.
  gnome-keyring-daemon "$@" --foreground --components=secrets <<<rig >>"$HOME/keyring.log" 2>&1 &
  poll 10 name_is taken || { cat "$HOME/keyring.log" >&2; exit 1; }
}

name_is() { # taken|free
  local has_owner=false
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true && has_owner=true
  case $1 in taken) [ $has_owner = true ] ;; *) [ $has_owner = false ] ;; esac
}

export -f in_session keyring name_is
exec dbus-run-session --config-file="$HOME/bus.conf" -- bash -euo pipefail -c 'in_session "$@"' bash "$@"
