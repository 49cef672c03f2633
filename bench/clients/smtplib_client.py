"""Python's smtplib and email. The arguments are explained in job.h."""

import smtplib
import ssl
import sys
import threading
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

MODE, HOST, PORT, MESSAGES, RECIPIENTS, CONNECTIONS, TEXT, ATTACHMENT, CA, USER, TOKEN = sys.argv[1:]
TEXT = Path(TEXT).read_text(encoding="utf-8")
TLS = None if CA == "-" else ssl.create_default_context(cafile=CA)


def connect():
    client = smtplib.SMTP(HOST, int(PORT), local_hostname="client.example.com")
    if TLS:
        client.starttls(context=TLS)
        client.ehlo()
        response = f"user={USER}\1auth=Bearer {Path(TOKEN).read_text()}\1\1"
        client.auth("XOAUTH2", lambda challenge=None: response)
    return client


def compose():
    message = EmailMessage()
    message["From"] = "Bench Sender <sender@example.com>"
    message["To"] = ", ".join(f"recipient{i}@example.net" for i in range(int(RECIPIENTS)))
    message["Subject"] = "Monthly report"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content(TEXT)
    if ATTACHMENT != "-":
        message.add_attachment(Path(ATTACHMENT).read_bytes(), "application", "octet-stream", filename="report.bin")
    return message


def send_share(count):
    client = connect() if MODE == "kept" else None
    for _ in range(count):
        if MODE == "kept":
            client.send_message(compose())
        else:
            with connect() as fresh:
                fresh.send_message(compose())
    if client:
        client.quit()


threads = [
    threading.Thread(target=send_share, args=(int(MESSAGES) // int(CONNECTIONS),)) for _ in range(int(CONNECTIONS) - 1)
]
for thread in threads:
    thread.start()
send_share(int(MESSAGES) // int(CONNECTIONS))
for thread in threads:
    thread.join()
