//! One holder per account, among the threads of a store; and waiting for the other processes.

use crate::error::Result;
use crate::net::Watch;
use parking_lot::{Condvar, Mutex};
use std::collections::HashSet;
use std::time::Duration;

/// The names that are locked now.
#[derive(Default)]
pub(crate) struct Locks {
    taken: Mutex<HashSet<String>>,
    freed: Condvar,
}

impl Locks {
    /// Waits until the name is free, as long as the watch allows.
    pub(crate) fn lock(&self, name: &str, watch: &mut Watch) -> Result<OneHolder<'_>> {
        loop {
            // Outside of the mutex: the watch calls the host, which may use the store.
            let wait = watch.check()?;
            let mut taken = self.taken.lock();
            if taken.contains(name) {
                self.freed.wait_for(&mut taken, wait);
            }
            if !taken.contains(name) {
                taken.insert(name.to_owned());
                return Ok(OneHolder { locks: self, name: name.to_owned() });
            }
        }
    }
}

/// Holds one name until it is dropped.
pub(crate) struct OneHolder<'a> {
    locks: &'a Locks,
    name: String,
}

impl Drop for OneHolder<'_> {
    fn drop(&mut self) {
        self.locks.taken.lock().remove(&self.name);
        // All: they wait for different names.
        self.locks.freed.notify_all();
    }
}

/// Asks again and again until there is an answer or the watch ends it.
///
/// Systems have no wait for a file lock that a deadline or a cancellation gets through to, so it is
/// asked for: often at first, as most holders only write a file, later 40 times a second.
pub(super) fn keep_asking<T>(
    watch: &mut Watch,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut pause = Duration::from_millis(1);
    loop {
        let longest = watch.check()?;
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        std::thread::sleep(pause.min(longest));
        pause = (pause * 2).min(Duration::from_millis(25));
    }
}
