"""People sign in to an Account, and mails have its tokens. tests/python.rs starts two sandboxes.

SANDBOX_*, and STRICT_*, whose mail server refuses the first access token.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from postrider import Account, Mail, PostriderError, Status


def setting(name):
    return os.environ[name]


def person(url, *options):
    """A person opens the page; returns what the person says."""
    command = [sys.executable, setting("SANDBOX_PERSON"), url, *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class SignIns(unittest.TestCase):
    sandbox = "SANDBOX"

    def setUp(self):
        self.account = self.another()

    def another(self):
        account = Account("custom", setting(self.sandbox + "_PROVIDERS"))
        self.addCleanup(account.close)
        account.set_client(setting(self.sandbox + "_CLIENT"))
        account.allow_browser(False)
        return account

    def mail(self, subject, account=None):
        mail = Mail()
        self.addCleanup(mail.close)
        mail.add_ca_file(setting(self.sandbox + "_CA"))
        mail.set_account(account or self.account)  # server and user come with it
        mail.set_from(setting(self.sandbox + "_USER"))
        mail.add_recipient("bob@example.org")
        mail.set_subject(subject)
        mail.set_text("Hello")
        return mail

    def refuses(self, status, call, *arguments):
        with self.assertRaises(PostriderError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception

    def in_background(self, *arguments):
        """A person whose browser waits for the last page."""
        thread = threading.Thread(target=person, args=arguments)
        self.addCleanup(thread.join)
        thread.start()

    def wait(self):
        """Calls poll_sign_in() until the person has signed in."""
        limit = time.monotonic() + 30
        while not self.account.poll_sign_in():
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.02)

    def sign_in(self):
        self.account.begin_sign_in()
        self.in_background(self.account.sign_in_url())
        self.wait()


class WithASandbox(SignIns):
    def test_in_the_browser_in_two_halves(self):
        account = self.account
        account.begin_sign_in()
        self.assertFalse(account.poll_sign_in())
        self.assertEqual(account.sign_in_user_code(), "")
        self.assertIn("the sandbox", account.sign_in_message())
        self.in_background(account.sign_in_url())
        self.wait()
        account.check_sign_in()
        self.assertEqual(account.address(), setting("SANDBOX_USER"))
        self.assertTrue(account.user_name())
        self.assertTrue(account.access_token())
        self.assertGreater(account.token_expires_at(), datetime.now(timezone.utc))
        self.assertIn("mail", account.token_scopes())
        self.assertEqual(self.mail("two halves").send().refused, ())

        account.sign_out()
        self.assertEqual(account.access_token(), "")
        self.refuses(Status.NEEDS_SIGN_IN, account.check_sign_in)
        self.refuses(Status.NEEDS_SIGN_IN, self.mail("not sent").send)

    def test_with_an_address_that_the_person_pastes(self):
        self.account.begin_sign_in()
        last_page = person(self.account.sign_in_url(), "--no-return")
        with self.assertRaises(PostriderError):
            self.account.complete_sign_in("http://127.0.0.1/")
        self.account.complete_sign_in(last_page)
        self.assertEqual(self.mail("pasted").send().refused, ())

    def test_in_one_call(self):
        self.account.set_sign_in_callback(lambda url, *_: self.in_background(url))
        self.account.sign_in(30_000)
        self.assertEqual(self.mail("one call").send().refused, ())

    def test_during_a_send(self):
        mail = self.mail("interactive")
        self.refuses(Status.NEEDS_SIGN_IN, mail.send)
        self.account.set_sign_in_callback(lambda url, *_: self.in_background(url))
        self.account.allow_interactive(True)
        self.assertEqual(mail.send().refused, ())

    def test_with_a_code_on_another_device(self):
        account, shown = self.account, []

        def show(url, user_code, message, expires_in):
            shown.append(expires_in)
            self.assertIn(url, message)
            self.assertIn(user_code, message)
            person(url, "--code", user_code)

        account.set_sign_in_callback(show)
        account.sign_in_device()
        self.assertEqual(shown, [600])
        self.assertEqual(account.address(), setting("SANDBOX_USER"))

        account.begin_device_sign_in()
        code = account.sign_in_user_code()
        self.assertIn(code, account.sign_in_complete_url())
        self.assertEqual(account.sign_in_expires_in(), 600)
        self.assertFalse(account.poll_sign_in())
        person(account.sign_in_url(), "--code", code)
        self.wait()
        self.assertEqual(self.mail("device").send().refused, ())

    def test_who_gives_up_in_the_callback_does_not_wait(self):
        self.account.set_sign_in_callback(lambda *_: self.account.cancel())
        self.refuses(Status.CANCELLED, self.account.sign_in_device)
        self.account.set_sign_in_callback(lambda *_: 1 / 0)
        with self.assertRaises(ZeroDivisionError):
            self.account.sign_in_device()

    def test_ctrl_c_ends_the_wait_for_a_device_and_for_a_send(self):
        # Mostly while it waits; whenever it comes, it ends the call.
        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        self.account.set_sign_in_callback(lambda *_: interrupt.start())
        with self.assertRaises(KeyboardInterrupt):
            self.account.sign_in_device()
        self.assertEqual(self.account.sign_in_user_code(), "")  # given up

        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        self.account.allow_interactive(True)
        with self.assertRaises(KeyboardInterrupt):
            self.mail("not sent").send()

    def test_a_person_may_decline(self):
        account = self.account
        account.begin_sign_in()
        self.in_background(account.sign_in_url(), "--decline")
        error = self.refuses(Status.NEEDS_SIGN_IN, self.wait)
        self.assertEqual(error.cause, "sign_in_declined")
        self.assertTrue(error.advice)
        account.set_sign_in_callback(
            lambda url, code, *_: person(url, "--code", code, "--decline")
        )
        error = self.refuses(Status.NEEDS_SIGN_IN, account.sign_in_device)
        self.assertEqual(error.cause, "sign_in_declined")

    def test_one_sign_in_is_enough_for_later_runs_and_other_computers(self):
        folder = Path(setting("SANDBOX_FOLDER"))
        self.account.set_store_file(folder / "store")
        self.sign_in()
        self.account.export_sign_in(folder / "sign-in", "a long passphrase")
        self.account.close()

        later = self.another()
        later.set_store_file(folder / "store")
        later.check_sign_in()
        mail = self.mail("a later run", later)
        later.close()  # the mail keeps what it needs
        self.assertEqual(mail.send().refused, ())
        elsewhere = self.another()
        error = self.refuses(
            Status.STORE, elsewhere.import_sign_in, folder / "sign-in", "another one"
        )
        self.assertEqual(error.cause, "passphrase_wrong")
        elsewhere.import_sign_in(folder / "sign-in", "a long passphrase")
        self.assertEqual(self.mail("another computer", elsewhere).send().refused, ())


class WithAStrictSandbox(SignIns):
    sandbox = "STRICT"

    def test_a_refused_token_is_renewed_without_a_person(self):
        self.sign_in()
        first, transcript = self.account.access_token(), []
        mail = self.mail("renewed")
        mail.set_log(transcript.append)
        self.assertEqual(mail.send().refused, ())
        self.account.fetch_token()
        second = self.account.access_token()
        self.assertNotIn(second, ("", first))
        transcript = "\n".join(transcript)
        self.assertIn("asking for a new token", transcript)
        self.assertNotIn(first, transcript)
        self.assertNotIn(second, transcript)


if __name__ == "__main__":
    unittest.main()
