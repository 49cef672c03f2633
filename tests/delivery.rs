//! Mail travels through real servers: the Rust API against Postfix, Dovecot and an OpenID provider.
//!
//! What was sent is looked for in the Maildir, and Python's `email` package says what is in it. What
//! was refused is looked for there too, in vain.
#![cfg(unix)]

#[path = "delivery/account.rs"]
mod account;
#[path = "delivery/bodies.rs"]
mod bodies;
#[path = "delivery/certificates.rs"]
mod certificates;
#[path = "delivery/connections.rs"]
mod connections;
#[path = "delivery/explained.rs"]
mod explained;
#[path = "delivery/extensions.rs"]
mod extensions;
#[path = "delivery/harness.rs"]
mod harness;
#[path = "delivery/headers.rs"]
mod headers;
#[path = "delivery/large.rs"]
mod large;
#[path = "delivery/namespace.rs"]
mod namespace;
#[path = "delivery/recipients.rs"]
mod recipients;
#[path = "delivery/relay.rs"]
mod relay;
#[path = "delivery/saving.rs"]
mod saving;
#[path = "delivery/secrets.rs"]
mod secrets;
#[path = "delivery/sign_in.rs"]
mod sign_in;
mod support;
