//! The part that speaks HTTP: an OAuth2 and OpenID provider for the one client `sandbox`, with
//! pages for people.
//!
//! A program sends its user to the login page (`authorization_endpoint`, then `login_page`) and
//! gets a code, or it shows them the address of the device page (`device_endpoint`, then
//! `device_page`); with the code it goes to the `token_endpoint`. `discovery` tells programs all
//! of these addresses.

mod authorization_endpoint;
mod authorization_requests;
mod client;
mod codes;
mod device_endpoint;
mod device_page;
mod devices;
mod discovery;
mod id_token;
mod login_page;
mod pages;
mod return_address;
mod revocation_endpoint;
mod token_endpoint;

pub use client::CLIENT_ID;

use super::Sandbox;
use super::http::{Answer, Request};
use authorization_requests::AuthorizationRequests;
use codes::Codes;
use devices::Devices;
use id_token::IdTokens;
use parking_lot::Mutex;
use serde_json::json;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What the endpoints and pages share.
pub struct Provider {
    /// `http://127.0.0.1:PORT`; the addresses of all endpoints begin with it.
    issuer: String,
    requests: Mutex<AuthorizationRequests>,
    codes: Mutex<Codes>,
    devices: Mutex<Devices>,
    id_tokens: IdTokens,
    /// True as soon as the fault `token-busy` has struck.
    was_busy: AtomicBool,
}

/// How long codes are good, and how often a device may ask.
pub struct Times {
    pub code_lifetime: Duration,
    pub device_lifetime: Duration,
    pub device_interval: Duration,
}

impl Provider {
    pub fn new(issuer: String, times: &Times) -> Result<Self, String> {
        Ok(Provider {
            issuer,
            requests: Mutex::new(AuthorizationRequests::new()),
            codes: Mutex::new(Codes::new(times.code_lifetime)),
            devices: Mutex::new(Devices::new(times.device_lifetime, times.device_interval)),
            id_tokens: IdTokens::with_new_key()?,
            was_busy: AtomicBool::new(false),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

type Handler = fn(&Request, &Sandbox) -> Answer;

/// What programs ask.
const ENDPOINTS: [(&str, &str, Handler); 6] = [
    ("GET", "/.well-known/oauth-authorization-server", discovery::metadata),
    ("GET", "/.well-known/openid-configuration", discovery::metadata),
    ("GET", "/jwks", discovery::keys),
    ("POST", "/token", token_endpoint::answer),
    ("POST", "/revoke", revocation_endpoint::answer),
    ("POST", "/device_authorization", device_endpoint::answer),
];

/// What browsers ask.
const PAGES: [(&str, &str, Handler); 6] = [
    ("GET", "/authorize", authorization_endpoint::answer),
    ("POST", "/login", login_page::decide),
    ("GET", "/device", device_page::show),
    ("POST", "/device", device_page::decide),
    ("GET", "/style.css", pages::style),
    ("GET", "/form_post.js", pages::form_post_script),
];

pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    let here = |(_, path, _): &&(&str, &str, Handler)| *path == request.path;
    let asked = |(method, _, _): &&(&str, &str, Handler)| *method == request.method;
    if let Some((_, _, handler)) = ENDPOINTS.iter().filter(here).find(asked) {
        return handler(request, sandbox);
    }
    if let Some((_, _, handler)) = PAGES.iter().filter(here).find(asked) {
        return match pages::foreign(request, &sandbox.provider.issuer) {
            Some(refusal) => refusal,
            None => handler(request, sandbox),
        };
    }
    let methods: Vec<_> =
        ENDPOINTS.iter().chain(&PAGES).filter(here).map(|(method, _, _)| *method).collect();
    if methods.is_empty() {
        return Answer::json("404 Not Found", &json!({ "error": "not_found" }));
    }
    let body = json!({
        "error": "invalid_request",
        "error_description": format!("use {}", methods.join(" or ")),
    });
    Answer::json("405 Method Not Allowed", &body).with_header("Allow", methods.join(", "))
}
