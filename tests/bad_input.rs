//! Bad input: each is a clear error that names what is wrong, nothing is sent, and the handle can
//! still be used.
//!
//! - `arguments`   control characters and other values that no argument may have
//! - `files`       attachments that cannot be attached
//! - `servers`     servers that cannot be reached
//! - `namespace`   the same where it takes a network of the test's own

#![cfg(target_os = "linux")]

#[path = "bad_input/arguments.rs"]
mod arguments;
#[path = "faults/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "bad_input/files.rs"]
mod files;
#[path = "bad_input/namespace.rs"]
mod namespace;
#[path = "support/namespace.rs"]
mod network;
#[path = "support/records.rs"]
#[allow(dead_code)]
mod records;
#[path = "faults/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "bad_input/servers.rs"]
mod servers;
#[path = "support/tools.rs"]
#[allow(dead_code)]
mod tools;
