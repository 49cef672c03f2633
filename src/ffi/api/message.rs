//! The message: addresses, subject, bodies and headers.

use super::types::{mail_status, mail_t};
use crate::ffi::boundary::{optional_text, text, with};
use std::ffi::c_char;

/// Sets the author of the message (From).
///
/// Also the envelope sender unless mail_set_return_path() is called. It need not be the user who
/// signs in.
///
/// @param mail     handle from mail_new()
/// @param name     name to show; UTF-8, copied; NULL for none
/// @param address  such as "anna@example.org"; UTF-8, copied, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when `address` is no address
///         (RFC 5321 §4.1.2, RFC 6531) or `name` contains a control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_from(
    mail: *mut mail_t,
    name: *const c_char,
    address: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, address) = unsafe { (optional_text(name, "name")?, text(address, "address")?) };
        slot.mail.lock().set_from(name, address)
    })
}

/// Sets who submits the message when it is not the author (Sender, RFC 5322 §3.6.2).
///
/// @param mail     handle from mail_new()
/// @param name     name to show; UTF-8, copied; NULL for none
/// @param address  UTF-8, copied; NULL removes the header
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_sender(
    mail: *mut mail_t,
    name: *const c_char,
    address: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, address) =
            unsafe { (optional_text(name, "name")?, optional_text(address, "address")?) };
        slot.mail.lock().set_sender(name, address)
    })
}

/// Sets the envelope sender (MAIL FROM), to which non-delivery reports go.
///
/// @param mail     handle from mail_new()
/// @param address  UTF-8, copied; "" for the null sender of reports; NULL for the From address
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_return_path(
    mail: *mut mail_t,
    address: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let address = unsafe { optional_text(address, "address") }?;
        slot.mail.lock().set_return_path(address)
    })
}

/// Sets where answers shall go (Reply-To).
///
/// @param mail     handle from mail_new()
/// @param name     name to show; UTF-8, copied; NULL for none
/// @param address  UTF-8, copied; NULL removes the header
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_reply_to(
    mail: *mut mail_t,
    name: *const c_char,
    address: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, address) =
            unsafe { (optional_text(name, "name")?, optional_text(address, "address")?) };
        slot.mail.lock().set_reply_to(name, address)
    })
}

/// Adds one recipient.
///
/// An address that was added before is sent to once, but shown in every header it was added to.
///
/// @param mail     handle from mail_new()
/// @param name     name to show; UTF-8, copied; NULL for none
/// @param address  such as "bob@example.org"; UTF-8, copied, not NULL
/// @param kind     a #mail_kind
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
/// @see mail_add_recipients(), mail_recipient_count()
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_recipient(
    mail: *mut mail_t,
    name: *const c_char,
    address: *const c_char,
    kind: i32,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, address) = unsafe { (optional_text(name, "name")?, text(address, "address")?) };
        slot.mail.lock().add_recipient(name, address, kind)
    })
}

/// Adds the recipients of a list as people write it in a To field (RFC 5322 §3.4).
///
/// Such as `"Anna" <anna@example.org>, bob@example.org` or `Team: carol@example.org, d@example.org;`.
/// Commas and semicolons separate. One bad entry refuses the whole list.
///
/// @param mail  handle from mail_new()
/// @param list  UTF-8, copied, not NULL
/// @param kind  a #mail_kind
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT with the bad entry in the text
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_recipients(
    mail: *mut mail_t,
    list: *const c_char,
    kind: i32,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let list = unsafe { text(list, "list") }?;
        slot.mail.lock().add_recipients(list, kind)
    })
}

/// Sets the subject.
///
/// @param mail     handle from mail_new()
/// @param subject  one line; UTF-8, copied, not NULL
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: contains a control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_subject(
    mail: *mut mail_t,
    subject: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let subject = unsafe { text(subject, "subject") }?;
        slot.mail.lock().set_subject(subject)
    })
}

/// Sets the body as plain text.
///
/// With mail_set_html() as well, both are sent as alternatives of each other. Line ends may be LF,
/// CR or CRLF.
///
/// @param mail  handle from mail_new()
/// @param body  UTF-8, copied; NULL removes it
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_UTF8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_text(mail: *mut mail_t, body: *const c_char) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let body = unsafe { optional_text(body, "body") }?;
        slot.mail.lock().set_text(body);
        Ok(())
    })
}

/// Sets the body as HTML.
///
/// Images that were added with mail_add_inline_file() are shown by `<img src="cid:...">`.
///
/// @param mail  handle from mail_new()
/// @param body  UTF-8, copied; NULL removes it
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_UTF8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_html(mail: *mut mail_t, body: *const c_char) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let body = unsafe { optional_text(body, "body") }?;
        slot.mail.lock().set_html(body);
        Ok(())
    })
}

/// Adds a header field that has no function of its own. The same name may be added again.
///
/// @param mail   handle from mail_new()
/// @param name   field name, such as "X-Order" (RFC 5322 §2.2); ASCII, copied, not NULL
/// @param value  one line; UTF-8, copied, not NULL; encoded (RFC 2047) and folded as needed
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no field name, a field that another
///         function sets, or a control character
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_header(
    mail: *mut mail_t,
    name: *const c_char,
    value: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (name, value) = unsafe { (text(name, "name")?, text(value, "value")?) };
        slot.mail.lock().add_header(name, value)
    })
}

/// Sets the date of the message (Date). Without this call it is the time of mail_send().
///
/// @param mail            handle from mail_new()
/// @param unix_seconds    seconds since 1970-01-01T00:00:00Z, 0 to 253,402,300,799 (the year 9999)
/// @param offset_minutes  time zone in minutes east of UTC, -1439 to 1439
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_date(
    mail: *mut mail_t,
    unix_seconds: i64,
    offset_minutes: i32,
) -> mail_status {
    with(mail, |slot| slot.mail.lock().set_date(unix_seconds, offset_minutes))
}

/// Sets the Message-ID. Without this call mail_send() makes one in the domain of the From address.
///
/// @param mail        handle from mail_new()
/// @param message_id  such as "<order-17@example.org>", with or without the angle brackets; ASCII,
///                    copied; NULL for an automatic one
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: not of the form left@right
///         (RFC 5322 §3.6.4)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_message_id(
    mail: *mut mail_t,
    message_id: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let message_id = unsafe { optional_text(message_id, "message_id") }?;
        slot.mail.lock().set_message_id(message_id)
    })
}

/// Sets the priority that mail programs show (X-Priority).
///
/// @param mail      handle from mail_new()
/// @param priority  1 (highest) to 5 (lowest); 3 is normal; 0 removes the header
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
/// @see mail_set_importance()
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_priority(mail: *mut mail_t, priority: i32) -> mail_status {
    with(mail, |slot| slot.mail.lock().set_priority(priority))
}

/// Sets the importance (Importance, RFC 2156), which Outlook shows.
///
/// @param mail        handle from mail_new()
/// @param importance  a #mail_importance
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
/// @see mail_set_priority()
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_importance(mail: *mut mail_t, importance: i32) -> mail_status {
    with(mail, |slot| slot.mail.lock().set_importance(importance))
}

/// Asks the reader's mail program for a read receipt (Disposition-Notification-To, RFC 8098).
///
/// @param mail     handle from mail_new()
/// @param request  0 or 1
/// @param address  where the receipt shall go; UTF-8, copied; NULL for the From address
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_request_read_receipt(
    mail: *mut mail_t,
    request: i32,
    address: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let address = unsafe { optional_text(address, "address") }?;
        slot.mail.lock().request_read_receipt(request != 0, address)
    })
}
