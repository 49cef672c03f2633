"""The whole way of a message through a real server. tests/python.rs sets RIG_* and looks for it."""

import json
import unittest
from pathlib import Path

from postrider import Mail, Outcome, PostriderError, Security, Stage, Status
from support import rig


def signed_in():
    mail = Mail()
    mail.set_server(rig("HOST"), int(rig("PORT")))
    mail.set_security(Security.STARTTLS)
    mail.add_ca_file(Path(rig("CA")))
    mail.set_auth_xoauth2(rig("USER"), rig("TOKEN"))
    mail.set_from(rig("USER"), "Jürgen Größe")
    return mail


class Delivery(unittest.TestCase):
    def test_one_of_two_recipients_gets_the_message(self):
        transcript, progress = [], []
        with signed_in() as mail:
            mail.set_log(transcript.append)
            mail.set_progress(lambda sent, total: progress.append((sent, total)))
            mail.add_recipient(rig("USER"), "Alice")
            mail.add_recipient(rig("REFUSED"))
            mail.set_subject(rig("SUBJECT"))
            mail.add_header("X-Story", "told")
            mail.set_text("Grüße\n.\nzweite Zeile\n")
            image = mail.add_inline_bytes(b"\x89PNG\r\n\x1a\n", "dot.png")
            mail.set_html(f'<p>Grüße <img src="cid:{image}"></p>')
            mail.add_attachment_file(Path(rig("FILE")), "Bericht für Alice.bin")
            mail.add_attachment_bytes(b"item;price\r\npostcard;1.20\r\n", "order.csv")
            result = mail.send()

        self.assertEqual(result.outcome, Outcome.ACCEPTED)
        self.assertEqual(result.reply.code, 250)
        (accepted,), (refused,) = result.accepted, result.refused
        self.assertEqual(accepted.address, rig("USER"))
        self.assertEqual(accepted.reply.code, 250)
        self.assertEqual(refused.address, rig("REFUSED"))
        self.assertEqual((refused.reply.code, refused.reply.enhanced_code), (550, "5.1.1"))
        self.assertIn("User unknown", refused.reply.text)
        self.assertIn("C: STARTTLS", transcript)
        self.assertNotIn(rig("TOKEN"), "\n".join(transcript))
        sent, total = progress[-1]
        self.assertEqual(sent, total)
        self.assertGreater(total, 300_000)

    def test_a_refused_sign_in_tells_everything_and_the_next_send_works(self):
        with signed_in() as mail:
            mail.add_recipient(rig("USER"))
            mail.set_subject("after a wrong token")
            mail.set_text("Hello")
            mail.set_auth_xoauth2(rig("USER"), rig("BAD_TOKEN"))
            with self.assertRaises(PostriderError) as caught:
                mail.send()
            error = caught.exception
            self.assertEqual(error.status, Status.SIGN_IN)
            self.assertEqual(error.stage, Stage.SIGN_IN)
            self.assertEqual(error.outcome, Outcome.NOT_SENT)
            self.assertEqual((error.reply.code, error.reply.enhanced_code), (535, "5.7.8"))
            self.assertTrue(error.cause)
            self.assertTrue(error.advice)
            self.assertEqual([r.accepted for r in error.recipients], [False])
            mail.set_auth_xoauth2(rig("USER"), rig("TOKEN"))
            self.assertEqual(mail.send().refused, ())

    def test_a_diagnosis_tells_every_step_and_sends_nothing(self):
        with signed_in() as mail:
            mail.add_recipient(rig("USER"))
            mail.set_text("Hello")
            well = mail.diagnose()
            self.assertEqual(well.status, Status.OK, well.text)
            self.assertIn("250 2.1.5", well.text)
            steps = {step["name"]: step["state"] for step in json.loads(well.json)["steps"]}
            self.assertEqual(steps["sign_in"], "ok")
            self.assertEqual(mail.last_result().accepted, ())
            mail.set_auth_xoauth2(rig("USER"), rig("BAD_TOKEN"))
            refused = mail.diagnose()
            self.assertEqual(refused.status, Status.SIGN_IN)
            self.assertIn("token_refused", refused.text)
            self.assertNotIn(rig("BAD_TOKEN"), refused.text + refused.json)
        with self.assertRaises(PostriderError):
            mail.diagnose()

    def test_when_nobody_is_accepted_the_error_holds_the_recipients(self):
        with signed_in() as mail:
            mail.add_recipient(rig("REFUSED"))
            mail.set_text("Hello")
            with self.assertRaises(PostriderError) as caught:
                mail.send()
        self.assertEqual(caught.exception.status, Status.RECIPIENTS)
        self.assertEqual(caught.exception.outcome, Outcome.NOT_SENT)
        self.assertEqual([r.reply.code for r in caught.exception.recipients], [550])

    def test_an_exception_after_the_message_was_accepted_comes_out_too(self):
        def log(line):
            if "queued as" in line:
                raise KeyError("too late")

        with signed_in() as mail:
            mail.add_recipient(rig("USER"))
            mail.set_text("Hello")
            mail.set_log(log)
            with self.assertRaisesRegex(KeyError, "too late"):
                mail.send()
            self.assertEqual(mail.last_result().outcome, Outcome.ACCEPTED)
            self.assertEqual(len(mail.last_result().accepted), 1)


if __name__ == "__main__":
    unittest.main()
