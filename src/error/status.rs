//! The codes that calls return. Numbers are never changed or used again.

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal => $text:literal,)+) => {
        /// What a call returns: 0 is success, positive is success in part, negative is an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Status {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl Status {
            /// All of them.
            pub const ALL: &'static [Status] = &[$(Status::$name,)+];

            /// What it means, in English.
            pub fn text(self) -> &'static str {
                match self {
                    $(Status::$name => $text,)+
                }
            }
        }
    };
}

statuses! {
    /// The call did what it says.
    Ok = 0 => "ok",
    /// Accepted for some recipients, refused for others.
    Partial = 1 => "accepted for some recipients, refused for others",
    /// The person has not signed in yet.
    Pending = 2 => "the person has not signed in yet",
    /// Not a handle.
    InvalidHandle = -1 => "invalid handle",
    /// A pointer that must not be NULL is NULL.
    NullPointer = -2 => "a required pointer is NULL",
    /// A text is not valid UTF-8.
    InvalidUtf8 = -3 => "a text is not valid UTF-8",
    /// An argument has a value that is not allowed.
    InvalidArgument = -4 => "invalid argument",
    /// Something that sending needs was not set.
    Incomplete = -5 => "something that sending needs was not set",
    /// A file cannot be opened, read or written, or changed while it was being sent.
    File = -6 => "a file cannot be read or written",
    /// The send was ended by the program.
    Cancelled = -10 => "cancelled",
    /// The time ran out.
    Timeout = -11 => "the time ran out",
    /// The host name could not be resolved.
    Resolve = -12 => "the host name could not be resolved",
    /// No address of the host accepted a connection.
    Connect = -13 => "no connection to the server",
    /// The connection broke.
    ConnectionLost = -14 => "the connection was lost",
    /// The TLS handshake failed.
    Tls = -15 => "the TLS handshake failed",
    /// The certificate of the server was not accepted.
    Certificate = -16 => "the certificate of the server was not accepted",
    /// The other side does not speak SMTP, or broke its rules.
    Protocol = -17 => "the server does not speak proper SMTP",
    /// The server lacks something the message or the settings need.
    Unsupported = -18 => "the server lacks something that is needed",
    /// Credentials would have crossed an unprotected connection.
    PlaintextAuth = -19 => "credentials are not sent over an unprotected connection",
    /// The server refused the sign-in.
    SignIn = -20 => "the server refused the sign-in",
    /// The server refused the connection or ended it.
    Unavailable = -21 => "the server is not available",
    /// The server refused the sender address.
    Sender = -22 => "the server refused the sender",
    /// The server refused the recipients.
    Recipients = -23 => "the server refused the recipients",
    /// The server refused the message.
    Message = -24 => "the server refused the message",
    /// The message is larger than the server takes.
    TooLarge = -25 => "the message is too large for the server",
    /// No access token could be had: the provider refused it, or cannot be asked.
    Token = -26 => "no access token could be had",
    /// A person has to sign in: there is no sign-in yet, or it has ended.
    NeedsSignIn = -27 => "a person has to sign in",
    /// The token store cannot be read or written.
    Store = -28 => "the token store cannot be read or written",
    /// The proxy cannot be used, or gave no connection to the server.
    Proxy = -29 => "the proxy gave no connection to the server",
    /// A defect in this library.
    Internal = -99 => "internal error",
}

impl Status {
    /// The number that crosses the C interface.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// The status with this number.
    pub fn from_code(code: i32) -> Option<Status> {
        Status::ALL.iter().copied().find(|status| status.code() == code)
    }
}
