//! Attachments and inline images.

use super::types::{MAIL_CONTENT_ID_SIZE, mail_status, mail_t};
use crate::error::Error;
use crate::ffi::boundary::{Buffer, bytes, optional_text, text, with};
use crate::message::{Disposition, MessagePart};
use std::ffi::c_char;

/// Attaches a file.
///
/// It is opened now to see that it can be read, and streamed from disk at every mail_send(): memory
/// stays flat whatever its size. If it changes while it is being sent, the send ends with
/// #MAIL_STATUS_FILE and nothing is delivered.
///
/// @param mail          handle from mail_new()
/// @param path          UTF-8, copied, not NULL
/// @param name          name to show; UTF-8, copied; NULL for the last part of `path`
/// @param content_type  such as "application/pdf" (RFC 2045 §5.1); ASCII, copied; NULL to guess it
///                      from the name
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_FILE              it cannot be opened, or is no regular file
///         - #MAIL_STATUS_INVALID_ARGUMENT  `name` or `content_type` is not valid
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_attachment_file(
    mail: *mut mail_t,
    path: *const c_char,
    name: *const c_char,
    content_type: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (path, name, content_type) = unsafe {
            (
                text(path, "path")?,
                optional_text(name, "name")?,
                optional_text(content_type, "content_type")?,
            )
        };
        let part = MessagePart::file(path, name, content_type, Disposition::Attachment)?;
        slot.mail.lock().add_part(part);
        Ok(())
    })
}

/// Attaches bytes from memory.
///
/// @param mail          handle from mail_new()
/// @param data          copied; may be NULL when `size` is 0
/// @param size          bytes in `data`
/// @param name          name to show; UTF-8, copied, not NULL
/// @param content_type  as in mail_add_attachment_file()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: `name` or `content_type` is not valid
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_attachment_bytes(
    mail: *mut mail_t,
    data: *const u8,
    size: usize,
    name: *const c_char,
    content_type: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes `size` readable bytes, and NULL or NUL-terminated text
        // (interface contract).
        let (data, name, content_type) = unsafe {
            (
                bytes(data, size, "data")?,
                text(name, "name")?,
                optional_text(content_type, "content_type")?,
            )
        };
        let part = MessagePart::bytes(data, name, content_type, Disposition::Attachment)?;
        slot.mail.lock().add_part(part);
        Ok(())
    })
}

/// Adds an image for the HTML body from a file.
///
/// The body shows it by `<img src="cid:...">` with the content id that this call returns. The file
/// is treated as by mail_add_attachment_file().
///
/// @param mail          handle from mail_new()
/// @param path          UTF-8, copied, not NULL
/// @param name          as in mail_add_attachment_file()
/// @param content_type  as in mail_add_attachment_file()
/// @param content_id    receives the content id (RFC 2392) without angle brackets, not NULL
/// @param cap           size of `content_id` in bytes, at least #MAIL_CONTENT_ID_SIZE
/// @return #MAIL_STATUS_OK, or as mail_add_attachment_file(); #MAIL_STATUS_INVALID_ARGUMENT also
///         when `cap` is too small: then nothing was added
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_inline_file(
    mail: *mut mail_t,
    path: *const c_char,
    name: *const c_char,
    content_type: *const c_char,
    content_id: *mut c_char,
    cap: usize,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text, and `cap` writable bytes
        // (interface contract).
        let (path, name, content_type, mut content_id) = unsafe {
            (
                text(path, "path")?,
                optional_text(name, "name")?,
                optional_text(content_type, "content_type")?,
                content_id_buffer(content_id, cap)?,
            )
        };
        let (disposition, id) = Disposition::new_inline()?;
        let part = MessagePart::file(path, name, content_type, disposition)?;
        slot.mail.lock().add_part(part);
        content_id.copy(&id);
        Ok(())
    })
}

/// Adds an image for the HTML body from memory.
///
/// @param mail          handle from mail_new()
/// @param data          copied; may be NULL when `size` is 0
/// @param size          bytes in `data`
/// @param name          name to show; UTF-8, copied, not NULL
/// @param content_type  as in mail_add_attachment_file()
/// @param content_id    as in mail_add_inline_file()
/// @param cap           as in mail_add_inline_file()
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT as in mail_add_inline_file()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_inline_bytes(
    mail: *mut mail_t,
    data: *const u8,
    size: usize,
    name: *const c_char,
    content_type: *const c_char,
    content_id: *mut c_char,
    cap: usize,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes `size` readable and `cap` writable bytes, and NULL or
        // NUL-terminated text (interface contract).
        let (data, name, content_type, mut content_id) = unsafe {
            (
                bytes(data, size, "data")?,
                text(name, "name")?,
                optional_text(content_type, "content_type")?,
                content_id_buffer(content_id, cap)?,
            )
        };
        let (disposition, id) = Disposition::new_inline()?;
        let part = MessagePart::bytes(data, name, content_type, disposition)?;
        slot.mail.lock().add_part(part);
        content_id.copy(&id);
        Ok(())
    })
}

/// A buffer that surely takes a content id: it could not be asked for again.
///
/// # Safety
/// `content_id` is NULL or points at `cap` writable bytes.
unsafe fn content_id_buffer<'a>(content_id: *mut c_char, cap: usize) -> Result<Buffer<'a>, Error> {
    if content_id.is_null() {
        return Err(Error::null_pointer("content_id"));
    }
    if cap < MAIL_CONTENT_ID_SIZE as usize {
        return Err(Error::argument(format!("cap must be at least {MAIL_CONTENT_ID_SIZE}")));
    }
    // SAFETY: as this function's.
    Ok(unsafe { Buffer::new(content_id, cap) })
}
