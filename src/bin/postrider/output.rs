//! What people and scripts get to see: results on standard output, failures on standard error, and
//! the exit codes (docs/command.md).

use postrider::{Cause, Error, Outcome, Reply, Retry, Status};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// How a run ended. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; a message was accepted for every recipient.
    Done = 0,
    /// The message was accepted for some recipients.
    Partly = 1,
    /// The command line is wrong, or something is missing in it; clap uses this number, too.
    Usage = 2,
    /// Not done, and trying again will not help before something is changed.
    Failed = 3,
    /// Not done, but trying again later may help.
    Later = 4,
    /// Not done: a person has to sign in.
    NeedsSignIn = 5,
    /// The connection ended after the message was sent and before the answer.
    Unknown = 6,
}

/// What a command gives.
pub type Result<T = Exit> = std::result::Result<T, Failure>;

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    text: String,
    /// What to do, if somebody knows.
    advice: String,
    /// What the library said.
    error: Option<Error>,
}

impl Failure {
    /// The command line is wrong.
    pub fn usage(text: impl Display) -> Self {
        Self { exit: Exit::Usage, ..Self::from(text.to_string()) }
    }

    /// A person has not signed in in time.
    pub fn sign_in_timed_out() -> Self {
        let failure = Self::from("nobody has signed in in time".to_owned());
        let advice = Cause::SignInTimedOut.advice();
        Self { exit: Exit::NeedsSignIn, ..failure }.advise(advice)
    }

    /// Adds what to do.
    pub fn advise(mut self, advice: impl Display) -> Self {
        if !self.advice.is_empty() {
            self.advice.push(' ');
        }
        self.advice.push_str(&advice.to_string());
        self
    }

    /// Says first what it means here.
    pub fn introduced_by(mut self, what: impl Display) -> Self {
        self.text = format!("{what}: {}", self.text);
        self
    }

    /// A sign-in that has ended is begun again by a command, which is named.
    pub fn of_account(self, name: &str) -> Self {
        match self.exit {
            Exit::NeedsSignIn => self.advise(format_args!("Call: postrider login {name}")),
            _ => self,
        }
    }

    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Shows it to the person.
    pub fn show(&self) {
        note(format_args!("postrider: {}", self.text));
        if !self.advice.is_empty() {
            note(&self.advice);
        }
        let response = self.error.as_ref().and_then(Error::response);
        let ids =
            response.map(|r| [("correlation id", &r.correlation_id), ("trace id", &r.trace_id)]);
        for (name, id) in ids.into_iter().flatten() {
            id.iter().for_each(|id| note(format_args!("{name}: {id}")));
        }
    }

    /// The same for scripts.
    pub fn json(&self) -> Value {
        let mut json = self.error.as_ref().map_or_else(|| json!({}), of_error);
        json["text"] = json!(self.text);
        json["advice"] = json!(self.advice);
        json
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { exit: Exit::Failed, text, advice: String::new(), error: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            exit: exit_of(&error),
            text: error.text().to_owned(),
            advice: error.advice(),
            error: Some(error),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The exit code for what the library said.
pub fn exit_of(error: &Error) -> Exit {
    match (error.outcome(), error.status()) {
        (Outcome::Unknown, _) => Exit::Unknown,
        (_, Status::Partial) => Exit::Partly,
        (_, Status::InvalidArgument | Status::Incomplete) => Exit::Usage,
        (_, Status::NeedsSignIn) => Exit::NeedsSignIn,
        _ if error.cause() == Cause::SignInTimedOut => Exit::NeedsSignIn,
        _ if error.retry() == Retry::Later => Exit::Later,
        _ => Exit::Failed,
    }
}

fn of_error(error: &Error) -> Value {
    json!({
        "status": error.status().code(),
        "stage": error.stage().code(),
        "cause": error.cause().code(),
        "retry": error.retry() == Retry::Later,
        "retry_after": error.retry_after().map(|after| after.as_secs()),
        "reply": error.reply().map(of_reply),
        "provider": error.response().map(|response| json!({
            "error": response.error,
            "description": response.description,
            "correlation_id": response.correlation_id,
            "trace_id": response.trace_id,
            "timestamp": response.timestamp,
        })),
    })
}

/// A server's reply for scripts.
pub fn of_reply(reply: &Reply) -> Value {
    json!({ "code": reply.code(), "enhanced": reply.enhanced_code(), "text": reply.text() })
}

/// The names that the C interface has for them, in lower case.
/// Writes a result. Unlike `println!` it survives a reader that went away.
pub fn line(text: impl Display) -> Result<()> {
    writeln!(std::io::stdout(), "{}", harmless(text)).map_err(unwritable)
}

/// The same for what is not a line of text.
pub fn bytes(content: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout();
    stdout.write_all(content).and_then(|()| stdout.flush()).map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Failure {
    format!("standard output cannot be written: {error}").into()
}

/// Says something to the person, which scripts do not read.
pub fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// What a provider or a server says must not reach the controls of a terminal.
pub fn harmless(text: impl Display) -> String {
    let is_bad = |c: char| c.is_control() && c != '\n';
    text.to_string().replace(is_bad, " ")
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nothing_reaches_the_controls_of_a_terminal() {
        assert_eq!(harmless("a\x1B[31mb\u{9B}c\r\nd"), "a [31mb c \nd");
    }
}
