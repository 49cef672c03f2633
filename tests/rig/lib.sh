# Helpers of install.sh, serve.sh and proxy.sh: places, starting and stopping servers, ports. Those
# that serve keep everything in the folder $STATE, each server in a folder of its own with its pid.

RIG=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_BUILD=${RIG_BUILD:-$(dirname "$(dirname "$RIG")")/build/rig}
PATH=$PATH:/usr/sbin:/sbin

# Starts a server in a session of its own, so that stop_server finds all its processes.
start_server() { # PIDFILE LOGFILE COMMAND...
  local pidfile=$1 log=$2
  shift 2
  setsid "$@" >"$log" 2>&1 </dev/null &
  echo $! >"$pidfile"
}

# Zombies count as gone: in a container pid 1 may be slow to reap them.
session_members() { ps -o pid=,stat= -s "$1" | awk '$2 !~ /^Z/ { print $1 }'; }

session_gone() { [ -z "$(session_members "$1")" ]; }

# Ends the server and whatever is left of its session: Dovecot's auth process would
# live on for as long as Postfix holds a connection to it.
stop_server() { # PIDFILE
  local pid
  [ -s "$1" ] || return 0
  pid=$(tr -d ' \n' <"$1")
  kill -TERM "$pid" 2>/dev/null
  poll 2 server_gone "$pid" || signal_session TERM "$pid"
  poll 2 session_gone "$pid" || signal_session KILL "$pid"
}

server_gone() { ! session_members "$1" | grep -qx "$1"; }

signal_session() { # SIGNAL SESSION
  local member
  for member in $(session_members "$2"); do kill -"$1" "$member" 2>/dev/null; done
}

# Asks a question again and again until the answer is yes.
poll() { # SECONDS COMMAND...
  local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@"; do
    [ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
    sleep 0.02
  done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # PORT

# Sets PORT_<NAME> for every name, to ports that nobody else gets while the rig runs.
reserve_ports() { # IPV6(yes|no) NAME...
  local ipv6=$1 name ports
  shift
  mkdir "$STATE/ports"
  start_server "$STATE/ports/pid" "$STATE/ports/list" python3 "$RIG/ports.py" "$#" "$ipv6"
  poll 10 test -s "$STATE/ports/list" || fail "no ports"
  read -ra ports <"$STATE/ports/list"
  for name in "$@"; do
    printf -v "PORT_$name" %s "${ports[0]}"
    ports=("${ports[@]:1}")
  done
}

fail() { # WHY
  echo "rig: $1" >&2
  tail -n 20 "$STATE"/*/*.log >&2
  exit 1
}

stop_all() {
  local pidfile stopping=()
  for pidfile in "$STATE"/*/pid; do
    stop_server "$pidfile" &
    stopping+=($!)
  done
  wait "${stopping[@]}"
  rm -rf "$STATE"
}

# `wait`, unlike `read`, ends at once when a trapped signal comes.
until_input_ends() {
  exec 3<&0
  cat <&3 >/dev/null &
  wait $!
}
