"""The installed package itself: whole, typed, with the library inside."""

import inspect
import os
import subprocess
import sys
import unittest
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import postrider
from postrider import Account, Mail, Store, _api, _codes, _library


class Package(unittest.TestCase):
    def test_the_library_is_inside(self):
        self.assertEqual(Path(_library.find()).parent, Path(postrider.__file__).parent)
        self.assertIn("site-packages", postrider.__file__)

    def test_a_variable_names_another_library(self):
        environment = dict(os.environ, POSTRIDER_LIBRARY="/no/such/library.so")
        command = [sys.executable, "-c", "import postrider"]
        failed = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("/no/such/library.so", failed.stderr)

    def test_a_library_with_another_interface_number_is_refused(self):
        with mock.patch.object(_api, "MAIL_ABI_VERSION", 99):
            with self.assertRaisesRegex(OSError, "99"):
                _api.load(_library.find())

    def test_package_and_library_have_the_same_version(self):
        self.assertEqual(postrider.library_version(), version("postrider"))

    def test_every_code_is_in_the_enums(self):
        enums = {
            f"MAIL_{enum.__name__.upper()}_{member.name}": member.value
            for enum in vars(_codes).values()
            if inspect.isclass(enum) and issubclass(enum, int)
            for member in enum
        }
        groups = {name.split("_")[1] for name in enums}  # not those of Store: it has methods
        codes = {
            name: value
            for name, value in vars(_api).items()
            if name.startswith("MAIL_") and name.split("_")[1] in groups
        }
        self.assertEqual(enums, codes)

    def test_every_function_has_its_method(self):
        # The life of the object, and what its errors and results are made of.
        inside = ("new", "free", "last_", "recipient_", "library_", "diagnosis_", "status_text")
        words_of_python = {"export": "export_sign_in", "import": "import_sign_in"}
        methods = set(dir(Mail)) | {"account_" + name for name in dir(Account)}
        for function in _api.PROTOTYPES:
            name = function[len("mail_"):]
            short = name[len("account_"):] if name.startswith("account_") else name
            if not short.startswith(inside):
                method = name.replace(short, words_of_python.get(short, short))
                self.assertIn(method, methods)

    def test_everything_public_has_types_and_words(self):
        self.assertTrue(Path(postrider.__file__).with_name("py.typed").exists())
        public = [item for kind in (Mail, Account, Store) for item in vars(kind).items()]
        for name, method in public:
            if name.startswith("_"):
                continue
            signature = inspect.signature(method)
            self.assertTrue(method.__doc__, name)
            self.assertIsNot(signature.return_annotation, inspect.Signature.empty, name)
            for parameter in list(signature.parameters.values())[1:]:
                self.assertIsNot(parameter.annotation, inspect.Parameter.empty, (name, parameter))


if __name__ == "__main__":
    unittest.main()
