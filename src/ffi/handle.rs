//! Handles: a `mail_t *` is a number that is looked up, never dereferenced.

use crate::error::Error;
use crate::ffi::callbacks::Callbacks;
use crate::{Canceller, Delivery, Mail};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// What is behind a handle. Its locks are held only to read and write memory, never during I/O or
/// callbacks.
pub(super) struct Slot {
    pub mail: Mutex<Mail>,
    pub last_error: Mutex<Option<Error>>,
    pub delivery: Mutex<Option<Delivery>>,
    pub callbacks: Callbacks,
    pub canceller: Canceller,
}

type Table = HashMap<usize, Arc<Slot>>;

static TABLE: LazyLock<RwLock<Table>> = LazyLock::new(RwLock::default);

/// Odd numbers only: no aligned pointer to anything is ever a handle.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// Makes a slot; the answer is its handle. A number comes again only after 2^31 others.
pub(super) fn insert() -> usize {
    let mail = Mail::new();
    let slot = Arc::new(Slot {
        canceller: mail.canceller(),
        mail: Mutex::new(mail),
        last_error: Mutex::new(None),
        delivery: Mutex::new(None),
        callbacks: Callbacks::default(),
    });
    let mut table = TABLE.write();
    loop {
        let id = NEXT.fetch_add(2, Ordering::Relaxed);
        if let std::collections::hash_map::Entry::Vacant(place) = table.entry(id) {
            place.insert(slot);
            return id;
        }
    }
}

pub(super) fn get(id: usize) -> Option<Arc<Slot>> {
    TABLE.read().get(&id).cloned()
}

/// Takes a slot away: its sends end, its callbacks run no more, its connection is closed.
pub(super) fn remove(id: usize) {
    let slot = {
        let mut table = TABLE.write();
        let slot = table.remove(&id);
        if table.is_empty() {
            // Nothing is left for a leak checker to find.
            *table = HashMap::new();
        }
        slot
    };
    if let Some(slot) = slot {
        slot.canceller.cancel();
        slot.callbacks.close();
        slot.mail.lock().close_connection();
    }
}
