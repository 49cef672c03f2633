//! SMTP submission (RFC 5321, RFC 6409) as a state machine without I/O: bytes in, bytes out.
//!
//! [`Session`] says what its driver must do next; `transport/smtp.rs` is that driver.
//!
//! - `reply`         what servers say: lenient, but bounded
//! - `capabilities`  what a server offers (the answer to EHLO)
//! - `sasl`          signing in: mechanisms and their responses
//! - `transaction`   envelope, the order of its commands, and what became of each recipient
//! - `session`       from the greeting to QUIT
//! - `transcript`    the dialogue for people, without secrets

mod capabilities;
mod reply;
mod sasl;
mod session;
#[cfg(test)]
mod session_tests;
mod transaction;
mod transcript;

pub use reply::Reply;
#[cfg(any(fuzzing, test))]
pub(crate) use reply::ReplyBuffer;
pub(crate) use sasl::{Credentials, PasswordMechanism};
pub(crate) use session::{Next, Options, Session, StartTls};
pub(crate) use transaction::{Envelope, Transaction};
pub(crate) use transcript::Transcript;
