//! What works and what does not on the way that the message would go.

use super::types::{mail_status, mail_t};
use crate::diagnosis::Diagnosis;
use crate::ffi::boundary::{Buffer, guard_or, with};
use crate::ffi::{callbacks, handle};
use std::ffi::c_char;

/// Goes the way that the message would go, without sending it: settings, account and token, look-up,
/// connection, TLS with its certificates, greeting, EHLO, sign-in, sender and recipients.
///
/// Nobody gets a message, nobody is asked to sign in, and the server sees one sign-in at most. It
/// goes on behind a step that fails where a later one can still tell something. Takes as long as a
/// send may (mail_set_timeout()); mail_cancel() and the progress callback end it, the log callback
/// sees the dialogue. A kept connection is left alone. The report is read with mail_diagnosis_text()
/// or mail_diagnosis_json(), whatever this returns.
///
/// @param mail  handle from mail_new(); what its message still lacks is left out
/// @return #MAIL_STATUS_OK when no step failed, else the status of the first that did, such as
///         - #MAIL_STATUS_PARTIAL     the server would refuse some of the recipients
///         - #MAIL_STATUS_INCOMPLETE  no server was set
/// @since 0.1.0
/// @see mail_send()
#[unsafe(no_mangle)]
pub extern "system" fn mail_diagnose(mail: *mut mail_t) -> mail_status {
    with(mail, |slot| {
        let snapshot = slot.mail.lock().clone();
        let diagnosis = snapshot.diagnose(&callbacks::observer(slot));
        let result = diagnosis.error().cloned().map_or(Ok(()), Err);
        *slot.diagnosis.lock() = Some(diagnosis);
        result
    })
}

/// Copies the report of the last mail_diagnose() for people: a line or more for each step, with what
/// was found, how long it took, and what to do where it failed. Lines end with LF. No secrets.
///
/// @param mail  handle from mail_new()
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 before
///         the first mail_diagnose() and for a bad handle
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_diagnosis_text(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let buf = unsafe { Buffer::new(buf, cap) };
    copy(mail, buf, ToString::to_string)
}

/// Copies the same report as JSON, for programs and for tickets: `docs/diagnosis.md` has its fields.
/// No secrets.
///
/// @param mail  handle from mail_new()
/// @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap   size of `buf` in bytes
/// @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 before
///         the first mail_diagnose() and for a bad handle
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_diagnosis_json(
    mail: *const mail_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let buf = unsafe { Buffer::new(buf, cap) };
    copy(mail, buf, Diagnosis::json)
}

/// Copies a text of the last diagnosis, or an empty one.
fn copy(mail: *const mail_t, mut buf: Buffer, text: impl FnOnce(&Diagnosis) -> String) -> usize {
    guard_or(0, || {
        let diagnosis = handle::get(mail).and_then(|slot| slot.diagnosis.lock().clone());
        buf.copy(&diagnosis.map(|diagnosis| text(&diagnosis)).unwrap_or_default())
    })
}
