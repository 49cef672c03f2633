//! Who may send: providers, sign-in flows and the token store → an access token.
//!
//! Data flow: settings of an account → `provider` (data) → a flow (`code`, `device`, …) → `token`
//! (what the provider answered) → `store`. Nothing here knows SMTP; sockets are those of `net`.

// Nothing calls the store yet but its tests.
#![allow(dead_code)]

mod store;

pub use store::{AccountKey, Callbacks, Entry, Existing, Listed, Store};
