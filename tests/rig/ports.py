"""Reserves loopback ports for the rig: prints COUNT free port numbers, then holds them.

A port that is merely looked up could be given to somebody else before the server takes it.
So the sockets stay bound, without listening, for as long as the rig runs: with SO_REUSEADDR a
server can still listen on such a port, and the system gives it to nobody else.
"""
import signal
import socket
import sys


def bind(family, address, port):
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, port))
    return sock


def reserve(with_ipv6):
    """One port, free on 127.0.0.1 and, where there is one, on ::1."""
    for _ in range(100):
        sock = bind(socket.AF_INET, "127.0.0.1", 0)
        port = sock.getsockname()[1]
        if not with_ipv6:
            return port, [sock]
        try:
            return port, [sock, bind(socket.AF_INET6, "::1", port)]
        except OSError:
            sock.close()
    raise SystemExit("no free port")


count, with_ipv6 = int(sys.argv[1]), sys.argv[2] == "yes"
held = [reserve(with_ipv6) for _ in range(count)]
print(*(port for port, _ in held), flush=True)
signal.pause()
