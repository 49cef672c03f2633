"""The shared library, and how values cross into it and out of it."""

from __future__ import annotations

import os
import sys
from ctypes import create_string_buffer
from pathlib import Path
from typing import Any, Optional, Union

from . import _api
from ._codes import Outcome, Stage, Status
from ._errors import PostriderError, Recipient, Reply

PathText = Union[str, "os.PathLike[str]"]
Data = Union[bytes, bytearray, memoryview]

# As cargo names it on each system; build_library.py puts it beside this file.
NAMES = {"win32": "postrider.dll", "darwin": "libpostrider.dylib"}


def find() -> str:
    """The library that POSTRIDER_LIBRARY names, else the one inside the package.

    In a checkout of the project the package holds none: then it is the one that cargo built.
    """
    name = NAMES.get(sys.platform, "libpostrider.so")
    here = Path(__file__).resolve()
    inside = here.with_name(name)
    built = here.parents[3] / "target" / "release" / name
    in_checkout = not inside.exists() and built.exists()
    return os.environ.get("POSTRIDER_LIBRARY") or str(built if in_checkout else inside)


library = _api.load(find())


def library_version() -> str:
    """The version of the library, such as "0.1.0"."""
    version: bytes = library.mail_library_version()
    return version.decode()


def text(argument: str, value: str) -> bytes:
    """A text argument as C wants it; `argument` is its name."""
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be str, not {type(value).__name__}")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        # A lone surrogate, which no UTF-8 can carry.
        raise not_utf8(argument) from error
    if b"\0" in encoded:
        raise invalid(argument, "must not contain NUL")
    return encoded


def optional_text(argument: str, value: Optional[str]) -> Optional[bytes]:
    """As text(); None stays None."""
    return None if value is None else text(argument, value)


def path_text(argument: str, value: PathText) -> bytes:
    """As text(), for a path."""
    return text(argument, os.fspath(value))


def int32(argument: str, value: int) -> int:
    """A number argument: ctypes would cut off what does not fit."""
    if not -(2**31) <= value < 2**31:
        raise invalid(argument, "is out of range")
    return int(value)


def data_bytes(data: Data) -> bytes:
    """The bytes of anything that has some."""
    return data if isinstance(data, bytes) else bytes(memoryview(data))


def content(argument: str, value: Union[str, Data]) -> bytes:
    """The content of a file that is mostly text, such as PEM."""
    return text(argument, value) if isinstance(value, str) else data_bytes(value)


def invalid(argument: str, what: str) -> PostriderError:
    """The error of an argument that cannot even be handed to C; in the words of the library."""
    return PostriderError(
        f"{argument} {what}",
        Status.INVALID_ARGUMENT,
        Stage.ARGUMENT,
        "argument_invalid",
        "Correct the argument that the error text names.",
    )


def not_utf8(argument: str) -> PostriderError:
    """As invalid()."""
    return PostriderError(
        f"{argument} is not valid UTF-8",
        Status.INVALID_UTF8,
        Stage.ARGUMENT,
        "argument_not_utf8",
        "Convert the text to UTF-8 before the call.",
    )


def copied(function: Any, *arguments: Any) -> str:
    """Text that C copies out: asked for its length, then for itself."""
    size = function(*arguments, None, 0) + 1
    buffer = create_string_buffer(size)
    function(*arguments, buffer, size)
    return buffer.value.decode()


def cancelled() -> PostriderError:
    """The error of a person's sign-in that was given up; in the words of the library."""
    return PostriderError(
        "cancelled while waiting for a person to sign in",
        Status.CANCELLED,
        Stage.AUTHORIZE,
        "cancelled",
        "The program ended the send; send again when wanted.",
    )


def timed_out(seconds: float) -> PostriderError:
    """As cancelled(), when nobody has signed in."""
    return PostriderError(
        f"nobody has signed in in time: there were {seconds:g} s",
        Status.TIMEOUT,
        Stage.AUTHORIZE,
        "sign_in_timed_out",
        "Begin the sign-in again and finish it before its time is over.",
    )


def error(mail: Optional[int], status: int) -> PostriderError:
    """The error of the last call on `mail`."""
    return _error("mail_last_", mail, status)


def account_error(account: Optional[int], status: int) -> PostriderError:
    """The error of the last call on `account`."""
    return _error("mail_account_last_", account, status)


def _error(getters: str, handle: Optional[int], status: int) -> PostriderError:
    def copy(name: str) -> str:
        return copied(getattr(library, getters + name), handle)

    retry_after: int = getattr(library, getters + "retry_after")(handle)
    return PostriderError(
        # Empty when the handle is gone, and its memory of errors with it.
        copy("error") or library.mail_status_text(status).decode(),
        Status(status),
        Stage(getattr(library, getters + "stage")(handle)),
        copy("cause"),
        copy("advice"),
        link=copy("link"),
        retry_after=retry_after if retry_after >= 0 else None,
        json=copy("error_json"),
    )


def send_error(mail: Optional[int], status: int) -> PostriderError:
    """The error of a send, with what became of the message."""
    plain = error(mail, status)
    return PostriderError(
        plain.text,
        plain.status,
        plain.stage,
        plain.cause,
        plain.advice,
        Outcome(library.mail_last_outcome(mail)),
        reply(mail),
        recipients(mail),
        plain.link,
        plain.retry_after,
        plain.json,
    )


def reply(mail: Optional[int]) -> Reply:
    """The reply that decided the last send."""
    return Reply(
        library.mail_last_reply_code(mail),
        copied(library.mail_last_reply_enhanced_code, mail),
        copied(library.mail_last_reply_text, mail),
    )


def recipients(mail: Optional[int]) -> tuple[Recipient, ...]:
    """The recipients of the last send."""
    return tuple(
        Recipient(
            copied(library.mail_recipient_address, mail, index),
            bool(library.mail_recipient_accepted(mail, index)),
            Reply(
                library.mail_recipient_code(mail, index),
                copied(library.mail_recipient_enhanced_code, mail, index),
                copied(library.mail_recipient_text, mail, index),
            ),
        )
        for index in range(library.mail_recipient_count(mail))
    )
