"""Signs in to a mail server with XOAUTH2 by Python's smtplib and sends a short message.

  smtp_oauth.py starttls|implicit PORT CA_FILE USER RECIPIENT SUBJECT    (the token on standard input)

Prints as JSON {"code", "text"} of the server's last reply to AUTH, and {"challenge"}: what the server
said before it, null if nothing. The message goes when that code is 235.
"""

import base64
import email.message
import email.utils
import json
import smtplib
import ssl
import sys

tls, port, ca_file, user, recipient, subject = sys.argv[1:]
token = sys.stdin.read()
# The certificate is for this name; it resolves to loopback everywhere.
host = "localhost"
context = ssl.create_default_context(cafile=ca_file)

if tls == "implicit":
    client = smtplib.SMTP_SSL(host, int(port), timeout=20, context=context)
else:
    client = smtplib.SMTP(host, int(port), timeout=20)
    client.starttls(context=context)

with client:
    client.ehlo()
    response = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    # Always on its own line: as an initial response a long token would not fit the command line.
    code, text = client.docmd("AUTH", "XOAUTH2")
    if code == 334:
        code, text = client.docmd(response)
    challenge = None
    if code == 334:
        challenge = json.loads(base64.b64decode(text))
        code, text = client.docmd("")
    if code == 235:
        message = email.message.EmailMessage()
        message["From"] = user
        message["To"] = recipient
        message["Subject"] = subject
        message["Date"] = email.utils.formatdate()
        message.set_content("Grüße from the rig\n")
        message.add_attachment(b"\x00\x01\x02", maintype="application", subtype="octet-stream", filename="drei Bytes.bin")
        client.send_message(message)

json.dump({"challenge": challenge, "code": code, "text": text.decode()}, sys.stdout)
