//! What real servers cannot be made to do: a scripted server misbehaves, and the library must tell
//! rightly what happened, deliver nothing twice, come back in time and stay usable.
//!
//! - `matrix`       the table: every stage × every fault × protection × lock-step or pipelined
//! - `replies`      replies in pieces, odd, endless
//! - `protection`   STARTTLS, and what never crosses a connection without TLS
//! - `signing_in`   the initial response, the explanation of a failure, secrets that are echoed
//! - `account`      tokens that are refused and renewed
//! - `recipients`   refused ones in every pattern, all or none, thirty thousand
//! - `content`      byte for byte, interrupted, and files that change while they are sent
//! - `connection`   the one that is kept between sends
//!
//! - `server`, `wire`, `certificate`   the scripted server
//! - `client`                          the handle and the observer that the tests use

#[path = "faults/account.rs"]
mod account;
#[path = "faults/client.rs"]
mod client;
#[path = "faults/connection.rs"]
mod connection;
#[path = "faults/content.rs"]
mod content;
#[path = "faults/matrix.rs"]
mod matrix;
#[path = "faults/protection.rs"]
mod protection;
#[path = "faults/recipients.rs"]
mod recipients;
#[path = "support/records.rs"]
mod records;
#[path = "faults/replies.rs"]
mod replies;
#[path = "faults/server.rs"]
mod server;
#[path = "faults/signing_in.rs"]
mod signing_in;
