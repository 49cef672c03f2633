//! Who may send: providers, sign-in flows and the token store → an access token.
//!
//! Data flow: settings of an account → `provider` (data) → a flow (`code`, `device`, …) → `token`
//! (what the provider answered) → `store`. Nothing here knows SMTP; sockets are those of `net`.
//!
//! - `browser`             shows the sign-in page
//! - `loopback`            waits for the browser to come back (`redirect` reads it, `page` answers)
#![allow(dead_code)]

mod browser;
mod loopback;
mod page;
mod redirect;
#[cfg(test)]
mod test_keys;
