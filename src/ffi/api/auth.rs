//! Who signs in. The signing-in user is never taken from the message, nor the From address from it.

use super::types::{mail_account_t, mail_status, mail_t};
use crate::error::Error;
use crate::ffi::boundary::{text, with};
use crate::ffi::handle::{self, Kind};
use std::ffi::c_char;

/// Signs in with an OAuth 2.0 access token (SASL XOAUTH2, as Microsoft and Google ask for).
///
/// Replaces any sign-in set before. The token is used at the next mail_send(); it is not checked
/// now. Requires a protected connection: mail_send() refuses to send a token in the clear.
///
/// @param mail          handle from mail_new()
/// @param user          mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
/// @param access_token  bearer token without "Bearer "; ASCII, copied, not NULL; wiped when it is
///                      replaced and on mail_free()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a character that
///         is not allowed (RFC 6750 §2.1)
/// @since 0.1.0
/// @see mail_set_auth_oauthbearer(), mail_last_error()
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_auth_xoauth2(
    mail: *mut mail_t,
    user: *const c_char,
    access_token: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (user, access_token) =
            unsafe { (text(user, "user")?, text(access_token, "access_token")?) };
        slot.mail.lock().set_auth_xoauth2(user, access_token)
    })
}

/// Signs in with an OAuth 2.0 access token (SASL OAUTHBEARER, RFC 7628).
///
/// As mail_set_auth_xoauth2(), with the standard's mechanism: Google, Dovecot and others offer it,
/// Microsoft does not.
///
/// @param mail          handle from mail_new()
/// @param user          mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
/// @param access_token  bearer token without "Bearer "; ASCII, copied, not NULL; wiped when it is
///                      replaced and on mail_free()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
/// @see mail_set_auth_xoauth2()
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_auth_oauthbearer(
    mail: *mut mail_t,
    user: *const c_char,
    access_token: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (user, access_token) =
            unsafe { (text(user, "user")?, text(access_token, "access_token")?) };
        slot.mail.lock().set_auth_oauthbearer(user, access_token)
    })
}

/// Signs in with user and password.
///
/// Replaces any sign-in set before.
///
/// @param mail       handle from mail_new()
/// @param mechanism  a #mail_mechanism
/// @param user       UTF-8, copied, not NULL
/// @param password   UTF-8, copied, not NULL; wiped when it is replaced and on mail_free()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: unknown mechanism, empty text or a
///         control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_auth_password(
    mail: *mut mail_t,
    mechanism: i32,
    user: *const c_char,
    password: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (user, password) = unsafe { (text(user, "user")?, text(password, "password")?) };
        slot.mail.lock().set_auth_password(mechanism, user, password)
    })
}

/// Signs in with the access tokens of an account, which are renewed when it is time.
///
/// Replaces any sign-in set before. The provider also sets the server, unless mail_set_server() was
/// called. The account may be set for any number of mails; it may be freed before them.
///
/// @param mail     handle from mail_new()
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE: `account` is none
/// @since 0.1.0
/// @see mail_account_sign_in()
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_account(
    mail: *mut mail_t,
    account: *mut mail_account_t,
) -> mail_status {
    with(mail, |slot| {
        let account = handle::get(account)
            .ok_or_else(|| Error::invalid_handle("account", mail_account_t::MAKER))?;
        slot.mail.lock().set_account(&account.account)
    })
}

/// Does not sign in; forgets and wipes what was set before. So it is with a new handle.
///
/// @param mail  handle from mail_new()
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_auth_none(mail: *mut mail_t) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().set_auth_none();
        Ok(())
    })
}
