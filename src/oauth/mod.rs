//! Who may send: providers, sign-in flows and the token store → an access token.
//!
//! Data flow: settings of an account → `provider` (data) → a flow (`code`, `device`, …) → `request`
//! → `http` → `token` (what the provider answered) → `store`. Nothing here knows SMTP; sockets are
//! those of `net`, and only `http` uses them: everything else takes and gives values.
//!
//! - `provider`   who they are: servers, endpoints, scopes, limits, quirks (`providers.json`)
//! - `discovery`  endpoints that an issuer publishes (OpenID Connect Discovery, RFC 8414)
//! - `scope`      which service a scope is for
//! - `code`       authorization code with PKCE: the URL for the browser, the answer that comes back
//! - `device`     device authorization (RFC 8628): what to show, when to ask
//! - `request`    requests to the token endpoint (RFC 6749)
//! - `token`      their answers: a token
//! - `response`   their answers: an error, and what a person should do about it (`refusals`)
//! - `form`       application/x-www-form-urlencoded, without leaving secrets behind
//! - `store`      where sign-ins are kept from one run of the program to the next
//! - `http`       HTTPS to the endpoints (`http_message` is its protocol)
#![allow(dead_code)]

mod code;
mod device;
mod discovery;
mod form;
mod http;
mod http_message;
mod provider;
#[cfg(all(test, unix))]
mod real_tests;
mod refusals;
mod request;
mod response;
mod scope;
#[cfg(test)]
mod scripted;
mod store;
mod tenant;
mod token;

pub use response::ErrorResponse;
pub use store::{AccountKey, Callbacks, Entry, Existing, Listed, Store};
