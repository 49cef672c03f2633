//! What the replies of servers and the errors of providers mean.
//!
//! Pure: facts in, a meaning out. `table.txt` is the data, a row for each thing that is known. A reply
//! that no row knows keeps the general cause of the step in which it came, and the advice names what
//! may be behind it.
//!
//! - `table.txt`  the rows, with their sources
//! - `row`        reads them, and says whether one fits
//! - `sign`       what is known besides what was said: of the token, the sign-in, the settings
//! - `log`        finds the facts in a line of a log that somebody pastes
//! - `page`       writes docs/errors.md

mod log;
#[cfg(test)]
mod page;
mod row;
mod sign;

use crate::error::{Cause, Certainty, Error, Outcome, Retry, Stage, Status, Words};
use crate::smtp::Reply;
pub(crate) use log::explain;
pub(crate) use row::{Row, Section};
pub(crate) use sign::{Sign, Signs, signs_of_age};
use std::time::Duration;

/// Whose dialect it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    Microsoft,
    Google,
    #[default]
    Other,
}

impl Family {
    fn code(self) -> &'static str {
        match self {
            Family::Microsoft => "microsoft",
            Family::Google => "google",
            Family::Other => "other",
        }
    }
}

/// With what the client had signed in, or tried to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedInWith {
    Token,
    Password,
}

impl SignedInWith {
    fn code(self) -> &'static str {
        match self {
            SignedInWith::Token => "token",
            SignedInWith::Password => "password",
        }
    }
}

/// Whose turn it is after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// A person signs in again.
    SignIn,
    /// Somebody changes a setting, here or there.
    Change,
    /// Nobody: it passes by itself.
    Wait,
    /// Nobody, but it takes this many hours.
    WaitHours(u64),
}

/// What was said, and in which situation. What is not known is empty, and fits no row that asks
/// for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    pub family: Family,
    pub stage: Option<Stage>,
    pub with: Option<SignedInWith>,
    pub signs: Signs,
    /// Of an SMTP reply; 0 for none.
    pub code: u16,
    /// Its enhanced code.
    pub enhanced: &'a str,
    /// Its text, or the description of a provider's error.
    pub text: &'a str,
    /// Of a provider's answer; 0 for none.
    pub http_status: u16,
    /// `error` of a provider (RFC 6749 §5.2).
    pub error: &'a str,
    pub suberror: &'a str,
    /// The number behind AADSTS.
    pub number: Option<u32>,
    /// What the provider was asked for, with the grant type in it.
    pub asked: &'a str,
    /// The cause, as the step alone knows it.
    pub was: Option<Cause>,
}

/// What an error of a provider means.
pub(crate) fn of_provider(facts: &Facts) -> Option<Row> {
    first(Section::Providers, facts)
}

fn first(section: Section, facts: &Facts) -> Option<Row> {
    section.fitting(facts).next()
}

/// What it may be when no row knows it, the likeliest first.
fn suspects(facts: &Facts) -> impl Iterator<Item = Row> {
    Section::Suspects.fitting(facts)
}

/// What is known of a send besides what the server said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub family: Family,
    pub with: Option<SignedInWith>,
    pub signs: Signs,
}

/// The error with its meaning; what nobody knows stays as it is.
pub(crate) fn refine(error: Error, known: Known) -> Error {
    // What a provider answered was understood where it was asked.
    if error.response().is_some() {
        return error;
    }
    // The text of the error has the server's explanation too (RFC 7628 §3.2.2).
    let (reply, text) = (error.reply().cloned(), error.text().to_owned());
    let enhanced = reply.as_ref().map(Reply::enhanced_code).unwrap_or_default();
    let facts = Facts {
        stage: Some(error.stage()),
        code: reply.as_ref().map_or(0, Reply::code),
        enhanced: &enhanced,
        text: &text,
        was: Some(error.cause()),
        ..known.facts()
    };
    if reply.is_none() {
        return match first(Section::Own, &facts) {
            Some(row) => error.meaning(row.cause, row.certainty, row.words),
            None => error,
        };
    }
    match first(Section::Replies, &facts) {
        Some(row) => apply(error, row),
        // Nobody knows why: the cause is the general one of its step.
        None if error.outcome() == Outcome::NotSent && is_general(error.cause()) => {
            let (cause, suspects) = (error.cause(), suspects(&facts));
            let suspects =
                suspects.filter_map(|row| Some((row.cause, row.words.advice?))).collect();
            error.meaning(cause, Certainty::Unknown, Words::default()).with_suspects(suspects)
        }
        None => error,
    }
}

impl Known {
    fn facts(self) -> Facts<'static> {
        let Self { family, with, signs } = self;
        Facts { family, with, signs, ..Facts::default() }
    }

    /// What the reply to a recipient means.
    pub(crate) fn of_recipient(self, reply: &Reply) -> Option<Row> {
        let enhanced = reply.enhanced_code();
        let (stage, code, text) = (Some(Stage::Recipients), reply.code(), reply.text());
        let facts = Facts { stage, code, enhanced: &enhanced, text, ..self.facts() };
        first(Section::Replies, &facts)
    }
}

fn apply(error: Error, row: Row) -> Error {
    let status = status_of(row.cause, error.status());
    let (retry, after) = match row.then {
        Then::SignIn | Then::Change => (Retry::No, None),
        Then::Wait => (Retry::Later, error.retry_after()),
        Then::WaitHours(hours) => (Retry::Later, Some(Duration::from_secs(hours * 3600))),
    };
    let error = error.meaning(row.cause, row.certainty, row.words);
    error.with_status(status).with_retry(retry, after)
}

/// A cause may say more than the step did.
fn status_of(cause: Cause, usual: Status) -> Status {
    match cause {
        Cause::MessageTooLarge => Status::TooLarge,
        Cause::MechanismNotOffered => Status::Unsupported,
        _ => usual,
    }
}

/// The words for "refused, and nobody says why".
fn is_general(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::TokenRefused
            | Cause::PasswordRefused
            | Cause::SenderRefused
            | Cause::RecipientsRefused
            | Cause::MessageRefused
            | Cause::ServerRefused
    )
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
