"""Before the sink measures others: does it read what is sent, however the network cuts it?"""

import base64
import socket
import time

from lab import USER

# Every way in which dots, CR and LF can meet; it ends with CRLF.
CONTENT = b".start\r\nA: b\r\n\r\n.\nx\r\n.\r\n..\r\n\r\n.x\r\n.\rq\r.\r\n\n.\r\n\r.\r\n.end.\r\n"


def check(sink):
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in CONTENT.split(b"\r\n"))
    wire = stuffed + b".\r\nNOOP\r\n"
    with Dialogue(sink) as dialogue:
        dialogue.ask(b"EHLO client.example.com", b"250")
        for cut in range(len(wire) + 1):
            content_arrives(dialogue, [wire[:cut], wire[cut:]])
        content_arrives(dialogue, [wire[i : i + 1] for i in range(len(wire))])
        chunks_arrive(dialogue)
        sign_in(dialogue)
    with Dialogue(sink) as dialogue:
        dialogue.ask(b"STARTTLS\r\nNOOP", b"220")
    expect(sink.order("stats")["starttls_residue"], 1)


def content_arrives(dialogue, pieces):
    dump = dialogue.dump()
    dialogue.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    dialogue.replies(b"250", b"250", b"354")
    for piece in pieces:
        dialogue.send(piece)
    dialogue.replies(b"250", b"250")
    expect(dump.read_bytes(), CONTENT)


def chunks_arrive(dialogue):
    dump = dialogue.dump()
    last = b"BDAT %d LAST\r\n" % (len(CONTENT) - 5)
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
    dialogue.send(envelope + b"BDAT 5\r\n" + CONTENT[:5] + last + CONTENT[5:])
    dialogue.replies(b"250", b"250", b"250", b"250")
    expect(dump.read_bytes(), CONTENT)


def sign_in(dialogue):
    token = dialogue.sink.files.token.read_text()
    right, wrong = (base64.b64encode(f"user={USER}\1auth=Bearer {t}\1\1".encode()) for t in (token, "expired"))
    dialogue.ask(b"AUTH XOAUTH2 " + wrong, b"334")
    dialogue.ask(b"", b"535")
    dialogue.ask(b"AUTH XOAUTH2 " + right, b"235")
    dialogue.ask(b"AUTH XOAUTH2", b"334")
    dialogue.ask(right, b"235")


class Dialogue:
    """A client that knows that the sink has read each piece before it sends the next."""

    def __init__(self, sink):
        self.sink = sink
        sink.order("reset")
        self.sent = 0
        self.socket = socket.create_connection((sink.address, sink.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb")
        self.replies(b"220")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    def dump(self):
        path = self.sink.files.folder / "check.eml"
        self.sink.order(f"dump {path}")
        return path

    def send(self, piece):
        self.socket.sendall(piece)
        self.sent += len(piece)
        end = time.monotonic() + 10
        while self.sink.order("stats")["received"] < self.sent:
            if time.monotonic() > end:
                raise RuntimeError("the sink does not read")

    def replies(self, *codes):
        for code in codes:
            while (line := self.input.readline())[3:4] == b"-":
                pass
            expect(line[:3], code)

    def ask(self, command, code):
        self.send(command + b"\r\n")
        self.replies(code)


def expect(found, wanted):
    if found != wanted:
        raise RuntimeError(f"the sink is wrong: {found!r} instead of {wanted!r}")
