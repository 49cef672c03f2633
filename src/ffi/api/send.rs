//! Sending, cancelling and saving.

use super::types::{mail_status, mail_t};
use crate::ffi::boundary::{byte_buffer, guard_or, no_handle, text, with};
use crate::ffi::{callbacks, handle};
use std::ffi::c_char;

/// Asks that the message goes to all recipients or to none. Off unless set.
///
/// Then the content is sent only after the server has accepted every recipient; one refusal ends
/// the send with #MAIL_STATUS_RECIPIENTS.
///
/// @param mail         handle from mail_new()
/// @param all_or_none  0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_all_or_none(mail: *mut mail_t, all_or_none: i32) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().set_all_or_none(all_or_none != 0);
        Ok(())
    })
}

/// Sends the message; returns when the server has answered.
///
/// Works on a copy of the settings and the message: what other threads change meanwhile counts for
/// the next send. Never negative once the server has accepted the message for somebody; after a
/// negative status mail_last_outcome() tells whether sending again is safe.
///
/// @param mail  handle from mail_new()
/// @return #MAIL_STATUS_OK when every recipient was accepted, #MAIL_STATUS_PARTIAL when some were
///         (see mail_recipient_code()), or an error: it was accepted for nobody
/// @par Threads  Two sends on one handle at once send twice.
/// @since 0.1.0
/// @see mail_last_error(), mail_last_outcome(), mail_cancel()
#[unsafe(no_mangle)]
pub extern "system" fn mail_send(mail: *mut mail_t) -> mail_status {
    with(mail, |slot| {
        // A copy: no lock is held while the network or the host's callbacks are busy.
        let snapshot = slot.mail.lock().clone();
        let delivery = snapshot.send(&callbacks::observer(slot));
        let result = delivery.as_result();
        *slot.delivery.lock() = Some(delivery);
        result
    })
}

/// Ends the sends that are running on the handle now, within 100 ms; later ones are not affected.
///
/// They return #MAIL_STATUS_CANCELLED unless the server has already accepted the message. Changes
/// no error of the handle; does nothing when no send is running.
///
/// @param mail  handle from mail_new()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE
/// @par Threads  Meant to be called from another thread, or from a callback.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_cancel(mail: *mut mail_t) -> mail_status {
    guard_or(mail_status::Internal, || match handle::get(mail) {
        Some(slot) => {
            slot.canceller.cancel();
            mail_status::Ok
        }
        None => no_handle::<mail_t>(),
    })
}

/// Saves the message as a file (RFC 5322, the .eml format), without sending it.
///
/// The file appears whole or not at all. Bcc recipients are not in it.
///
/// @param mail  handle from mail_new()
/// @param path  file to make or replace; UTF-8, not NULL
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_INCOMPLETE  From, or any content, is missing
///         - #MAIL_STATUS_FILE        it cannot be written, or an attachment cannot be read
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_save_eml(mail: *mut mail_t, path: *const c_char) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let path = unsafe { text(path, "path") }?;
        let snapshot = slot.mail.lock().clone();
        snapshot.save_eml(path)
    })
}

/// Writes the message (RFC 5322) into a buffer, without sending it.
///
/// Call it with NULL and 0 to learn the size. Two calls differ in Date and Message-ID unless those
/// were set, and in the boundaries, but not in size.
///
/// @param mail  handle from mail_new()
/// @param buf   receives the bytes, without a NUL; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes; when it is too small, nothing is written
/// @return the size of the message in bytes, or a negative #mail_status as mail_save_eml()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_get_eml(mail: *mut mail_t, buf: *mut u8, cap: usize) -> i64 {
    let mut size = 0;
    let status = with(mail, |slot| {
        // SAFETY: the caller passes `cap` writable bytes (interface contract).
        let buf = unsafe { byte_buffer(buf, cap, "buf") }?;
        let snapshot = slot.mail.lock().clone();
        size = snapshot.write_eml(buf)?;
        Ok(())
    });
    match status {
        mail_status::Ok => i64::try_from(size).unwrap_or(i64::MAX),
        error => error as i64,
    }
}
