//! Mail through proxies: real ones (Squid, microsocks) with real mail servers behind them, and a
//! scripted one for what real ones cannot be made to do.
//!
//! - `real`         messages, sign-in, refusals, TLS and kept connections through Squid and microsocks
//! - `environment`  what the environment decides, in processes of its own
//! - `scripted`     garbage, endless replies, silence
//!
//! - `harness`      the mail and what came of it, shared with `delivery`
#![cfg(unix)]

#[path = "proxy/environment.rs"]
mod environment;
#[allow(dead_code)]
#[path = "delivery/harness.rs"]
mod harness;
#[path = "proxy/real.rs"]
mod real;
#[path = "proxy/scripted.rs"]
mod scripted;
mod support;
