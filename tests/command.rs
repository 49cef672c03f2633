//! The `postrider` command does what its help says: the built program signs in at the sandbox, sends
//! through it, and keeps its secrets to itself.

#[path = "command/accounts.rs"]
mod accounts;
#[path = "command/apps.rs"]
mod apps;
#[path = "command/bundle.rs"]
mod bundle;
#[path = "command/desk.rs"]
mod desk;
#[path = "command/doctor.rs"]
mod doctor;
#[path = "command/documents.rs"]
mod documents;
#[path = "command/endpoint.rs"]
mod endpoint;
#[allow(dead_code)]
#[path = "sandbox/harness.rs"]
mod harness;
#[cfg(all(unix, not(target_vendor = "apple")))]
#[path = "command/keyring.rs"]
mod keyring;
#[path = "command/login.rs"]
mod login;
#[path = "support/records.rs"]
#[allow(dead_code)]
mod records;
#[path = "command/send.rs"]
mod send;
#[path = "command/shell.rs"]
mod shell;
#[cfg(target_os = "linux")]
#[path = "command/terminal.rs"]
mod terminal;
#[allow(dead_code)]
#[path = "support/tools.rs"]
mod tools;
