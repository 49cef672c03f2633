//! Where sign-ins are kept from one run of the program to the next. In memory unless set.

use super::types::{mail_account_t, mail_status, mail_store_fn};
use crate::ffi::account_callbacks;
use crate::ffi::boundary::{text, with};
use crate::oauth::Store;
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// The keyring may ask the person to unlock it.
const KEYRING_TIME: Duration = Duration::from_secs(120);

/// Keeps sign-ins in files of a folder that only the user may read: by their permissions on Unix,
/// by the user's key of the system (DPAPI) on Windows.
///
/// Several accounts, programs and processes may share the folder. The format is described in
/// docs/store.md.
///
/// @param account  handle from mail_account_new()
/// @param folder   made when missing; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: it cannot be used, or others may write in it
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_store_file(
    account: *mut mail_account_t,
    folder: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let folder = unsafe { text(folder, "folder") }?;
        slot.account.set_store(Store::file(folder)?);
        Ok(())
    })
}

/// Keeps sign-ins in encrypted files of a folder, with their key in the keyring of the system
/// (Credential Manager, Keychain, Secret Service).
///
/// The keyring is tried now, with a value that is written, read and removed; if it does not do what
/// it is needed for, this fails, and nothing weaker takes its place.
///
/// @param account  handle from mail_account_new()
/// @param folder   made when missing; UTF-8, not NULL
/// @param service  the name under which the keyring shows the key to the person; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: see its cause, such as "keyring_absent" or
///         "keyring_locked"
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_store_keyring(
    account: *mut mail_account_t,
    folder: *const c_char,
    service: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (folder, service) = unsafe { (text(folder, "folder")?, text(service, "service")?) };
        slot.account.set_store(Store::keyring(folder, service, KEYRING_TIME)?);
        Ok(())
    })
}

/// Keeps sign-ins in a store of the program.
///
/// With NULL they are kept in memory again. Once a call that removes or replaces the callback has
/// returned on a thread outside that callback, the old one runs no more.
///
/// @param account    handle from mail_account_new()
/// @param callback   a #mail_store_fn, or NULL for none
/// @param user_data  handed to the callback; may be NULL
/// @return #MAIL_STATUS_OK or an error
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_set_store_callback(
    account: *mut mail_account_t,
    callback: mail_store_fn,
    user_data: *mut c_void,
) -> mail_status {
    with(account, |slot| {
        slot.callbacks.set_store(callback, user_data);
        slot.account.set_store(match callback {
            Some(_) => account_callbacks::store(&slot.callbacks),
            None => Store::memory(),
        });
        Ok(())
    })
}

/// Writes the sign-in of the account into a file that only the passphrase opens (Argon2id and
/// AES-256-GCM): to sign in on one computer and send from another.
///
/// @param account     handle from mail_account_new()
/// @param path        file to make or replace, whole or not at all; UTF-8, not NULL
/// @param passphrase  at least eight bytes; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_NEEDS_SIGN_IN     there is no sign-in
///         - #MAIL_STATUS_INVALID_ARGUMENT  the passphrase is too short
///         - #MAIL_STATUS_STORE             the store cannot be read, or the file cannot be written
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_export(
    account: *mut mail_account_t,
    path: *const c_char,
    passphrase: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (path, passphrase) = unsafe { (text(path, "path")?, text(passphrase, "passphrase")?) };
        slot.account.export(path, passphrase)
    })
}

/// Takes the sign-in of the account from such a file into its store, in place of the one there.
///
/// Provider, client id, tenant and user have to be those of the account that was exported. Providers
/// that rotate refresh tokens let only one of the two computers go on.
///
/// @param account     handle from mail_account_new()
/// @param path        UTF-8, not NULL
/// @param passphrase  that of the export; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: the file cannot be read, the passphrase is wrong, or
///         the account is not in it (see the cause)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_import(
    account: *mut mail_account_t,
    path: *const c_char,
    passphrase: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (path, passphrase) = unsafe { (text(path, "path")?, text(passphrase, "passphrase")?) };
        slot.account.import(path, passphrase)
    })
}
