//! What the last call, and the last mail_send(), brought about. Nothing here changes anything.

use super::types::{mail_status, mail_t};
use crate::error::{Error, Retry};
use crate::ffi::boundary::{Buffer, guard_or, recall};
use crate::ffi::handle;
use crate::{Delivery, RecipientResult, Reply};
use std::ffi::c_char;

/// Copies the error text of the last call on the handle: one line that says what went wrong.
///
/// @param mail  handle from mail_new(); NULL (or a handle that is none) for the last call of this
///              thread that had no valid handle
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 after
///         a call that succeeded; after #MAIL_STATUS_PARTIAL the text tells who was refused.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_error(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(mail, |error| buf.copy(error.map_or("", |e| e.text()))))
}

/// Returns the status of the last call on the handle, as mail_last_error() tells its text.
///
/// @param mail  as in mail_last_error()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_last_status(mail: *const mail_t) -> mail_status {
    guard_or(mail_status::Internal, || {
        recall(mail, |error| error.map_or(mail_status::Ok, |e| e.status().into()))
    })
}

/// Returns the step in which the last call on the handle failed.
///
/// @param mail  as in mail_last_error()
/// @return a #mail_stage; #MAIL_STAGE_NONE when it did not fail
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_last_stage(mail: *const mail_t) -> i32 {
    guard_or(0, || recall(mail, |error| error.map_or(0, |e| e.stage() as i32)))
}

/// Copies the cause of the last error as a stable word for programs, such as "certificate_expired".
///
/// @param mail  as in mail_last_error()
/// @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_cause(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(mail, |error| buf.copy(error.map_or("", |e| e.cause().code()))))
}

/// Copies what the person can do about the last error: one sentence.
///
/// @param mail  as in mail_last_error()
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_advice(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(mail, |error| buf.copy(&error.map(Error::advice).unwrap_or_default())))
}

/// Copies the address of a page of the provider's that tells more about the last error.
///
/// @param mail  as in mail_last_error()
/// @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_link(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(mail, |error| buf.copy(error.and_then(Error::link).unwrap_or_default())))
}

/// Returns whether, and when, the same may succeed without any change.
///
/// @param mail  as in mail_last_error()
/// @return -1 when something has to be changed first, or when there was no error; else how many seconds
///         to wait, 0 when nobody said how long
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_last_retry_after(mail: *const mail_t) -> i32 {
    guard_or(-1, || {
        recall(mail, |error| match error.filter(|error| error.retry() == Retry::Later) {
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
/// @param mail  as in mail_last_error()
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there was no error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_error_json(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recall(mail, |error| buf.copy(&error.map(Error::to_json).unwrap_or_default())))
}

/// Returns what became of the message of the last mail_send().
///
/// @param mail  handle from mail_new()
/// @return a #mail_outcome; #MAIL_OUTCOME_NOT_SENT before the first send and for a bad handle
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_last_outcome(mail: *const mail_t) -> i32 {
    guard_or(0, || delivery(mail, |delivery| delivery.map_or(0, |d| d.outcome as i32)))
}

/// Returns the code of the server's reply that decided the last mail_send(): the final reply when
/// the message was accepted, else the one that ended the send.
///
/// @param mail  handle from mail_new()
/// @return such as 250 or 535 (RFC 5321 §4.2); 0 when no reply decided it
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_last_reply_code(mail: *const mail_t) -> i32 {
    guard_or(0, || reply(mail, |reply| reply.map_or(0, |r| i32::from(r.code()))))
}

/// Copies the enhanced code of that reply, such as "5.7.3" (RFC 3463).
///
/// @param mail  handle from mail_new()
/// @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when the reply has none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_reply_enhanced_code(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || reply(mail, |r| buf.copy(&r.map(Reply::enhanced_code).unwrap_or_default())))
}

/// Copies the text of that reply, its lines joined by LF, without the codes.
///
/// @param mail  handle from mail_new()
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_last_reply_text(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || reply(mail, |r| buf.copy(r.map_or("", Reply::text))))
}

/// Returns the number of recipients of the last mail_send(), each address counted once.
///
/// @param mail  handle from mail_new()
/// @return 0 before the first send, after mail_clear_message() and for a bad handle
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_recipient_count(mail: *const mail_t) -> i32 {
    guard_or(0, || {
        delivery(mail, |delivery| {
            delivery.map_or(0, |d| i32::try_from(d.recipients.len()).unwrap_or(i32::MAX))
        })
    })
}

/// Returns whether the message was accepted for a recipient of the last mail_send().
///
/// @param mail   handle from mail_new()
/// @param index  0 to mail_recipient_count() - 1, in the order in which they were added
/// @return 1 when it was, 0 when it was not, when it is not known, or when there is no such recipient
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_recipient_accepted(mail: *const mail_t, index: i32) -> i32 {
    guard_or(0, || recipient(mail, index, |r| i32::from(r.is_some_and(|r| r.accepted))))
}

/// Copies the address of a recipient as it was sent to the server.
///
/// @param mail   handle from mail_new()
/// @param index  as in mail_recipient_accepted()
/// @param buf    receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap    size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is no such recipient
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_recipient_address(
    mail: *const mail_t,
    index: i32,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || recipient(mail, index, |r| buf.copy(r.map_or("", |r| r.address.as_str()))))
}

/// Returns the code of the server's reply to a recipient (RCPT TO).
///
/// @param mail   handle from mail_new()
/// @param index  as in mail_recipient_accepted()
/// @return such as 250 or 550; 0 when the server did not answer, or there is no such recipient
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_recipient_code(mail: *const mail_t, index: i32) -> i32 {
    guard_or(0, || {
        recipient(mail, index, |r| {
            r.and_then(|r| r.reply.as_ref()).map_or(0, |reply| i32::from(reply.code()))
        })
    })
}

/// Copies the enhanced code of that reply, such as "5.1.1" (RFC 3463).
///
/// @param mail   handle from mail_new()
/// @param index  as in mail_recipient_accepted()
/// @param buf    receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap    size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_recipient_enhanced_code(
    mail: *const mail_t,
    index: i32,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        recipient(mail, index, |r| {
            let reply = r.and_then(|r| r.reply.as_ref());
            buf.copy(&reply.map(Reply::enhanced_code).unwrap_or_default())
        })
    })
}

/// Copies the text of that reply, its lines joined by LF, without the codes.
///
/// @param mail   handle from mail_new()
/// @param index  as in mail_recipient_accepted()
/// @param buf    receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap    size of `buf` in bytes
/// @return the length of the whole text without the NUL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_recipient_text(
    mail: *const mail_t,
    index: i32,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || {
        recipient(mail, index, |r| {
            buf.copy(r.and_then(|r| r.reply.as_ref()).map_or("", Reply::text))
        })
    })
}

/// Hands `read` the result of the last send on the handle.
fn delivery<T>(mail: *const mail_t, read: impl FnOnce(Option<&Delivery>) -> T) -> T {
    match handle::get(mail) {
        Some(slot) => read(slot.delivery.lock().as_ref()),
        None => read(None),
    }
}

fn reply<T>(mail: *const mail_t, read: impl FnOnce(Option<&Reply>) -> T) -> T {
    delivery(mail, |delivery| read(delivery.and_then(Delivery::reply)))
}

fn recipient<T>(
    mail: *const mail_t,
    index: i32,
    read: impl FnOnce(Option<&RecipientResult>) -> T,
) -> T {
    delivery(mail, |delivery| {
        let index = usize::try_from(index).ok();
        read(delivery.zip(index).and_then(|(delivery, index)| delivery.recipients.get(index)))
    })
}
