//! What clients asked for when they sent somebody to the login page, while that person decides.
//!
//! The page holds nothing but the number of the request, so that nothing of it can be changed
//! there, and so that no other page can press its buttons.

use super::super::recent::Recent;
use super::super::scope::Scope;
use super::return_address::ReturnAddress;
use std::time::{Duration, Instant};

/// For a person to decide.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

pub struct AuthorizationRequest {
    pub back: ReturnAddress,
    pub challenge: String,
    pub scope: Scope,
    pub nonce: Option<String>,
}

struct Waiting {
    number: String,
    expires: Instant,
    request: AuthorizationRequest,
}

pub struct AuthorizationRequests(Recent<Waiting>);

impl AuthorizationRequests {
    pub fn new() -> Self {
        AuthorizationRequests(Recent::new())
    }

    /// `number` is one that nobody can guess.
    pub fn keep(&mut self, number: String, request: AuthorizationRequest) {
        let expires = Instant::now() + LIFETIME;
        self.0.remember(Waiting { number, expires, request });
    }

    pub fn look_at(&self, number: &str) -> Option<&AuthorizationRequest> {
        let waiting = self.0.find(|waiting| waiting.number == number)?;
        (Instant::now() < waiting.expires).then_some(&waiting.request)
    }

    /// Each is decided once.
    pub fn take(&mut self, number: &str) -> Option<AuthorizationRequest> {
        let waiting = self.0.take(|waiting| waiting.number == number)?;
        (Instant::now() < waiting.expires).then_some(waiting.request)
    }
}
