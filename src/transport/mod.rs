//! How a message travels.
//!
//! - `smtp`        submission over SMTP: drives `smtp::Session` over `net::Stream`
//! - `server`      which server, and how it is reached and trusted
//! - `sign_in`     a connection that is signed in, also with a token of an account
//! - `connection`  an open session, and the one that a handle keeps
//! - `explain`     what an error means, with all that a send knows
//! - `delivery`    what became of the message and of each recipient
//! - `log`         the transcript, to the host's observer and to a file

mod connection;
mod delivery;
mod explain;
mod log;
mod server;
mod sign_in;
mod smtp;

pub(crate) use connection::{Connection, KeptConnection, envelope, start_tls};
pub use delivery::{Delivery, RecipientResult};
pub(crate) use explain::Situation;
pub use log::Observer;
pub(crate) use log::{Log, LogFile};
pub(crate) use server::{Security, Server};
pub(crate) use sign_in::{credentials, user_of};
pub(crate) use smtp::{Job, send};
