//! The host's callbacks of an account, behind a gate as those of a mail: a removed one runs no more.

use crate::ffi::api::{mail_sign_in_fn, mail_store_fn, mail_store_operation, mail_token_fn};
use crate::ffi::callbacks::{Host, host_floats};
use crate::oauth::{self, Store, SuppliedToken};
use parking_lot::ReentrantMutex;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Room for a token of the host: Microsoft's have two to four thousand characters.
const TOKEN_SIZE: usize = 64 << 10;
/// Room for a document at first, and at most.
const DOCUMENT_SIZE: usize = 16 << 10;
const MOST_DOCUMENT: usize = 16 << 20;
/// Other processes may make it larger meanwhile.
const MOST_TRIES: usize = 4;

#[derive(Default)]
pub(super) struct AccountCallbacks {
    installed: ReentrantMutex<Installed>,
}

#[derive(Default)]
struct Installed {
    sign_in: Cell<Host<mail_sign_in_fn>>,
    token: Cell<Host<mail_token_fn>>,
    store: Cell<Host<mail_store_fn>>,
    closed: Cell<bool>,
}

impl AccountCallbacks {
    pub(super) fn set_sign_in(&self, callback: mail_sign_in_fn, user_data: *mut c_void) {
        self.set(|installed| installed.sign_in.set(Host { callback, user_data }));
    }

    pub(super) fn set_token(&self, callback: mail_token_fn, user_data: *mut c_void) {
        self.set(|installed| installed.token.set(Host { callback, user_data }));
    }

    pub(super) fn set_store(&self, callback: mail_store_fn, user_data: *mut c_void) {
        self.set(|installed| installed.store.set(Host { callback, user_data }));
    }

    fn set(&self, set: impl FnOnce(&Installed)) {
        let installed = self.installed.lock();
        if !installed.closed.get() {
            set(&installed);
        }
    }

    /// Removes all of them, for good.
    pub(super) fn close(&self) {
        let installed = self.installed.lock();
        installed.closed.set(true);
        installed.sign_in.take();
        installed.token.take();
        installed.store.take();
    }

    /// Shows a person how to sign in.
    pub(super) fn show(&self, url: &str, user_code: &str, message: &str, expires_in: i32) {
        let text = |text: &str| CString::new(text).unwrap_or_default();
        let (url, user_code, message) = (text(url), text(user_code), text(message));
        let installed = self.installed.lock();
        let host = installed.sign_in.get();
        if let Some(callback) = host.callback {
            let _floats = host_floats();
            // SAFETY: the host gave the callback with this pointer; the texts live during the call.
            unsafe {
                callback(
                    host.user_data,
                    url.as_ptr(),
                    user_code.as_ptr(),
                    message.as_ptr(),
                    expires_in,
                );
            }
        }
    }

    /// An access token of the host.
    pub(super) fn token(&self) -> io::Result<SuppliedToken> {
        let mut room = Zeroizing::new(vec![0u8; TOKEN_SIZE]);
        let installed = self.installed.lock();
        let host = installed.token.get();
        let callback = host.callback.ok_or_else(removed)?;
        let lifetime = {
            let _floats = host_floats();
            let buf = room.as_mut_ptr().cast::<c_char>();
            // SAFETY: the host gave the callback with this pointer; `room` lives during the call.
            unsafe { callback(host.user_data, buf, TOKEN_SIZE) }
        };
        let lifetime = u64::try_from(lifetime)
            .map_err(|_| io::Error::other(format!("its callback returned {lifetime}")))?;
        let text = CStr::from_bytes_until_nul(&room).ok().and_then(|text| text.to_str().ok());
        let text = text.ok_or_else(|| io::Error::other("its callback wrote no text"))?;
        SuppliedToken::new(text, Duration::from_secs(lifetime)).map_err(io::Error::other)
    }

    fn call_store(
        &self,
        operation: mail_store_operation,
        name: &str,
        data: *mut u8,
        size: usize,
    ) -> io::Result<usize> {
        let name = CString::new(name)?;
        let installed = self.installed.lock();
        let host = installed.store.get();
        let callback = host.callback.ok_or_else(removed)?;
        let _floats = host_floats();
        // SAFETY: the host gave the callback with this pointer; `data` has `size` bytes, which it
        // only reads when the operation is to save.
        let answer =
            unsafe { callback(host.user_data, operation as i32, name.as_ptr(), data, size) };
        usize::try_from(answer)
            .map_err(|_| io::Error::other(format!("its callback returned {answer}")))
    }

    fn load(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut room = Zeroizing::new(vec![0u8; DOCUMENT_SIZE]);
        for _ in 0..MOST_TRIES {
            let capacity = room.len();
            let size =
                self.call_store(mail_store_operation::Load, name, room.as_mut_ptr(), capacity)?;
            if let Some(document) = room.get(..size) {
                return Ok((size > 0).then(|| document.to_vec()));
            }
            if size > MOST_DOCUMENT {
                return Err(io::Error::other(format!("its document has {size} bytes")));
            }
            room = Zeroizing::new(vec![0u8; size]);
        }
        Err(io::Error::other("its document becomes larger whenever it is asked for"))
    }
}

/// A store that asks the host.
pub(super) fn store(callbacks: &Arc<AccountCallbacks>) -> Store {
    let of = || callbacks.clone();
    let (load, save, delete, lock, unlock) = (of(), of(), of(), of(), of());
    let callbacks = oauth::Callbacks::new(
        move |name| load.load(name),
        move |name, document| {
            let data = document.as_ptr().cast_mut();
            save.call_store(mail_store_operation::Save, name, data, document.len()).map(|_| ())
        },
        move |name| {
            delete
                .call_store(mail_store_operation::Delete, name, std::ptr::null_mut(), 0)
                .map(|_| ())
        },
    );
    Store::callbacks(callbacks.with_lock(
        move |name| {
            let taken =
                lock.call_store(mail_store_operation::Lock, name, std::ptr::null_mut(), 0)?;
            Ok(taken != 0)
        },
        move |name| {
            // There is nobody to tell.
            let _ = unlock.call_store(mail_store_operation::Unlock, name, std::ptr::null_mut(), 0);
        },
    ))
}

fn removed() -> io::Error {
    io::Error::other("its callback was removed")
}
