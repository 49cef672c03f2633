# Helpers of install.sh and serve.sh: places, starting and stopping servers, waiting for ports.

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
