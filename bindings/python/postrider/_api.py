# Generated from src/ffi/api by `make bindings`. Do not edit.
"""The functions of include/postrider.h for ctypes; the package is the class on top of them."""

import ctypes
import sys

MAIL_ABI_VERSION = 1
MAIL_CONTENT_ID_SIZE = 96

# What a call returns: 0 is success, positive is success in part, negative is an error.
MAIL_STATUS_OK = 0
MAIL_STATUS_PARTIAL = 1
MAIL_STATUS_PENDING = 2
MAIL_STATUS_INVALID_HANDLE = -1
MAIL_STATUS_NULL_POINTER = -2
MAIL_STATUS_INVALID_UTF8 = -3
MAIL_STATUS_INVALID_ARGUMENT = -4
MAIL_STATUS_INCOMPLETE = -5
MAIL_STATUS_FILE = -6
MAIL_STATUS_CANCELLED = -10
MAIL_STATUS_TIMEOUT = -11
MAIL_STATUS_RESOLVE = -12
MAIL_STATUS_CONNECT = -13
MAIL_STATUS_CONNECTION_LOST = -14
MAIL_STATUS_TLS = -15
MAIL_STATUS_CERTIFICATE = -16
MAIL_STATUS_PROTOCOL = -17
MAIL_STATUS_UNSUPPORTED = -18
MAIL_STATUS_PLAINTEXT_AUTH = -19
MAIL_STATUS_SIGN_IN = -20
MAIL_STATUS_UNAVAILABLE = -21
MAIL_STATUS_SENDER = -22
MAIL_STATUS_RECIPIENTS = -23
MAIL_STATUS_MESSAGE = -24
MAIL_STATUS_TOO_LARGE = -25
MAIL_STATUS_TOKEN = -26
MAIL_STATUS_NEEDS_SIGN_IN = -27
MAIL_STATUS_STORE = -28
MAIL_STATUS_PROXY = -29
MAIL_STATUS_INTERNAL = -99

# How the connection is protected; the numbers are those of EASendMail's ConnectType.
MAIL_SECURITY_PLAIN = 0
MAIL_SECURITY_AUTO = 1
MAIL_SECURITY_STARTTLS = 2
MAIL_SECURITY_TLS = 3
MAIL_SECURITY_STARTTLS_IF_OFFERED = 4

# In which header a recipient is shown; the numbers are those of EASendMail's flags.
MAIL_KIND_TO = 0
MAIL_KIND_CC = 1
MAIL_KIND_BCC = 2

# SASL mechanism for user and password; the numbers are those of EASendMail's AuthType.
MAIL_MECHANISM_AUTO = -1
MAIL_MECHANISM_LOGIN = 0
MAIL_MECHANISM_PLAIN = 3

# Values of the Importance header (RFC 2156).
MAIL_IMPORTANCE_LOW = 0
MAIL_IMPORTANCE_NORMAL = 1
MAIL_IMPORTANCE_HIGH = 2

# The step in which something went wrong.
MAIL_STAGE_NONE = 0
MAIL_STAGE_ARGUMENT = 1
MAIL_STAGE_COMPOSE = 2
MAIL_STAGE_RESOLVE = 3
MAIL_STAGE_CONNECT = 4
MAIL_STAGE_TLS = 5
MAIL_STAGE_GREETING = 6
MAIL_STAGE_HELLO = 7
MAIL_STAGE_STARTTLS = 8
MAIL_STAGE_SIGN_IN = 9
MAIL_STAGE_SENDER = 10
MAIL_STAGE_RECIPIENTS = 11
MAIL_STAGE_DATA = 12
MAIL_STAGE_PROXY = 13
MAIL_STAGE_STORE = 14
MAIL_STAGE_AUTHORIZE = 15
MAIL_STAGE_TOKEN = 16

# What became of the message.
MAIL_OUTCOME_NOT_SENT = 0
MAIL_OUTCOME_ACCEPTED = 1
MAIL_OUTCOME_UNKNOWN = 2

# What a #mail_store_fn is asked for.
MAIL_STORE_OPERATION_LOAD = 0
MAIL_STORE_OPERATION_SAVE = 1
MAIL_STORE_OPERATION_DELETE = 2
MAIL_STORE_OPERATION_LOCK = 3
MAIL_STORE_OPERATION_UNLOCK = 4

_FUNCTION = ctypes.WINFUNCTYPE if sys.platform == "win32" else ctypes.CFUNCTYPE
mail_log_fn = _FUNCTION(None, ctypes.c_void_p, ctypes.c_char_p)
mail_progress_fn = _FUNCTION(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
mail_token_fn = _FUNCTION(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
mail_store_fn = _FUNCTION(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
mail_sign_in_fn = _FUNCTION(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int32)

# name: (type of the result, types of the parameters)
PROTOTYPES = {
    "mail_library_version": (ctypes.c_char_p, []),
    "mail_library_abi": (ctypes.c_int32, []),
    "mail_status_text": (ctypes.c_char_p, [ctypes.c_int32]),
    "mail_new": (ctypes.c_void_p, []),
    "mail_free": (None, [ctypes.c_void_p]),
    "mail_clear_message": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_set_server": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32]),
    "mail_set_security": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_allow_plaintext_auth": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_set_ehlo_name": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_proxy": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_set_timeout": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_add_ca_file": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_add_ca_pem": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "mail_accept_invalid_certificate": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_set_keep_connection": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_close_connection": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_set_auth_xoauth2": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_set_auth_oauthbearer": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_set_auth_password": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_set_account": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_void_p]),
    "mail_set_auth_none": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_set_from": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_set_sender": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_set_return_path": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_reply_to": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_add_recipient": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_int32,
        ],
    ),
    "mail_add_recipients": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32]),
    "mail_set_subject": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_text": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_html": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_add_header": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_set_date": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32]),
    "mail_set_message_id": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_priority": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_set_importance": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_request_read_receipt": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_char_p,
        ],
    ),
    "mail_add_attachment_file": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_add_attachment_bytes": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_add_inline_file": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_add_inline_bytes": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_set_all_or_none": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_send": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_cancel": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_save_eml": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_get_eml": (ctypes.c_int64, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_error": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_status": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_last_stage": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_last_cause": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_advice": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_link": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_retry_after": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_last_error_json": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_last_outcome": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_last_reply_code": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_last_reply_enhanced_code": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_last_reply_text": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_recipient_count": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_recipient_accepted": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_recipient_address": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_recipient_code": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_recipient_enhanced_code": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_recipient_text": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_diagnose": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_diagnosis_text": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_diagnosis_json": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_set_log": (ctypes.c_int32, [ctypes.c_void_p, mail_log_fn, ctypes.c_void_p]),
    "mail_set_log_file": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_set_progress": (ctypes.c_int32, [ctypes.c_void_p, mail_progress_fn, ctypes.c_void_p]),
    "mail_account_new": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p]),
    "mail_account_free": (None, [ctypes.c_void_p]),
    "mail_account_set_client": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_account_set_tenant": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_set_user": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_add_scope": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_add_parameter": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_account_add_ca_file": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_add_ca_pem": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_set_proxy": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_account_set_timeout": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_account_set_program": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_look_at_tokens": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_account_cancel": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_use_client_credentials": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_use_certificate_pem": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_char_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_use_certificate_pfx": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_char_p,
        ],
    ),
    "mail_account_use_service_account": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_set_refresh_token": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_set_token_callback": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            mail_token_fn,
            ctypes.c_void_p,
        ],
    ),
    "mail_account_set_store_file": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_set_store_keyring": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
        ],
    ),
    "mail_account_set_store_callback": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            mail_store_fn,
            ctypes.c_void_p,
        ],
    ),
    "mail_account_export": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_account_import": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "mail_account_set_sign_in_callback": (
        ctypes.c_int32,
        [
            ctypes.c_void_p,
            mail_sign_in_fn,
            ctypes.c_void_p,
        ],
    ),
    "mail_account_allow_browser": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_account_allow_interactive": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_account_sign_in": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "mail_account_sign_in_device": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_begin_sign_in": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_begin_device_sign_in": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_sign_in_url": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_sign_in_complete_url": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_sign_in_user_code": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_sign_in_message": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_sign_in_expires_in": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_open_browser": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_poll_sign_in": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_complete_sign_in": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_char_p]),
    "mail_account_check_sign_in": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_sign_out": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_fetch_token": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_access_token": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_token_expires_at": (ctypes.c_int64, [ctypes.c_void_p]),
    "mail_account_token_scopes": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_address": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "mail_account_user_name": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_last_error": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_last_status": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_last_stage": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_last_cause": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_last_advice": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_last_link": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
    "mail_account_last_retry_after": (ctypes.c_int32, [ctypes.c_void_p]),
    "mail_account_last_error_json": (
        ctypes.c_size_t,
        [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ],
    ),
}


def load(path: str) -> ctypes.CDLL:
    """Opens the shared library and declares every function."""
    library = (ctypes.WinDLL if sys.platform == "win32" else ctypes.CDLL)(path)
    found = library.mail_library_abi()
    if found != MAIL_ABI_VERSION:
        raise OSError(f"{path} has interface number {found}, this package needs {MAIL_ABI_VERSION}")
    for name, (result, parameters) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
    return library
