//! Explains a text from somebody's log: "535 5.7.8 Authentication failed", "AADSTS70043: …".
//!
//! What fits nothing is unknown, and several causes are all named, the likeliest first.

use crate::error::values::{Values, fill};
use crate::error::{Cause, Certainty};
use crate::explain::{self, Row, Section};

/// What a text from a log may mean.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The code of the server's reply, such as 535, when there is one.
    pub code: Option<u16>,
    /// Its enhanced code, such as "5.7.8"; else empty.
    pub enhanced_code: String,
    /// What it may be, the likeliest first. Empty when that is unknown.
    pub causes: Vec<PossibleCause>,
    /// How sure that is.
    pub certainty: Certainty,
}

/// One thing that a text may mean.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PossibleCause {
    /// The cause.
    pub cause: Cause,
    /// What to do then: one sentence.
    pub advice: String,
    /// A page of the provider's that tells more.
    pub link: Option<&'static str>,
    /// Where it was found what the text means: a section of the project's reference, or a standard.
    pub source: &'static str,
}

/// Explains a text from a log.
pub fn explain(text: &str) -> Explanation {
    let found = explain::explain(text);
    let mut rows: Vec<&Row> = Vec::new();
    for row in &found.rows {
        if !rows.iter().any(|known| known.cause == row.cause) {
            rows.push(row);
        }
    }
    let certainty = match rows.as_slice() {
        [row] if row.section != Section::Suspects => row.certainty,
        _ => Certainty::Unknown,
    };
    let causes = rows.into_iter().map(PossibleCause::of).collect();
    Explanation { code: found.code, enhanced_code: found.enhanced_code, causes, certainty }
}

impl PossibleCause {
    fn of(row: &Row) -> Self {
        // The advice of a suspect is a part of a sentence.
        let own = row.words.advice.filter(|_| row.section != Section::Suspects);
        Self {
            cause: row.cause,
            advice: fill(own.unwrap_or(row.cause.template()), &Values::default()),
            link: row.words.link.or(row.cause.link()),
            source: row.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(text: &str) -> Vec<Cause> {
        explain(text).causes.iter().map(|possible| possible.cause).collect()
    }

    #[test]
    fn replies_are_found_wherever_they_stand_in_a_line() {
        let behind_535 = [
            Cause::TokenExpired,
            Cause::WrongUserForToken,
            Cause::TokenMissingScope,
            Cause::PasswordRefused,
            Cause::AppPasswordRequired,
        ];
        for text in [
            "535 5.7.8 Error: authentication failed",
            "S: 535 5.7.8 x",
            "   12.345 S: 535-5.7.8 x",
            "smtplib.SMTPAuthenticationError: (535, b'5.7.8 Authentication failed.')",
        ] {
            let explained = explain(text);
            assert_eq!(explained.code, Some(535), "{text}");
            assert_eq!(causes(text), behind_535, "{text}");
            assert_eq!(explained.certainty, Certainty::Unknown, "{text}");
        }
        assert_eq!(explain("535 5.7.8 x").enhanced_code, "5.7.8");
        // Microsoft's bare refusal: whatever the client showed.
        let bare = causes("535 5.7.3 Authentication unsuccessful");
        assert!(bare.starts_with(&[Cause::WrongUserForToken, Cause::SmtpAuthDisabledMailbox]));
        assert!(bare.contains(&Cause::BasicAuthRetired), "{bare:?}");
        assert_eq!(causes("550 5.1.1 <nobody@rig.test>: User unknown"), [Cause::RecipientUnknown]);
        assert_eq!(causes("552 5.3.4 Message size exceeds fixed limit"), [Cause::MessageTooLarge]);
    }

    #[test]
    fn what_a_provider_says_is_found_too() {
        assert_eq!(
            causes("AADSTS7000222: The provided client secret keys are expired"),
            [Cause::AppSecretExpired]
        );
        assert_eq!(causes(r#"{"error":"invalid_scope"}"#), [Cause::TokenScopeInvalid]);
    }

    #[test]
    fn what_is_unknown_is_said_to_be() {
        for text in ["", "hello", "599 what", "250 2.0.0 Ok", "port 587 is open", "550 no"] {
            let explained = explain(text);
            assert!(explained.causes.is_empty(), "{text}: {:?}", explained.causes);
            assert_eq!(explained.certainty, Certainty::Unknown);
        }
    }
}
