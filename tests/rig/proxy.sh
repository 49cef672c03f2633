#!/bin/bash
# Real proxies for the tests: Squid (HTTP CONNECT) and microsocks (SOCKS 5), each with a door for
# everybody and one for those who sign in, on loopback ports that the system gives, with all their
# state in one temporary folder.
#
# Prints KEY=VALUE lines and then `ready`, and ends as serve.sh does: when its standard input ends,
# or on TERM or INT.
set -uo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

USER_NAME=anna
# With characters that a URL has to encode.
PASSWORD='p@ss:w/rd%1'

start_squid() { # DIR
  mkdir "$1"
  echo "$USER_NAME:$(openssl passwd -apr1 "$PASSWORD")" >"$1/users"
  # Only this proxy knows the names of the rig: who reaches them did not look them up itself.
  echo '127.0.0.1 localhost mail.rig.test unnamed.rig.test' >"$1/hosts"
  squid_config "$1" >"$1/squid.conf"
  # As root it gives up root, and must still write its logs.
  if [ "$(id -u)" = 0 ]; then chown proxy "$1"; fi
  start_server "$1/pid" "$1/stdout.log" squid -N -f "$1/squid.conf"
}

squid_config() { # DIR
  cat <<CONFIG
http_port 127.0.0.1:$PORT_HTTP name=open
http_port 127.0.0.1:$PORT_HTTP_SIGN_IN name=known
auth_param basic program /usr/lib/squid/basic_ncsa_auth $1/users
auth_param basic realm rig
acl known_door myportname known
acl signed_in proxy_auth REQUIRED
acl forbidden port $PORT_FORBIDDEN
acl tunnel method CONNECT
http_access deny forbidden
http_access deny known_door !signed_in
http_access allow tunnel
http_access deny all
hosts_file $1/hosts
# Nobody: no question leaves this computer.
dns_nameservers 127.0.0.1
pid_filename none
cache deny all
access_log stdio:$1/access.log
cache_log $1/squid.log
netdb_filename none
pinger_enable off
coredump_dir $1
shutdown_lifetime 0 seconds
visible_hostname proxy.rig.test
max_filedescriptors 1024
CONFIG
}

start_microsocks() { # DIR PORT [USER PASSWORD]
  mkdir "$1"
  start_server "$1/pid" "$1/microsocks.log" microsocks -i 127.0.0.1 -p "$2" ${3:+-u "$3" -P "$4"}
}

describe() {
  local name
  echo "USER=$USER_NAME"
  echo "PASSWORD=$PASSWORD"
  echo "SQUID_LOG=$STATE/squid/access.log"
  echo "SOCKS_LOG=$STATE/socks/microsocks.log"
  echo "SOCKS_SIGN_IN_LOG=$STATE/socks-sign-in/microsocks.log"
  for name in "${!PORT_@}"; do echo "$name=${!name}"; done
}

STATE=$(mktemp -d "${TMPDIR:-/tmp}/postrider-proxy.XXXXXX")
trap stop_all EXIT
trap 'exit 0' TERM INT
chmod 755 "$STATE"

reserve_ports no HTTP HTTP_SIGN_IN SOCKS SOCKS_SIGN_IN FORBIDDEN CLOSED
start_squid "$STATE/squid"
start_microsocks "$STATE/socks" "$PORT_SOCKS"
start_microsocks "$STATE/socks-sign-in" "$PORT_SOCKS_SIGN_IN" "$USER_NAME" "$PASSWORD"
for port in PORT_HTTP PORT_HTTP_SIGN_IN PORT_SOCKS PORT_SOCKS_SIGN_IN; do
  poll 20 listens "${!port}" || fail "$port does not answer"
done
describe
echo ready
until_input_ends
