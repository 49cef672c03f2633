//! What the replies of servers and the errors of providers mean.
//!
//! Pure: facts in, a meaning out. `table` is the data, one row for each thing that is known; the
//! first row that fits counts. A reply that no row knows keeps the general cause of the step in
//! which it came.
//!
//! - `table`  the rows, with their sources
//! - `log`    finds the facts in a line of a log that somebody pastes
//! - `page`   writes docs/errors.md

mod log;
#[cfg(test)]
mod page;
mod table;

use crate::error::{Cause, Certainty, Error, Outcome, Retry, Stage, Status};
use crate::smtp::Reply;
pub(crate) use log::explain;
use std::time::Duration;
use table::ROWS;

/// Whose dialect it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    Microsoft,
    Google,
    #[default]
    Other,
}

/// With what the client had signed in, or tried to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedInWith {
    Token,
    Password,
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
    /// Of an SMTP reply; 0 for none.
    pub code: u16,
    /// Its enhanced code.
    pub enhanced: &'a str,
    /// Its text, or the description of a provider's error.
    pub text: &'a str,
    /// `error` of a provider (RFC 6749 §5.2).
    pub error: &'a str,
    pub suberror: &'a str,
    /// The number behind AADSTS.
    pub number: Option<u32>,
    /// What the provider was asked for, with the grant type in it.
    pub what: &'a str,
}

/// What must be in the facts for a row to fit; what is empty fits everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub family: Option<Family>,
    pub stages: &'static [Stage],
    pub with: Option<SignedInWith>,
    pub codes: &'static [u16],
    pub enhanced: &'static str,
    /// A part of the text, whatever its case.
    pub text: &'static str,
    pub error: &'static str,
    pub suberror: &'static str,
    pub numbers: &'static [u32],
    /// The end of the grant type.
    pub what: &'static str,
    pub cause: Cause,
    pub then: Then,
    pub certainty: Certainty,
    /// Where it was found: a section of the project's reference, or a standard.
    pub source: &'static str,
}

impl Row {
    /// Whether it is about an error of an OAuth provider, and not about a reply of a mail server.
    pub(crate) fn is_of_provider(&self) -> bool {
        !self.error.is_empty() || !self.suberror.is_empty() || !self.numbers.is_empty()
    }

    fn fits(&self, facts: &Facts) -> bool {
        let same = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        self.family.is_none_or(|family| family == facts.family)
            && (self.stages.is_empty() || facts.stage.is_some_and(|s| self.stages.contains(&s)))
            && self.with.is_none_or(|with| facts.with == Some(with))
            && (self.codes.is_empty() || self.codes.contains(&facts.code))
            && same(self.enhanced, facts.enhanced)
            && same(self.error, facts.error)
            && same(self.suberror, facts.suberror)
            && (self.numbers.is_empty() || facts.number.is_some_and(|n| self.numbers.contains(&n)))
            && facts.what.contains(self.what)
            && contains(facts.text, self.text)
            // A reply and a provider's error are never the same thing.
            && self.is_of_provider() == (facts.code == 0)
    }
}

/// Whether the text has the part, whatever the case of its letters.
fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// The row that fits, if there is one.
pub(crate) fn look_up(facts: &Facts) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.fits(facts))
}

/// The error with the meaning of its reply. One without a reply, or with a reply that nobody knows,
/// stays as it is.
pub(crate) fn refine(error: Error, family: Family, with: Option<SignedInWith>) -> Error {
    let Some(reply) = error.reply().cloned() else { return error };
    let stage = error.stage();
    // The text of the error has the server's explanation too (RFC 7628 §3.2.2).
    let text = error.text().to_owned();
    match meaning(&reply, stage, &text, family, with) {
        Some(row) => apply(error, row),
        // Nobody knows why: the cause is the general one of its step.
        None if error.outcome() == Outcome::NotSent && is_general(error.cause()) => {
            let cause = error.cause();
            error.meaning(cause, Certainty::Unknown)
        }
        None => error,
    }
}

/// What a reply means, at this step.
pub(crate) fn meaning(
    reply: &Reply,
    stage: Stage,
    text: &str,
    family: Family,
    with: Option<SignedInWith>,
) -> Option<&'static Row> {
    let enhanced = reply.enhanced_code();
    look_up(&Facts {
        family,
        stage: Some(stage),
        with,
        code: reply.code(),
        enhanced: &enhanced,
        text,
        ..Facts::default()
    })
}

fn apply(error: Error, row: &Row) -> Error {
    let status = status_of(row.cause, error.status());
    let (retry, after) = match row.then {
        Then::SignIn | Then::Change => (Retry::No, None),
        Then::Wait => (Retry::Later, error.retry_after()),
        Then::WaitHours(hours) => (Retry::Later, Some(Duration::from_secs(hours * 3600))),
    };
    error.meaning(row.cause, row.certainty).with_status(status).with_retry(retry, after)
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
