//! Postrider sends e-mail with OAuth2 from any language that can call a C function.
//!
//! Data flows one way:
//!
//! ```text
//! host program
//!   └─ ffi          the C interface; Rust programs skip it
//!        └─ mail         settings + message + send()
//!             ├─ message      what is sent → an RFC 5322 byte stream of known size
//!             ├─ diagnosis    what works and what does not on the way, without sending
//!             ├─ oauth        who may send: providers, sign-in, token store → an access token
//!             └─ transport    how it travels: drives
//!                  ├─ smtp         the protocol as a state machine without I/O
//!                  └─ net          the only sockets
//!                       └─ platform   the few system calls that std lacks
//! ```
//!
//! ```no_run
//! use postrider::{Kind, Mail};
//!
//! let mut mail = Mail::new();
//! mail.set_server("smtp.example.org", 587)?;
//! mail.set_auth_xoauth2("anna@example.org", "access token")?;
//! mail.set_from(Some("Anna"), "anna@example.org")?;
//! mail.add_recipient_as(None, "bob@example.org", Kind::To)?;
//! mail.set_subject("Hello")?;
//! mail.set_text(Some("Hello Bob"));
//! let delivery = mail.send(&());
//! match delivery.error() {
//!     None => println!("sent"),
//!     Some(error) => println!("{error}: {}", error.advice()),
//! }
//! # Ok::<(), postrider::Error>(())
//! ```
//!
//! With an account a person signs in once; from then on every send has a token that is fresh:
//!
//! ```no_run
//! use postrider::Mail;
//! use postrider::oauth::{Account, Store};
//! use std::time::Duration;
//!
//! let account = Account::new("microsoft", None)?;
//! account.set_client("the client id of the app registration", None)?;
//! account.set_user("anna@example.org")?;
//! account.set_store(Store::file("accounts")?);
//! if !account.is_signed_in()? {
//!     let mut show = |url: &str| println!("Sign in at {url}");
//!     account.sign_in(Duration::from_secs(300), &mut show)?;
//! }
//! let mut mail = Mail::new();
//! mail.set_account(&account)?; // names the server too
//! # Ok::<(), postrider::Error>(())
//! ```

#![deny(unsafe_code)]

pub mod diagnosis;
pub mod error;
mod explain;
#[cfg(feature = "capi")]
#[allow(unsafe_code)]
mod ffi;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod mail;
mod message;
mod net;
pub mod oauth;
#[allow(unsafe_code)]
mod platform;
mod secret;
mod smtp;
mod transport;

pub use error::{Cause, Certainty, Error, Outcome, Result, Retry, Stage, Status};
pub use mail::Mail;
pub use message::Kind;
pub use net::Canceller;
pub use smtp::Reply;
pub use transport::{Delivery, Observer, RecipientResult};

#[cfg(all(feature = "capi", panic = "abort"))]
compile_error!("the C interface needs panic = \"unwind\": a panic becomes a status code there");
