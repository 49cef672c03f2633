//! Watching a send: transcript and progress.

use super::types::{mail_log_fn, mail_progress_fn, mail_status, mail_t};
use crate::ffi::boundary::{optional_text, with};
use crate::transport::LogFile;
use std::ffi::{c_char, c_void};

/// Sets the callback that receives the protocol transcript, or removes it.
///
/// Counts for the lines to come, also of a send that is running. Once a call that removes or
/// replaces the callback has returned on a thread outside that callback, the old one runs no more.
///
/// @param mail       handle from mail_new()
/// @param callback   a #mail_log_fn, or NULL for none
/// @param user_data  handed to the callback; may be NULL
/// @return #MAIL_STATUS_OK or an error
/// @par Threads  Do not hold a lock here that a callback of this handle waits for.
/// @since 0.1.0
/// @see mail_set_log_file()
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_log(
    mail: *mut mail_t,
    callback: mail_log_fn,
    user_data: *mut c_void,
) -> mail_status {
    with(mail, |slot| {
        slot.callbacks.set_log(callback, user_data);
        Ok(())
    })
}

/// Writes the protocol transcript to a file as well, or stops doing so.
///
/// Lines are added at the end of the file, each with the seconds since the send began.
///
/// @param mail  handle from mail_new()
/// @param path  file to append to, made when missing; UTF-8; NULL for none
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_FILE: it cannot be opened
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_log_file(
    mail: *mut mail_t,
    path: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let path = unsafe { optional_text(path, "path") }?;
        let file = path.map(LogFile::open).transpose()?;
        slot.mail.lock().use_log_file(file);
        Ok(())
    })
}

/// Sets the callback that sees the progress of mail_send() and may cancel it, or removes it.
///
/// As for mail_set_log(), a removed callback runs no more once this call has returned.
///
/// @param mail       handle from mail_new()
/// @param callback   a #mail_progress_fn, or NULL for none
/// @param user_data  handed to the callback; may be NULL
/// @return #MAIL_STATUS_OK or an error
/// @par Threads  Do not hold a lock here that a callback of this handle waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_progress(
    mail: *mut mail_t,
    callback: mail_progress_fn,
    user_data: *mut c_void,
) -> mail_status {
    with(mail, |slot| {
        slot.callbacks.set_progress(callback, user_data);
        Ok(())
    })
}
