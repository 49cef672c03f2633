"""Sends one message with an OAuth2 access token, and tells what became of it.

    POSTRIDER_HOST=smtp.example.org POSTRIDER_PORT=587 \\
    POSTRIDER_USER=anna@example.org POSTRIDER_TOKEN=... \\
    POSTRIDER_TO=bob@example.org,carol@example.org  python example.py

POSTRIDER_CA is a file with a further certificate to trust; POSTRIDER_TO is yourself unless set.
Secrets come from the environment: on a command line everybody on the machine can read them.
"""

import os
import sys

from postrider import Mail, PostriderError, Recipient


def setting(name: str, fallback: str) -> str:
    return os.environ.get(name) or fallback


def print_recipients(what: str, recipients: tuple[Recipient, ...]) -> None:
    for recipient in recipients:
        print(f"{what} {recipient.address}: {recipient.reply.code} {recipient.reply.text}")


def main() -> int:
    host = setting("POSTRIDER_HOST", "")
    port = setting("POSTRIDER_PORT", "587")
    ca = setting("POSTRIDER_CA", "")
    user = setting("POSTRIDER_USER", "")
    token = setting("POSTRIDER_TOKEN", "")
    to = setting("POSTRIDER_TO", user)
    if not (host and user and token):
        print("Set POSTRIDER_HOST, POSTRIDER_USER and POSTRIDER_TOKEN first.", file=sys.stderr)
        return 1

    try:
        with Mail() as mail:
            mail.set_log(lambda line: print("  " + line))
            mail.set_server(host, int(port))
            if ca:
                mail.add_ca_file(ca)
            mail.set_auth_xoauth2(user, token)
            mail.set_from(user, "Postrider")
            mail.add_recipients(to)
            mail.set_subject("Greetings from Python")
            mail.set_text("Hello,\nhere is your order.\n")
            mail.set_html("<p>Hello,<br>here is your <b>order</b>.</p>")
            mail.add_attachment_bytes(b"item;price\r\npostcard;1.20\r\n", "order.csv")
            result = mail.send()
        print_recipients("accepted", result.accepted)
        print_recipients("refused", result.refused)
        return 0
    except PostriderError as error:
        print(f"not sent: {error.text}")
        print(f"stage {int(error.stage)}, cause {error.cause}")
        print(f"advice: {error.advice}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
