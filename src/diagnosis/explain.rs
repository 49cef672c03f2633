//! Explains a text from somebody's log: "535 5.7.8 Authentication failed", "AADSTS70043: …".
//!
//! The table of `explain` knows most; what it does not know has the general meaning that the
//! standards give. What fits nothing is unknown, and several causes are all named, the likeliest
//! first.

use crate::error::{Cause, Certainty};
use crate::explain::explain as look_up;

/// What a text from a log may mean.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The code of the server's reply, such as 535, when there is one.
    pub code: Option<u16>,
    /// Its enhanced code, such as "5.7.8"; else empty.
    pub enhanced_code: String,
    /// What it may be, the likeliest first. Empty when that is unknown.
    pub causes: Vec<Cause>,
    /// How sure that is.
    pub certainty: Certainty,
    /// Where it was found what the text means: a section of the project's reference, or a standard.
    pub source: &'static str,
}

impl Explanation {
    /// What to do, cause by cause; a sentence that says so when nothing is known.
    pub fn advice(&self) -> Vec<String> {
        match self.causes.as_slice() {
            [] => vec!["Unknown: nothing is known about this text.".into()],
            causes => causes.iter().map(|cause| cause.advice()).collect(),
        }
    }
}

/// Explains a text from a log.
pub fn explain(text: &str) -> Explanation {
    let (code, enhanced_code) = codes(text);
    if let Some(row) = look_up(text) {
        let (certainty, source) = (row.certainty, row.source);
        return Explanation { code, enhanced_code, causes: vec![row.cause], certainty, source };
    }
    let causes = code.map(|code| causes_of(code, &enhanced_code)).unwrap_or_default();
    let certainty = Certainty::Unknown;
    Explanation { code, enhanced_code, causes, certainty, source: "RFC 5321 §4.2" }
}

/// The first word that can be the code of a refusal, and the enhanced code behind it; they may stand
/// behind "S:", a time, or the name of a program.
fn codes(text: &str) -> (Option<u16>, String) {
    let mut words = text.split(|c: char| c.is_whitespace() || "-:;,()[]\"'".contains(c));
    let is_code = |word: &str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let code =
        |word: &str| word.parse().ok().filter(|code| is_code(word) && (400..600).contains(code));
    let Some(code) = words.by_ref().find_map(code) else { return (None, String::new()) };
    let class = if code < 500 { "4." } else { "5." };
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let enhanced = words.find(|word| !word.is_empty()).filter(|word| {
        word.starts_with(class) && word.split('.').count() == 3 && word.split('.').all(is_number)
    });
    (Some(code), enhanced.unwrap_or_default().to_owned())
}

/// What the standards say of a reply (RFC 5321 §4.2, RFC 3463, RFC 4954 §6).
fn causes_of(code: u16, enhanced: &str) -> Vec<Cause> {
    match (code, enhanced) {
        (_, "5.3.4") | (552, "") => vec![Cause::MessageTooLarge],
        (535, _) => vec![Cause::TokenRefused, Cause::PasswordRefused],
        (534, _) => vec![Cause::PasswordRefused],
        (504, _) => vec![Cause::MechanismNotOffered],
        (454, "4.7.0") | (435 | 432, _) => vec![Cause::SignInPostponed],
        (_, "5.1.7" | "5.1.8") => vec![Cause::SenderRefused],
        (421 | 451 | 452, _) => vec![Cause::ServerBusy],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(text: &str) -> Vec<Cause> {
        explain(text).causes
    }

    #[test]
    fn replies_are_found_wherever_they_stand_in_a_line() {
        for text in [
            "535 5.7.8 Error: authentication failed",
            "S: 535 5.7.8 x",
            "   12.345 S: 535-5.7.8 x",
            "smtplib.SMTPAuthenticationError: (535, b'5.7.8 Authentication failed.')",
        ] {
            let explained = explain(text);
            assert_eq!(explained.code, Some(535), "{text}");
            assert_eq!(explained.causes, [Cause::TokenRefused, Cause::PasswordRefused], "{text}");
        }
        assert_eq!(explain("535 5.7.8 x").enhanced_code, "5.7.8");
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
            assert!(explained.advice()[0].starts_with("Unknown"));
        }
    }
}
