//! A person signs in: in one call, or in two halves for programs that cannot wait.

use super::account::milliseconds;
use super::types::{mail_account_t, mail_sign_in_fn, mail_status};
use crate::error::Result;
use crate::ffi::boundary::{Buffer, guard_or, text, with};
use crate::ffi::handle::{self, AccountSlot};
use crate::ffi::sign_in::{self, SignIn, seconds};
use crate::net::Cancellation;
use std::ffi::{c_char, c_void};

/// Sets the callback that shows a person how to sign in, or removes it.
///
/// It is called by mail_account_sign_in(), mail_account_sign_in_device(), and by mail_send() when
/// mail_account_allow_interactive() was called.
///
/// @param account    handle from mail_account_new()
/// @param callback   a #mail_sign_in_fn, or NULL for none
/// @param user_data  handed to the callback; may be NULL
/// @return #MAIL_STATUS_OK or an error
/// @par Threads  Do not hold a lock here that a callback of this account waits for.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_set_sign_in_callback(
    account: *mut mail_account_t,
    callback: mail_sign_in_fn,
    user_data: *mut c_void,
) -> mail_status {
    with(account, |slot| {
        slot.callbacks.set_sign_in(callback, user_data);
        Ok(())
    })
}

/// Sets whether a sign-in that waits opens the system's browser. On unless set; with 0 the program
/// shows the address itself.
///
/// With 0 the browser may also be on another computer: the answer of the provider then stands in the
/// address of its last page, so that the person can copy it for mail_account_complete_sign_in().
/// Otherwise Microsoft sends it in a form.
///
/// @param account  handle from mail_account_new()
/// @param allow    0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_allow_browser(
    account: *mut mail_account_t,
    allow: i32,
) -> mail_status {
    with(account, |slot| {
        slot.account.allow_browser(allow != 0);
        Ok(())
    })
}

/// Allows mail_send() and mail_account_fetch_token() to open the browser and wait for the person when
/// there is no sign-in, or when it has ended. Off unless set: then they return
/// #MAIL_STATUS_NEEDS_SIGN_IN.
///
/// @param account  handle from mail_account_new()
/// @param allow    0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_allow_interactive(
    account: *mut mail_account_t,
    allow: i32,
) -> mail_status {
    with(account, |slot| {
        if allow == 0 {
            slot.account.forbid_interactive();
            return Ok(());
        }
        let (callbacks, message) = (slot.callbacks.clone(), slot.account.browser_message());
        slot.account.allow_interactive(move |url| callbacks.show(url, "", &message, 0));
        Ok(())
    })
}

/// Opens the browser and waits until the person has signed in (authorization code with PKCE,
/// RFC 8252).
///
/// The browser comes back to this computer, on 127.0.0.1 or ::1. The callback of
/// mail_account_set_sign_in_callback() is given the address too: not every computer has a browser
/// that opens.
///
/// @param account     handle from mail_account_new(), with client and store
/// @param timeout_ms  how long the person has; milliseconds, 1 to 86,400,000
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_NEEDS_SIGN_IN  the person declined, or the provider refused it: see the cause
///         - #MAIL_STATUS_TIMEOUT        nobody signed in
///         - #MAIL_STATUS_CANCELLED      by mail_account_cancel()
///         - #MAIL_STATUS_STORE          the sign-in cannot be kept
///         - any other                   the provider cannot be asked
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_sign_in(
    account: *mut mail_account_t,
    timeout_ms: i32,
) -> mail_status {
    with(account, |slot| {
        let (timeout, message) = (milliseconds(timeout_ms), slot.account.browser_message());
        slot.account.sign_in(timeout, &mut |url| {
            slot.callbacks.show(url, "", &message, seconds(timeout));
        })?;
        signed_in(slot)
    })
}

/// Shows a code and waits until the person has entered it on any device (device authorization
/// grant, RFC 8628): for computers without a browser.
///
/// The callback of mail_account_set_sign_in_callback() is given code and page. The provider says how
/// long the person has, mostly 15 minutes.
///
/// @param account  handle from mail_account_new(), with client, store and callback
/// @return as mail_account_sign_in(), or #MAIL_STATUS_UNSUPPORTED: the provider does not offer it
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_sign_in_device(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| {
        let mut sign_in = slot.account.begin_device_sign_in()?;
        let expires_in = seconds(sign_in.expires_in());
        let (page, code) = (sign_in.verification_uri(), sign_in.user_code());
        slot.callbacks.show(page, code, &sign_in.message(), expires_in);
        sign_in.wait()?;
        signed_in(slot)
    })
}

/// Begins a sign-in in the browser and returns; one that is under way is given up.
///
/// Then show mail_account_sign_in_url() or call mail_account_open_browser(), and call
/// mail_account_poll_sign_in() several times a second.
///
/// @param account  handle from mail_account_new(), with client and store
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_begin_sign_in(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| begin(slot, || Ok(SignIn::Browser(slot.account.begin_sign_in()?))))
}

/// Begins a sign-in with a code on another device and returns; one that is under way is given up.
///
/// Then show mail_account_sign_in_message() or its parts, and call mail_account_poll_sign_in() every
/// second or so: it asks the provider as often as that allows.
///
/// @param account  handle from mail_account_new(), with client and store
/// @return #MAIL_STATUS_OK, or an error as mail_account_sign_in_device()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_begin_device_sign_in(
    account: *mut mail_account_t,
) -> mail_status {
    with(account, |slot| begin(slot, || Ok(SignIn::Device(slot.account.begin_device_sign_in()?))))
}

/// Copies the page that the person is to open, of the sign-in that is under way.
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when no sign-in is under way
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_sign_in_url(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || under_way(account, |s| buf.copy(s.map_or("", SignIn::url))))
}

/// Copies the page with the code already in it, for a link or a QR code (verification_uri_complete).
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_sign_in_complete_url(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || under_way(account, |s| buf.copy(s.map_or("", SignIn::complete_url))))
}

/// Copies the code that the person is to type on the page.
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 for a sign-in in the browser
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_sign_in_user_code(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || under_way(account, |s| buf.copy(s.map_or("", SignIn::user_code))))
}

/// Copies a sentence that tells the person what to do.
///
/// @param account  handle from mail_account_new()
/// @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
/// @param cap      size of `buf` in bytes
/// @return the length of the whole text without the NUL; 0 when no sign-in is under way
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_sign_in_message(
    account: *const mail_account_t,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: the caller passes `cap` writable bytes (interface contract).
    let mut buf = unsafe { Buffer::new(buf, cap) };
    guard_or(0, || under_way(account, |s| buf.copy(&s.map(SignIn::message).unwrap_or_default())))
}

/// Returns for how many seconds the code was good when the sign-in began.
///
/// @param account  handle from mail_account_new()
/// @return 0 for a sign-in in the browser, or when none is under way
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_sign_in_expires_in(account: *const mail_account_t) -> i32 {
    guard_or(0, || under_way(account, |s| s.map_or(0, SignIn::expires_in)))
}

/// Opens the page of the sign-in that is under way in the system's browser.
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK: a browser was told to; or #MAIL_STATUS_NEEDS_SIGN_IN with the cause
///         "no_browser": show the address instead
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_open_browser(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| {
        let taken = Taken::of(slot)?;
        let opened = taken.sign_in.open_browser();
        taken.put_back(slot);
        opened
    })
}

/// Looks whether the person has signed in, without waiting for it.
///
/// When the person has, the token is asked for, which is one request to the provider. Once this has
/// returned anything but #MAIL_STATUS_PENDING, the sign-in is over.
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK when the person has signed in, #MAIL_STATUS_PENDING when not yet, or an error
///         as mail_account_sign_in()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_poll_sign_in(account: *mut mail_account_t) -> mail_status {
    let mut pending = false;
    let status = with(account, |slot| {
        let mut taken = Taken::of(slot)?;
        if taken.sign_in.poll()? {
            return signed_in(slot);
        }
        taken.put_back(slot);
        pending = true;
        Ok(())
    });
    if pending { mail_status::Pending } else { status }
}

/// Goes on with the address of the page at which the sign-in in the browser ended: for browsers that
/// cannot come back to this computer. The person copies it from the browser, also when that says that
/// it cannot show the page. Call mail_account_allow_browser() with 0 before the sign-in begins.
///
/// After an error the sign-in is still under way: the person may paste again.
///
/// @param account  handle from mail_account_new()
/// @param address  the whole address, or the part behind its "?"; UTF-8, not NULL
/// @return #MAIL_STATUS_OK when the person has signed in, or an error as mail_account_sign_in()
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_account_complete_sign_in(
    account: *mut mail_account_t,
    address: *const c_char,
) -> mail_status {
    with(account, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let address = unsafe { text(address, "address") }?;
        let mut taken = Taken::of(slot)?;
        match taken.sign_in.complete(address) {
            Ok(()) => signed_in(slot),
            Err(error) => {
                taken.put_back(slot);
                Err(error)
            }
        }
    })
}

/// Tells whether a token can be had without a person, as far as this computer knows. Nobody is asked.
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_NEEDS_SIGN_IN  nobody has signed in, or the sign-in has ended: the cause tells
///           why, such as "needs_sign_in_expired"
///         - #MAIL_STATUS_STORE          the store cannot be read
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_check_sign_in(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| slot.account.check_sign_in())
}

/// Ends the sign-in: forgets it on this computer, and tells the provider where that is possible
/// (RFC 7009).
///
/// @param account  handle from mail_account_new()
/// @return #MAIL_STATUS_OK, also when there was none; #MAIL_STATUS_STORE when it cannot be forgotten; any
///         other error: it is forgotten, but the provider could not be told
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_account_sign_out(account: *mut mail_account_t) -> mail_status {
    with(account, |slot| {
        *slot.sign_in.lock() = None;
        *slot.token.lock() = None;
        slot.account.sign_out()
    })
}

fn begin(slot: &AccountSlot, begin: impl FnOnce() -> Result<SignIn>) -> Result<()> {
    // First of all: the old one may hold the port that the new one needs.
    *slot.sign_in.lock() = None;
    *slot.sign_in.lock() = Some(begin()?);
    Ok(())
}

/// A sign-in that is taken out while it goes on: no lock is held while the provider is asked.
struct Taken {
    sign_in: SignIn,
    cancellation: Cancellation,
}

impl Taken {
    fn of(slot: &AccountSlot) -> Result<Self> {
        let cancellation = slot.account.canceller().watch();
        let sign_in = slot.sign_in.lock().take().ok_or_else(sign_in::none)?;
        Ok(Self { sign_in, cancellation })
    }

    /// Unless somebody has given it up, or begun another one, meanwhile.
    fn put_back(self, slot: &AccountSlot) {
        let mut under_way = slot.sign_in.lock();
        if !self.cancellation.is_cancelled() {
            under_way.get_or_insert(self.sign_in);
        }
    }
}

/// Reads what the sign-in brought. It has succeeded; what cannot be read now is asked for later.
fn signed_in(slot: &AccountSlot) -> Result<()> {
    *slot.token.lock() = slot.account.access_token().ok();
    Ok(())
}

fn under_way<T>(account: *const mail_account_t, read: impl FnOnce(Option<&SignIn>) -> T) -> T {
    match handle::get(account) {
        Some(slot) => read(slot.sign_in.lock().as_ref()),
        None => read(None),
    }
}
