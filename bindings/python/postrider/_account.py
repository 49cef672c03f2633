"""Account: who signs in where, and its access token whenever one is needed."""

from __future__ import annotations

import math
import time
import weakref
from datetime import datetime, timedelta, timezone
from typing import Any, Optional, Union
from urllib.parse import parse_qs, urlsplit

from . import _api
from ._callbacks import AccountCallbacks, SignIn, Store, TokenSource, run
from ._library import (
    Data,
    PathText,
    account_error,
    cancelled,
    content,
    copied,
    data_bytes,
    int32,
    library,
    optional_text,
    path_text,
    text,
    timed_out,
)

# Between two looks at a sign-in; a browser waits meanwhile.
PAUSE = 0.05


class Account:
    """One account at a provider. Any number of mails and threads may use it at once.

    close() releases it, as leaving a `with` block does. Mails that it was set for can still send
    then, but without its callbacks. An exception of a callback ends the call that is running, on the
    account or Mail.send(), and comes out of it.
    """

    def __init__(self, provider: str, providers_json: Optional[str] = None) -> None:
        self._handle: Optional[int] = library.mail_account_new(
            text("provider", provider), optional_text("providers_json", providers_json)
        )
        if self._handle is None:
            raise account_error(None, library.mail_account_last_status(None))
        self._callbacks = AccountCallbacks(self._handle)
        # The thunks must live as long as the handle: C calls them.
        self._on_sign_in = _api.mail_sign_in_fn(self._callbacks.on_sign_in)
        self._on_token = _api.mail_token_fn(self._callbacks.on_token)
        self._on_store = _api.mail_store_fn(self._callbacks.on_store)
        self._free = weakref.finalize(self, library.mail_account_free, self._handle)
        self._opens_browser = True
        # Which sign-in is under way; another one, or None, once that one is given up.
        self._under_way: Optional[object] = None

    def close(self) -> None:
        """Releases the handle. Calls that run end as by cancel(); a store keeps its sign-ins."""
        self._under_way = None
        self._free()
        self._handle = None

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the program says about it.

    def set_client(self, client_id: str, client_secret: Optional[str] = None) -> None:
        """Sets who the program is at the provider: the ids of its app registration."""
        self._check(
            library.mail_account_set_client(
                self._handle,
                text("client_id", client_id),
                optional_text("client_secret", client_secret),
            )
        )

    def set_tenant(self, tenant: str) -> None:
        """Sets the organization, for providers that have several (Microsoft)."""
        self._check(library.mail_account_set_tenant(self._handle, text("tenant", tenant)))

    def set_user(self, user: str) -> None:
        """Sets the address that signs in to the mail server."""
        self._check(library.mail_account_set_user(self._handle, text("user", user)))

    def add_scope(self, scope: str) -> None:
        """Asks for a further scope, besides those that sending needs."""
        self._check(library.mail_account_add_scope(self._handle, text("scope", scope)))

    def add_parameter(self, name: str, value: str) -> None:
        """Adds a parameter to the requests for a sign-in and for tokens, such as "audience"."""
        self._check(
            library.mail_account_add_parameter(
                self._handle, text("name", name), text("value", value)
            )
        )

    def add_ca_file(self, path: PathText) -> None:
        """Trusts the certificates in a file as well (PEM)."""
        self._check(library.mail_account_add_ca_file(self._handle, path_text("path", path)))

    def add_ca_pem(self, pem: Union[str, Data]) -> None:
        """Trusts these certificates as well (PEM)."""
        data = content("pem", pem)
        self._check(library.mail_account_add_ca_pem(self._handle, data, len(data)))

    def set_proxy(
        self, proxy: Optional[str], user: Optional[str] = None, password: Optional[str] = None
    ) -> None:
        """Sets the proxy: "http://host:port", "socks5://host:port", "env", "system", or None."""
        self._check(
            library.mail_account_set_proxy(
                self._handle,
                optional_text("proxy", proxy),
                optional_text("user", user),
                optional_text("password", password),
            )
        )

    def set_timeout(self, timeout_ms: int) -> None:
        """Sets the time that one request for a token may take, in milliseconds."""
        self._check(
            library.mail_account_set_timeout(self._handle, int32("timeout_ms", timeout_ms))
        )

    def set_program(self, name: str) -> None:
        """Sets the name of the program for the page at which a sign-in in the browser ends."""
        self._check(library.mail_account_set_program(self._handle, text("name", name)))

    def look_at_tokens(self, look: bool) -> None:
        """Sets whether access tokens that can be read are looked at before they are used."""
        self._check(library.mail_account_look_at_tokens(self._handle, bool(look)))

    def cancel(self) -> None:
        """Ends the calls that run now, and the sign-in that is under way.

        From another thread or from a callback. Sends go on: Mail.cancel() ends them.
        """
        self._under_way = None
        status = library.mail_account_cancel(self._handle)
        if status < 0:
            raise account_error(None, status)

    # The app signs in itself, or the program has tokens from elsewhere.

    def use_client_credentials(self) -> None:
        """The app signs in itself, with its secret or certificate, and no person ever does."""
        self._check(library.mail_account_use_client_credentials(self._handle))

    def use_certificate_pem(self, key: Union[str, Data], certificates: Union[str, Data]) -> None:
        """The app shows who it is by a certificate, as PEM."""
        key, certificates = content("key", key), content("certificates", certificates)
        self._check(
            library.mail_account_use_certificate_pem(
                self._handle, key, len(key), certificates, len(certificates)
            )
        )

    def use_certificate_pfx(self, pfx: Data, password: str) -> None:
        """The app shows who it is by the certificate of a PFX file."""
        pfx = data_bytes(pfx)
        self._check(
            library.mail_account_use_certificate_pfx(
                self._handle, pfx, len(pfx), text("password", password)
            )
        )

    def use_service_account(self, json: Union[str, Data]) -> None:
        """A service account of Google Workspace signs in; `json` is the file of its key."""
        data = content("json", json)
        self._check(library.mail_account_use_service_account(self._handle, data, len(data)))

    def set_refresh_token(self, refresh_token: str) -> None:
        """Keeps a refresh token that came from elsewhere, as if the person had signed in now."""
        self._run(library.mail_account_set_refresh_token, text("refresh_token", refresh_token))

    def set_token_callback(self, source: Optional[TokenSource]) -> None:
        """Takes access tokens from a function of the program, or removes it.

        It returns a SuppliedToken, or None when there is none.
        """
        self._callbacks.token = source
        callback = _api.mail_token_fn() if source is None else self._on_token
        self._check(library.mail_account_set_token_callback(self._handle, callback, None))

    # Where sign-ins are kept from one run of the program to the next. In memory unless set.

    def set_store_file(self, folder: PathText) -> None:
        """Keeps sign-ins in files of a folder that only the user may read."""
        self._check(library.mail_account_set_store_file(self._handle, path_text("folder", folder)))

    def set_store_keyring(self, folder: PathText, service: str) -> None:
        """Keeps sign-ins in encrypted files of a folder, with their key in the system's keyring."""
        self._check(
            library.mail_account_set_store_keyring(
                self._handle, path_text("folder", folder), text("service", service)
            )
        )

    def set_store_callback(self, store: Optional[Store]) -> None:
        """Keeps sign-ins in a store of the program; with None in memory again."""
        self._callbacks.store = store
        callback = _api.mail_store_fn() if store is None else self._on_store
        self._check(library.mail_account_set_store_callback(self._handle, callback, None))

    def export_sign_in(self, path: PathText, passphrase: str) -> None:
        """Writes the sign-in into a file that only the passphrase opens (mail_account_export)."""
        self._run(
            library.mail_account_export, path_text("path", path), text("passphrase", passphrase)
        )

    def import_sign_in(self, path: PathText, passphrase: str) -> None:
        """Takes the sign-in from such a file into the store (mail_account_import)."""
        self._run(
            library.mail_account_import, path_text("path", path), text("passphrase", passphrase)
        )

    # A person signs in: in one call, or in two halves for programs that cannot wait.

    def set_sign_in_callback(self, show: Optional[SignIn]) -> None:
        """Sets the function that shows a person how to sign in, or removes it.

        It is given the page, the user code, a sentence that says all this, and the seconds until
        it is too late; and it returns at once.
        """
        self._callbacks.sign_in = show
        callback = _api.mail_sign_in_fn() if show is None else self._on_sign_in
        self._check(library.mail_account_set_sign_in_callback(self._handle, callback, None))

    def allow_browser(self, allow: bool) -> None:
        """Sets whether a sign-in that waits opens the system's browser."""
        self._opens_browser = bool(allow)
        self._check(library.mail_account_allow_browser(self._handle, bool(allow)))

    def allow_interactive(self, allow: bool) -> None:
        """Allows Mail.send() to open the browser and to wait for the person."""
        self._check(library.mail_account_allow_interactive(self._handle, bool(allow)))

    def sign_in(self, timeout_ms: int) -> None:
        """Opens the browser and waits until the person has signed in.

        Ctrl+C ends it. A sign-in that is under way is given up.
        """
        timeout_ms = int32("timeout_ms", timeout_ms)
        if not 0 < timeout_ms <= 86_400_000:
            self._run(library.mail_account_sign_in, timeout_ms)  # which refuses it
        self._wait(library.mail_account_begin_sign_in, timeout_ms)

    def sign_in_device(self) -> None:
        """Shows a code and waits until the person has entered it on any device.

        Ctrl+C ends it. A sign-in that is under way is given up.
        """
        self._wait(library.mail_account_begin_device_sign_in, None)

    def begin_sign_in(self) -> None:
        """Begins a sign-in in the browser; one that is under way is given up."""
        self._begin(library.mail_account_begin_sign_in, object())

    def begin_device_sign_in(self) -> None:
        """Begins a sign-in with a code on another device; one that is under way is given up."""
        self._begin(library.mail_account_begin_device_sign_in, object())

    def sign_in_url(self) -> str:
        """The page that the person is to open."""
        return copied(library.mail_account_sign_in_url, self._handle)

    def sign_in_complete_url(self) -> str:
        """The page with the code already in it, for a link or a QR code."""
        return copied(library.mail_account_sign_in_complete_url, self._handle)

    def sign_in_user_code(self) -> str:
        """The code that the person is to type on the page."""
        return copied(library.mail_account_sign_in_user_code, self._handle)

    def sign_in_message(self) -> str:
        """A sentence that tells the person what to do."""
        return copied(library.mail_account_sign_in_message, self._handle)

    def sign_in_expires_in(self) -> int:
        """For how many seconds the code was good when the sign-in began."""
        seconds: int = library.mail_account_sign_in_expires_in(self._handle)
        return seconds

    def open_browser(self) -> None:
        """Opens the page of the sign-in that is under way in the system's browser."""
        self._check(library.mail_account_open_browser(self._handle))

    def poll_sign_in(self) -> bool:
        """Looks whether the person has signed in; False when not yet."""
        return self._run(library.mail_account_poll_sign_in) != _api.MAIL_STATUS_PENDING

    def complete_sign_in(self, address: str) -> None:
        """Goes on with the address of the last page, which the person has copied."""
        self._run(library.mail_account_complete_sign_in, text("address", address))

    def check_sign_in(self) -> None:
        """Raises Status.NEEDS_SIGN_IN when a person has to sign in. Nobody is asked."""
        self._run(library.mail_account_check_sign_in)

    def sign_out(self) -> None:
        """Ends the sign-in: forgets it, and tells the provider where that is possible."""
        self._under_way = None
        self._run(library.mail_account_sign_out)

    # Its access token, and who signed in.

    def fetch_token(self) -> None:
        """Gets an access token that is good for a while: the kept one, or a new one."""
        self._run(library.mail_account_fetch_token)

    def access_token(self) -> str:
        """The access token, for a server that Postrider does not talk to. It is a secret."""
        return copied(library.mail_account_access_token, self._handle)

    def token_expires_at(self) -> Optional[datetime]:
        """When the access token ends, by the clock of this computer; None when there is none."""
        seconds: int = library.mail_account_token_expires_at(self._handle)
        if seconds == 0:
            return None
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)

    def token_scopes(self) -> tuple[str, ...]:
        """The scopes that were granted."""
        return tuple(copied(library.mail_account_token_scopes, self._handle).split())

    def address(self) -> str:
        """The e-mail address of the person who signed in, as the provider told it."""
        return copied(library.mail_account_address, self._handle)

    def user_name(self) -> str:
        """The provider's name for the person."""
        return copied(library.mail_account_user_name, self._handle)

    # How sign_in() waits. In C it would keep Python from running its signal handlers (Ctrl+C).

    def _begin(self, begin: Any, sign_in: object) -> None:
        self._under_way = sign_in
        self._run(begin)

    def _wait(self, begin: Any, timeout_ms: Optional[int]) -> None:
        status = _api.MAIL_STATUS_PENDING
        sign_in = object()
        try:
            self._begin(begin, sign_in)
            if timeout_ms is not None and self._is_pasted():
                # C says that nobody can wait for it.
                self._run(library.mail_account_sign_in, timeout_ms)
            self._show(timeout_ms)
            ends_at = math.inf if timeout_ms is None else time.monotonic() + timeout_ms / 1000
            while self._under_way is sign_in:
                status = run(None, library.mail_account_poll_sign_in, self._handle)
                if status != _api.MAIL_STATUS_PENDING:
                    break
                if timeout_ms is not None and time.monotonic() >= ends_at:
                    raise timed_out(timeout_ms / 1000)
                time.sleep(PAUSE)
        finally:
            is_over = status != _api.MAIL_STATUS_PENDING
            if not is_over and self._under_way in (sign_in, None):
                library.mail_account_cancel(self._handle)
        if status != _api.MAIL_STATUS_OK and self._under_way is not sign_in:
            raise cancelled()
        self._check(status)

    def _is_pasted(self) -> bool:
        """Whether no listener serves the address to which the browser comes back."""
        query = parse_qs(urlsplit(self.sign_in_url()).query)
        return any(urlsplit(address).port is None for address in query.get("redirect_uri", ()))

    def _show(self, timeout_ms: Optional[int]) -> None:
        show = self._callbacks.sign_in
        if show is not None:
            url, user_code, message = (
                self.sign_in_url(), self.sign_in_user_code(), self.sign_in_message()
            )
            seconds = self.sign_in_expires_in() if timeout_ms is None else timeout_ms // 1000
            show(url, user_code, message, seconds)
        if self._opens_browser and timeout_ms is not None:
            library.mail_account_open_browser(self._handle)  # there may be none

    def _run(self, function: Any, *arguments: Any) -> int:
        """A call in which callbacks may run."""
        status = run(None, function, self._handle, *arguments)
        self._check(status)
        return status

    def _check(self, status: int) -> None:
        if status < 0:
            raise account_error(self._handle, status)
