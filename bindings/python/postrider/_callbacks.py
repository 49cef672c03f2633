"""The host's functions, called from C; their exceptions wait until send() is back from there.

A callback runs on the thread that is inside send(), so that its exception can wait in a variable
of the thread. While one waits, no further callback of that thread is called.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional

from ._library import library

Log = Callable[[str], object]
Progress = Callable[[int, int], object]


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


_thread = threading.local()


def waiting() -> Optional[BaseException]:
    """The exception that waits on this thread."""
    return getattr(_thread, "exception", None)


def wait(exception: Optional[BaseException]) -> None:
    """Lets an exception wait; None forgets the one that does."""
    _thread.exception = exception


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Keeps the exceptions of signal handlers, such as KeyboardInterrupt, during a send.

    Python runs signal handlers on the main thread, and only when Python code runs there: in
    Callbacks.on_progress() at least every 100 ms. It may do so before that function has entered
    its `try`. Then the exception leaves the function, and ctypes hands it to sys.unraisablehook.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = sys.unraisablehook
    ours = (Callbacks.on_log.__code__, Callbacks.on_progress.__code__)

    def hook(unraisable: Any) -> None:
        traceback = unraisable.exc_traceback
        if traceback is not None and traceback.tb_frame.f_code in ours:
            wait(unraisable.exc_value or unraisable.exc_type())
        else:
            previous(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = previous
