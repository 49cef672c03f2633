//! The host's callbacks, and the promise that a removed one runs no more.
//!
//! A callback runs while its thread holds the gate of the handle; whoever removes it must pass the
//! gate too. On the thread that is inside a callback the gate is open: a callback may remove itself.
//! One gate for both callbacks, so that two threads inside different ones cannot wait for each other.

use crate::Observer;
use crate::ffi::api::{mail_log_fn, mail_progress_fn};
use crate::ffi::handle::MailSlot;
use parking_lot::ReentrantMutex;
use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::time::Duration;

/// The progress callback may be left out when the other callback of the handle takes long on
/// another thread; the host sees by that one that we live.
const PATIENCE: Duration = Duration::from_millis(20);

#[derive(Default)]
pub(super) struct Callbacks {
    installed: ReentrantMutex<Installed>,
}

#[derive(Default)]
struct Installed {
    log: Cell<Host<mail_log_fn>>,
    progress: Cell<Host<mail_progress_fn>>,
    closed: Cell<bool>,
}

/// A callback with the pointer that it is to be given.
#[derive(Clone, Copy)]
pub(super) struct Host<F> {
    pub callback: F,
    pub user_data: *mut c_void,
}

// SAFETY: the host promises that its callback and pointer may be used on every thread that calls
// mail_send() or a function of the account (interface contract).
unsafe impl<F> Send for Host<F> {}

impl<F> Default for Host<Option<F>> {
    fn default() -> Self {
        Self { callback: None, user_data: std::ptr::null_mut() }
    }
}

impl Callbacks {
    pub(super) fn set_log(&self, callback: mail_log_fn, user_data: *mut c_void) {
        let installed = self.installed.lock();
        if !installed.closed.get() {
            installed.log.set(Host { callback, user_data });
        }
    }

    pub(super) fn set_progress(&self, callback: mail_progress_fn, user_data: *mut c_void) {
        let installed = self.installed.lock();
        if !installed.closed.get() {
            installed.progress.set(Host { callback, user_data });
        }
    }

    /// Removes both, for good.
    pub(super) fn close(&self) {
        let installed = self.installed.lock();
        installed.closed.set(true);
        installed.log.take();
        installed.progress.take();
    }
}

/// Shows a send to the host's callbacks.
pub(super) fn observer(slot: &MailSlot) -> impl Observer + '_ {
    HostObserver(&slot.callbacks)
}

struct HostObserver<'a>(&'a Callbacks);

impl Observer for HostObserver<'_> {
    fn wants_log(&self) -> bool {
        self.0.installed.lock().log.get().callback.is_some()
    }

    fn log(&self, line: &str) {
        let Ok(line) = CString::new(line) else { return };
        let installed = self.0.installed.lock();
        let host = installed.log.get();
        if let Some(callback) = host.callback {
            let _floats = host_floats();
            // SAFETY: the host gave the callback with this pointer; the line lives during the call.
            unsafe { callback(host.user_data, line.as_ptr()) }
        }
    }

    fn progress(&self, sent: u64, total: u64) -> bool {
        let Some(installed) = self.0.installed.try_lock_for(PATIENCE) else { return true };
        let host = installed.progress.get();
        let Some(callback) = host.callback else { return true };
        let number = |n| i64::try_from(n).unwrap_or(i64::MAX);
        let _floats = host_floats();
        // SAFETY: the host gave the callback with this pointer.
        unsafe { callback(host.user_data, number(sent), number(total)) == 0 }
    }
}

/// The floating-point masks of the host, while its code runs.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(super) fn host_floats() -> crate::platform::HostFloats {
    crate::platform::HostFloats::set()
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
pub(super) fn host_floats() {}
