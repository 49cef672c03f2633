//! A store in files of one folder: `<name>.<ending>` for each account, `<name>.lock` beside it.
//!
//! A file for each account, so that two accounts are rewritten and locked independently and a
//! damaged one harms no other.

use super::disk::{self, FileLock};
use super::entry::Document;
use super::key::is_name;
use super::{Backend, Held, unreadable};
use crate::error::Result;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// How the content of the files is protected.
pub(super) trait Protection: Send + Sync {
    /// Of the files: another one for each kind of protection.
    fn ending(&self) -> &'static str;

    /// From a document to the content of its file.
    fn protect(&self, name: &str, document: &Document, place: &dyn Display) -> Result<Document>;

    /// From the content of the file to the document.
    fn open(&self, name: &str, content: Document, place: &dyn Display) -> Result<Document>;
}

pub(super) struct Folder<P> {
    folder: PathBuf,
    protection: P,
}

impl<P: Protection> Folder<P> {
    pub(super) fn new(folder: &Path, protection: P) -> Result<Self> {
        disk::prepare_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), protection })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{}", self.protection.ending()))
    }
}

/// The names of the accounts in the folder whose files end so.
pub(super) fn names_in(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let place = folder.display();
    let mut names = Vec::new();
    for file in folder.read_dir().map_err(|error| unreadable(&place, error))? {
        let file = file.map_err(|error| unreadable(&place, error))?.file_name();
        let name = file.to_str().and_then(|file| file.split_once('.'));
        if let Some((name, rest)) = name
            && is_name(name)
            && rest == ending
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

impl<P: Protection> Backend for Folder<P> {
    fn place(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> Result<Option<Document>> {
        let path = self.path(name);
        let Some(content) = disk::read(&path)? else { return Ok(None) };
        self.protection.open(name, content, &path.display()).map(Some)
    }

    fn write(&self, name: &str, document: &Document) -> Result<()> {
        let path = self.path(name);
        let content = self.protection.protect(name, document, &path.display())?;
        disk::replace(&path, &content)
    }

    fn remove(&self, name: &str) -> Result<()> {
        disk::remove(&self.path(name))
    }

    fn names(&self) -> Result<Vec<String>> {
        names_in(&self.folder, self.protection.ending())
    }

    fn try_lock(&self, name: &str) -> Result<Option<Box<dyn Held>>> {
        let lock = FileLock::try_lock(&self.folder.join(format!("{name}.lock")))?;
        Ok(lock.map(|lock| -> Box<dyn Held> { Box::new(lock) }))
    }
}
