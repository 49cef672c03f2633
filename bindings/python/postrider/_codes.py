"""The numbers of the interface as enums."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from . import _api


class _Code(IntEnum):
    """A number that the library returns. New ones may come: they are members without a name."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class Status(_Code):
    """What a call returned; every negative one is an error."""

    OK = _api.MAIL_STATUS_OK
    PARTIAL = _api.MAIL_STATUS_PARTIAL
    PENDING = _api.MAIL_STATUS_PENDING
    INVALID_HANDLE = _api.MAIL_STATUS_INVALID_HANDLE
    NULL_POINTER = _api.MAIL_STATUS_NULL_POINTER
    INVALID_UTF8 = _api.MAIL_STATUS_INVALID_UTF8
    INVALID_ARGUMENT = _api.MAIL_STATUS_INVALID_ARGUMENT
    INCOMPLETE = _api.MAIL_STATUS_INCOMPLETE
    FILE = _api.MAIL_STATUS_FILE
    CANCELLED = _api.MAIL_STATUS_CANCELLED
    TIMEOUT = _api.MAIL_STATUS_TIMEOUT
    RESOLVE = _api.MAIL_STATUS_RESOLVE
    CONNECT = _api.MAIL_STATUS_CONNECT
    CONNECTION_LOST = _api.MAIL_STATUS_CONNECTION_LOST
    TLS = _api.MAIL_STATUS_TLS
    CERTIFICATE = _api.MAIL_STATUS_CERTIFICATE
    PROTOCOL = _api.MAIL_STATUS_PROTOCOL
    UNSUPPORTED = _api.MAIL_STATUS_UNSUPPORTED
    PLAINTEXT_AUTH = _api.MAIL_STATUS_PLAINTEXT_AUTH
    SIGN_IN = _api.MAIL_STATUS_SIGN_IN
    UNAVAILABLE = _api.MAIL_STATUS_UNAVAILABLE
    SENDER = _api.MAIL_STATUS_SENDER
    RECIPIENTS = _api.MAIL_STATUS_RECIPIENTS
    MESSAGE = _api.MAIL_STATUS_MESSAGE
    TOO_LARGE = _api.MAIL_STATUS_TOO_LARGE
    TOKEN = _api.MAIL_STATUS_TOKEN
    NEEDS_SIGN_IN = _api.MAIL_STATUS_NEEDS_SIGN_IN
    STORE = _api.MAIL_STATUS_STORE
    PROXY = _api.MAIL_STATUS_PROXY
    INTERNAL = _api.MAIL_STATUS_INTERNAL


class Security(IntEnum):
    """How the connection is protected."""

    PLAIN = _api.MAIL_SECURITY_PLAIN
    AUTO = _api.MAIL_SECURITY_AUTO
    STARTTLS = _api.MAIL_SECURITY_STARTTLS
    TLS = _api.MAIL_SECURITY_TLS
    STARTTLS_IF_OFFERED = _api.MAIL_SECURITY_STARTTLS_IF_OFFERED


class Kind(IntEnum):
    """In which header a recipient is shown."""

    TO = _api.MAIL_KIND_TO
    CC = _api.MAIL_KIND_CC
    BCC = _api.MAIL_KIND_BCC


class Mechanism(IntEnum):
    """SASL mechanism for user and password."""

    AUTO = _api.MAIL_MECHANISM_AUTO
    LOGIN = _api.MAIL_MECHANISM_LOGIN
    PLAIN = _api.MAIL_MECHANISM_PLAIN


class Importance(IntEnum):
    """Values of the Importance header."""

    LOW = _api.MAIL_IMPORTANCE_LOW
    NORMAL = _api.MAIL_IMPORTANCE_NORMAL
    HIGH = _api.MAIL_IMPORTANCE_HIGH


class Stage(_Code):
    """The step in which something went wrong."""

    NONE = _api.MAIL_STAGE_NONE
    ARGUMENT = _api.MAIL_STAGE_ARGUMENT
    COMPOSE = _api.MAIL_STAGE_COMPOSE
    RESOLVE = _api.MAIL_STAGE_RESOLVE
    CONNECT = _api.MAIL_STAGE_CONNECT
    TLS = _api.MAIL_STAGE_TLS
    GREETING = _api.MAIL_STAGE_GREETING
    HELLO = _api.MAIL_STAGE_HELLO
    STARTTLS = _api.MAIL_STAGE_STARTTLS
    SIGN_IN = _api.MAIL_STAGE_SIGN_IN
    SENDER = _api.MAIL_STAGE_SENDER
    RECIPIENTS = _api.MAIL_STAGE_RECIPIENTS
    DATA = _api.MAIL_STAGE_DATA
    PROXY = _api.MAIL_STAGE_PROXY
    STORE = _api.MAIL_STAGE_STORE
    AUTHORIZE = _api.MAIL_STAGE_AUTHORIZE
    TOKEN = _api.MAIL_STAGE_TOKEN


class Outcome(_Code):
    """What became of the message."""

    NOT_SENT = _api.MAIL_OUTCOME_NOT_SENT
    ACCEPTED = _api.MAIL_OUTCOME_ACCEPTED
    UNKNOWN = _api.MAIL_OUTCOME_UNKNOWN
