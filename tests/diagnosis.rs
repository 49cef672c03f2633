//! What a diagnosis finds, on ways that are well and on ways that are not: real servers first, and a
//! scripted one for what those cannot be made to do. Every diagnosis of every test is looked through
//! for secrets, and has each step once.
//!
//! - `healthy`       all is well, and the servers' own logs say that nothing was sent
//! - `certificates`  good ones and each kind of bad one
//! - `ports`         closed ones, TLS where there is none, none where there is TLS
//! - `refused`       tokens, passwords, mechanisms, recipients
//! - `account`       nobody signed in, no token, the wrong service
//! - `ends`          cancelled, out of time, silent servers
//! - `namespace`     addresses that never answer
//! - `through_proxy` real proxies
//!
//! - `harness`       a diagnosis, and its steps
#![cfg(unix)]

#[path = "diagnosis/account.rs"]
mod account;
#[path = "diagnosis/certificates.rs"]
mod certificates;
#[path = "diagnosis/ends.rs"]
mod ends;
#[path = "diagnosis/harness.rs"]
mod harness;
#[path = "diagnosis/healthy.rs"]
mod healthy;
#[path = "diagnosis/namespace.rs"]
mod namespace;
#[path = "diagnosis/ports.rs"]
mod ports;
#[path = "diagnosis/refused.rs"]
mod refused;
#[allow(dead_code)]
#[path = "faults/server.rs"]
mod server;
mod support;
#[path = "diagnosis/through_proxy.rs"]
mod through_proxy;
