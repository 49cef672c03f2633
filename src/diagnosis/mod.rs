//! What works and what does not, step by step, on the way that a message would go: nothing is sent.
//!
//! Data flow: settings of a mail → `walk` (drives the same pieces as a send) → [`Diagnosis`] →
//! `report` (for people), `json` (for programs).
//!
//! - `walk`         the steps in their order
//! - `settings`     what can be said without any connection
//! - `certificate`  what a server shows, in words
//! - `report`       as aligned text
//! - `json`         as JSON
//! - `explain`      a text from somebody's log

mod certificate;
mod explain;
mod json;
mod report;
mod settings;
mod walk;

pub use explain::{Explanation, PossibleCause, explain};
pub use settings::{OldSettings, look_at_old_settings};
pub(crate) use walk::{Job, diagnose};

use crate::error::{Error, Status};
use std::time::{Duration, Instant};

/// What came of a diagnosis. Displayed it is a report for people.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Each [`StepName`] once, in the order in which they were taken.
    pub steps: Vec<Step>,
    /// How long all of it took.
    pub took: Duration,
}

impl Diagnosis {
    /// Why the first step that failed did so.
    pub fn error(&self) -> Option<&Error> {
        self.steps.iter().find_map(|step| step.error.as_ref())
    }

    /// The status of the first step that failed, or OK.
    pub fn status(&self) -> Status {
        self.error().map_or(Status::Ok, Error::status)
    }

    /// Failed, or warning, when any step is; else OK.
    pub fn state(&self) -> StepState {
        let any = |state| self.steps.iter().any(|step| step.state == state);
        [StepState::Failed, StepState::Warning]
            .into_iter()
            .find(|state| any(*state))
            .unwrap_or(StepState::Ok)
    }

    /// As JSON (docs/diagnosis.md), without secrets.
    pub fn json(&self) -> String {
        json::of(self)
    }
}

macro_rules! step_names {
    ($($(#[doc = $doc:literal])+ $name:ident: $word:literal, $title:literal;)+) => {
        /// The steps.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum StepName {
            $($(#[doc = $doc])+ $name,)+
        }

        impl StepName {
            /// All of them.
            pub const ALL: &'static [StepName] = &[$(StepName::$name,)+];

            /// A stable word for programs, such as "sign_in".
            pub fn word(self) -> &'static str {
                match self {
                    $(StepName::$name => $word,)+
                }
            }

            /// For people.
            pub fn title(self) -> &'static str {
                match self {
                    $(StepName::$name => $title,)+
                }
            }
        }
    };
}

step_names! {
    /// What is set, and whether it fits together.
    Settings: "settings", "settings";
    /// The account that signs in.
    Account: "account", "account";
    /// Its access token, or the one that was given.
    Token: "token", "access token";
    /// The addresses of the server.
    Resolve: "resolve", "look-up";
    /// The connection, through a proxy if there is one.
    Connect: "connect", "connection";
    /// The greeting of the server.
    Greeting: "greeting", "greeting";
    /// What it offers before TLS.
    HelloInClear: "hello_in_clear", "EHLO before TLS";
    /// TLS and the certificates; comes before the greeting when TLS begins with the first byte.
    Tls: "tls", "TLS";
    /// What it offers once TLS is on.
    Hello: "hello", "EHLO with TLS";
    /// The ways to sign in that it offers.
    Mechanisms: "mechanisms", "mechanisms";
    /// Signing in, once.
    SignIn: "sign_in", "sign-in";
    /// Whether it takes the sender (MAIL FROM).
    Sender: "sender", "sender";
    /// Whether it takes the recipients (RCPT TO).
    Recipients: "recipients", "recipients";
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// All is well.
    Ok,
    /// It worked, but something about it is, or will be, wrong.
    Warning,
    /// It did not work.
    Failed,
    /// It was not taken, since there is nothing to do or nothing to do it with.
    Skipped,
}

impl StepState {
    /// "ok", "warning", "failed" or "skipped".
    pub fn word(self) -> &'static str {
        match self {
            StepState::Ok => "ok",
            StepState::Warning => "warning",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        }
    }
}

/// One step of a diagnosis. Displayed it is its part of the report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// How it ended.
    pub state: StepState,
    /// What was found, or why it was skipped; each is a sentence or a part of one.
    pub found: Vec<String>,
    /// What is, or will be, wrong, and what to do about it.
    pub warnings: Vec<String>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub error: Option<Error>,
    began: Instant,
}

impl Step {
    fn begin(name: StepName) -> Self {
        let (state, took, began) = (StepState::Ok, Duration::ZERO, Instant::now());
        Self { name, state, found: Vec::new(), warnings: Vec::new(), took, error: None, began }
    }

    fn skipped(name: StepName, why: impl Into<String>) -> Self {
        Self { state: StepState::Skipped, found: vec![why.into()], ..Self::begin(name) }
    }

    fn find(&mut self, what: impl Into<String>) {
        self.found.push(what.into());
    }

    fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(what.into());
    }

    /// Its time is over: whatever is found out now explains it and is no part of it.
    fn end(&mut self, error: Option<Error>) {
        self.took = self.began.elapsed();
        self.error = error;
    }

    fn judge(&mut self) {
        self.state = match (&self.error, self.warnings.is_empty()) {
            _ if self.state == StepState::Skipped => StepState::Skipped,
            (Some(_), _) => StepState::Failed,
            (None, false) => StepState::Warning,
            (None, true) => StepState::Ok,
        };
    }
}

/// What the person can do about an error.
fn advice(error: &Error) -> String {
    error.advice()
}
