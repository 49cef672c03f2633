//! Handles: a `mail_t *` is a number that is looked up, never dereferenced. All kinds share one table,
//! so that a handle of one kind is none of the others.

use crate::diagnosis::Diagnosis;
use crate::error::Error;
use crate::ffi::account_callbacks::AccountCallbacks;
use crate::ffi::api::{mail_account_t, mail_t};
use crate::ffi::callbacks::Callbacks;
use crate::ffi::sign_in::SignIn;
use crate::oauth::{AccessToken, Account};
use crate::{Canceller, Delivery, Mail};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// What is behind a `mail_t *`. Its locks are held only to read and write memory, never during I/O
/// or callbacks.
pub(super) struct MailSlot {
    pub mail: Mutex<Mail>,
    pub last_error: Mutex<Option<Error>>,
    pub delivery: Mutex<Option<Delivery>>,
    pub diagnosis: Mutex<Option<Diagnosis>>,
    pub callbacks: Callbacks,
    pub canceller: Canceller,
}

/// What is behind a `mail_account_t *`; its locks as above.
pub(super) struct AccountSlot {
    pub account: Account,
    pub last_error: Mutex<Option<Error>>,
    /// What the last sign-in or mail_account_fetch_token() gave.
    pub token: Mutex<Option<AccessToken>>,
    /// A sign-in in two halves that is under way.
    pub sign_in: Mutex<Option<SignIn>>,
    pub callbacks: Arc<AccountCallbacks>,
}

/// One kind of handle: the type of its pointers.
pub(super) trait Kind {
    type Slot;
    /// The function that makes them.
    const MAKER: &str;

    fn of(behind: &Behind) -> Option<&Arc<Self::Slot>>;

    fn last_error(slot: &Self::Slot) -> &Mutex<Option<Error>>;
}

/// What is behind a handle of any kind.
pub(super) enum Behind {
    Mail(Arc<MailSlot>),
    Account(Arc<AccountSlot>),
}

impl Kind for mail_t {
    type Slot = MailSlot;
    const MAKER: &str = "mail_new";

    fn of(behind: &Behind) -> Option<&Arc<MailSlot>> {
        match behind {
            Behind::Mail(slot) => Some(slot),
            Behind::Account(_) => None,
        }
    }

    fn last_error(slot: &MailSlot) -> &Mutex<Option<Error>> {
        &slot.last_error
    }
}

impl Kind for mail_account_t {
    type Slot = AccountSlot;
    const MAKER: &str = "mail_account_new";

    fn of(behind: &Behind) -> Option<&Arc<AccountSlot>> {
        match behind {
            Behind::Account(slot) => Some(slot),
            Behind::Mail(_) => None,
        }
    }

    fn last_error(slot: &AccountSlot) -> &Mutex<Option<Error>> {
        &slot.last_error
    }
}

type Table = HashMap<usize, Behind>;

static TABLE: LazyLock<RwLock<Table>> = LazyLock::new(RwLock::default);

/// Odd numbers only: no aligned pointer to anything is ever a handle.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// Makes a handle for a new mail.
pub(super) fn new_mail() -> *mut mail_t {
    let mail = Mail::new();
    insert(Behind::Mail(Arc::new(MailSlot {
        canceller: mail.canceller(),
        mail: Mutex::new(mail),
        last_error: Mutex::new(None),
        delivery: Mutex::new(None),
        diagnosis: Mutex::new(None),
        callbacks: Callbacks::default(),
    })))
}

/// Makes a handle for an account.
pub(super) fn new_account(account: Account) -> *mut mail_account_t {
    insert(Behind::Account(Arc::new(AccountSlot {
        account,
        last_error: Mutex::new(None),
        token: Mutex::new(None),
        sign_in: Mutex::new(None),
        callbacks: Arc::default(),
    })))
}

/// A number comes again only after 2^31 others.
fn insert<K>(behind: Behind) -> *mut K {
    let mut table = TABLE.write();
    loop {
        let id = NEXT.fetch_add(2, Ordering::Relaxed);
        if let std::collections::hash_map::Entry::Vacant(place) = table.entry(id) {
            place.insert(behind);
            return std::ptr::without_provenance_mut(id);
        }
    }
}

pub(super) fn get<K: Kind>(handle: *const K) -> Option<Arc<K::Slot>> {
    TABLE.read().get(&handle.addr()).and_then(K::of).cloned()
}

/// Takes a mail away: its sends end, its callbacks run no more, its connection is closed.
pub(super) fn free_mail(mail: *const mail_t) {
    if let Some(slot) = remove(mail) {
        slot.canceller.cancel();
        slot.callbacks.close();
        slot.mail.lock().close_connection();
    }
}

/// Takes an account away: what runs on it ends, its callbacks run no more. Mails that have it set
/// keep the account itself.
pub(super) fn free_account(account: *const mail_account_t) {
    if let Some(slot) = remove(account) {
        slot.account.canceller().cancel();
        slot.callbacks.close();
        *slot.sign_in.lock() = None;
    }
}

fn remove<K: Kind>(handle: *const K) -> Option<Arc<K::Slot>> {
    let mut table = TABLE.write();
    let slot = table.get(&handle.addr()).and_then(K::of).cloned()?;
    table.remove(&handle.addr());
    if table.is_empty() {
        // Nothing is left for a leak checker to find.
        *table = HashMap::new();
    }
    Some(slot)
}
