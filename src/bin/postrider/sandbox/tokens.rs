//! The tokens that are in force: random, kept in memory, handed out by the token endpoint and
//! looked up when somebody signs in to SMTP.
//!
//! A refresh token is good once; with the new access token comes a new one (rotation).
//! Nothing here implements `Debug`: tokens must not reach a log.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The oldest are forgotten beyond this, so that a loop cannot fill the memory.
const MOST: usize = 10_000;

pub struct Tokens {
    lifetime: Duration,
    /// How many of the next access tokens are handed out dead (the fault `expired-token`).
    dead: u32,
    access: VecDeque<AccessToken>,
    refresh: VecDeque<String>,
}

struct AccessToken {
    text: String,
    expires: Instant,
}

/// What a client gets.
pub struct Grant {
    pub access_token: String,
    pub refresh_token: String,
    pub expires_in: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    Expired,
    Unknown,
}

impl Tokens {
    pub fn new(lifetime: Duration, dead: u32) -> Self {
        Tokens { lifetime, dead, access: VecDeque::new(), refresh: VecDeque::new() }
    }

    pub fn issue(&mut self) -> Result<Grant, getrandom::Error> {
        let (access_token, refresh_token) = (random_text()?, random_text()?);
        let now = Instant::now();
        let dead = self.dead > 0;
        self.dead = self.dead.saturating_sub(1);
        let expires = if dead { now } else { now + self.lifetime };
        remember(&mut self.access, AccessToken { text: access_token.clone(), expires });
        remember(&mut self.refresh, refresh_token.clone());
        // The client of a dead token believes it fresh: that is the fault.
        Ok(Grant { access_token, refresh_token, expires_in: self.lifetime.as_secs() })
    }

    /// Takes a refresh token out of force; false when it was not in force.
    pub fn spend(&mut self, refresh_token: &str) -> bool {
        let position = self.refresh.iter().position(|known| known == refresh_token);
        position.and_then(|position| self.refresh.remove(position)).is_some()
    }

    pub fn standing(&self, access_token: &str) -> Standing {
        match self.access.iter().find(|known| known.text == access_token) {
            None => Standing::Unknown,
            Some(known) if Instant::now() >= known.expires => Standing::Expired,
            Some(_) => Standing::Good,
        }
    }
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == MOST {
        list.pop_front();
    }
    list.push_back(item);
}

fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
