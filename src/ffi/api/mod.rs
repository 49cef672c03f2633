//! Every exported type and function; the files in the order of the header.
//!
//! cbindgen reads these files and nothing else; `make bindings` writes the header and the
//! declarations of every other language from them. The rules are in `docs/interface.md`.

#![allow(non_camel_case_types)]

mod types;

mod library;

mod server;

mod auth;

mod message;

mod parts;

mod send;

mod result;

mod diagnose;

mod observe;

mod account;

mod account_app;

mod account_store;

mod account_sign_in;

mod account_token;

mod account_result;

pub(super) use types::{
    mail_account_t, mail_log_fn, mail_progress_fn, mail_sign_in_fn, mail_status, mail_store_fn,
    mail_store_operation, mail_t, mail_token_fn,
};
