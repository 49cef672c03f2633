//! The one error of every layer.
//!
//! An [`Error`] is built where the knowledge is, with everything known there: the [`Stage`] in which
//! it happened, the [`Status`] that the C call returns, a stable [`Cause`] with one sentence of
//! advice, the [`Outcome`] for the message, and what decided it: the server's [`Reply`], or the
//! provider's [`ErrorResponse`].

mod cause;
mod json;
mod status;
pub(crate) mod values;

pub use cause::Cause;
pub use status::Status;
use values::Values;

use crate::oauth::ErrorResponse;
use crate::smtp::Reply;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// The step in which something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Stage {
    /// The arguments of a call.
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
    /// Signing in.
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

impl Stage {
    /// What the other side was asked for, as a part of a sentence: "waiting for the greeting".
    fn doing(self) -> &'static str {
        match self {
            Stage::Argument => "checking the arguments",
            Stage::Compose => "putting the message together",
            Stage::Resolve => "looking up the host name",
            Stage::Connect => "connecting",
            Stage::Tls => "the TLS handshake",
            Stage::Greeting => "waiting for the greeting of the server",
            Stage::Hello => "introducing ourselves (EHLO)",
            Stage::Starttls => "starting TLS",
            Stage::SignIn => "signing in",
            Stage::Sender => "giving the sender (MAIL FROM)",
            Stage::Recipients => "giving the recipients (RCPT TO)",
            Stage::Data => "sending the content",
            Stage::Proxy => "asking the proxy",
            Stage::Store => "reading or writing the token store",
            Stage::Authorize => "waiting for a person to sign in",
            Stage::Token => "asking for a token",
        }
    }
}

/// What became of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum Outcome {
    /// The server took it for nobody: sending again is safe.
    #[default]
    NotSent = 0,
    /// The server accepted it for at least one recipient.
    Accepted = 1,
    /// The connection ended after the final byte and before the reply: it may have been accepted.
    Unknown = 2,
}

/// Whether the same message may succeed when it is tried again unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// No: something has to be changed first.
    No,
    /// Yes, after a while: the cause passes by itself.
    Later,
}

/// How sure it is that the cause is the one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certainty {
    /// The error itself says so, or the documents of the server do.
    #[default]
    Sure,
    /// It was seen to mean that, or what is known points there.
    Likely,
    /// Nobody says what it means: the cause is only a general word.
    Unknown,
}

impl Certainty {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Certainty::Sure => "sure",
            Certainty::Likely => "likely",
            Certainty::Unknown => "unknown",
        }
    }
}

/// What is said of one case, where the words of its cause say less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// With places for values.
    pub advice: Option<&'static str>,
    pub link: Option<&'static str>,
}

/// Everything known about a failure. Never holds a secret.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    status: Status,
    stage: Stage,
    cause: Cause,
    outcome: Outcome,
    reply: Option<Reply>,
    response: Option<Box<ErrorResponse>>,
    certainty: Certainty,
    /// What the advice may name.
    values: Values,
    words: Words,
    /// What may be behind it when nobody says, the likeliest first: each a part of a sentence.
    suspects: Vec<(Cause, &'static str)>,
    /// What the advice says at its end: a part of a sentence.
    detail: Option<String>,
    /// When the one who refused said whether it passes by itself; else the status tells.
    retry: Option<Retry>,
    retry_after: Option<Duration>,
    text: Cow<'static, str>,
}

impl Error {
    /// An error of `stage`; `text` is one line in English that says what happened.
    pub(crate) fn new(
        status: Status,
        stage: Stage,
        cause: Cause,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::build(status, stage, cause, text.into())
    }

    // Errors are made in hundreds of places: inlined, this would be 30 KB.
    #[cold]
    #[inline(never)]
    fn build(status: Status, stage: Stage, cause: Cause, text: Cow<'static, str>) -> Self {
        #[cfg(test)]
        crate::oauth::support::records::produced(&text);
        Self(Box::new(Inner {
            status,
            stage,
            cause,
            outcome: Outcome::NotSent,
            reply: None,
            response: None,
            certainty: Certainty::Sure,
            values: Values::default(),
            words: Words::default(),
            suspects: Vec::new(),
            detail: None,
            retry: None,
            retry_after: None,
            text: in_one_line(text),
        }))
    }

    /// An argument with a value that is not allowed; `text` names it.
    pub(crate) fn argument(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::InvalidArgument, Stage::Argument, Cause::ArgumentInvalid, text)
    }

    /// Something that sending needs was not set.
    pub(crate) fn incomplete(cause: Cause, text: &'static str) -> Self {
        Self::new(Status::Incomplete, Stage::Compose, cause, text)
    }

    /// A server that breaks the rules, or is no SMTP server.
    pub(crate) fn protocol(stage: Stage, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::Protocol, stage, Cause::ProtocolViolation, text)
    }

    /// The other side, or something between, ended the connection.
    pub(crate) fn connection_lost(stage: Stage, how: impl fmt::Display) -> Self {
        let text = format!("the connection was lost while {}: {how}", stage.doing());
        Self::new(Status::ConnectionLost, stage, Cause::ConnectionLost, text)
    }

    /// A proxy that cannot be used, refuses, or cannot do what it is asked.
    pub(crate) fn proxy(cause: Cause, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::Proxy, Stage::Proxy, cause, text)
    }

    pub(crate) fn timeout(stage: Stage, limit: Duration) -> Self {
        let seconds = limit.as_secs_f32();
        let (cause, text) = match stage {
            Stage::Authorize => (
                Cause::SignInTimedOut,
                format!("nobody has signed in in time: there were {seconds} s"),
            ),
            _ => (Cause::Timeout, format!("no answer within {seconds} s while {}", stage.doing())),
        };
        Self::new(Status::Timeout, stage, cause, text)
    }

    pub(crate) fn cancelled(stage: Stage) -> Self {
        let text = format!("cancelled while {}", stage.doing());
        Self::new(Status::Cancelled, stage, Cause::Cancelled, text)
    }

    /// A negative reply; `what` says what the server refused, and the reply is quoted behind it.
    pub(crate) fn refused(
        status: Status,
        stage: Stage,
        cause: Cause,
        what: impl fmt::Display,
        reply: Reply,
    ) -> Self {
        let text = format!("{what}: {reply}");
        let mut error = Self::new(status, stage, cause, text);
        error.0.reply = Some(reply);
        error
    }

    /// The provider's answer that decided it.
    pub(crate) fn with_response(mut self, response: ErrorResponse) -> Self {
        self.0.response = Some(Box::new(response));
        self
    }

    /// Whether, and when, the same may succeed, as the one who refused it says.
    pub(crate) fn with_retry(mut self, retry: Retry, after: Option<Duration>) -> Self {
        self.0.retry = Some(retry);
        self.0.retry_after = after.filter(|_| retry == Retry::Later);
        self
    }

    /// What it means, when more is known than where it happened.
    pub(crate) fn meaning(mut self, cause: Cause, certainty: Certainty, words: Words) -> Self {
        (self.0.cause, self.0.certainty, self.0.words) = (cause, certainty, words);
        self
    }

    /// What may be behind it, the likeliest first: each a part of a sentence.
    pub(crate) fn with_suspects(mut self, suspects: Vec<(Cause, &'static str)>) -> Self {
        self.0.suspects = suspects;
        self
    }

    /// What the advice may name. Who was there first knew it best.
    pub(crate) fn with_values(mut self, values: Values) -> Self {
        let known = std::mem::take(&mut self.0.values);
        self.0.values = known.or(values);
        self
    }

    pub(crate) fn values(&self) -> &Values {
        &self.0.values
    }

    /// What the advice says at its end: a part of a sentence.
    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        self.0.detail = Some(detail);
        self
    }

    pub(crate) fn with_status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    /// Changes the text, to take secrets out that a server echoes.
    pub(crate) fn map_text(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.0.text = change(&self.0.text).into();
        self
    }

    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// The status that a C call returns for it.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// The step in which it happened.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// The cause as a stable code, with advice.
    pub fn cause(&self) -> Cause {
        self.0.cause
    }

    /// How sure the cause is.
    pub fn certainty(&self) -> Certainty {
        self.0.certainty
    }

    /// What the person can do, with the values of this case: one sentence.
    pub fn advice(&self) -> String {
        let template = self.0.words.advice.unwrap_or(self.0.cause.template());
        let advice = match self.0.suspects.as_slice() {
            [] => values::fill(template, &self.0.values),
            suspects => values::fill(&values::suspicion(suspects), &self.0.values),
        };
        match &self.0.detail {
            Some(detail) => format!("{}: {detail}.", advice.trim_end_matches('.')),
            None => advice,
        }
    }

    /// What may be behind it when nobody says, the likeliest first; the advice tells them apart.
    pub fn suspects(&self) -> Vec<Cause> {
        let mut causes: Vec<_> = self.0.suspects.iter().map(|(cause, _)| *cause).collect();
        causes.dedup();
        causes
    }

    /// A page of the provider's that tells more.
    pub fn link(&self) -> Option<&'static str> {
        self.0.words.link.or(self.0.cause.link())
    }

    /// What became of the message.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The server's reply that decided it.
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// The OAuth provider's answer that decided it.
    pub fn response(&self) -> Option<&ErrorResponse> {
        self.0.response.as_deref()
    }

    /// One line that says what went wrong.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether trying again later may help without any change.
    pub fn retry(&self) -> Retry {
        if let Some(retry) = self.0.retry {
            return retry;
        }
        let passing = match &self.0.reply {
            Some(reply) => reply.is_transient(),
            None => {
                let cause = self.0.cause;
                matches!(
                    self.0.status,
                    Status::Timeout | Status::Resolve | Status::Connect | Status::ConnectionLost
                ) || matches!(cause, Cause::ProxyUnreachable | Cause::ProxyCannotConnect)
            }
        };
        if passing { Retry::Later } else { Retry::No }
    }

    /// How long to wait before trying again, when the other side said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

/// A path or an entry that the text quotes may have line ends of its own.
fn in_one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, " ").into(),
        false => text,
    }
}

/// Errors that only the C interface can meet.
#[cfg(feature = "capi")]
impl Error {
    /// `what` is the handle, or the argument that has to be one; `maker` the call that makes them.
    pub(crate) fn invalid_handle(what: &str, maker: &str) -> Self {
        let text = format!("{what} is NULL, was freed, or did not come from {maker}()");
        Self::new(Status::InvalidHandle, Stage::Argument, Cause::HandleInvalid, text)
    }

    pub(crate) fn null_pointer(argument: &str) -> Self {
        let text = format!("{argument} is NULL");
        Self::new(Status::NullPointer, Stage::Argument, Cause::ArgumentNull, text)
    }

    pub(crate) fn invalid_utf8(argument: &str) -> Self {
        let text = format!("{argument} is not valid UTF-8");
        Self::new(Status::InvalidUtf8, Stage::Argument, Cause::ArgumentNotUtf8, text)
    }
}

impl Error {
    /// A defect in this library, with the place where it showed.
    pub(crate) fn internal(text: impl fmt::Display) -> Self {
        let text = format!("internal error: {text}");
        Self::new(Status::Internal, Stage::Argument, Cause::Internal, text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("stage", &self.0.stage)
            .field("status", &self.0.status)
            .field("cause", &self.0.cause.code())
            .field("outcome", &self.0.outcome)
            .field("text", &self.0.text)
            .finish()
    }
}

impl std::error::Error for Error {}
