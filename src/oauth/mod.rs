//! Who may send: providers, sign-in flows and the token store → an access token.
//!
//! Data flow: settings of an account → `provider` (data) → a flow (`code`, `device`, …) → `token`
//! (what the provider answered) → `store`. Nothing here knows SMTP; sockets are those of `net`.
//!
//! - `browser`             shows the sign-in page
//! - `loopback`            waits for the browser to come back (`redirect` reads it, `page` answers)
//! - `jwt`                 signs assertions, reads claims
//! - `client_certificate`  an app that proves itself by a certificate (`pfx`, `der`: its files)
//! - `service_account`     an app of Google Workspace
//! - `id_token`            who signed in
//! - `inspect`             a look at a token before it is used
#![allow(dead_code)]

mod browser;
mod client_certificate;
mod der;
mod id_token;
mod inspect;
mod jwt;
mod loopback;
mod page;
mod pfx;
mod redirect;
mod service_account;
#[cfg(test)]
mod test_keys;
