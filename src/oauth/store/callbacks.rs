//! A store of the host program: a database, a settings service, whatever it has.
//!
//! Among the threads of this process the library keeps one holder per account; among processes the
//! program does, if it gives `try_lock` and `unlock`.

use super::entry::Document;
use super::memory::NoOthers;
use super::{Backend, Held, store_error, unreadable, unwritable};
use crate::error::{Cause, Result};
use std::fmt;
use std::io;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Gives the document with this name, or `None` when there is none.
pub type Load = dyn Fn(&str) -> io::Result<Option<Vec<u8>>> + Send + Sync;
/// Replaces the document with this name: whole, or not at all.
pub type Save = dyn Fn(&str, &[u8]) -> io::Result<()> + Send + Sync;
/// Removes the document with this name; one that is not there is no error.
pub type Delete = dyn Fn(&str) -> io::Result<()> + Send + Sync;
/// The names of all documents.
pub type Names = dyn Fn() -> io::Result<Vec<String>> + Send + Sync;
/// Takes the lock with this name: `true` when it was free. Asked again until then, at most 40 times
/// a second, so that a deadline and a cancellation get through: it must not wait.
pub type TryLock = dyn Fn(&str) -> io::Result<bool> + Send + Sync;
/// Gives the lock with this name back.
pub type Unlock = dyn Fn(&str) + Send + Sync;

/// What the program does for its store. A name has 32 hexadecimal digits; a document is UTF-8 text
/// with tokens in it, which the program must protect. Several threads may call at once.
pub struct Callbacks {
    load: Box<Load>,
    save: Box<Save>,
    delete: Box<Delete>,
    names: Option<Box<Names>>,
    lock: Option<(Box<TryLock>, Arc<Unlock>)>,
}

impl Callbacks {
    /// The three that every store needs.
    pub fn new(
        load: impl Fn(&str) -> io::Result<Option<Vec<u8>>> + Send + Sync + 'static,
        save: impl Fn(&str, &[u8]) -> io::Result<()> + Send + Sync + 'static,
        delete: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (load, save, delete) = (Box::new(load), Box::new(save), Box::new(delete));
        Self { load, save, delete, names: None, lock: None }
    }

    /// Without it the accounts cannot be listed, and "all" cannot be exported.
    pub fn with_names(
        mut self,
        names: impl Fn() -> io::Result<Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        self.names = Some(Box::new(names));
        self
    }

    /// Without it two processes must not use the store at once: the one that refreshes second has a
    /// refresh token that the provider no longer takes.
    pub fn with_lock(
        mut self,
        try_lock: impl Fn(&str) -> io::Result<bool> + Send + Sync + 'static,
        unlock: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        self.lock = Some((Box::new(try_lock), Arc::new(unlock)));
        self
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks").finish_non_exhaustive()
    }
}

struct Taken {
    name: String,
    unlock: Arc<Unlock>,
}

impl Held for Taken {}

impl Drop for Taken {
    fn drop(&mut self) {
        (self.unlock)(&self.name);
    }
}

impl Backend for Callbacks {
    fn place(&self, name: &str) -> String {
        format!("the entry {name} in the program's store")
    }

    fn read(&self, name: &str) -> Result<Option<Document>> {
        let found = (self.load)(name).map_err(|error| unreadable(&self.place(name), error))?;
        Ok(found.map(Zeroizing::new))
    }

    fn write(&self, name: &str, document: &Document) -> Result<()> {
        (self.save)(name, document).map_err(|error| unwritable(&self.place(name), error))
    }

    fn remove(&self, name: &str) -> Result<()> {
        (self.delete)(name).map_err(|error| unwritable(&self.place(name), error))
    }

    fn names(&self) -> Result<Vec<String>> {
        let Some(names) = &self.names else {
            let text = "the program's store cannot list its accounts".to_owned();
            return Err(store_error(Cause::StoreUnreadable, text));
        };
        names().map_err(|error| unreadable(&"the list of the program's store", error))
    }

    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Held>>> {
        let Some((try_lock, unlock)) = &self.lock else { return Ok(Some(Box::new(NoOthers))) };
        let taken = try_lock(name).map_err(|error| {
            let text = format!("the lock of {} cannot be taken: {error}", self.place(name));
            store_error(Cause::StoreUnwritable, text)
        })?;
        Ok(taken.then(|| -> Box<dyn Held> {
            Box::new(Taken { name: name.to_owned(), unlock: unlock.clone() })
        }))
    }
}
