"""The host's functions, called from C; their exceptions wait until the call is back from there.

A callback runs on the thread that is inside the call, so that its exception can wait in a variable
of the thread. While one waits, no further callback of that thread is called, except those of a
store that bring to its end what has begun.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from ctypes import memmove, string_at
from typing import Any, Callable, Iterator, NamedTuple, Optional, Protocol

from . import _api
from ._library import data_bytes, invalid, library, text

Log = Callable[[str], object]
Progress = Callable[[int, int], object]
SignIn = Callable[[str, str, str, int], object]


class SuppliedToken(NamedTuple):
    """An access token that the program has from elsewhere.

    `lifetime` is how many seconds it is still good, 0 for one that is used once.
    """

    access_token: str
    lifetime: int = 0


TokenSource = Callable[[], Optional[SuppliedToken]]


class Store(Protocol):
    """Keeps sign-ins in a store of the program, such as a database.

    A name has 32 hexadecimal digits; a document is UTF-8 with tokens in it, which the program must
    protect. Lock and unlock are for programs that are not the only ones to use their store; who
    derives from this class may leave them out.
    """

    def load(self, name: str) -> Optional[bytes]:
        """The document, or None when there is none."""

    def save(self, name: str, document: bytes) -> None:
        """Keeps the document in place of the old one, whole or not at all."""

    def delete(self, name: str) -> None:
        """Removes the document; one that is not there is no error."""

    def lock(self, name: str) -> bool:
        """Takes the lock of the document, without waiting; False when another process holds it."""
        return True

    def unlock(self, name: str) -> None:
        """Gives the lock back."""


class Callbacks:
    """What C calls for one Mail. The thunks of ctypes refer to it, never to the Mail itself."""

    def __init__(self, mail: int) -> None:
        self._mail = mail
        self.log: Optional[Log] = None
        self.progress: Optional[Progress] = None

    def on_log(self, _user_data: Optional[int], line: bytes) -> None:
        try:
            log = self.log
            if log is not None and waiting() is None:
                log(line.decode())
        except BaseException as exception:
            wait(exception)
            library.mail_cancel(self._mail)

    def on_progress(self, _user_data: Optional[int], sent: int, total: int) -> int:
        try:
            if waiting() is not None:
                return 1
            progress = self.progress
            return 1 if progress is not None and progress(sent, total) else 0
        except BaseException as exception:
            wait(exception)
            return 1


class AccountCallbacks:
    """What C calls for one Account, as Callbacks for a Mail."""

    def __init__(self, account: int) -> None:
        self._account = account
        self.sign_in: Optional[SignIn] = None
        self.token: Optional[TokenSource] = None
        self.store: Optional[Store] = None

    def on_sign_in(
        self,
        _user_data: Optional[int],
        url: bytes,
        user_code: bytes,
        message: bytes,
        expires_in: int,
    ) -> None:
        try:
            show = self.sign_in
            if show is not None and waiting() is None:
                show(url.decode(), user_code.decode(), message.decode(), expires_in)
        except BaseException as exception:
            end_with(exception)
            if sending() is None:
                library.mail_account_cancel(self._account)

    def on_token(self, _user_data: Optional[int], buffer: int, capacity: int) -> int:
        try:
            source = self.token
            token = source() if source is not None and waiting() is None else None
            if token is None:
                return -1
            access_token, lifetime = token
            encoded = text("access_token", access_token) + b"\0"
            if len(encoded) > capacity:
                raise invalid("access_token", "is too long")
            memmove(buffer, encoded, len(encoded))
            return int(lifetime)
        except BaseException as exception:
            end_with(exception)
            return -1

    def on_store(
        self,
        _user_data: Optional[int],
        operation: int,
        name: bytes,
        data: Optional[int],
        size: int,
    ) -> int:
        first = waiting()
        try:
            begins = operation in (_api.MAIL_STORE_OPERATION_LOAD, _api.MAIL_STORE_OPERATION_LOCK)
            store = self.store
            if store is None or (begins and first is not None):
                return -1
            wait(None)
            return _asked(store, operation, name.decode(), data, size)
        except BaseException as exception:
            end_with(exception)
            return -1
        finally:
            if first is not None:
                wait(first)


def _asked(store: Store, operation: int, name: str, data: Optional[int], size: int) -> int:
    if operation == _api.MAIL_STORE_OPERATION_LOAD:
        document = data_bytes(store.load(name) or b"")
        if data is not None and len(document) <= size:
            memmove(data, document, len(document))
        return len(document)
    if operation == _api.MAIL_STORE_OPERATION_SAVE and data is not None:
        store.save(name, string_at(data, size))
        return 0
    if operation == _api.MAIL_STORE_OPERATION_DELETE:
        store.delete(name)
        return 0
    if operation == _api.MAIL_STORE_OPERATION_LOCK:
        return 1 if store.lock(name) else 0
    if operation == _api.MAIL_STORE_OPERATION_UNLOCK:
        store.unlock(name)
        return 0
    return -1  # of a newer library


_thread = threading.local()


def waiting() -> Optional[BaseException]:
    """The exception that waits on this thread."""
    return getattr(_thread, "exception", None)


def wait(exception: Optional[BaseException]) -> None:
    """Lets an exception wait; None forgets the one that does."""
    _thread.exception = exception


def sending() -> Optional[int]:
    """The mail whose send() runs on this thread; None when the innermost call is another one."""
    return getattr(_thread, "mail", None)


def end_with(exception: BaseException) -> None:
    """Lets it wait. A call on an account ends because its callback failed; a send might go on."""
    wait(exception)
    mail = sending()
    if mail is not None:
        library.mail_cancel(mail)


def run(mail: Optional[int], function: Any, *arguments: Any) -> int:
    """Runs a call of C in which callbacks may run; raises what one of them has raised.

    `mail` is the one whose send() this is, or None.
    """
    outer = sending()
    _thread.mail = mail
    wait(None)
    try:
        with _interrupts_kept():
            status: int = function(*arguments)
    finally:
        _thread.mail = outer
    exception = waiting()
    if exception is not None:
        wait(None)
        try:
            raise exception
        finally:
            del exception  # it refers to this frame
    return status


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Keeps the exceptions of signal handlers, such as KeyboardInterrupt, during a call.

    Python runs signal handlers on the main thread, and only when Python code runs there: during a
    send in Callbacks.on_progress() at least every 100 ms. It may do so before that function has
    entered its `try`. Then the exception leaves the function, and ctypes hands it to
    sys.unraisablehook.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        traceback = unraisable.exc_traceback
        frame = None if traceback is None else traceback.tb_frame
        if frame is None or frame.f_code not in _OURS:
            previous(unraisable)
            return
        wait(unraisable.exc_value or unraisable.exc_type())
        if frame.f_code is AccountCallbacks.on_store.__code__:
            # Nothing may keep a sign-in from being saved: the old refresh token may be used up.
            AccountCallbacks.on_store(**frame.f_locals)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = previous


_OURS = frozenset(
    function.__code__
    for function in (
        Callbacks.on_log,
        Callbacks.on_progress,
        AccountCallbacks.on_sign_in,
        AccountCallbacks.on_token,
        AccountCallbacks.on_store,
    )
)
