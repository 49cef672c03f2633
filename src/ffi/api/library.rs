//! The library itself, and the life of a handle.

use super::types::{MAIL_ABI_VERSION, mail_status, mail_t};
use crate::error::Status;
use crate::ffi::boundary::{guard, guard_or, remember_for_thread, with};
use crate::ffi::handle;
use std::ffi::{CString, c_char};
use std::sync::LazyLock;

/// Returns the version of the library, such as "0.1.0" (semver.org).
///
/// @return static text, never NULL, never freed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_library_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Returns #MAIL_ABI_VERSION of the library in use: compare it with the one compiled in.
///
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_library_abi() -> i32 {
    MAIL_ABI_VERSION
}

/// Returns what a status means, in English.
///
/// @param status  a #mail_status
/// @return static text, never NULL, never freed; "unknown status" for other numbers
/// @since 0.1.0
/// @see mail_last_error(), which tells what happened in this case
#[unsafe(no_mangle)]
pub extern "system" fn mail_status_text(status: i32) -> *const c_char {
    static TEXTS: LazyLock<Vec<(i32, CString)>> = LazyLock::new(|| {
        let text = |status: &Status| CString::new(status.text()).unwrap_or_default();
        Status::ALL.iter().map(|status| (status.code(), text(status))).collect()
    });
    let unknown = c"unknown status";
    guard_or(unknown.as_ptr(), || {
        let known = TEXTS.iter().find(|(code, _)| *code == status);
        known.map_or(unknown, |(_, text)| text.as_c_str()).as_ptr()
    })
}

/// Creates a handle.
///
/// @return the handle, or NULL when the system has no resources left: then mail_last_error() with
///         NULL tells more. Free it with mail_free().
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_new() -> *mut mail_t {
    match guard(|| Ok(handle::new_mail())) {
        Ok(mail) => mail,
        Err(error) => {
            remember_for_thread(Some(error));
            std::ptr::null_mut()
        }
    }
}

/// Releases a handle and closes its connection. NULL and handles already freed are ignored.
///
/// Sends that are running on the handle end as if mail_cancel() had been called. Once this call has
/// returned, no callback of the handle runs any more: it waits for one that is running on another
/// thread. Passwords and tokens are wiped from memory.
///
/// @param mail  handle from mail_new(), or NULL
/// @par Threads  Do not hold a lock here that a callback of this handle waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_free(mail: *mut mail_t) {
    // Nothing can be reported here: a panic would be remembered for a handle that is gone.
    let _ = guard(|| {
        handle::free_mail(mail);
        Ok(())
    });
}

/// Forgets the message: addresses, recipients, subject, bodies, attachments, headers, and the
/// result of the last send. Server, sign-in, callbacks and the kept connection stay.
///
/// @param mail  handle from mail_new()
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_clear_message(mail: *mut mail_t) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().clear_message();
        *slot.delivery.lock() = None;
        Ok(())
    })
}
