//! The access token of an account, and who signed in.

use super::types::{mail_account_t, mail_status};
use crate::ffi::boundary::{Buffer, guard_or, with};
use crate::ffi::handle;
use crate::oauth::AccessToken;
use std::ffi::c_char;
use std::time::UNIX_EPOCH;

/// Gets an access token that is good for a while: the kept one, or a new one.
///
/// mail_send() does this by itself. The functions below tell about the token of the last call, or of
/// the last sign-in.
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_NEEDS_SIGN_IN  a person has to sign in: the cause tells why
///         - #MAIL_STATUS_TOKEN          the provider refused it, or cannot be asked
///         - #MAIL_STATUS_STORE          the store cannot be read or written
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_fetch_token(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| {
        let token = slot.account.access_token()?;
        *slot.token.lock() = Some(token);
        Ok(())
    })
}

/// Copies the access token, for a server that Postrider does not talk to. It is a secret.
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_access_token(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || token(account, |t| buf.copy(t.map_or("", AccessToken::text))))
}

/// Returns when the access token ends.
///
/// @param account  handle from mail_account_new()
/// @return seconds since 1970-01-01 00:00 UTC by the clock of this computer; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_token_expires_at(account: *const mail_account_t) -> i64 {
    guard_or(0, || {
        token(account, |token| {
            let since = token.and_then(|token| token.expires_at.duration_since(UNIX_EPOCH).ok());
            since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        })
    })
}

/// Copies the scopes that were granted, with spaces between them (RFC 6749 §3.3).
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is no token, or when nobody told
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_token_scopes(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || token(account, |t| buf.copy(&t.map(|t| t.scopes.join(" ")).unwrap_or_default())))
}

/// Copies the e-mail address of the person who signed in, as the provider told it (id_token).
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when it is not known
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_address(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        token(account, |t| buf.copy(t.and_then(|t| t.address.as_deref()).unwrap_or_default()))
    })
}

/// Copies the provider's name for the person (`preferred_username` of the id_token).
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when it is not known
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_user_name(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        token(account, |t| buf.copy(t.and_then(|t| t.user_name.as_deref()).unwrap_or_default()))
    })
}

fn token<T>(account: *const mail_account_t, read: impl FnOnce(Option<&AccessToken>) -> T) -> T {
    match handle::get(account) {
        Some(slot) => read(slot.token.lock().as_ref()),
        None => read(None),
    }
}
