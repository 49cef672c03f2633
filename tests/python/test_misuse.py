"""Wrong use of the package: always an error that names the argument, never a crash."""

import copy
import ctypes
import gc
import json
import pickle
import unittest
import weakref
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from postrider import Mail, Outcome, PostriderError, Stage, Status
from postrider._library import library


class Misuse(unittest.TestCase):
    def setUp(self):
        self.mail = Mail()
        self.addCleanup(self.mail.close)

    def refuses(self, status, call, *arguments):
        with self.assertRaises(PostriderError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception

    def test_a_wrong_argument_is_named(self):
        error = self.refuses(
            Status.INVALID_ARGUMENT, self.mail.set_server, "smtp.example.org", 70000
        )
        self.assertEqual(error.stage, Stage.ARGUMENT)
        self.assertIn("port", str(error))
        self.assertEqual(str(error), error.text)
        self.assertTrue(error.cause)
        self.assertTrue(error.advice)
        self.assertEqual(json.loads(error.json)["cause"], error.cause)
        self.assertEqual((error.link, error.retry_after), ("", None))
        self.assertEqual(error.outcome, Outcome.NOT_SENT)
        self.assertEqual(error.recipients, ())
        for port in (0, -1, 2**31, 2**32 + 587):  # ctypes would cut the last to 587
            self.refuses(Status.INVALID_ARGUMENT, self.mail.set_server, "smtp.example.org", port)
        self.refuses(Status.INVALID_ARGUMENT, self.mail.set_timeout, 0)
        self.refuses(Status.INVALID_ARGUMENT, self.mail.set_security, 99)
        self.refuses(Status.INVALID_ARGUMENT, self.mail.add_recipient, "no address")
        error = self.refuses(Status.INVALID_ARGUMENT, self.mail.set_proxy, "ftp://proxy.test")
        self.assertIn("proxy", str(error))
        self.refuses(Status.NULL_POINTER, self.mail.set_proxy, "env", "anna")
        self.mail.set_proxy("socks5://proxy.test", "anna", "s3cret")
        self.mail.set_proxy(None)

    def test_a_nul_inside_a_text_is_refused(self):
        error = self.refuses(Status.INVALID_ARGUMENT, self.mail.set_subject, "a\0b")
        self.assertEqual(str(error), "subject must not contain NUL")
        self.assertEqual(error.stage, Stage.ARGUMENT)

    def test_text_that_is_not_utf8_is_refused(self):
        error = self.refuses(Status.INVALID_UTF8, self.mail.set_subject, "\udcff")
        self.assertEqual(str(error), "subject is not valid UTF-8")
        self.refuses(Status.INVALID_UTF8, self.mail.set_text, "\ud83d")
        self.refuses(Status.INVALID_UTF8, self.mail.add_attachment_file, "/tmp/\udcff")

    def test_none_and_other_types_are_refused_where_a_text_must_be(self):
        with self.assertRaisesRegex(TypeError, "subject must be str, not NoneType"):
            self.mail.set_subject(None)
        with self.assertRaisesRegex(TypeError, "host must be str, not bytes"):
            self.mail.set_server(b"smtp.example.org", 587)
        with self.assertRaises(TypeError):
            self.mail.set_server("smtp.example.org", "587")
        with self.assertRaises(TypeError):
            self.mail.add_attachment_bytes(5, "five.bin")
        with self.assertRaises(TypeError):
            self.mail.add_attachment_file(5)

    def test_nothing_has_no_bytes_and_is_allowed_where_it_makes_sense(self):
        mail = self.mail
        mail.set_from("anna@example.org")
        mail.set_subject("")
        mail.set_text("")
        mail.set_text(None)
        mail.add_attachment_bytes(b"", "empty.bin")
        self.assertIn("@", mail.add_inline_bytes(b"", "empty.png"))
        self.assertIn(b"empty.bin", mail.get_eml())
        self.refuses(Status.INVALID_ARGUMENT, mail.add_ca_pem, b"")
        self.refuses(Status.INVALID_ARGUMENT, mail.set_from, "")

    def test_bytes_may_be_of_any_kind(self):
        self.mail.set_from("anna@example.org")
        data = b"zero\0inside"
        for kind in (bytes(data), bytearray(data), memoryview(data)):
            self.mail.add_attachment_bytes(kind, "data.txt", "application/octet-stream")
        self.assertEqual(self.mail.get_eml().count(b"emVybwBpbnNpZGU="), 3)

    def test_a_send_without_anything_says_what_is_missing(self):
        error = self.refuses(Status.INCOMPLETE, self.mail.send)
        self.assertEqual(error.outcome, Outcome.NOT_SENT)
        self.refuses(Status.INCOMPLETE, self.mail.get_eml)

    def test_a_closed_mail_is_an_error(self):
        self.mail.close()
        self.mail.close()
        self.refuses(Status.INVALID_HANDLE, self.mail.set_subject, "late")
        self.refuses(Status.INVALID_HANDLE, self.mail.set_log, print)
        self.refuses(Status.INVALID_HANDLE, self.mail.cancel)
        error = self.refuses(Status.INVALID_HANDLE, self.mail.send)
        self.assertTrue(str(error))
        self.assertEqual(self.mail.last_result().accepted, ())

    def test_a_freed_or_foreign_handle_is_an_error(self):
        library.mail_free(self.mail._handle)
        self.refuses(Status.INVALID_HANDLE, self.mail.set_subject, "late")
        self.refuses(Status.INVALID_HANDLE, self.mail.send)
        for foreign in (None, 2, ctypes.addressof(ctypes.create_string_buffer(64))):
            self.assertEqual(library.mail_send(foreign), Status.INVALID_HANDLE)
            self.assertEqual(library.mail_set_subject(foreign, b"x"), Status.INVALID_HANDLE)
            library.mail_free(foreign)

    def test_null_is_an_error_in_c(self):
        mail = self.mail._handle
        self.assertEqual(library.mail_set_subject(mail, None), Status.NULL_POINTER)
        self.assertEqual(library.mail_set_server(mail, None, 25), Status.NULL_POINTER)
        self.assertEqual(library.mail_add_inline_file(mail, b"x", None, None, None, 0),
                         Status.NULL_POINTER)

    def test_a_missing_file_is_an_error(self):
        self.refuses(Status.FILE, self.mail.add_attachment_file, Path("/no/such/file"))
        self.refuses(Status.FILE, self.mail.add_ca_file, "/no/such/file")

    def test_paths_and_dates_are_those_of_python(self):
        mail = self.mail
        mail.set_from("anna@example.org", "Anna")
        mail.set_text("Hello")
        mail.set_message_id("<order-17@example.org>")
        zone = timezone(timedelta(minutes=-210))
        mail.set_date(datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone))
        with TemporaryDirectory() as folder:
            report = Path(folder, "Bericht ü.txt")
            report.write_text("inside")
            mail.add_attachment_file(report)
            mail.save_eml(Path(folder, "saved.eml"))
            eml = Path(folder, "saved.eml").read_bytes()
        self.assertRegex(eml, rb"(?m)^Date: Fri, 0?2 Jan 2026 03:04:05 -0330\r$")
        self.assertIn(b"Message-ID: <order-17@example.org>\r\n", eml)
        self.assertIn(b"Bericht", eml)
        mail.set_date(datetime(2026, 1, 2))  # local time
        local = datetime(2026, 1, 2).astimezone().strftime("%z").encode()
        self.refuses(Status.FILE, mail.get_eml)  # the attachment is gone
        mail.clear_message()
        mail.set_from("anna@example.org")
        mail.set_text("Hello")
        mail.set_date(datetime(2026, 1, 2))
        self.assertIn(b" 00:00:00 " + local + b"\r\n", mail.get_eml())

    def test_the_error_can_be_copied_and_pickled(self):
        error = self.refuses(Status.INVALID_ARGUMENT, self.mail.set_server, "", 25)
        for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual(vars(twin), vars(error))

    def test_a_forgotten_mail_is_freed(self):
        mail = Mail()
        mail.set_log(print)
        handle, gone = mail._handle, weakref.ref(mail)
        gc.disable()
        self.addCleanup(gc.enable)
        del mail
        self.assertIsNone(gone(), "a reference cycle")
        self.assertEqual(library.mail_clear_message(handle), Status.INVALID_HANDLE)

    def test_an_unknown_code_is_a_number_without_a_name(self):
        self.assertEqual(Status(-1234), -1234)
        self.assertEqual(Stage(99).name, "UNKNOWN_99")


if __name__ == "__main__":
    unittest.main()
