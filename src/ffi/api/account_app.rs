//! Accounts to which no person signs in, and tokens from elsewhere.

use super::types::{mail_account_t, mail_status, mail_token_fn};
use crate::ffi::boundary::{required_bytes, text, with};
use std::ffi::{c_char, c_void};

/// The app signs in itself, with its secret or certificate, and no person ever does (client
/// credentials, RFC 6749 §4.4).
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_UNSUPPORTED: the provider does not offer it
/// @since 0.1.0
/// @see mail_account_set_client(), mail_account_use_certificate_pem()
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_use_client_credentials(
    account: *mut mail_account_t,
) -> mail_status {
    with(account, |slot| slot.account.use_client_credentials())
}

/// The app shows who it is by a certificate instead of a secret (RFC 7523 §2.2), as PEM.
///
/// @param account       handle from mail_account_new()
/// @param key           private key, RSA of 2048 to 4096 bits or P-256, without a password; copied; not
///                      NULL; wiped when the account ends
/// @param key_size      bytes in `key`
/// @param certificates  the certificate that the provider knows; copied; not NULL; may be the same
///                      text as `key`
/// @param certificates_size  bytes in `certificates`
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: one of them cannot be read, or they do not
///         belong together
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_use_certificate_pem(
    account: *mut mail_account_t,
    key: *const u8,
    key_size: usize,
    certificates: *const u8,
    certificates_size: usize,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes so many readable bytes (interface contract).
        let (key, certificates) = unsafe {
            (
                required_bytes(key, key_size, "key")?,
                required_bytes(certificates, certificates_size, "certificates")?,
            )
        };
        slot.account.use_certificate_pem(key, certificates)
    })
}

/// The app shows who it is by the certificate of a PFX file (PKCS #12, RFC 7292).
///
/// @param account   handle from mail_account_new()
/// @param pfx       the content of the file; copied; not NULL; wiped when the account ends
/// @param size      bytes in `pfx`
/// @param password  that of the file; UTF-8, not NULL; "" for none
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: it cannot be read, or the password is wrong
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_use_certificate_pfx(
    account: *mut mail_account_t,
    pfx: *const u8,
    size: usize,
    password: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes `size` readable bytes and a text (interface contract).
        let (pfx, password) =
            unsafe { (required_bytes(pfx, size, "pfx")?, text(password, "password")?) };
        slot.account.use_certificate_pfx(pfx, password)
    })
}

/// A service account of Google Workspace signs in itself, in the name of the user that
/// mail_account_set_user() gave (RFC 7523 §2.1).
///
/// @param account  handle from mail_account_new()
/// @param json     the content of the file of its key; copied; not NULL; wiped when the account ends
/// @param size     bytes in `json`
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: it is no such file
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_use_service_account(
    account: *mut mail_account_t,
    json: *const u8,
    size: usize,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes `size` readable bytes (interface contract).
        slot.account.use_service_account(unsafe { required_bytes(json, size, "json") }?)
    })
}

/// Keeps a refresh token that came from elsewhere, as if the person had signed in now.
///
/// @param account        handle from mail_account_new(), with client and store
/// @param refresh_token  ASCII, copied, not NULL
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_INVALID_ARGUMENT  it is empty, or contains a character that no token has
///         - #MAIL_STATUS_STORE             it cannot be kept
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_refresh_token(
    account: *mut mail_account_t,
    refresh_token: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.set_refresh_token(unsafe { text(refresh_token, "refresh_token") }?)
    })
}

/// Takes access tokens from the program, which has them from elsewhere; nothing is asked from the
/// provider.
///
/// A callback that is removed leaves an account without tokens. Once a call that removes or replaces
/// the callback has returned on a thread outside that callback, the old one runs no more.
///
/// @param account    handle from mail_account_new()
/// @param callback   a #mail_token_fn, or NULL for none
/// @param user_data  handed to the callback; may be NULL
/// @return #MAIL_STATUS_OK or an error
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_set_token_callback(
    account: *mut mail_account_t,
    callback: mail_token_fn,
    user_data: *mut c_void,
) -> mail_status {
    with(account, |slot| {
        slot.callbacks.set_token(callback, user_data);
        let callbacks = slot.callbacks.clone();
        slot.account.use_tokens_of(move || callbacks.token());
        Ok(())
    })
}
