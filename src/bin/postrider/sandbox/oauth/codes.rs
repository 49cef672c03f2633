//! Authorization codes: what the login page gives, and the token endpoint takes once and soon,
//! from the client that can prove with its verifier that it asked (PKCE, RFC 7636).
//!
//! There is one client, so nothing needs to be kept about whose a code is.

use super::super::random;
use super::super::recent::Recent;
use super::super::tokens::Consent;
use super::authorization_requests::AuthorizationRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Codes {
    lifetime: Duration,
    codes: Recent<Code>,
}

struct Code {
    text: String,
    expires: Instant,
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    consent: Arc<Consent>,
    spent: bool,
}

/// What a code is worth.
pub struct Redeemed {
    pub consent: Arc<Consent>,
    pub nonce: Option<String>,
}

pub enum Refusal {
    Unknown,
    /// Somebody has it who should not: what was handed out for it must go (RFC 6749 §4.1.2).
    Reused(Arc<Consent>),
    Expired,
    OtherRedirectUri,
    WrongVerifier,
}

impl Codes {
    pub fn new(lifetime: Duration) -> Self {
        Codes { lifetime, codes: Recent::new() }
    }

    pub fn issue(
        &mut self,
        request: AuthorizationRequest,
        user: &str,
    ) -> Result<String, getrandom::Error> {
        let text = random::text()?;
        self.codes.remember(Code {
            text: text.clone(),
            expires: Instant::now() + self.lifetime,
            redirect_uri: request.back.uri,
            challenge: request.challenge,
            nonce: request.nonce,
            consent: Arc::new(Consent { user: Some(user.to_owned()), scope: request.scope }),
            spent: false,
        });
        Ok(text)
    }

    /// A refused attempt spends the code as well: a verifier cannot be tried out.
    pub fn redeem(
        &mut self,
        text: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Redeemed, Refusal> {
        let code = self.codes.find_mut(|code| code.text == text).ok_or(Refusal::Unknown)?;
        if code.spent {
            return Err(Refusal::Reused(Arc::clone(&code.consent)));
        }
        code.spent = true;
        if Instant::now() >= code.expires {
            Err(Refusal::Expired)
        } else if code.redirect_uri != redirect_uri {
            Err(Refusal::OtherRedirectUri)
        } else if !is_verifier(verifier) || challenge_of(verifier) != code.challenge {
            Err(Refusal::WrongVerifier)
        } else {
            Ok(Redeemed { consent: Arc::clone(&code.consent), nonce: code.nonce.clone() })
        }
    }
}

/// Whether this could be the challenge of a verifier: 32 octets as 43 characters.
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|hash| hash.len() == 32)
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// RFC 7636 §4.2, S256.
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
