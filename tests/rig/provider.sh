#!/bin/bash
# The OpenID provider alone, on a loopback port that the system gives; any user can start it.
#
# Prints KEY=VALUE lines and then `ready`; it ends as serve.sh does.
set -uo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$RIG/oidc.sh"

STATE=$(mktemp -d "${TMPDIR:-/tmp}/postrider-rig.XXXXXX")
trap stop_all EXIT
trap 'exit 0' TERM INT

reserve_ports no OIDC
start_provider "$STATE/oidc"
poll 20 listens "$PORT_OIDC" || fail "the provider does not answer"
echo "ISSUER=http://127.0.0.1:$PORT_OIDC"
echo "APP=$STATE/oidc/app"
echo ready
until_input_ends
