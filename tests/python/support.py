"""What the Python tests share: servers that do little, and a mail that lacks nothing but a server."""

import os
import socket
import threading

from postrider import Mail, Security


class HalfServer:
    """Greets everybody and then says nothing more; `greeted` is set once it has."""

    def __init__(self):
        self.greeted = threading.Event()
        self._connections = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._greet)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _greet(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.sendall(b"220 half.example ESMTP\r\n")
            self._connections.append(connection)
            self.greeted.set()


class ClosedPort:
    """A port of 127.0.0.1 at which nobody listens."""

    def __enter__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self._socket.close()


def complete_mail(port):
    mail = Mail()
    mail.set_server("127.0.0.1", port)
    mail.set_security(Security.PLAIN)
    mail.set_timeout(60_000)  # far more than any test takes
    mail.set_from("anna@example.org")
    mail.add_recipient("bob@example.org")
    mail.set_text("Hello")
    return mail


def rig(name):
    """What tests/python.rs tells about the rig of real servers."""
    return os.environ["RIG_" + name]
