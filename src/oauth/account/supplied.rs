//! Access tokens that the program has from elsewhere: from a service of its own, say.

use super::settings::checked_token;
use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::token::Token;
use crate::secret::Secret;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Longer ones are mistakes, and must not end in an overflow.
const LONGEST_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A token that the program supplies. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct SuppliedToken {
    access: Secret,
    lifetime: Duration,
}

impl SuppliedToken {
    /// `lifetime` is how long it is still good; zero for one that is used once.
    pub fn new(access_token: &str, lifetime: Duration) -> Result<Self> {
        let access = checked_token(access_token, "access_token")?;
        Ok(Self { access, lifetime: lifetime.min(LONGEST_LIFETIME) })
    }
}

/// Where they come from.
#[derive(Clone)]
pub(super) struct Supply(Arc<dyn Fn() -> io::Result<SuppliedToken> + Send + Sync>);

impl Supply {
    pub(super) fn new(
        source: impl Fn() -> io::Result<SuppliedToken> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(source))
    }

    pub(super) fn token(&self) -> Result<Token> {
        let supplied = (self.0)().map_err(|error| {
            let text = format!("the program gave no access token: {error}");
            Error::new(Status::Token, Stage::Token, Cause::TokenNotSupplied, text)
        })?;
        let now = SystemTime::now();
        Ok(Token {
            access: supplied.access,
            refresh: None,
            id_token: None,
            obtained_at: now,
            expires_at: now + supplied.lifetime,
            refresh_at: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
            clock_difference: None,
        })
    }
}

impl fmt::Debug for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Supply").finish_non_exhaustive()
    }
}
