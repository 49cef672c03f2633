//! What the last call on an account brought about. Nothing here changes anything.

use super::types::{mail_account_t, mail_status};
use crate::error::{Error, Retry};
use crate::ffi::boundary::{Buffer, guard_or, recall};
use std::ffi::c_char;

/// Copies the error text of the last call on the handle: one line that says what went wrong.
///
/// @param account  handle from mail_account_new(); NULL (or a handle that is none) for the last call of
///                 this thread that had no valid handle
/// @param buf         receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 after
///         a call that succeeded
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_last_error(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(account, |error| buf.copy(error.map_or("", |e| e.text()))))
}

/// Returns the status of the last call on the handle, as mail_account_last_error() tells its text.
///
/// @param account  as in mail_account_last_error()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_last_status(account: *const mail_account_t) -> mail_status {
    guard_or(mail_status::Internal, || {
        recall(account, |error| error.map_or(mail_status::Ok, |e| e.status().into()))
    })
}

/// Returns the step in which the last call on the handle failed.
///
/// @param account  as in mail_account_last_error()
/// @return a #mail_stage; #MAIL_STAGE_NONE when it did not fail
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_last_stage(account: *const mail_account_t) -> i32 {
    guard_or(0, || recall(account, |error| error.map_or(0, |e| e.stage() as i32)))
}

/// Copies the cause of the last error as a stable word for programs, such as "certificate_expired".
///
/// @param account  as in mail_account_last_error()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_last_cause(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(account, |error| buf.copy(error.map_or("", |e| e.cause().code()))))
}

/// Copies what the person can do about the last error: one sentence.
///
/// @param account  as in mail_account_last_error()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_last_advice(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(account, |error| buf.copy(&error.map(Error::advice).unwrap_or_default())))
}

/// Copies the address of a page of the provider's that tells more about the last error.
///
/// @param account  as in mail_account_last_error()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_last_link(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        recall(account, |error| buf.copy(error.and_then(Error::link).unwrap_or_default()))
    })
}

/// Returns whether, and when, the same may succeed without any change.
///
/// @param account  as in mail_account_last_error()
/// @return -1 when something has to be changed first, or when there was no error; else how many seconds
///         to wait, 0 when nobody said how long
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_last_retry_after(account: *const mail_account_t) -> i32 {
    guard_or(-1, || {
        recall(account, |error| match error.filter(|error| error.retry() == Retry::Later) {
            None => -1,
            Some(error) => {
                let after = error.retry_after().unwrap_or_default().as_secs();
                i32::try_from(after).unwrap_or(i32::MAX)
            }
        })
    })
}

/// Copies everything that is known about the last error as one JSON document, without secrets: to
/// paste into a ticket. docs/errors.md tells its fields.
///
/// @param account  as in mail_account_last_error()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_last_error_json(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        recall(account, |error| buf.copy(&error.map(Error::to_json).unwrap_or_default()))
    })
}
