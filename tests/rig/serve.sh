#!/bin/bash
# Real servers for the tests: Postfix, Dovecot and an OpenID provider, on loopback ports that the
# system gives, with all their state in one temporary folder. Needs root (Postfix does).
#
# Prints KEY=VALUE lines and then `ready`. Stops everything and removes the folder when its
# standard input ends, or on TERM or INT: when the test process goes, however it goes, so do the
# servers. What the servers said is on standard error if one of them does not start.
set -uo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$RIG/ca.sh"
. "$RIG/dovecot.sh"
. "$RIG/oidc.sh"
. "$RIG/postfix.sh"

USERS="alice@rig.test bob@rig.test carol@rig.test jörg@rig.test"
PASSWORD=rig-password

has_ipv6() { grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6; }

describe() {
  local name
  echo "STATE=$STATE"
  echo "CERTIFICATES=$STATE/certificates"
  echo "MAILDIRS=$STATE/postfix/maildir"
  echo "ISSUER=http://127.0.0.1:$PORT_OIDC"
  echo "PASSWORD=$PASSWORD"
  echo "IPV6=$IPV6"
  for name in "${!PORT_@}"; do echo "$name=${!name}"; done
  echo "PIDS=$(cat "$STATE"/*/pid | tr '\n' ' ')"
}

[ "$(id -u)" = 0 ] || { echo "rig: the mail servers need root" >&2; exit 1; }
case $(dovecot --version) in
  2.3.*) ;;
  *) echo "rig: its configuration is for Dovecot 2.3 (Debian 12, Ubuntu 22.04 and 24.04)" >&2; exit 1 ;;
esac
STATE=$(mktemp -d "${TMPDIR:-/tmp}/postrider-rig.XXXXXX")
trap stop_all EXIT
trap 'exit 0' TERM INT
chmod 755 "$STATE" # the servers give up root and must still get in
IPV6=$(has_ipv6 && echo yes || echo no)

# shellcheck disable=SC2046 # one word per door is meant
reserve_ports "$IPV6" OIDC DOVECOT_SUBMISSION DOVECOT_SUBMISSIONS CLOSED $(doors "" | awk '{print $1}')
start_provider "$STATE/oidc"
make_certificates "$STATE/certificates" || fail "no certificates"
chmod 644 "$STATE"/certificates/*.key
start_dovecot "$STATE/dovecot" "$STATE/certificates" \
  "http://dovecot:dovecot-secret@127.0.0.1:$PORT_OIDC/token/introspection" "$USERS" "$PASSWORD"
start_postfix "$STATE/postfix" "$STATE/certificates" "$STATE/dovecot/run/auth-postfix" "$IPV6"
for port in PORT_DOVECOT_SUBMISSION PORT_DOVECOT_SUBMISSIONS PORT_SUBMISSION PORT_OIDC; do
  poll 20 listens "${!port}" || fail "$port does not answer"
done
describe
echo ready
until_input_ends
