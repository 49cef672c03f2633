//! Who may send: providers, sign-in flows and the token store → an access token.
//!
//! Data flow: settings of an account → `provider` (data) → a flow (`code`, `device`, …) → `request`
//! → `http` → `token` (what the provider answered) → `store`. Nothing here knows SMTP; sockets are
//! those of `net`, and only `http` and `loopback` use them: everything else takes and gives values.
//!
//! - `account`             one account: its settings, and an access token whenever one is needed
//! - `provider`            who they are: servers, endpoints, scopes, limits, quirks (`providers.json`)
//! - `discovery`           endpoints that an issuer publishes (OpenID Connect Discovery, RFC 8414)
//! - `tenant`, `scope`     the organization; which service a scope is for
//! - `code`                authorization code with PKCE: the URL for the browser, the answer to it
//! - `browser`             shows the sign-in page
//! - `loopback`            waits for the browser to come back (`redirect` reads it, `page` answers)
//! - `device`              device authorization (RFC 8628): what to show, when to ask
//! - `client_certificate`  an app that proves itself by a certificate (`pfx`, `der`: its files)
//! - `service_account`     an app of Google Workspace
//! - `jwt`                 signs assertions, reads claims
//! - `request`             requests to the token endpoint (RFC 6749)
//! - `http`                HTTPS to the endpoints (`http_message` is its protocol)
//! - `form`                application/x-www-form-urlencoded, without leaving secrets behind
//! - `token`               their answers: a token
//! - `response`            their answers: an error, and what a person should do (`refusals`)
//! - `id_token`            who signed in
//! - `inspect`             a look at a token before it is used
//! - `store`               where sign-ins are kept from one run of the program to the next

mod account;
mod browser;
mod client_certificate;
mod code;
pub(crate) mod der;
mod device;
mod discovery;
mod form;
mod http;
mod http_message;
mod id_token;
pub(crate) mod inspect;
mod jwt;
mod loopback;
mod page;
mod pfx;
pub(crate) mod provider;
#[cfg(all(test, unix))]
mod real_tests;
mod redirect;
mod refusals;
mod request;
mod response;
mod scope;
#[cfg(test)]
mod scripted;
mod service_account;
mod store;
#[cfg(test)]
#[path = "../../tests/support/mod.rs"]
pub(crate) mod support;
mod tenant;
#[cfg(test)]
mod test_keys;
mod token;

pub use account::{AccessToken, Account, BrowserSignIn, DeviceSignIn, SuppliedToken};
pub use response::ErrorResponse;
pub use store::{AccountKey, Callbacks, Entry, Existing, Listed, Store};
