//! Where sign-ins are kept from one run of the program to the next. In memory unless set.

use super::types::{mail_account_t, mail_status, mail_store_fn};
use crate::ffi::account_callbacks;
use crate::ffi::boundary::{text, with};
use crate::ffi::handle::AccountSlot;
use crate::oauth::Store;
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// The keyring may ask the person to unlock it.
const KEYRING_TIME: Duration = Duration::from_secs(120);

/// Keeps sign-ins in files of a folder that only the user may read: by their permissions on Unix,
/// by the user's key of the system (DPAPI) on Windows.
///
/// Several accounts, programs and processes may share the folder. The format is described in
/// docs/store.md. A callback that kept them until now is removed, as by
/// mail_account_set_store_callback() with NULL.
///
/// @param account  handle from mail_account_new()
/// @param folder   made when missing; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: it cannot be used, or others may write in it
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_set_store_file(
    account: *mut mail_account_t,
    folder: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let folder = unsafe { text(folder, "folder") }?;
        keep_in(slot, Store::file(folder)?);
        Ok(())
    })
}

/// Keeps sign-ins in encrypted files of a folder, with their key in the keyring of the system
/// (Credential Manager, Keychain, Secret Service).
///
/// The keyring is tried now, with a value that is written, read and removed; if it does not do what
/// it is needed for, this fails, and nothing weaker takes its place. A callback that kept them until
/// now is removed, as by mail_account_set_store_callback() with NULL.
///
/// @param account  handle from mail_account_new()
/// @param folder   made when missing; UTF-8, not NULL
/// @param service  the name under which the keyring shows the key to the person; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: see its cause, such as "keyring_absent" or
///         "keyring_locked"
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
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
        keep_in(slot, Store::keyring(folder, service, KEYRING_TIME)?);
        Ok(())
    })
}

fn keep_in(slot: &AccountSlot, store: Store) {
    slot.account.set_store(store);
    slot.callbacks.set_store(None, std::ptr::null_mut());
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ffi::api::account::{mail_account_free, mail_account_new};
    use crate::ffi::handle;
    use parking_lot::Mutex;
    use std::ffi::CString;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// What the program would free once its callback is removed.
    struct UserData {
        entered: Sender<()>,
        leave: Mutex<Receiver<()>>,
        running: AtomicUsize,
    }

    unsafe extern "system" fn slow(
        user_data: *mut c_void,
        _: i32,
        _: *const c_char,
        _: *mut u8,
        _: usize,
    ) -> i64 {
        // SAFETY: the test gave it, and keeps it until the handle is freed.
        let data = unsafe { &*user_data.cast::<UserData>() };
        data.running.fetch_add(1, Ordering::SeqCst);
        data.entered.send(()).unwrap();
        // One who does not wait for this call goes on meanwhile.
        let _ = data.leave.lock().recv_timeout(Duration::from_millis(300));
        data.running.fetch_sub(1, Ordering::SeqCst);
        0
    }

    #[test]
    fn another_store_removes_the_callback_of_the_one_before() {
        let (entered, wait_until_entered) = channel();
        let (_never, leave) = channel();
        let (leave, running) = (Mutex::new(leave), AtomicUsize::new(0));
        let data = UserData { entered, leave, running };
        let folder = tempfile::tempdir().unwrap();
        let path = CString::new(folder.path().join("store").to_str().unwrap()).unwrap();
        // SAFETY: the texts live during the calls.
        let account = unsafe { mail_account_new(c"google".as_ptr(), std::ptr::null()) };
        let slot = handle::get(account).unwrap();
        slot.account.set_client("client", None).unwrap();
        let user_data = std::ptr::from_ref(&data).cast_mut().cast();
        let status = mail_account_set_store_callback(account, Some(slow), user_data);
        assert!(matches!(status, mail_status::Ok));
        std::thread::scope(|scope| {
            scope.spawn(|| slot.account.is_signed_in());
            wait_until_entered.recv().unwrap();
            // SAFETY: the text lives during the call.
            let status = unsafe { mail_account_set_store_file(account, path.as_ptr()) };
            assert!(matches!(status, mail_status::Ok));
            assert_eq!(data.running.load(Ordering::SeqCst), 0, "the old callback still runs");
        });
        assert!(!slot.account.is_signed_in().unwrap());
        assert!(wait_until_entered.try_recv().is_err(), "the old callback was called again");
        mail_account_free(account);
    }
}
