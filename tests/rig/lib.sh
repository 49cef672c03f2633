# Helpers of install.sh and serve.sh: places, starting and stopping of servers, waiting for ports.

RIG=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_BUILD=${RIG_BUILD:-$(dirname "$(dirname "$RIG")")/build/rig}
PATH=$PATH:/usr/sbin:/sbin
