//! What the integration tests share: the tools they need, the rig of real servers, the delivered
//! mail, and an independent parser for it; and real proxies to get there.
//!
//! Use it as `mod support;`. Start with [`rig::shared`]: it gives the servers, or says visibly what
//! has to be installed. Then [`maildir::wait_for`] finds what was delivered, and
//! [`mail::parse_with_python`] takes it apart.

// Each test binary compiles this module for itself and uses only a part of it.
#![allow(dead_code)]

#[cfg(unix)]
pub mod browser;
pub mod http;
pub mod mail;
#[cfg(unix)]
pub mod maildir;
#[cfg(unix)]
pub mod namespace;
#[cfg(unix)]
pub mod newcomer;
#[cfg(unix)]
pub mod provider;
#[cfg(unix)]
pub mod proxies;
pub mod records;
#[cfg(unix)]
pub mod rig;
#[cfg(feature = "cli")]
pub mod sandbox;
#[cfg(unix)]
pub mod script;
pub mod tools;
