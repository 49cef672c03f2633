"""Account without a provider: wrong use, callbacks that re-enter, raise, cancel and free; Ctrl+C.

test_sign_in.py has the sign-ins.
"""

import gc
import http.server
import json
import os
import signal
import sys
import threading
import time
import unittest
import weakref
from datetime import datetime, timedelta, timezone
from pathlib import Path

from postrider import Account, Mail, Outcome, PostriderError, Stage, Status, Store, SuppliedToken
from postrider._library import library
from support import HalfServer, complete_mail


class Stop(Exception):
    pass


def account(token="http://127.0.0.1:9/token", **more):
    """At a provider whose endpoints are known without asking; nobody listens there."""
    provider = {
        "title": "Nobody",
        "endpoints": {"authorize": "http://127.0.0.1:9/authorize", "token": token},
        "redirect": "http://127.0.0.1:{port}/",
        "scopes": {"delegated": ["mail"]},
        "mechanisms": ["XOAUTH2"],
        **more,
    }
    made = Account("nobody", json.dumps({"nobody": provider}))
    made.set_client("a client")
    made.set_user("anna@example.org")
    made.allow_browser(False)
    return made


class Recorded(Store):
    """A store in memory that tells what it was asked."""

    def __init__(self):
        self.documents, self.asked, self.raising, self.busy = {}, [], None, 0

    def say(self, operation):
        self.asked.append(operation)
        if operation == self.raising:
            raise Stop("in " + operation)

    def load(self, name):
        self.say("load")
        return self.documents.get(name)

    def save(self, name, document):
        self.say("save")
        self.documents[name] = document

    def delete(self, name):
        self.say("delete")
        self.documents.pop(name, None)

    def lock(self, name):
        self.say("lock")
        self.busy -= 1
        return self.busy < 0

    def unlock(self, name):
        self.say("unlock")


class AccountTest(unittest.TestCase):
    def setUp(self):
        self.account = account()
        self.addCleanup(self.account.close)

    def enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def mail(self):
        """A mail of the account; its server says nothing after its greeting."""
        mail = self.enter(complete_mail(self.enter(HalfServer()).port))
        mail.set_account(self.account)
        return mail

    def refuses(self, status, call, *arguments):
        with self.assertRaises(PostriderError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception


class Misuse(AccountTest):
    def test_a_wrong_argument_is_named(self):
        error = self.refuses(Status.INVALID_ARGUMENT, Account, "nowhere")
        self.assertIn("nowhere", str(error))
        self.assertTrue(error.cause and error.advice)
        self.refuses(Status.INVALID_ARGUMENT, Account, "custom", "{")
        with self.assertRaisesRegex(TypeError, "provider must be str, not NoneType"):
            Account(None)
        account = self.account
        error = self.refuses(Status.INVALID_ARGUMENT, account.set_client, "")
        self.assertEqual(error.stage, Stage.ARGUMENT)
        self.assertIn("client_id", str(error))
        self.refuses(Status.INVALID_ARGUMENT, account.set_user, "a\nb")
        self.refuses(Status.INVALID_UTF8, account.set_user, "\udcff")
        error = self.refuses(Status.INVALID_ARGUMENT, account.set_tenant, "a\0b")
        self.assertEqual(str(error), "tenant must not contain NUL")
        self.refuses(Status.INVALID_ARGUMENT, account.set_timeout, 0)
        for timeout in (0, -1, 86_400_001, 2**31):
            self.refuses(Status.INVALID_ARGUMENT, account.sign_in, timeout)
        self.refuses(Status.NULL_POINTER, account.set_proxy, "env", "anna")
        self.refuses(Status.INVALID_ARGUMENT, account.set_proxy, "ftp://proxy.test")
        self.refuses(Status.FILE, account.add_ca_file, Path("/no/such/file"))
        self.refuses(Status.INVALID_ARGUMENT, account.add_ca_pem, b"")
        self.refuses(Status.INVALID_ARGUMENT, account.use_certificate_pem, "no key", b"none")
        self.refuses(Status.INVALID_ARGUMENT, account.use_certificate_pfx, b"no file", "")
        self.refuses(Status.INVALID_ARGUMENT, account.use_service_account, "{}")
        self.refuses(Status.UNSUPPORTED, account.use_client_credentials)
        account.set_proxy(None)
        account.set_program("Post")
        account.add_scope("profile")
        account.add_parameter("audience", "mail")
        account.look_at_tokens(False)

    def test_what_was_not_begun_is_an_error(self):
        account = self.account
        for text in (account.sign_in_url, account.sign_in_complete_url, account.sign_in_user_code,
                     account.sign_in_message, account.access_token, account.address,
                     account.user_name):
            self.assertEqual(text(), "")
        self.assertEqual(account.sign_in_expires_in(), 0)
        self.assertEqual(account.token_scopes(), ())
        self.assertIsNone(account.token_expires_at())
        error = self.refuses(Status.NEEDS_SIGN_IN, account.poll_sign_in)
        self.assertEqual(error.cause, "sign_in_not_begun")
        self.refuses(Status.NEEDS_SIGN_IN, account.complete_sign_in, "?code=x")
        self.refuses(Status.NEEDS_SIGN_IN, account.open_browser)
        self.refuses(Status.NEEDS_SIGN_IN, account.check_sign_in)
        self.refuses(Status.NEEDS_SIGN_IN, account.fetch_token)
        account.sign_out()

    def test_a_closed_account_is_an_error(self):
        account = self.account
        account.close()
        account.close()
        self.refuses(Status.INVALID_HANDLE, account.set_user, "late")
        self.refuses(Status.INVALID_HANDLE, account.set_token_callback, print)
        self.refuses(Status.INVALID_HANDLE, account.fetch_token)
        self.refuses(Status.INVALID_HANDLE, account.sign_in, 1000)
        self.refuses(Status.INVALID_HANDLE, account.sign_in_device)
        self.refuses(Status.INVALID_HANDLE, account.cancel)
        self.assertEqual(account.access_token(), "")
        with Mail() as mail:
            self.refuses(Status.INVALID_HANDLE, mail.set_account, account)

    def test_a_handle_of_one_kind_is_none_of_the_other(self):
        with Mail() as mail:
            self.assertEqual(
                library.mail_account_set_user(mail._handle, b"a"), Status.INVALID_HANDLE
            )
            self.assertEqual(
                library.mail_set_account(mail._handle, mail._handle), Status.INVALID_HANDLE
            )
            library.mail_account_free(mail._handle)
            mail.set_subject("still there")
            for wrong in (None, mail, self.account._handle):
                with self.assertRaisesRegex(TypeError, "account must be Account, not"):
                    mail.set_account(wrong)
        self.assertEqual(library.mail_send(self.account._handle), Status.INVALID_HANDLE)

    def test_a_forgotten_account_is_freed(self):
        forgotten = account()
        forgotten.set_token_callback(lambda: None)
        handle, gone = forgotten._handle, weakref.ref(forgotten)
        gc.disable()
        self.addCleanup(gc.enable)
        del forgotten
        self.assertIsNone(gone(), "a reference cycle")
        self.assertEqual(library.mail_account_fetch_token(handle), Status.INVALID_HANDLE)

    def test_a_mail_keeps_its_account_alive(self):
        mail = self.mail()
        another = account()
        another.set_token_callback(lambda: 1 / 0)
        mail.set_account(another)
        del another
        gc.collect()
        with self.assertRaises(ZeroDivisionError):
            mail.send()


class Tokens(AccountTest):
    def test_the_program_supplies_tokens(self):
        calls = []

        def source():
            calls.append(1)
            return SuppliedToken("a token", 3600)

        self.account.set_token_callback(source)
        self.account.fetch_token()
        self.assertEqual(self.account.access_token(), "a token")
        left = self.account.token_expires_at() - datetime.now(timezone.utc)
        self.assertAlmostEqual(left, timedelta(hours=1), delta=timedelta(minutes=1))
        self.account.fetch_token()
        self.assertEqual(len(calls), 1)  # it is still good
        self.account.check_sign_in()

        self.account.set_token_callback(lambda: None)
        self.assertEqual(
            self.refuses(Status.TOKEN, self.account.fetch_token).cause, "token_not_supplied"
        )
        self.account.set_token_callback(lambda: SuppliedToken("line\nend"))
        self.refuses(Status.TOKEN, self.account.fetch_token)
        for token, complaint in (
            ("x" * 65_536, "access_token is too long"),
            ("a\0b", "access_token must not contain NUL"),
        ):
            self.account.set_token_callback(lambda token=token: SuppliedToken(token))
            error = self.refuses(Status.INVALID_ARGUMENT, self.account.fetch_token)
            self.assertEqual(str(error), complaint)
        self.account.set_token_callback(lambda: SuppliedToken(b"bytes"))
        with self.assertRaisesRegex(TypeError, "access_token must be str, not bytes"):
            self.account.fetch_token()
        self.account.set_token_callback(None)
        self.refuses(Status.TOKEN, self.account.fetch_token)

    def test_an_exception_comes_out_of_the_call(self):
        def source():
            raise Stop("no token")

        self.account.set_token_callback(source)
        with self.assertRaisesRegex(Stop, "no token"):
            self.account.fetch_token()
        mail = self.mail()
        with self.assertRaisesRegex(Stop, "no token"):
            mail.send()
        self.assertEqual(mail.last_result().outcome, Outcome.NOT_SENT)
        self.account.set_token_callback(lambda: SuppliedToken("token"))
        self.account.fetch_token()  # and the exception is gone
        mail.set_timeout(50)
        self.refuses(Status.TIMEOUT, mail.send)

    def test_an_exception_inside_a_callback_of_a_mail_ends_only_the_inner_call(self):
        self.account.set_token_callback(lambda: 1 / 0)
        calls = []

        def progress(_sent, _total):
            with self.assertRaises(ZeroDivisionError):
                self.account.fetch_token()
            calls.append(1)
            if len(calls) == 3:
                raise Stop("outer")

        mail = self.mail()
        mail.set_auth_none()
        mail.set_progress(progress)
        with self.assertRaisesRegex(Stop, "outer"):
            mail.send()
        self.assertEqual(len(calls), 3)  # the inner exceptions did not end the send

    def test_a_callback_may_replace_itself_and_send(self):
        server = self.enter(HalfServer())

        def first():
            self.account.set_token_callback(lambda: SuppliedToken("second"))
            with complete_mail(server.port) as inner:
                inner.set_progress(lambda _sent, _total: 1 / 0)
                with self.assertRaises(ZeroDivisionError):
                    inner.send()
            return SuppliedToken("first")

        self.account.set_token_callback(first)
        self.account.fetch_token()
        self.assertEqual(self.account.access_token(), "first")
        self.account.fetch_token()
        self.assertEqual(self.account.access_token(), "second")

    def test_nothing_runs_after_close(self):
        calls = []

        def source():
            calls.append(1)
            return SuppliedToken("token")

        self.account.set_token_callback(source)
        mail = self.mail()
        mail.set_timeout(50)
        self.refuses(Status.TIMEOUT, mail.send)
        self.assertEqual(len(calls), 1)
        self.account.close()
        self.assertIn("removed", str(self.refuses(Status.TOKEN, mail.send)))
        self.assertEqual(len(calls), 1)

    def test_a_callback_may_close_its_account(self):
        def source():
            self.account.close()
            return SuppliedToken("token")

        self.account.set_token_callback(source)
        self.account.fetch_token()  # what was running ends as it would have
        self.refuses(Status.INVALID_HANDLE, self.account.fetch_token)


class Stores(AccountTest):
    def setUp(self):
        super().setUp()
        self.store = Recorded()
        self.account.set_store_callback(self.store)

    def test_it_keeps_sign_ins(self):
        store = self.store
        self.refuses(Status.NEEDS_SIGN_IN, self.account.check_sign_in)
        store.asked.clear()
        store.busy = 2  # another process has the lock at first
        self.account.set_refresh_token("refresh")
        self.assertEqual(store.asked, ["lock", "lock", "lock", "load", "save", "unlock"])
        self.account.check_sign_in()
        ((name, document),) = store.documents.items()
        self.assertRegex(name, "^[0-9a-f]{32}$")

        # More than the room that the library has at first.
        larger = {**json.loads(document), "x_note": "x" * 40_000}
        store.documents[name] = bytearray(json.dumps(larger).encode())  # bytes of any kind
        store.asked.clear()
        again = self.enter(account())
        again.set_store_callback(store)
        again.check_sign_in()
        self.assertEqual(store.asked, ["load", "load"])

        store.documents[name] = document[:-20]
        self.assertEqual(
            self.refuses(Status.STORE, again.check_sign_in).cause, "store_corrupt"
        )
        store.documents[name] = "no bytes"
        with self.assertRaises(TypeError):
            again.check_sign_in()
        again.set_store_callback(None)
        self.refuses(Status.NEEDS_SIGN_IN, again.check_sign_in)
        store.documents[name] = document
        self.account.sign_out()
        self.assertEqual(store.documents, {})

    def test_an_exception_comes_out_and_the_lock_is_given_back(self):
        store = self.store
        for operation in ("load", "save", "lock", "unlock"):
            store.raising = operation
            store.asked.clear()
            with self.assertRaisesRegex(Stop, "in " + operation):
                self.account.set_refresh_token("refresh")
            self.assertEqual("unlock" in store.asked, operation != "lock", store.asked)
        store.raising = "delete"
        with self.assertRaisesRegex(Stop, "in delete"):
            self.account.sign_out()
        store.raising = "load"
        with self.assertRaisesRegex(Stop, "in load"):
            self.mail().send()
        store.raising = None
        self.account.check_sign_in()  # and the exception is gone

    def test_it_may_have_no_base(self):
        class Bare:
            load = Recorded.load
            save, delete, lock, unlock = (lambda *_: None,) * 2 + (lambda *_: True,) * 2
            say, documents = (lambda *_: None), {}

        self.account.set_store_callback(Bare())
        self.account.set_refresh_token("refresh")
        self.refuses(Status.NEEDS_SIGN_IN, self.account.check_sign_in)


class SignIns(AccountTest):
    def test_the_callback_is_shown_everything(self):
        shown = []

        def show(*everything):
            shown.append(everything)
            self.account.cancel()

        self.account.set_sign_in_callback(show)
        self.refuses(Status.CANCELLED, self.account.sign_in, 60_000)
        ((url, user_code, message, expires_in),) = shown
        self.assertTrue(url.startswith("http://127.0.0.1:9/authorize?"))
        self.assertIn("anna%40example.org", url)
        self.assertIn("anna@example.org", message)
        self.assertEqual((user_code, expires_in), ("", 60))
        self.account.set_sign_in_callback(None)
        self.refuses(Status.TIMEOUT, self.account.sign_in, 50)
        self.assertEqual(len(shown), 1)

    def test_the_errors_of_waiting_are_those_of_the_library(self):
        """sign_in() waits by itself: here the one in C does."""
        def in_c():
            library.mail_account_sign_in(self.account._handle, 50)
            return (
                library.mail_account_last_stage(self.account._handle),
                self.account_error(),
            )

        ours = self.refuses(Status.TIMEOUT, self.account.sign_in, 50)
        self.assertEqual((ours.stage, self.words(ours)), in_c())
        self.account.set_sign_in_callback(lambda *_: self.account.cancel())
        ours = self.refuses(Status.CANCELLED, self.account.sign_in, 50)
        self.assertEqual((ours.stage, self.words(ours)), in_c())

    def words(self, error):
        return (str(error), error.cause, error.advice)

    def account_error(self):
        from postrider._library import account_error

        return self.words(account_error(self.account._handle, -1))

    def test_an_exception_of_the_callback_ends_what_waits(self):
        def show(*_):
            raise Stop("nobody there")

        self.account.set_sign_in_callback(show)
        with self.assertRaisesRegex(Stop, "nobody there"):
            self.account.sign_in(60_000)
        self.assertEqual(self.account.sign_in_url(), "")  # given up
        mail = self.mail()
        self.refuses(Status.NEEDS_SIGN_IN, mail.send)
        self.account.allow_interactive(True)
        with self.assertRaisesRegex(Stop, "nobody there"):
            mail.send()
        self.account.allow_interactive(False)
        self.refuses(Status.NEEDS_SIGN_IN, mail.send)

    def test_another_thread_may_cancel_close_and_begin_anew(self):
        for end in (Account.cancel, Account.close, Account.begin_sign_in):
            with account() as waiting:
                begun = threading.Event()

                def work():
                    begun.wait(30)
                    end(waiting)

                other = threading.Thread(target=work)
                waiting.set_sign_in_callback(lambda *_: begun.set())
                other.start()
                self.assertTrue(str(self.refuses(Status.CANCELLED, waiting.sign_in, 60_000)))
                other.join()
                # The new one is not the one that was given up.
                self.assertEqual(bool(waiting.sign_in_url()), end is Account.begin_sign_in)

    def test_one_in_two_halves_may_be_given_up(self):
        self.account.begin_sign_in()
        first = self.account.sign_in_url()
        self.assertFalse(self.account.poll_sign_in())
        self.account.begin_sign_in()
        self.assertNotEqual(self.account.sign_in_url(), first)
        with self.assertRaises(PostriderError):
            self.account.complete_sign_in("https://example.org/")
        self.assertFalse(self.account.poll_sign_in())  # the person may paste again
        self.account.cancel()
        self.assertEqual(
            self.refuses(Status.NEEDS_SIGN_IN, self.account.poll_sign_in).cause,
            "sign_in_not_begun",
        )

    def test_where_the_browser_cannot_come_back_nobody_waits(self):
        with account(redirect="https://127.0.0.1", quirks=["redirect_by_hand"]) as pasted:
            shown = []
            pasted.set_sign_in_callback(lambda *everything: shown.append(everything))
            error = self.refuses(Status.NEEDS_SIGN_IN, pasted.sign_in, 60_000)
            self.assertEqual(error.cause, "sign_in_incomplete")
            self.assertEqual(len(shown), 1)


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Answers with a token, and has somebody press Ctrl+C while the client waits for it."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        os.kill(os.getpid(), signal.SIGINT)
        answer = {"access_token": "new", "token_type": "Bearer", "expires_in": 3600,
                  "refresh_token": "next", "scope": "mail"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Signals(AccountTest):
    def test_ctrl_c_ends_a_sign_in(self):
        hook = sys.unraisablehook

        def interrupt():
            while not self.account.sign_in_url():
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)

        for _ in range(5):
            other = threading.Thread(target=interrupt)
            other.start()
            with self.assertRaises(KeyboardInterrupt):
                self.account.sign_in(60_000)
            other.join()
            self.assertEqual(self.account.sign_in_url(), "")  # given up
        self.assertIs(sys.unraisablehook, hook)

    def test_a_signal_whose_handler_only_looks_ends_nothing(self):
        seen = []
        previous = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
        self.addCleanup(signal.signal, signal.SIGUSR1, previous)
        self.account.set_sign_in_callback(lambda *_: os.kill(os.getpid(), signal.SIGUSR1))
        self.refuses(Status.TIMEOUT, self.account.sign_in, 100)
        self.assertEqual(seen, [1])

    def test_ctrl_c_during_a_request_loses_no_sign_in(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), TokenEndpoint)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        store = Recorded()
        try:
            with account(f"http://127.0.0.1:{server.server_port}/token") as waiting:
                waiting.set_store_callback(store)
                for _ in range(5):
                    waiting.set_refresh_token("used once")
                    store.asked.clear()
                    with self.assertRaises(KeyboardInterrupt):
                        waiting.fetch_token()
                    self.assertEqual(store.asked[-2:], ["save", "unlock"])
                    (document,) = store.documents.values()
                    self.assertEqual(json.loads(document)["refresh_token"], "next")
                waiting.fetch_token()  # the kept one
                self.assertEqual(waiting.access_token(), "new")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


if __name__ == "__main__":
    unittest.main()
