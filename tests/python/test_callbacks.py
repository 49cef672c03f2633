"""Callbacks: they re-enter, raise, cancel and free, also from another thread; Ctrl+C works."""

import gc
import os
import signal
import sys
import threading
import unittest

from postrider import Outcome, PostriderError, Status
from postrider._library import library
from support import ClosedPort, HalfServer, complete_mail


class Stop(Exception):
    pass


class Callbacks(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(HalfServer())
        self.mail = self.enterContext(complete_mail(self.server.port))

    def enterContext(self, manager):  # unittest has it from Python 3.11 on
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def fails_with(self, status):
        with self.assertRaises(PostriderError) as caught:
            self.mail.send()
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception

    def later_sends_are_not_affected(self):
        self.mail.set_log(None)
        self.mail.set_progress(None)
        self.mail.set_timeout(50)
        self.fails_with(Status.TIMEOUT)

    def test_an_exception_in_the_log_cancels_the_send(self):
        def log(line):
            if line.startswith("S: 220"):
                raise Stop("from the log")

        self.mail.set_log(log)
        with self.assertRaisesRegex(Stop, "from the log"):
            self.mail.send()
        self.assertEqual(self.mail.last_result().outcome, Outcome.NOT_SENT)
        self.later_sends_are_not_affected()

    def test_an_exception_in_the_progress_cancels_the_send(self):
        calls = []

        def progress(sent, total):
            calls.append((sent, total))
            raise Stop("from the progress")

        self.mail.set_progress(progress)
        with self.assertRaisesRegex(Stop, "from the progress"):
            self.mail.send()
        self.assertEqual(len(calls), 1)  # while one waits, no callback is called
        self.later_sends_are_not_affected()

    def test_of_two_exceptions_the_first_comes_out(self):
        greeted = []

        def log(line):
            if line.startswith("S: 220"):
                greeted.append(line)
                raise Stop("first")

        def progress(_sent, _total):
            if greeted:
                raise Stop("second")

        self.mail.set_log(log)
        self.mail.set_progress(progress)
        with self.assertRaisesRegex(Stop, "first"):
            self.mail.send()

    def test_a_request_to_exit_comes_out_too(self):
        self.mail.set_progress(lambda _sent, _total: sys.exit(7))
        with self.assertRaises(SystemExit) as caught:
            self.mail.send()
        self.assertEqual(caught.exception.code, 7)

    def test_the_progress_may_cancel(self):
        self.mail.set_progress(lambda _sent, _total: True)
        error = self.fails_with(Status.CANCELLED)
        self.assertEqual(error.outcome, Outcome.NOT_SENT)
        self.assertEqual(len(error.recipients), 1)
        self.later_sends_are_not_affected()

    def test_a_callback_may_use_its_mail(self):
        seen = []

        def first(_line):
            seen.append("first")
            self.mail.set_subject("changed inside")
            self.assertIn(b"changed inside", self.mail.get_eml())
            self.mail.set_log(second)  # replaces the function that is running now

        def second(_line):
            seen.append("second")

        self.mail.set_log(first)
        self.mail.set_progress(lambda _sent, _total: "second" in seen)
        self.fails_with(Status.CANCELLED)
        self.assertEqual(seen[:2], ["first", "second"])

    def test_a_callback_may_send_another_mail(self):
        def progress(_sent, _total):
            with complete_mail(self.server.port) as inner:
                inner.set_progress(lambda _sent, _total: 1 / 0)
                with self.assertRaises(ZeroDivisionError):
                    inner.send()
            raise Stop("outer")

        self.mail.set_progress(progress)
        with self.assertRaisesRegex(Stop, "outer"):
            self.mail.send()

    def test_another_thread_may_cancel(self):
        def cancel():
            self.server.greeted.wait(30)
            self.mail.cancel()

        other = threading.Thread(target=cancel)
        other.start()
        self.fails_with(Status.CANCELLED)
        other.join()
        self.later_sends_are_not_affected()

    def test_another_thread_may_close(self):
        calls = []

        def progress(_sent, _total):
            calls.append(closed.is_set())

        def close():
            self.server.greeted.wait(30)
            self.mail.close()
            closed.set()

        closed = threading.Event()
        self.mail.set_progress(progress)
        other = threading.Thread(target=close)
        other.start()
        self.assertTrue(str(self.fails_with(Status.CANCELLED)))
        other.join()
        self.assertNotIn(True, calls)  # nothing is called once close() has returned
        self.fails_with(Status.INVALID_HANDLE)

    def test_a_callback_may_close(self):
        self.mail.set_progress(lambda _sent, _total: self.mail.close())
        self.fails_with(Status.CANCELLED)

    def test_other_threads_run_during_a_send(self):
        # The send waits for a server that never goes on; only this thread can end it.
        steps = []

        def work():
            self.server.greeted.wait(30)
            for step in range(1000):
                steps.append(step)
            self.mail.cancel()

        other = threading.Thread(target=work)
        other.start()
        self.fails_with(Status.CANCELLED)
        other.join()
        self.assertEqual(len(steps), 1000)

    def test_two_threads_keep_their_exceptions_apart(self):
        def send(name):
            with complete_mail(self.server.port) as mail:
                def progress(_sent, _total):
                    both.wait(30)
                    raise Stop(name)

                mail.set_progress(progress)
                try:
                    mail.send()
                except Stop as stop:
                    caught[name] = str(stop)

        both, caught = threading.Barrier(2), {}
        threads = [threading.Thread(target=send, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(caught, {"one": "one", "two": "two"})

    def test_callbacks_are_kept_alive(self):
        lines = []
        self.mail.set_log(lambda line: lines.append(line))
        gc.collect()
        self.mail.set_progress(lambda _sent, _total: bool(lines) and lines[-1].startswith("C: EHLO"))
        gc.collect()
        self.fails_with(Status.CANCELLED)
        self.assertIn("S: 220 half.example ESMTP", lines)

    def test_the_second_error_replaces_the_first(self):
        port = self.enterContext(ClosedPort()).port
        self.mail.set_server("127.0.0.1", port)
        with self.assertRaises(PostriderError):
            self.mail.set_subject("a\nb")
        first, second = self.fails_with(Status.CONNECT), self.fails_with(Status.CONNECT)
        self.assertEqual(str(first), str(second))


class Signals(unittest.TestCase):
    def send_and_interrupt(self, handler_signal, prepare=lambda mail: None):
        with HalfServer() as server, complete_mail(server.port) as mail:
            prepare(mail)

            def interrupt():
                server.greeted.wait(30)
                os.kill(os.getpid(), handler_signal)

            other = threading.Thread(target=interrupt)
            other.start()
            try:
                mail.send()
            finally:
                other.join()

    def test_ctrl_c_ends_a_send(self):
        hook = sys.unraisablehook
        for _ in range(5):
            with self.assertRaises(KeyboardInterrupt):
                self.send_and_interrupt(signal.SIGINT)
        self.assertIs(sys.unraisablehook, hook)

    def test_ctrl_c_ends_a_send_with_callbacks(self):
        def prepare(mail):
            mail.set_log(lambda line: len(line))
            mail.set_progress(lambda sent, total: sent > total)

        for _ in range(5):
            with self.assertRaises(KeyboardInterrupt):
                self.send_and_interrupt(signal.SIGINT, prepare)

    def test_the_exception_of_any_signal_handler_comes_out(self):
        def handler(_signal, _frame):
            raise Stop("signal")

        previous = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, previous)
        with self.assertRaisesRegex(Stop, "signal"):
            self.send_and_interrupt(signal.SIGUSR1)

    def test_a_send_after_an_interrupted_one_is_an_ordinary_one(self):
        with self.assertRaises(KeyboardInterrupt):
            self.send_and_interrupt(signal.SIGINT)
        with ClosedPort() as closed, complete_mail(closed.port) as mail:
            with self.assertRaises(PostriderError) as caught:
                mail.send()
            self.assertEqual(caught.exception.status, Status.CONNECT)

    def test_what_others_cannot_raise_still_reaches_their_hook(self):
        seen = []
        previous, sys.unraisablehook = sys.unraisablehook, seen.append
        self.addCleanup(setattr, sys, "unraisablehook", previous)

        class Broken:
            def __del__(self):
                raise Stop("in __del__")

        def progress(_sent, _total):
            Broken()
            return True

        with HalfServer() as server, complete_mail(server.port) as mail:
            mail.set_progress(progress)
            with self.assertRaises(PostriderError):
                mail.send()
        self.assertEqual([type(unraisable.exc_value) for unraisable in seen], [Stop])


if __name__ == "__main__":
    unittest.main()
