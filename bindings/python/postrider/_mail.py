"""Mail: one message, the server it goes through and the account that sends it."""

from __future__ import annotations

import weakref
from ctypes import create_string_buffer
from datetime import datetime, timedelta
from typing import Optional, Union

from . import _api
from ._account import Account
from ._callbacks import Callbacks, Log, Progress, run
from ._codes import Importance, Kind, Mechanism, Outcome, Security, Status
from ._errors import Diagnosis, Result
from ._library import (
    Data,
    PathText,
    content,
    copied,
    data_bytes,
    error,
    int32,
    library,
    optional_text,
    path_text,
    recipients,
    reply,
    send_error,
    text,
)


class Mail:
    """One message, the server it goes through and the account that sends it.

    May be used from several threads. close() releases it, as leaving a `with` block does.
    """

    def __init__(self) -> None:
        self._handle: Optional[int] = library.mail_new()
        if self._handle is None:
            raise error(None, _api.MAIL_STATUS_INTERNAL)
        self._callbacks = Callbacks(self._handle)
        # The thunks must live as long as the handle: C calls them.
        self._on_log = _api.mail_log_fn(self._callbacks.on_log)
        self._on_progress = _api.mail_progress_fn(self._callbacks.on_progress)
        self._free = weakref.finalize(self, library.mail_free, self._handle)
        self._account: Optional[Account] = None
        # Always there: Python runs its signal handlers (Ctrl+C) only while Python code runs.
        self.set_progress(None)

    def close(self) -> None:
        """Releases the handle and closes its connection. Sends that run end as by cancel()."""
        self._free()
        self._handle = None

    def __enter__(self) -> Mail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clear_message(self) -> None:
        """Forgets the message; server, sign-in, callbacks and the kept connection stay."""
        self._check(library.mail_clear_message(self._handle))

    # Which server, how it is reached and how far it is trusted.

    def set_server(self, host: str, port: int) -> None:
        """Sets the SMTP server."""
        self._check(
            library.mail_set_server(self._handle, text("host", host), int32("port", port))
        )

    def set_security(self, security: Security) -> None:
        """Sets how the connection is protected."""
        self._check(library.mail_set_security(self._handle, int32("security", security)))

    def allow_plaintext_auth(self, allow: bool) -> None:
        """Allows passwords and tokens without TLS. Dangerous: everybody on the way reads them."""
        self._check(library.mail_allow_plaintext_auth(self._handle, bool(allow)))

    def set_ehlo_name(self, name: Optional[str]) -> None:
        """Sets the name with which the client introduces itself."""
        self._check(library.mail_set_ehlo_name(self._handle, optional_text("name", name)))

    def set_proxy(
        self, proxy: Optional[str], user: Optional[str] = None, password: Optional[str] = None
    ) -> None:
        """Sets the proxy: "http://host:port", "socks5://host:port", "env", "system", or None."""
        self._check(
            library.mail_set_proxy(
                self._handle,
                optional_text("proxy", proxy),
                optional_text("user", user),
                optional_text("password", password),
            )
        )

    def set_timeout(self, timeout_ms: int) -> None:
        """Sets the time that one send() may take, in milliseconds."""
        self._check(library.mail_set_timeout(self._handle, int32("timeout_ms", timeout_ms)))

    def add_ca_file(self, path: PathText) -> None:
        """Trusts the certificates in a file as well (PEM)."""
        self._check(library.mail_add_ca_file(self._handle, path_text("path", path)))

    def add_ca_pem(self, pem: Union[str, Data]) -> None:
        """Trusts these certificates as well (PEM)."""
        data = content("pem", pem)
        self._check(library.mail_add_ca_pem(self._handle, data, len(data)))

    def accept_invalid_certificate(self, accept: bool) -> None:
        """Accepts any certificate. Dangerous: whoever is on the way can pose as the server."""
        self._check(library.mail_accept_invalid_certificate(self._handle, bool(accept)))

    def set_keep_connection(self, keep: bool) -> None:
        """Keeps the connection open between sends."""
        self._check(library.mail_set_keep_connection(self._handle, bool(keep)))

    def close_connection(self) -> None:
        """Closes the kept connection, if there is one."""
        self._check(library.mail_close_connection(self._handle))

    # Who signs in.

    def set_auth_xoauth2(self, user: str, access_token: str) -> None:
        """Signs in with an OAuth 2.0 access token (XOAUTH2)."""
        self._check(
            library.mail_set_auth_xoauth2(
                self._handle, text("user", user), text("access_token", access_token)
            )
        )

    def set_auth_oauthbearer(self, user: str, access_token: str) -> None:
        """Signs in with an OAuth 2.0 access token (OAUTHBEARER)."""
        self._check(
            library.mail_set_auth_oauthbearer(
                self._handle, text("user", user), text("access_token", access_token)
            )
        )

    def set_auth_password(
        self, user: str, password: str, mechanism: Mechanism = Mechanism.AUTO
    ) -> None:
        """Signs in with user and password."""
        self._check(
            library.mail_set_auth_password(
                self._handle,
                int32("mechanism", mechanism),
                text("user", user),
                text("password", password),
            )
        )

    def set_account(self, account: Account) -> None:
        """Takes the tokens of an account, and its server unless set_server() was called."""
        if not isinstance(account, Account):
            raise TypeError(f"account must be Account, not {type(account).__name__}")
        self._check(library.mail_set_account(self._handle, account._handle))
        self._account = account  # so that its callbacks live as long as the mail

    def set_auth_none(self) -> None:
        """Does not sign in; forgets what was set before."""
        self._check(library.mail_set_auth_none(self._handle))

    # The message.

    def set_from(self, address: str, name: Optional[str] = None) -> None:
        """Sets the author (From)."""
        self._check(
            library.mail_set_from(
                self._handle, optional_text("name", name), text("address", address)
            )
        )

    def set_sender(self, address: Optional[str], name: Optional[str] = None) -> None:
        """Sets who submits the message when it is not the author (Sender)."""
        self._check(
            library.mail_set_sender(
                self._handle, optional_text("name", name), optional_text("address", address)
            )
        )

    def set_return_path(self, address: Optional[str]) -> None:
        """Sets the envelope sender; "" for the null sender, None for the From address."""
        self._check(
            library.mail_set_return_path(self._handle, optional_text("address", address))
        )

    def set_reply_to(self, address: Optional[str], name: Optional[str] = None) -> None:
        """Sets where answers shall go (Reply-To)."""
        self._check(
            library.mail_set_reply_to(
                self._handle, optional_text("name", name), optional_text("address", address)
            )
        )

    def add_recipient(
        self, address: str, name: Optional[str] = None, kind: Kind = Kind.TO
    ) -> None:
        """Adds one recipient."""
        self._check(
            library.mail_add_recipient(
                self._handle,
                optional_text("name", name),
                text("address", address),
                int32("kind", kind),
            )
        )

    def add_recipients(self, list: str, kind: Kind = Kind.TO) -> None:
        """Adds a list as people write it: '"Anna" <anna@example.org>, bob@example.org'."""
        self._check(
            library.mail_add_recipients(self._handle, text("list", list), int32("kind", kind))
        )

    def set_subject(self, subject: str) -> None:
        """Sets the subject."""
        self._check(library.mail_set_subject(self._handle, text("subject", subject)))

    def set_text(self, body: Optional[str]) -> None:
        """Sets the body as plain text."""
        self._check(library.mail_set_text(self._handle, optional_text("body", body)))

    def set_html(self, body: Optional[str]) -> None:
        """Sets the body as HTML."""
        self._check(library.mail_set_html(self._handle, optional_text("body", body)))

    def add_attachment_file(
        self, path: PathText, name: Optional[str] = None, content_type: Optional[str] = None
    ) -> None:
        """Attaches a file, which is streamed from disk when the message is sent."""
        self._check(
            library.mail_add_attachment_file(
                self._handle,
                path_text("path", path),
                optional_text("name", name),
                optional_text("content_type", content_type),
            )
        )

    def add_attachment_bytes(
        self, data: Data, name: str, content_type: Optional[str] = None
    ) -> None:
        """Attaches bytes."""
        data = data_bytes(data)
        self._check(
            library.mail_add_attachment_bytes(
                self._handle,
                data,
                len(data),
                text("name", name),
                optional_text("content_type", content_type),
            )
        )

    def add_inline_file(
        self, path: PathText, name: Optional[str] = None, content_type: Optional[str] = None
    ) -> str:
        """Adds an image for the HTML body; returns its content id for <img src="cid:...">."""
        content_id = create_string_buffer(_api.MAIL_CONTENT_ID_SIZE)
        self._check(
            library.mail_add_inline_file(
                self._handle,
                path_text("path", path),
                optional_text("name", name),
                optional_text("content_type", content_type),
                content_id,
                len(content_id),
            )
        )
        return content_id.value.decode()

    def add_inline_bytes(self, data: Data, name: str, content_type: Optional[str] = None) -> str:
        """Adds an image for the HTML body; returns its content id for <img src="cid:...">."""
        data = data_bytes(data)
        content_id = create_string_buffer(_api.MAIL_CONTENT_ID_SIZE)
        self._check(
            library.mail_add_inline_bytes(
                self._handle,
                data,
                len(data),
                text("name", name),
                optional_text("content_type", content_type),
                content_id,
                len(content_id),
            )
        )
        return content_id.value.decode()

    def add_header(self, name: str, value: str) -> None:
        """Adds a header field that has no method of its own."""
        self._check(
            library.mail_add_header(self._handle, text("name", name), text("value", value))
        )

    def set_date(self, date: datetime) -> None:
        """Sets the date; without a time zone it is taken as local time."""
        date = date if date.tzinfo is not None else date.astimezone()
        offset = date.utcoffset() or timedelta()
        minutes = offset // timedelta(minutes=1)
        self._check(library.mail_set_date(self._handle, int(date.timestamp()), minutes))

    def set_message_id(self, message_id: Optional[str]) -> None:
        """Sets the Message-ID; None for an automatic one."""
        self._check(
            library.mail_set_message_id(self._handle, optional_text("message_id", message_id))
        )

    def set_priority(self, priority: int) -> None:
        """Sets the priority, 1 (highest) to 5 (lowest); 0 removes it."""
        self._check(library.mail_set_priority(self._handle, int32("priority", priority)))

    def set_importance(self, importance: Importance) -> None:
        """Sets the importance, which Outlook shows."""
        self._check(library.mail_set_importance(self._handle, int32("importance", importance)))

    def request_read_receipt(self, request: bool, address: Optional[str] = None) -> None:
        """Asks the reader's mail program for a read receipt."""
        self._check(
            library.mail_request_read_receipt(
                self._handle, bool(request), optional_text("address", address)
            )
        )

    # Sending, cancelling and saving.

    def set_all_or_none(self, all_or_none: bool) -> None:
        """Asks that the message goes to all recipients or to none."""
        self._check(library.mail_set_all_or_none(self._handle, bool(all_or_none)))

    def send(self) -> Result:
        """Sends the message; raises PostriderError when it was accepted for nobody.

        Look into `refused` of the result. An exception of a callback, and Ctrl+C, cancel the send
        and come out of here; last_result() then tells whether the server had already accepted the
        message.
        """
        status = run(self._handle, library.mail_send, self._handle)
        if status < 0:
            raise send_error(self._handle, status)
        return self.last_result()

    def last_result(self) -> Result:
        """What the last send brought about, also after an exception."""
        everyone = recipients(self._handle)
        return Result(
            Outcome(library.mail_last_outcome(self._handle)),
            tuple(recipient for recipient in everyone if recipient.accepted),
            tuple(recipient for recipient in everyone if not recipient.accepted),
            reply(self._handle),
        )

    def diagnose(self) -> Diagnosis:
        """Goes the way of the message without sending it. A step that fails raises nothing."""
        status = run(self._handle, library.mail_diagnose, self._handle)
        if status == Status.INVALID_HANDLE:
            raise error(None, status)
        return Diagnosis(
            Status(status),
            copied(library.mail_diagnosis_text, self._handle),
            copied(library.mail_diagnosis_json, self._handle),
        )

    def cancel(self) -> None:
        """Ends the sends that run now, from another thread or from a callback."""
        status = library.mail_cancel(self._handle)
        if status < 0:
            raise error(None, status)

    def save_eml(self, path: PathText) -> None:
        """Saves the message as a file, without sending it."""
        self._check(library.mail_save_eml(self._handle, path_text("path", path)))

    def get_eml(self) -> bytes:
        """The message as it would be sent now (RFC 5322)."""
        buffer = create_string_buffer(0)
        while True:
            size = library.mail_get_eml(self._handle, buffer, len(buffer))
            self._check(min(size, 0))
            if size <= len(buffer):
                return buffer.raw[:size]
            buffer = create_string_buffer(size)

    # Watching.

    def set_log(self, log: Optional[Log]) -> None:
        """Sets the function that receives the transcript line by line, or removes it."""
        self._callbacks.log = log
        callback = _api.mail_log_fn() if log is None else self._on_log
        self._check(library.mail_set_log(self._handle, callback, None))

    def set_log_file(self, path: Optional[PathText]) -> None:
        """Writes the transcript to a file as well, or stops doing so."""
        encoded = None if path is None else path_text("path", path)
        self._check(library.mail_set_log_file(self._handle, encoded))

    def set_progress(self, progress: Optional[Progress]) -> None:
        """Sets the function that sees bytes sent and bytes in all, or removes it.

        The send is cancelled when it returns something true.
        """
        self._callbacks.progress = progress
        self._check(library.mail_set_progress(self._handle, self._on_progress, None))

    def _check(self, status: int) -> None:
        if status < 0:
            raise error(self._handle, status)
