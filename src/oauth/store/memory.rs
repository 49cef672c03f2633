//! A store that ends with the program.

use super::entry::Document;
use super::{Backend, Held};
use crate::error::Result;
use parking_lot::Mutex;

/// Names and documents.
#[derive(Default)]
pub(super) struct Memory(Mutex<Vec<(String, Document)>>);

/// There is nothing to give back: no other process sees the store.
pub(super) struct NoOthers;

impl Held for NoOthers {}

impl Backend for Memory {
    fn place(&self, _: &str) -> String {
        "the entry in memory".into()
    }

    fn read(&self, name: &str) -> Result<Option<Document>> {
        let entries = self.0.lock();
        Ok(entries.iter().find(|(n, _)| n == name).map(|(_, document)| document.clone()))
    }

    fn write(&self, name: &str, document: &Document) -> Result<()> {
        let mut entries = self.0.lock();
        entries.retain(|(n, _)| n != name);
        entries.push((name.to_owned(), document.clone()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.lock().retain(|(n, _)| n != name);
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.0.lock().iter().map(|(name, _)| name.clone()).collect())
    }

    fn try_lock(&self, _: &str) -> Result<Option<Box<dyn Held>>> {
        Ok(Some(Box::new(NoOthers)))
    }
}
