//! The tokens that are in force: random, kept in memory, handed out by the token endpoint and
//! looked up when somebody signs in to SMTP.
//!
//! A refresh token is good once; with the new access token comes a new one (rotation).
//! Nothing here implements `Debug`: tokens must not reach a log.

use super::random;
use super::recent::Recent;
use super::scope::Scope;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What somebody agreed to. All tokens that come from one sign-in share one `Arc` of it: that is
/// how they are found together when it is revoked.
pub struct Consent {
    /// Whose mailbox; nothing when a program asked for itself (client credentials), which opens
    /// all of them.
    pub user: Option<String>,
    pub scope: Scope,
}

pub struct Tokens {
    lifetime: Duration,
    /// How many of the next access tokens are handed out dead (the fault `expired-token`).
    dead: u32,
    access: Recent<AccessToken>,
    refresh: Recent<RefreshToken>,
}

struct AccessToken {
    text: String,
    expires: Instant,
    scope: Scope,
    consent: Arc<Consent>,
}

struct RefreshToken {
    text: String,
    consent: Arc<Consent>,
}

/// What a client gets.
pub struct Grant {
    pub access_token: String,
    pub refresh_token: String,
    pub expires_in: u64,
}

/// Whether an access token opens a mailbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    Expired,
    /// It belongs to somebody else.
    Foreign,
    /// It is not for mail.
    OutOfScope,
    Unknown,
}

impl Tokens {
    pub fn new(lifetime: Duration, dead: u32) -> Self {
        Tokens { lifetime, dead, access: Recent::new(), refresh: Recent::new() }
    }

    /// `scope` is the consent's or a part of it.
    pub fn issue(
        &mut self,
        consent: &Arc<Consent>,
        scope: &Scope,
    ) -> Result<Grant, getrandom::Error> {
        let (access_token, refresh_token) = (random::text()?, random::text()?);
        let now = Instant::now();
        let dead = self.dead > 0;
        self.dead = self.dead.saturating_sub(1);
        self.access.remember(AccessToken {
            text: access_token.clone(),
            expires: if dead { now } else { now + self.lifetime },
            scope: scope.clone(),
            consent: Arc::clone(consent),
        });
        self.refresh
            .remember(RefreshToken { text: refresh_token.clone(), consent: Arc::clone(consent) });
        // The client of a dead token believes it fresh: that is the fault.
        Ok(Grant { access_token, refresh_token, expires_in: self.lifetime.as_secs() })
    }

    /// What a refresh token in force stands for.
    pub fn consent_of(&self, refresh_token: &str) -> Option<Arc<Consent>> {
        let known = self.refresh.find(|known| known.text == refresh_token)?;
        Some(Arc::clone(&known.consent))
    }

    /// Takes a refresh token out of force.
    pub fn spend(&mut self, refresh_token: &str) {
        self.refresh.take(|known| known.text == refresh_token);
    }

    /// Takes out of force an access token alone, or a refresh token with all that came from the
    /// same sign-in (RFC 7009 §2.1).
    pub fn revoke(&mut self, token: &str) {
        if let Some(consent) = self.consent_of(token) {
            self.revoke_all(&consent);
        }
        self.access.forget(|known| known.text == token);
    }

    pub fn revoke_all(&mut self, consent: &Arc<Consent>) {
        self.access.forget(|known| Arc::ptr_eq(&known.consent, consent));
        self.refresh.forget(|known| Arc::ptr_eq(&known.consent, consent));
    }

    /// Whether this access token opens the mailbox of `user`.
    pub fn standing(&self, access_token: &str, user: &str) -> Standing {
        let Some(known) = self.access.find(|known| known.text == access_token) else {
            return Standing::Unknown;
        };
        let owner = known.consent.user.as_deref();
        if Instant::now() >= known.expires {
            Standing::Expired
        } else if !known.scope.has("mail") {
            Standing::OutOfScope
        } else if owner.is_some_and(|owner| !owner.eq_ignore_ascii_case(user)) {
            Standing::Foreign
        } else {
            Standing::Good
        }
    }
}
