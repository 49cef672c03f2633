//! Where sign-ins are kept from one run of the program to the next.
//!
//! An account object asks here for its [`Entry`]: [`Store::load`] to look, [`Store::with_lock`] to
//! refresh: lock → read again → ask the provider → save → only then use. A store keeps several
//! accounts; each has a lock of its own, so that two never wait for each other.
//!
//! - `key`        which account, and the name it is kept under
//! - `entry`      what is kept, as a versioned JSON document
//! - `lock`       one holder per account, among the threads of a store
//! - `memory`     a store that ends with the program
//! - `folder`     a store in files: one per account, with a lock file beside it
//! - `disk`       files that nobody else reads, replaced whole or not at all
//! - `file`       the files as the user's own: plain on Unix, by DPAPI on Windows
//! - `keyring`    the files encrypted, with the key in the system's keyring
//! - `callbacks`  a store of the host program
//! - `bundle`     accounts in one encrypted file, to take them to another computer
//! - `seal`       the encryption of `keyring` and `bundle`
//!
//! The formats are described in docs/store.md.

mod bundle;
mod callbacks;
mod disk;
mod entry;
mod file;
mod folder;
mod key;
mod keyring;
mod lock;
mod memory;
mod seal;
#[cfg(test)]
mod tests;

pub use bundle::Existing;
pub use callbacks::Callbacks;
pub use entry::Entry;
pub use key::AccountKey;

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::{Canceller, Watch};
use crate::secret::Secret;
use entry::Document;
pub(crate) use lock::Locks;
use lock::OneHolder;
use parking_lot::Mutex;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Keeps accounts. Clones are the same store; all threads may use it at once.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Box<dyn Backend>,
    locks: Locks,
    unsaved: Mutex<Vec<Unsaved>>,
}

/// An entry that could not be saved, though the provider takes no older one any more.
struct Unsaved {
    /// What was there: when another process has put a third one there, this one is out of date.
    replaces: Option<Entry>,
    entry: Entry,
}

/// A place for documents. Names are those of [`AccountKey::name`].
trait Backend: Send + Sync {
    /// Names the document in errors, for a person: its file, where it has one.
    fn place(&self, name: &str) -> String;

    fn read(&self, name: &str) -> Result<Option<Document>>;

    /// Replaces the document whole, or fails and leaves the old one. Called by the holder of the
    /// lock only.
    fn write(&self, name: &str, document: &Document) -> Result<()>;

    /// Called by the holder of the lock only.
    fn remove(&self, name: &str) -> Result<()>;

    fn names(&self) -> Result<Vec<String>>;

    /// Takes the lock over processes, if it is free.
    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Held>>>;
}

/// A lock over processes; dropping it gives it back.
trait Held {}

/// One account of a store, readable or not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listed {
    /// The name of its key.
    pub name: String,
    /// What is kept of it.
    pub entry: Result<Entry>,
}

impl Store {
    fn new(backend: impl Backend + 'static) -> Self {
        let backend = Box::new(backend);
        let (locks, unsaved) = (Locks::default(), Mutex::default());
        Self(Arc::new(Inner { backend, locks, unsaved }))
    }

    /// A store that ends with the program.
    pub fn memory() -> Self {
        Self::new(memory::Memory::default())
    }

    /// A store in files of this folder, which is made if need be. Only the user may read them: by
    /// their permissions on Unix, by the user's key of the system (DPAPI) on Windows.
    pub fn file(folder: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(file::open(folder.as_ref())?))
    }

    /// A store in encrypted files of this folder, with their key in the system's keyring.
    /// `service` is the name under which the keyring shows it to the person.
    ///
    /// The keyring is asked here, once; if it does not do what it is needed for, this fails.
    pub fn keyring(folder: impl AsRef<Path>, service: &str, timeout: Duration) -> Result<Self> {
        watched(timeout, |watch| {
            let keyring = keyring::System::new(service);
            Ok(Self::new(keyring::open(folder.as_ref(), &keyring, watch)?))
        })
    }

    /// These accounts, or all of them, as one file that only the passphrase opens: to sign in on one
    /// computer and send from another. All or nothing: one that cannot be read fails the export.
    pub fn export(&self, keys: Option<&[AccountKey]>, passphrase: &str) -> Result<Vec<u8>> {
        bundle::export(self, keys, &Secret::new(passphrase))
    }

    /// Saves the accounts of such a file; gives the keys of those that were saved.
    pub fn import(
        &self,
        bundle: &[u8],
        passphrase: &str,
        existing: Existing,
        timeout: Duration,
    ) -> Result<Vec<AccountKey>> {
        let passphrase = Secret::new(passphrase);
        watched(timeout, |watch| bundle::import(self, bundle, &passphrase, None, existing, watch))
    }

    /// Writes one account into a file that only the passphrase opens.
    pub(crate) fn export_to(&self, path: &Path, key: &AccountKey, passphrase: &str) -> Result<()> {
        bundle::write(path, &self.export(Some(std::slice::from_ref(key)), passphrase)?)
    }

    /// Takes one account from such a file, in place of the one that is there.
    pub(crate) fn import_from(
        &self,
        path: &Path,
        key: &AccountKey,
        passphrase: &str,
        watch: &mut Watch,
    ) -> Result<()> {
        let (bundle, passphrase) = (bundle::read(path)?, Secret::new(passphrase));
        let only = Some(key);
        bundle::import(self, &bundle, &passphrase, only, Existing::Replace, watch).map(|_| ())
    }

    /// A store of the host program.
    pub fn callbacks(callbacks: Callbacks) -> Self {
        Self::new(callbacks)
    }

    /// All accounts. One that cannot be read does not hide the others.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let mut names = self.0.backend.names()?;
        names.sort();
        Ok(names
            .into_iter()
            // One that another process deletes meanwhile is left out.
            .filter_map(|name| {
                let entry = self.0.read(&name).transpose()?;
                Some(Listed { name, entry })
            })
            .collect())
    }

    /// The account as it is now. It may change at once: to refresh it use [`Store::with_lock`].
    pub fn load(&self, key: &AccountKey) -> Result<Option<Entry>> {
        self.0.load(key)
    }

    /// Sets a further field of an account to a value in JSON, as [`Entry::set_extra`] does: what a
    /// program needs beside the tokens, and should not leave elsewhere. The store keeps it until
    /// somebody signs in again. An account that is not there yet is made, without a sign-in.
    pub fn set_extra(
        &self,
        key: &AccountKey,
        name: &str,
        json: Option<&str>,
        timeout: Duration,
    ) -> Result<()> {
        watched(timeout, |watch| {
            self.with_lock(key, watch, |locked, _| {
                let mut entry = locked.entry().cloned().unwrap_or_else(|| Entry::new(key.clone()));
                entry.set_extra(name, json)?;
                locked.save(entry)
            })
        })
    }

    /// Runs `work` as the only one, over all threads and processes, who works on this account.
    ///
    /// The entry is read again when the lock is there; one that [`Locked::save_or_keep`] could not
    /// save is saved first. Waiting ends when the watch says so. A `work` that takes the same lock
    /// again waits for itself until then.
    pub(crate) fn with_lock<T>(
        &self,
        key: &AccountKey,
        watch: &mut Watch,
        work: impl FnOnce(&mut Locked, &mut Watch) -> Result<T>,
    ) -> Result<T> {
        let name = key.name();
        let _held = self.0.lock(&name, watch)?;
        let entry = self.0.load(key)?;
        let mut locked = Locked { store: &self.0, key, name, entry };
        if let Some(unsaved) = self.0.take_unsaved(key)
            && unsaved.replaces == locked.entry
        {
            locked.save_or_keep(unsaved.entry)?;
        }
        work(&mut locked, watch)
    }

    /// Removes the account, readable or not; gives its last entry, as far as there is one.
    pub(crate) fn delete(&self, key: &AccountKey, watch: &mut Watch) -> Result<Option<Entry>> {
        let name = key.name();
        let _held = self.0.lock(&name, watch)?;
        let entry = self.0.load(key).ok().flatten();
        self.0.backend.remove(&name)?;
        Ok(self.0.take_unsaved(key).map(|unsaved| unsaved.entry).or(entry))
    }
}

/// Does something that ends when the time is over.
fn watched<T>(timeout: Duration, work: impl FnOnce(&mut Watch) -> Result<T>) -> Result<T> {
    let mut tick = || true;
    work(&mut Watch::new(timeout, Canceller::default().watch(), &mut tick))
}

impl Inner {
    fn read(&self, name: &str) -> Result<Option<Entry>> {
        let Some(document) = self.backend.read(name)? else { return Ok(None) };
        let place = self.backend.place(name);
        let entry = Entry::parse(&document, &place)?;
        // A file that somebody copied to another name must not become another account.
        match entry.key().name() == name {
            true => Ok(Some(entry)),
            false => Err(corrupt(&place, format_args!("it belongs to {}", entry.key()))),
        }
    }

    fn load(&self, key: &AccountKey) -> Result<Option<Entry>> {
        self.read(&key.name())
    }

    fn take_unsaved(&self, key: &AccountKey) -> Option<Unsaved> {
        let mut unsaved = self.unsaved.lock();
        let at = unsaved.iter().position(|unsaved| unsaved.entry.key() == key)?;
        Some(unsaved.swap_remove(at))
    }

    fn lock(&self, name: &str, watch: &mut Watch) -> Result<(Box<dyn Held>, OneHolder<'_>)> {
        watch.begin(Stage::Store);
        // First among our threads, where waiting costs nothing; then only one of them asks on.
        let holder = self.locks.lock(name, watch)?;
        let held = lock::keep_asking(watch, || self.backend.try_lock(name))?;
        // In this order: fields of a tuple are dropped from the first to the last.
        Ok((held, holder))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").finish_non_exhaustive()
    }
}

/// The account whose lock is held.
pub(crate) struct Locked<'a> {
    store: &'a Inner,
    key: &'a AccountKey,
    name: String,
    entry: Option<Entry>,
}

impl Locked<'_> {
    /// As it was when the lock was taken, or as it was saved since.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// Replaces the entry, or fails and leaves the old one. Nothing cancels it: a rotated refresh
    /// token that is not saved is a lost account.
    pub(crate) fn save(&mut self, entry: Entry) -> Result<()> {
        if entry.key() != self.key {
            return Err(Error::internal("an entry was to be saved under the lock of another"));
        }
        self.store.backend.write(&self.name, &entry.document()?)?;
        self.entry = Some(entry);
        Ok(())
    }

    /// The same for an entry that cannot be had again. While it cannot be saved it stays in
    /// memory, and the next one who takes the lock tries again.
    pub(crate) fn save_or_keep(&mut self, entry: Entry) -> Result<()> {
        let saved = self.save(entry.clone());
        if saved.is_err() {
            let replaces = self.entry.clone();
            self.store.unsaved.lock().push(Unsaved { replaces, entry });
        }
        saved
    }
}

fn store_error(cause: Cause, text: String) -> Error {
    Error::new(Status::Store, Stage::Store, cause, text)
}

fn corrupt(place: &dyn fmt::Display, why: impl fmt::Display) -> Error {
    store_error(Cause::StoreCorrupt, format!("{place} is damaged: {why}"))
}

fn unreadable(place: &dyn fmt::Display, why: impl fmt::Display) -> Error {
    store_error(Cause::StoreUnreadable, format!("{place} cannot be read: {why}"))
}

fn unwritable(place: &dyn fmt::Display, why: impl fmt::Display) -> Error {
    store_error(Cause::StoreUnwritable, format!("{place} cannot be written: {why}"))
}
