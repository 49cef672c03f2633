//! The C interface: pointers become `&str`, `&[u8]` and numbers; results become status codes.
//!
//! Data flow: host → `api` (one function per export) → `boundary` (checks, guard, error memory)
//! → [`crate::Mail`]. Nothing below this module names it, and all unsafe code of the interface is here.
//!
//! - `api/`       every exported function and type, in header order: the single source of truth
//! - `boundary`   pointers in, status codes out; no panic gets through
//! - `handle`     a `mail_t *` is a token that is looked up, never dereferenced
//! - `callbacks`  the host's callbacks, and the promise that a removed one runs no more;
//!   `account_callbacks` the same for accounts
//! - `sign_in`    a sign-in in two halves that is under way

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod account_callbacks;
mod api;
mod boundary;
mod callbacks;
mod handle;
mod sign_in;
