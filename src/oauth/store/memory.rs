//! A store that ends with the program.

use super::entry::Document;
use super::{Backend, Held};
use crate::error::Result;
use parking_lot::Mutex;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Document>>);

/// There is nothing to give back: no other process sees the store.
pub(super) struct NoOthers;

impl Held for NoOthers {}

impl Backend for Memory {
    fn place(&self, _: &str) -> String {
        "the entry in memory".into()
    }

    fn read(&self, name: &str) -> Result<Option<Document>> {
        Ok(self.0.lock().get(name).cloned())
    }

    fn write(&self, name: &str, document: &Document) -> Result<()> {
        self.0.lock().insert(name.to_owned(), document.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.lock().remove(name);
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.0.lock().keys().cloned().collect())
    }

    fn try_lock(&self, _: &str) -> Result<Option<Box<dyn Held>>> {
        Ok(Some(Box::new(NoOthers)))
    }
}
