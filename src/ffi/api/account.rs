//! One account at a provider: its life, and what the program says about it.

use super::types::{mail_account_t, mail_status};
use crate::ffi::boundary::{
    guard, guard_or, no_handle, optional_sign_in, optional_text, remember_for_thread,
    required_bytes, text, with,
};
use crate::ffi::handle;
use crate::oauth::Account;
use std::ffi::c_char;
use std::time::Duration;

/// Creates an account at a provider.
///
/// Names: "microsoft" (work or school), "microsoft-personal", "microsoft-us-gov", "microsoft-us-dod",
/// "microsoft-china", "google", "yahoo", "aol", "fastmail", "yandex", "mailru"; "custom" together with
/// `providers_json`. That has the members of the built-in table (src/oauth/providers.json in the
/// sources) by the names of providers; what it says replaces what is built in, and a provider that is
/// not built in is added, like "custom" unless it says otherwise:
///
///   {"custom": {"issuer": "https://login.example.org",
///               "scopes": {"delegated": ["openid", "email", "offline_access", "smtp"]},
///               "smtp": {"host": "mail.example.org", "port": 587, "security": "starttls"}}}
///
/// @param provider        UTF-8, copied, not NULL
/// @param providers_json  UTF-8, copied; NULL for none
/// @return the handle, or NULL: unknown provider, or JSON that is wrong; then mail_account_last_error()
///         with NULL tells more. Free it with mail_account_free().
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_new(
    provider: *const c_char,
    providers_json: *const c_char,
) -> *mut mail_account_t {
    let made = guard(|| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (provider, json) = unsafe {
            (text(provider, "provider")?, optional_text(providers_json, "providers_json")?)
        };
        Ok(handle::new_account(Account::new(provider, json)?))
    });
    made.unwrap_or_else(|error| {
        remember_for_thread(Some(error));
        std::ptr::null_mut()
    })
}

/// Releases the handle. NULL and handles already freed are ignored.
///
/// Mails that the account was set for keep it and can still send, without its callbacks. Calls that
/// are running on the handle end as if mail_account_cancel() had been called. Once this call has
/// returned, no callback of the account runs any more: it waits for one that is running on another
/// thread. A sign-in that is kept in a store stays there.
///
/// @param account  handle from mail_account_new(), or NULL
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_free(account: *mut mail_account_t) {
    // Nothing can be reported here: a panic would be remembered for a handle that is gone.
    let _ = guard(|| {
        handle::free_account(account);
        Ok(())
    });
}

/// Sets who the program is at the provider: the ids of its app registration.
///
/// @param account        handle from mail_account_new()
/// @param client_id      application (client) id; UTF-8, copied, not NULL
/// @param client_secret  UTF-8, copied; NULL for a public client, which most desktop programs are; wiped
///                       when it is replaced and when the account ends
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_client(
    account: *mut mail_account_t,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (id, secret) = unsafe {
            (text(client_id, "client_id")?, optional_text(client_secret, "client_secret")?)
        };
        slot.account.set_client(id, secret)
    })
}

/// Sets the organization, for providers that have several (Microsoft).
///
/// @param account  handle from mail_account_new()
/// @param tenant   its id, one of its domains, or "common", "organizations", "consumers"; UTF-8, copied,
///                 not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_tenant(
    account: *mut mail_account_t,
    tenant: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.set_tenant(unsafe { text(tenant, "tenant") }?)
    })
}

/// Sets the address that signs in to the mail server.
///
/// The sign-in page proposes it (login hint), and it tells the accounts of one store apart. Without it
/// the address that the provider gives is used.
///
/// @param account  handle from mail_account_new()
/// @param user     mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_user(
    account: *mut mail_account_t,
    user: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.set_user(unsafe { text(user, "user") }?)
    })
}

/// Asks for a further scope, besides those that sending needs (RFC 6749 §3.3). May be called again.
///
/// @param account  handle from mail_account_new()
/// @param scope    one scope, or several with spaces between them; UTF-8, copied, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, contains a control character, or
///         belongs to another service: a token is for one service only
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_add_scope(
    account: *mut mail_account_t,
    scope: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.add_scope(unsafe { text(scope, "scope") }?)
    })
}

/// Adds a parameter to the requests for a sign-in and for tokens, such as "audience".
///
/// @param account  handle from mail_account_new()
/// @param name     UTF-8, copied, not NULL
/// @param value    UTF-8, copied, not NULL; not for secrets
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_add_parameter(
    account: *mut mail_account_t,
    name: *const c_char,
    value: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, value) = unsafe { (text(name, "name")?, text(value, "value")?) };
        slot.account.add_parameter(name, value)
    })
}

/// Trusts the certificates in a file, besides those that the system trusts. May be called again.
///
/// @param account  handle from mail_account_new()
/// @param path     file with one or more PEM certificates; UTF-8, not NULL; read now
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_FILE              it cannot be read
///         - #MAIL_STATUS_INVALID_ARGUMENT  it holds no certificate, or a broken one
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_add_ca_file(
    account: *mut mail_account_t,
    path: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.add_ca_file(unsafe { text(path, "path") }?)
    })
}

/// Trusts the certificates in a buffer, besides those that the system trusts. May be called again.
///
/// @param account  handle from mail_account_new()
/// @param pem      one or more PEM certificates; copied; not NULL
/// @param size     bytes in `pem`
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no certificate, or a broken one
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_add_ca_pem(
    account: *mut mail_account_t,
    pem: *const u8,
    size: usize,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes `size` readable bytes (interface contract).
        slot.account.add_ca_pem(unsafe { required_bytes(pem, size, "pem") }?)
    })
}

/// Sets the proxy for the requests to the provider. That of the system ("system") unless set.
///
/// @param account   handle from mail_account_new()
/// @param proxy     as mail_set_proxy() takes it; UTF-8, copied; NULL for none
/// @param user      user for the proxy as it is; UTF-8, copied; NULL for none
/// @param password  password for the proxy as it is; NULL when `user` is NULL, and only then
/// @return as mail_set_proxy()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_proxy(
    account: *mut mail_account_t,
    proxy: *const c_char,
    user: *const c_char,
    password: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (proxy, sign_in) =
            unsafe { (optional_text(proxy, "proxy")?, optional_sign_in(user, password)?) };
        slot.account.set_proxy(proxy, sign_in)
    })
}

/// Sets the time that one request for a token may take, waiting for other processes included. One
/// minute unless set. During mail_send() its own limit counts.
///
/// @param account     handle from mail_account_new()
/// @param timeout_ms  milliseconds, 1 to 86,400,000
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_set_timeout(
    account: *mut mail_account_t,
    timeout_ms: i32,
) -> mail_status {
    with(account, |slot| slot.account.set_timeout(milliseconds(timeout_ms)))
}

/// Sets the name of the program for the page at which a sign-in in the browser ends.
///
/// @param account  handle from mail_account_new()
/// @param name     UTF-8, copied, not NULL; "" for none
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_program(
    account: *mut mail_account_t,
    name: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        slot.account.set_program(unsafe { text(name, "name") }?)
    })
}

/// Sets whether access tokens that can be read are looked at before they are used. On unless set.
///
/// A token for another service ends mail_send() before it connects, with the cause
/// "token_wrong_audience"; anything else that looks wrong is a line in the transcript.
///
/// @param account  handle from mail_account_new()
/// @param look     0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_look_at_tokens(
    account: *mut mail_account_t,
    look: i32,
) -> mail_status {
    with(account, |slot| slot.account.look_at_tokens(look != 0))
}

/// Ends the calls that are running on the account now, within 100 ms, and the sign-in that is under
/// way; later ones are not affected.
///
/// They return #MAIL_STATUS_CANCELLED. Sends are not ended: mail_cancel() does that. Changes no error
/// of the account.
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE
/// @par Threads  Meant to be called from another thread, or from a callback.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_cancel(account: *mut mail_account_t) -> mail_status {
    guard_or(mail_status::Internal, || match handle::get(account) {
        Some(slot) => {
            // Under the lock: a sign-in that is going on is not put back after it.
            let mut under_way = slot.sign_in.lock();
            slot.account.canceller().cancel();
            *under_way = None;
            mail_status::Ok
        }
        None => no_handle::<mail_account_t>(),
    })
}

/// No duration is negative: those are refused as nothing is.
pub(super) fn milliseconds(timeout_ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0))
}
