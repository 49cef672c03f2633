//! People sign in: with a real browser on the login and consent pages of a real provider, and on those
//! of the sandbox. What they signed in for then sends mail through real servers.
#![cfg(unix)]

#[path = "sign_in/app.rs"]
mod app;
#[path = "sign_in/browser.rs"]
mod browser;
#[path = "sign_in/device.rs"]
mod device;
#[path = "sign_in/harness.rs"]
mod harness;
#[path = "sign_in/mail.rs"]
mod mail;
#[path = "sign_in/sandbox.rs"]
mod sandbox;
#[allow(dead_code)]
#[path = "sandbox/harness.rs"]
mod sandbox_harness;
mod support;

use support::records;
