//! The wall between C and Rust: pointers in, status codes out, and no panic gets through.

use crate::error::{Error, Result, Status};
use crate::ffi::api::mail_status;
use crate::ffi::handle::{self, Kind};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// The error of calls that have no valid handle to keep it in.
    static THREAD_ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
    /// Whether this thread is inside a call, and where the last panic in it was.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body` on what is behind the handle, and keeps its error for mail_last_error() or
/// mail_account_last_error().
pub(super) fn with<K: Kind>(
    handle: *const K,
    body: impl FnOnce(&K::Slot) -> Result<()>,
) -> mail_status {
    let Some(slot) = handle::get(handle) else { return no_handle::<K>() };
    let error = guard(|| body(&slot)).err();
    let status = error.as_ref().map_or(Status::Ok, Error::status);
    *K::last_error(&slot).lock() = error;
    status.into()
}

/// Says that the handle is none of its kind.
pub(super) fn no_handle<K: Kind>() -> mail_status {
    remember_for_thread(Some(Error::invalid_handle("the handle", K::MAKER)));
    mail_status::InvalidHandle
}

/// Keeps the error of a call without a valid handle; `None` clears it.
pub(super) fn remember_for_thread(error: Option<Error>) {
    // Fails only while the thread is ending: then nobody can ask any more.
    let _ = THREAD_ERROR.try_with(|last| *last.borrow_mut() = error);
}

/// Hands `read` the error of the last call on the handle, or of this thread when it is none.
pub(super) fn recall<K: Kind, T>(handle: *const K, read: impl FnOnce(Option<&Error>) -> T) -> T {
    let error = match handle::get(handle) {
        Some(slot) => K::last_error(&slot).lock().clone(),
        None => THREAD_ERROR.try_with(|last| last.borrow().clone()).unwrap_or_default(),
    };
    read(error.as_ref())
}

/// Runs `body`; a panic in it becomes an error with its place. The floating-point masks of the host
/// are set aside meanwhile.
pub(super) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    prepare_process();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let _floats = crate::platform::OurFloats::set();
    let outer = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    result.unwrap_or_else(|payload| {
        let place = PANIC_PLACE.with_borrow_mut(std::mem::take);
        Err(Error::internal(format!("{} ({place})", panic_text(payload))))
    })
}

/// As [`guard`], for calls that cannot report an error.
pub(super) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    guard(|| Ok(body())).unwrap_or(otherwise)
}

/// Before the first call does anything. The library stays in memory from now on. The host owns
/// stderr: a panic inside a call is noted, not printed. Others print as before.
fn prepare_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        crate::platform::stay_loaded();
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSIDE.get() {
                PANIC_PLACE.set(info.location().map(ToString::to_string).unwrap_or_default());
            } else {
                previous(info);
            }
        }));
    });
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<&'static str>().map(|text| (*text).to_owned()) {
        Ok(text) => text,
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(unknown) => {
                // Its destructor could panic again.
                std::mem::forget(unknown);
                "unknown panic".into()
            }
        },
    }
}

/// # Safety
/// `pointer` is NULL or NUL-terminated text that lives for the call.
pub(super) unsafe fn text<'a>(pointer: *const c_char, argument: &str) -> Result<&'a str> {
    // SAFETY: as this function's.
    let text = unsafe { optional_text(pointer, argument) }?;
    text.ok_or_else(|| Error::null_pointer(argument))
}

/// # Safety
/// `pointer` is NULL or NUL-terminated text that lives for the call.
pub(super) unsafe fn optional_text<'a>(
    pointer: *const c_char,
    argument: &str,
) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, hence NUL-terminated text.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| Error::invalid_utf8(argument))
}

/// User and password, which are given both or not at all.
///
/// # Safety
/// Both are NULL or NUL-terminated text that lives for the call.
pub(super) unsafe fn optional_sign_in<'a>(
    user: *const c_char,
    password: *const c_char,
) -> Result<Option<(&'a str, &'a str)>> {
    // SAFETY: as this function's.
    let (user, password) =
        unsafe { (optional_text(user, "user")?, optional_text(password, "password")?) };
    match (user, password) {
        (Some(user), Some(password)) => Ok(Some((user, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::null_pointer("password")),
        (None, Some(_)) => Err(Error::null_pointer("user")),
    }
}

/// # Safety
/// `pointer` points at `size` readable bytes that live for the call. NULL is refused.
pub(super) unsafe fn required_bytes<'a>(
    pointer: *const u8,
    size: usize,
    argument: &str,
) -> Result<&'a [u8]> {
    if pointer.is_null() {
        return Err(Error::null_pointer(argument));
    }
    // SAFETY: as this function's.
    unsafe { bytes(pointer, size, argument) }
}

/// # Safety
/// `pointer` points at `size` readable bytes that live for the call, or `size` is 0.
pub(super) unsafe fn bytes<'a>(
    pointer: *const u8,
    size: usize,
    argument: &str,
) -> Result<&'a [u8]> {
    check_size(pointer.is_null(), size, argument)?;
    if size == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, and `size` bytes are readable.
    Ok(unsafe { std::slice::from_raw_parts(pointer, size) })
}

/// # Safety
/// `pointer` points at `cap` writable bytes that live for the call, or `cap` is 0.
pub(super) unsafe fn byte_buffer<'a>(
    pointer: *mut u8,
    cap: usize,
    argument: &str,
) -> Result<&'a mut [u8]> {
    check_size(pointer.is_null(), cap, argument)?;
    if cap == 0 {
        return Ok(&mut []);
    }
    // SAFETY: not NULL, and `cap` bytes are writable; they may be uninitialised in C, but every bit
    // pattern is a valid u8 and they are only written to.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, cap) })
}

fn check_size(is_null: bool, size: usize, argument: &str) -> Result<()> {
    if is_null && size > 0 {
        return Err(Error::null_pointer(argument));
    }
    if isize::try_from(size).is_err() {
        return Err(Error::argument(format!("the size of {argument} is impossible")));
    }
    Ok(())
}

/// A caller's buffer for text.
pub(super) struct Buffer<'a> {
    pointer: *mut c_char,
    cap: usize,
    lifetime: std::marker::PhantomData<&'a mut c_char>,
}

impl Buffer<'_> {
    /// # Safety
    /// `pointer` is NULL or points at `cap` writable bytes that live for the call.
    pub(super) unsafe fn new(pointer: *mut c_char, cap: usize) -> Self {
        let cap = if pointer.is_null() { 0 } else { cap };
        Self { pointer, cap, lifetime: std::marker::PhantomData }
    }

    /// Copies `text` with a NUL behind it, cut at a character when it does not fit; gives the length
    /// of the whole text.
    pub(super) fn copy(&mut self, text: &str) -> usize {
        if let Some(room) = self.cap.checked_sub(1) {
            let end = (0..=text.len().min(room)).rev().find(|end| text.is_char_boundary(*end));
            let end = end.unwrap_or(0);
            // SAFETY: `end` is less than `cap`, and at most the length of `text`.
            unsafe {
                std::ptr::copy_nonoverlapping(text.as_ptr(), self.pointer.cast::<u8>(), end);
                self.pointer.add(end).write(0);
            }
        }
        text.len()
    }
}

impl From<Status> for mail_status {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => mail_status::Ok,
            Status::Partial => mail_status::Partial,
            Status::Pending => mail_status::Pending,
            Status::InvalidHandle => mail_status::InvalidHandle,
            Status::NullPointer => mail_status::NullPointer,
            Status::InvalidUtf8 => mail_status::InvalidUtf8,
            Status::InvalidArgument => mail_status::InvalidArgument,
            Status::Incomplete => mail_status::Incomplete,
            Status::File => mail_status::File,
            Status::Cancelled => mail_status::Cancelled,
            Status::Timeout => mail_status::Timeout,
            Status::Resolve => mail_status::Resolve,
            Status::Connect => mail_status::Connect,
            Status::ConnectionLost => mail_status::ConnectionLost,
            Status::Tls => mail_status::Tls,
            Status::Certificate => mail_status::Certificate,
            Status::Protocol => mail_status::Protocol,
            Status::Unsupported => mail_status::Unsupported,
            Status::PlaintextAuth => mail_status::PlaintextAuth,
            Status::SignIn => mail_status::SignIn,
            Status::Unavailable => mail_status::Unavailable,
            Status::Sender => mail_status::Sender,
            Status::Recipients => mail_status::Recipients,
            Status::Message => mail_status::Message,
            Status::TooLarge => mail_status::TooLarge,
            Status::Token => mail_status::Token,
            Status::NeedsSignIn => mail_status::NeedsSignIn,
            Status::Store => mail_status::Store,
            Status::Proxy => mail_status::Proxy,
            Status::Internal => mail_status::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::*;

    #[test]
    fn the_codes_of_the_interface_are_those_of_the_library() {
        for status in Status::ALL {
            assert_eq!(mail_status::from(*status) as i32, status.code(), "{status:?}");
        }
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_place() {
        let error = guard::<()>(|| panic!("boom {}", 1)).unwrap_err();
        assert_eq!(error.status(), Status::Internal);
        assert!(error.text().contains("boom 1 (src/ffi/boundary.rs:"), "{error}");
    }

    #[test]
    fn texts_are_cut_at_a_character_and_always_ended() {
        let text = "naïve ✉";
        for cap in 0..=text.len() + 2 {
            let mut memory = vec![0x23u8; cap + 1];
            // SAFETY: `cap` bytes are writable.
            let mut buffer = unsafe { Buffer::new(memory.as_mut_ptr().cast(), cap) };
            assert_eq!(buffer.copy(text), text.len());
            assert_eq!(memory[cap], 0x23, "nothing is written behind the buffer");
            if cap > 0 {
                let copied = CStr::from_bytes_until_nul(&memory[..cap]).unwrap();
                assert!(text.starts_with(copied.to_str().unwrap()));
            }
        }
    }
}
