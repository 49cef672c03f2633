//! Signing in with a token: takes apart what the client sends for XOAUTH2 and OAUTHBEARER
//! (RFC 7628), and decides who is let in: any user at example.org with a token in force for them.

use super::tokens::{Standing, Tokens};
use super::users;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    XOauth2,
    OauthBearer,
}

/// Why somebody was not let in, as the 535 says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    ForeignUser,
    UnknownToken,
    ExpiredToken,
    ForeignToken,
    OutOfScope,
}

impl Mechanism {
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "XOAUTH2" => Some(Mechanism::XOauth2),
            "OAUTHBEARER" => Some(Mechanism::OauthBearer),
            _ => None,
        }
    }

    /// The text of the 334 that announces a failure: Google's for XOAUTH2 (what Microsoft and
    /// Dovecot send as well), RFC 7628 §3.2.2 for OAUTHBEARER.
    pub fn failure(self, refusal: Refusal) -> String {
        let json = match (self, refusal) {
            (Mechanism::XOauth2, Refusal::Malformed) => {
                r#"{"status":"400","schemes":"bearer","scope":"mail"}"#
            }
            (Mechanism::XOauth2, _) => r#"{"status":"401","schemes":"bearer","scope":"mail"}"#,
            (Mechanism::OauthBearer, Refusal::Malformed) => r#"{"status":"invalid_request"}"#,
            (Mechanism::OauthBearer, _) => r#"{"status":"invalid_token","scope":"mail"}"#,
        };
        STANDARD.encode(json)
    }
}

impl Refusal {
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::Malformed => "the response is not what this mechanism asks for",
            Refusal::ForeignUser => "the sandbox knows users at example.org only",
            Refusal::UnknownToken => "this access token was not handed out by this sandbox",
            Refusal::ExpiredToken => "the access token has expired",
            Refusal::ForeignToken => "somebody else signed in for this access token",
            Refusal::OutOfScope => "this access token was not asked for with the scope mail",
        }
    }
}

/// The user who is let in by a decoded response, or who was not and why.
pub fn check(
    mechanism: Mechanism,
    response: &[u8],
    tokens: &Tokens,
) -> Result<String, (Option<String>, Refusal)> {
    let Some((user, token)) = take_apart(mechanism, response) else {
        return Err((None, Refusal::Malformed));
    };
    if !users::has_mailbox(&user) {
        return Err((Some(user), Refusal::ForeignUser));
    }
    let refusal = match tokens.standing(&token, &user) {
        Standing::Good => return Ok(user),
        Standing::Expired => Refusal::ExpiredToken,
        Standing::Foreign => Refusal::ForeignToken,
        Standing::OutOfScope => Refusal::OutOfScope,
        Standing::Unknown => Refusal::UnknownToken,
    };
    Err((Some(user), refusal))
}

/// User and token of a response:
/// `user=anna@example.org^Aauth=Bearer TOKEN^A^A` (XOAUTH2), or
/// `n,a=anna@example.org,^Ahost=…^Aport=…^Aauth=Bearer TOKEN^A^A` (OAUTHBEARER).
fn take_apart(mechanism: Mechanism, response: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(response).ok()?;
    let mut fields = text.strip_suffix("\x01\x01")?.split('\x01');
    let first = fields.next()?;
    let user = match mechanism {
        Mechanism::XOauth2 => first.strip_prefix("user=")?.to_owned(),
        Mechanism::OauthBearer => {
            let name = first.strip_prefix("n,a=")?.strip_suffix(',')?;
            // RFC 5801 §4: a comma or equals sign in the name is written so.
            name.replace("=2C", ",").replace("=3D", "=")
        }
    };
    let credentials = fields.find_map(|field| field.strip_prefix("auth="))?;
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| (user, token.to_owned()))
}
