"""As somebody does it who is new to this: one setting is wrong, its sentence is read, and what that
says is done, with the same Mail. tests/python.rs sets RIG_*."""

import json
import unittest
from pathlib import Path

from postrider import Mail, Outcome, PostriderError, Security, Stage, Status
from support import rig

HOST, USER, RECIPIENT, TOKEN = rig("HOST"), rig("USER"), rig("RECIPIENT"), rig("TOKEN")


def port(name):
    return int(rig(name + "_PORT"))


def write(mail, author=USER, recipient=RECIPIENT, attached=None):
    mail.clear_message()
    if author:
        mail.set_from(author)
    if recipient:
        mail.add_recipient(recipient)
    mail.set_subject("newcomer in Python")
    mail.set_text("Hello")
    if attached:
        mail.add_attachment_bytes(b"x" * attached, "picture.bin")


def set_what_works(mail):
    """All but the CA file."""
    mail.set_server(HOST, int(rig("PORT")))
    mail.set_security(Security.STARTTLS)
    mail.set_auth_xoauth2(USER, TOKEN)
    write(mail)


class Newcomer(unittest.TestCase):
    def setUp(self):
        self.mail = Mail()
        self.addCleanup(self.mail.close)
        set_what_works(self.mail)
        self.mail.add_ca_file(rig("CA_FILE"))

    def fails(self, cause, *named, call=None):
        """Sends, or does what else cannot work; the advice names what is to be changed."""
        with self.assertRaises(PostriderError) as caught:
            (call or self.mail.send)()
        error = caught.exception
        print(f"{error.cause}: {error.advice}")
        self.assertEqual(error.cause, cause, error.text)
        for word in named:
            self.assertIn(word, error.advice)
        self.assertEqual(error.link, "")
        told = json.loads(error.json)
        self.assertEqual((told["cause"], told["advice"]), (cause, error.advice))
        self.assertEqual(error.retry_after is not None, told["retry"])
        self.assertNotIn(TOKEN, error.json)
        return error

    def works(self):
        self.assertEqual(self.mail.send().outcome, Outcome.ACCEPTED)

    def test_the_server(self):
        mail = self.mail
        mail.set_server(HOST, port("CLOSED"))
        self.fails("connection_refused", HOST, "port")
        mail.set_server(HOST, int(rig("PORT")))
        self.works()

        mail.set_server("mail.rig.invalid", int(rig("PORT")))
        self.fails("host_not_found", "mail.rig.invalid")
        mail.set_server(HOST, int(rig("PORT")))
        self.works()

    def test_its_protection(self):
        mail = self.mail = Mail()
        self.addCleanup(mail.close)
        set_what_works(mail)
        self.fails("certificate_unknown_ca", "CA file")
        mail.add_ca_file(rig("CA_FILE"))
        self.works()

        mail.set_security(Security.TLS)
        self.fails("tls_failed", "STARTTLS")
        mail.set_security(Security.STARTTLS)
        self.works()

        mail.set_security(Security.PLAIN)
        self.fails("plaintext_auth_refused", "STARTTLS")
        mail.set_security(Security.STARTTLS)
        self.works()

        mail.set_server("127.0.0.1", port("NAME_ONLY"))
        mail.set_security(Security.TLS)
        self.fails("certificate_wrong_host", "127.0.0.1", "certificate")
        mail.set_server(HOST, port("NAME_ONLY"))
        self.works()

    def test_the_sign_in(self):
        mail = self.mail
        for token in ["mistyped", rig("EXPIRED_TOKEN")]:
            mail.set_auth_xoauth2(USER, token)
            self.fails("token_refused", "token", USER)
            mail.set_auth_xoauth2(USER, TOKEN)
            self.works()

        mail.set_auth_xoauth2(RECIPIENT, TOKEN)
        self.fails("token_refused", "token", RECIPIENT)
        mail.set_auth_xoauth2(RECIPIENT, rig("RECIPIENT_TOKEN"))
        self.works()

        mail.set_server(HOST, port("PASSWORD_ONLY"))
        self.fails("auth_mechanism_not_offered", HOST, "Sign in with a password")
        mail.set_auth_password(USER, rig("PASSWORD"))
        self.works()

        mail.set_auth_password(USER, "mistyped")
        self.fails("password_refused", "password", USER)
        mail.set_auth_password(USER, rig("PASSWORD"))
        self.works()

        mail.set_server(HOST, port("SIGN_IN"))
        mail.set_auth_none()
        self.fails("not_signed_in", HOST)
        mail.set_auth_xoauth2(USER, TOKEN)
        self.works()

        mail.set_server(HOST, port("RELAY"))
        mail.set_auth_none()
        write(mail, recipient=rig("ELSEWHERE"))
        self.fails("relay_denied", HOST, rig("ELSEWHERE"))
        mail.set_auth_xoauth2(USER, TOKEN)
        self.works()

    def test_the_message(self):
        mail = self.mail
        mail.set_server(HOST, port("OWN_FROM"))
        mail.set_from(RECIPIENT)
        self.fails("send_as_denied", USER, RECIPIENT)
        mail.set_from(USER)
        self.works()

        mail.set_server(HOST, port("SMALL"))
        write(mail, attached=30_000)
        self.fails("message_too_large", "smaller attachments")
        write(mail, attached=3_000)
        self.works()

        write(mail, recipient=rig("REFUSED"))
        self.fails("recipient_unknown", rig("REFUSED"))
        write(mail)
        self.works()

        write(mail, author=None)
        self.fails("from_missing", "From")
        mail.set_from(USER)
        self.works()

        write(mail, recipient=None)
        self.fails("recipient_missing", "recipient")
        mail.add_recipient(RECIPIENT)
        self.works()

        self.fails("file_unreadable", "file", call=lambda: mail.add_attachment_file("report.txt"))
        Path("report.txt").write_text("All is well.\n")
        mail.add_attachment_file("report.txt")
        self.works()

    def test_a_diagnosis_names_the_same_step_and_the_same_advice(self):
        mail = self.mail
        mail.set_auth_xoauth2(USER, "mistyped")
        error = self.fails("token_refused", USER)
        self.assertEqual(error.stage, Stage.SIGN_IN)
        found = mail.diagnose()
        self.assertEqual(found.status, error.status, found.text)
        self.assertEqual(failed_steps(found), [("sign_in", error.cause, error.advice)])
        self.assertIn(f"-> {error.advice}", found.text)
        mail.set_auth_xoauth2(USER, TOKEN)
        self.assertEqual(mail.diagnose().status, Status.OK)

    def test_a_diagnosis_tells_why_the_server_says_nothing(self):
        mail = self.mail
        mail.set_server(HOST, port("TLS"))
        mail.set_timeout(3_000)
        self.fails("timeout", "set the security to TLS")
        mail.set_timeout(6_000)  # a part of it is spent on a greeting that does not come
        found = mail.diagnose()
        self.assertEqual([step[:2] for step in failed_steps(found)], [("greeting", "tls_failed")])
        self.assertIn("set the security to TLS", found.text)
        mail.set_security(Security.TLS)
        self.assertEqual(mail.diagnose().status, Status.OK)


def failed_steps(found):
    errors = [(step["name"], step["error"]) for step in json.loads(found.json)["steps"]]
    return [(name, error["cause"], error["advice"]) for name, error in errors if error]


if __name__ == "__main__":
    unittest.main()
