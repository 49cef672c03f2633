//! Types, codes and callback types of the interface.

// The header has these numbers; calls take plain integers, which may have any value.
#![allow(dead_code)]

use std::ffi::{c_char, c_void};

/// Number of this interface; it rises only when a change breaks callers, and is the number in the
/// name of the shared library (libpostrider.so.1).
pub const MAIL_ABI_VERSION: i32 = 1;

/// Size in bytes of a buffer that holds any content id, with its NUL.
pub const MAIL_CONTENT_ID_SIZE: i32 = 96;

/// One message, the server it goes through and the account that sends it.
///
/// A handle is a token, not an address: a stale, foreign or NULL handle is an error code, never a
/// crash. Create it with mail_new(), release it with mail_free().
pub struct mail_t {
    _private: [u8; 0],
}

/// One account at a provider: who signs in where, and its access token whenever one is needed.
///
/// A handle as #mail_t is one. Any number of mails and threads may use an account at once. Create
/// it with mail_account_new(), release it with mail_account_free().
pub struct mail_account_t {
    _private: [u8; 0],
}

/// What a call returns: 0 is success, positive is success in part, negative is an error.
///
/// New codes may be added: treat every unknown negative number as an error.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum mail_status {
    /// The call did what it says; mail_send(): every recipient was accepted.
    Ok = 0,
    /// mail_send(): accepted for some recipients, refused for others.
    Partial = 1,
    /// mail_account_poll_sign_in(): the person has not signed in yet.
    Pending = 2,
    /// The handle is NULL, was freed, or did not come from mail_new() or mail_account_new().
    InvalidHandle = -1,
    /// A pointer that must not be NULL is NULL.
    NullPointer = -2,
    /// A text is not valid UTF-8.
    InvalidUtf8 = -3,
    /// An argument has a value that is not allowed; the text names it.
    InvalidArgument = -4,
    /// Something that sending needs was not set: server, From, a recipient, or any content.
    Incomplete = -5,
    /// A file cannot be opened, read or written, or changed while it was being sent.
    File = -6,
    /// mail_cancel(), the progress callback or mail_free() ended the send.
    Cancelled = -10,
    /// The time given by mail_set_timeout(), or the limit of one step, ran out.
    Timeout = -11,
    /// The host name could not be resolved.
    Resolve = -12,
    /// No address of the host accepted a connection.
    Connect = -13,
    /// The connection broke.
    ConnectionLost = -14,
    /// The TLS handshake failed.
    Tls = -15,
    /// The certificate of the server was not accepted.
    Certificate = -16,
    /// The other side does not speak SMTP, or broke its rules.
    Protocol = -17,
    /// The server lacks something the message or the settings need.
    Unsupported = -18,
    /// Credentials would have crossed an unprotected connection.
    PlaintextAuth = -19,
    /// The server refused the sign-in.
    SignIn = -20,
    /// The server refused the connection or ended it (421, 554), at any step.
    Unavailable = -21,
    /// The server refused the sender address.
    Sender = -22,
    /// The server refused every recipient, or one of them when all or none was asked.
    Recipients = -23,
    /// The server refused the message.
    Message = -24,
    /// The message is larger than the server takes.
    TooLarge = -25,
    /// No access token could be had: the provider refused it, or cannot be asked.
    Token = -26,
    /// A person has to sign in: there is no sign-in yet, or it has ended.
    NeedsSignIn = -27,
    /// The token store cannot be read or written.
    Store = -28,
    /// The proxy cannot be used, or gave no connection to the server.
    Proxy = -29,
    /// A defect in this library; please report it with the error text.
    Internal = -99,
}

/// How the connection is protected; the numbers are those of EASendMail's ConnectType.
#[repr(i32)]
pub enum mail_security {
    /// No TLS. Credentials are refused unless mail_allow_plaintext_auth() was called.
    Plain = 0,
    /// By the port: STARTTLS on 25 and 587, TLS from the first byte on every other. The default.
    Auto = 1,
    /// STARTTLS (RFC 3207); a server that does not offer it is an error.
    Starttls = 2,
    /// TLS from the first byte (RFC 8314), usually on port 465.
    Tls = 3,
    /// STARTTLS when the server offers it, else no TLS: only for servers of your own network.
    StarttlsIfOffered = 4,
}

/// In which header a recipient is shown; the numbers are those of EASendMail's flags.
#[repr(i32)]
pub enum mail_kind {
    /// In To.
    To = 0,
    /// In Cc.
    Cc = 1,
    /// In no header: the other recipients do not see it.
    Bcc = 2,
}

/// SASL mechanism for user and password; the numbers are those of EASendMail's AuthType.
#[repr(i32)]
pub enum mail_mechanism {
    /// PLAIN when the server offers it, else LOGIN.
    Auto = -1,
    /// LOGIN.
    Login = 0,
    /// PLAIN (RFC 4616).
    Plain = 3,
}

/// Values of the Importance header (RFC 2156).
#[repr(i32)]
pub enum mail_importance {
    /// Importance: low
    Low = 0,
    /// Importance: normal
    Normal = 1,
    /// Importance: high
    High = 2,
}

/// The step in which something went wrong.
#[repr(i32)]
pub enum mail_stage {
    /// No error.
    None = 0,
    /// The arguments of the call.
    Argument = 1,
    /// Putting the message together.
    Compose = 2,
    /// Looking up the host name.
    Resolve = 3,
    /// Connecting.
    Connect = 4,
    /// The TLS handshake.
    Tls = 5,
    /// Waiting for the greeting of the server.
    Greeting = 6,
    /// EHLO or HELO.
    Hello = 7,
    /// The STARTTLS command.
    Starttls = 8,
    /// Signing in (AUTH).
    SignIn = 9,
    /// MAIL FROM.
    Sender = 10,
    /// RCPT TO.
    Recipients = 11,
    /// DATA and the content, up to the final reply.
    Data = 12,
    /// Asking a proxy for the connection.
    Proxy = 13,
    /// Reading or writing the token store.
    Store = 14,
    /// A person signing in at the provider.
    Authorize = 15,
    /// Asking the provider for a token.
    Token = 16,
}

/// What became of the message.
#[repr(i32)]
pub enum mail_outcome {
    /// The server took it for nobody: sending again is safe.
    NotSent = 0,
    /// The server accepted it for at least one recipient.
    Accepted = 1,
    /// The connection ended after the final byte and before the reply: it may have been accepted.
    Unknown = 2,
}

/// What a #mail_store_fn is asked for.
#[repr(i32)]
pub enum mail_store_operation {
    /// Copy the document into `data`.
    Load = 0,
    /// Keep the `size` bytes at `data` in place of the document, whole or not at all.
    Save = 1,
    /// Remove the document; one that is not there is no error.
    Delete = 2,
    /// Take the lock of the document, without waiting.
    Lock = 3,
    /// Give the lock back.
    Unlock = 4,
}

/// Receives the protocol transcript, one line a call.
///
/// Called on the thread that is inside mail_send(), one call at a time for each handle. It may call
/// any mail_* function. It must return normally: no exception, no longjmp.
///
/// @param user_data  the pointer given to mail_set_log()
/// @param line       UTF-8 without line end; begins with "C: " (sent), "S: " (received) or "-- "
///                   (what the library did); secrets are replaced by ***; valid during the call
pub type mail_log_fn =
    Option<unsafe extern "system" fn(user_data: *mut c_void, line: *const c_char)>;

/// Receives the progress of mail_send() and may cancel it.
///
/// Called on the thread that is inside mail_send(), at least every 100 ms, also while nothing
/// moves. It may call any mail_* function. It must return normally: no exception, no longjmp.
///
/// @param user_data   the pointer given to mail_set_progress()
/// @param bytes_sent  bytes of the message that were handed to the network
/// @param bytes_total size of the message in bytes; 0 until the connection stands
/// @return 0 to go on, anything else to cancel
pub type mail_progress_fn = Option<
    unsafe extern "system" fn(user_data: *mut c_void, bytes_sent: i64, bytes_total: i64) -> i32,
>;

/// Shows a person how to sign in: opens a window, prints a line.
///
/// Called on the thread that is inside the call that waits for the person, one call at a time for
/// each account; it returns at once, and the call waits on. To give up, it calls
/// mail_account_cancel(), or mail_cancel() during mail_send(). It must return normally: no exception, no longjmp.
///
/// @param user_data   the pointer given to mail_account_set_sign_in_callback()
/// @param url         the page to open: in a browser on this computer, or, when there is a user code,
///                    on any device; UTF-8, valid during the call
/// @param user_code   what the person types there; "" for a sign-in in the browser
/// @param message     a sentence for the person that says all this; UTF-8, valid during the call
/// @param expires_in  seconds until it is too late
pub type mail_sign_in_fn = Option<
    unsafe extern "system" fn(
        user_data: *mut c_void,
        url: *const c_char,
        user_code: *const c_char,
        message: *const c_char,
        expires_in: i32,
    ),
>;

/// Gives an access token that the program has from elsewhere.
///
/// Called on a thread that is inside mail_send() or mail_account_fetch_token(), one call at a time
/// for each account, whenever the last token has ended or was refused. It may call any mail_*
/// function, but must not ask this account for a token. It must return normally: no exception, no
/// longjmp.
///
/// @param user_data  the pointer given to mail_account_set_token_callback()
/// @param buf        receives the token, ASCII, with a NUL behind it
/// @param cap        size of `buf` in bytes: 65,536
/// @return how many seconds the token is still good, 0 for one that is used once, or a negative
///         number: there is none
pub type mail_token_fn =
    Option<unsafe extern "system" fn(user_data: *mut c_void, buf: *mut c_char, cap: usize) -> i64>;

/// Keeps the sign-in of an account in a store of the program, such as a database.
///
/// Called on a thread that is inside a call on the account or mail_send(), one call at a time for
/// each account. It must return normally: no exception, no longjmp.
///
/// @param user_data  the pointer given to mail_account_set_store_callback()
/// @param operation  a #mail_store_operation
/// @param name       which document: 32 hexadecimal digits, always the same for the same provider,
///                   client id, tenant and user; valid during the call
/// @param data       #MAIL_STORE_OPERATION_LOAD: receives the document; #MAIL_STORE_OPERATION_SAVE: the
///                   document, UTF-8 with tokens in it, which the program must protect; else NULL
/// @param size       bytes at `data`
/// @return a negative number when it failed, else
///         - #MAIL_STORE_OPERATION_LOAD  the size of the document in bytes, 0 when there is none; when
///           it is larger than `size`, nothing is copied, and there is a second call with more room
///         - #MAIL_STORE_OPERATION_LOCK  1 when the lock was free, 0 when another process holds it: then
///           there are further calls. A program that is the only one to use its store returns 1.
///         - any other                   0
pub type mail_store_fn = Option<
    unsafe extern "system" fn(
        user_data: *mut c_void,
        operation: i32,
        name: *const c_char,
        data: *mut u8,
        size: usize,
    ) -> i64,
>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Outcome, Stage};

    #[test]
    fn stages_and_outcomes_have_the_numbers_of_the_library() {
        macro_rules! same {
            ($ours:ident, $theirs:ident: $($name:ident)+) => {
                $(assert_eq!($ours::$name as i32, $theirs::$name as i32, stringify!($name));)+
            };
        }
        same!(mail_stage, Stage: Argument Compose Resolve Connect Tls Greeting Hello Starttls SignIn
            Sender Recipients Data Proxy Store Authorize Token);
        same!(mail_outcome, Outcome: NotSent Accepted Unknown);
    }
}
