"""Before anything is timed: does each client deliver the same content?"""

import hashlib
from email import message_from_bytes, policy
from email.utils import getaddresses

from lab import ClientFailed, Job


def check(sink, client):
    """One text to three recipients over TLS with sign-in, one attachment in plain text."""
    compare(sink, client, Job(recipients=3, signed_in=True))
    compare(sink, client, Job(attachment=sink.files.small))


def compare(sink, client, job):
    dump = sink.files.folder / "message.eml"
    sink.order(f"dump {dump}")
    sink.run(client, job)
    message = message_from_bytes(dump.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",))
    expected = {
        "subject": "Monthly report",
        "from": [("Bench Sender", "sender@example.com")],
        "to": [f"recipient{i}@example.net" for i in range(job.recipients)],
        "text": lines(sink.files.text.read_text()),
        "attachments": [("report.bin", digest(job.attachment.read_bytes()))] if job.attachment else [],
    }
    found = {
        "subject": message["Subject"],
        "from": getaddresses([str(message["From"])]),
        "to": [address for _, address in getaddresses([str(message["To"])])],
        "text": lines(text.get_content()) if text else None,
        "attachments": [(part.get_filename(), digest(part.get_content())) for part in message.iter_attachments()],
    }
    for what, value in expected.items():
        if found[what] != value:
            raise ClientFailed(f"{client.name}: {what} arrived as {found[what]!r}, not {value!r}")


def lines(text):
    """Clients may differ in the line ends at the end of the text."""
    return text.rstrip("\r\n").splitlines()


def digest(content):
    return hashlib.sha256(content).hexdigest()
