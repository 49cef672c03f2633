//! The store with a keyring in memory that can be told to misbehave; and the real one, on a bus of
//! its own.

#[cfg(target_os = "linux")]
mod real;

use super::super::Store;
use super::super::tests::{entry, key, save, watched};
use super::*;
use crate::error::Error;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fs;

/// A keyring as the system's, and its faults.
#[derive(Default)]
pub(in super::super) struct InMemory {
    kept: Mutex<BTreeMap<String, Secret>>,
    forgets: bool,
    stays: bool,
    locked: bool,
}

impl InMemory {
    fn check(&self) -> Result<()> {
        match self.locked {
            true => Err(store_error(Cause::KeyringLocked, "locked".into())),
            false => Ok(()),
        }
    }
}

impl Keyring for InMemory {
    fn get(&self, id: &str, _: &mut Watch) -> Result<Option<Secret>> {
        self.check()?;
        Ok(self.kept.lock().get(id).cloned())
    }

    fn set(&self, id: &str, text: &Secret, _: &mut Watch) -> Result<()> {
        self.check()?;
        if !self.forgets {
            self.kept.lock().insert(id.to_owned(), text.clone());
        }
        Ok(())
    }

    fn delete(&self, id: &str, _: &mut Watch) -> Result<()> {
        self.check()?;
        if !self.stays {
            self.kept.lock().remove(id);
        }
        Ok(())
    }
}

fn store(folder: &Path, keyring: &InMemory) -> Result<Store> {
    watched(|watch| open(folder, keyring, watch)).map(Store::new)
}

fn cause(result: Result<impl Sized>) -> Option<Cause> {
    result.err().as_ref().map(Error::cause)
}

/// The one encrypted file.
fn file(folder: &Path, user: &str) -> std::path::PathBuf {
    folder.join(format!("{}.sealed", key(user).name()))
}

#[test]
fn the_keyring_holds_a_key_and_the_file_nothing_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = InMemory::default();
    save(&store(folder.path(), &keyring).unwrap(), entry("anna")).unwrap();
    {
        let kept = keyring.kept.lock();
        assert_eq!(kept.len(), 1, "the probe is gone");
        assert!(kept.values().all(|text| text.bytes().len() == 64));
    }
    let content = fs::read(file(folder.path(), "anna")).unwrap();
    assert_eq!(content[..10], *b"POSTRIDR\x01\x01");
    for word in ["anna", "format", "scope"] {
        assert!(!content.windows(word.len()).any(|octets| octets == word.as_bytes()), "{word}");
    }
    // Another process, later.
    let again = store(folder.path(), &keyring).unwrap();
    assert_eq!(again.load(&key("anna")).unwrap(), Some(entry("anna")));
    // A nonce of its own for each write.
    save(&again, entry("anna")).unwrap();
    assert_ne!(fs::read(file(folder.path(), "anna")).unwrap(), content);
}

#[test]
fn an_altered_exchanged_or_cut_file_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &InMemory::default()).unwrap();
    save(&store, entry("anna")).unwrap();
    save(&store, entry("bob")).unwrap();
    let anna = file(folder.path(), "anna");
    let good = fs::read(&anna).unwrap();
    let bobs = fs::read(file(folder.path(), "bob")).unwrap();
    let flipped = |at: usize| {
        let mut content = good.clone();
        content[at] ^= 1;
        content
    };
    let corrupt = Cause::StoreCorrupt;
    for (what, content, expected) in [
        ("empty", Vec::new(), corrupt),
        ("cut in the header", good[..9].to_vec(), corrupt),
        ("cut in the id of the key", good[..20].to_vec(), corrupt),
        ("cut", good[..good.len() - 1].to_vec(), corrupt),
        ("bob's", bobs, corrupt),
        ("another kind", flipped(8), corrupt),
        ("reserved octets", flipped(10), corrupt),
        ("another key", flipped(12), Cause::KeyringKeyMissing),
        ("the nonce", flipped(45), corrupt),
        ("the document", flipped(60), corrupt),
        ("the tag", flipped(good.len() - 1), corrupt),
        ("a newer version", [&b"POSTRIDR\x01\x02"[..], &good[10..]].concat(), Cause::StoreNewer),
    ] {
        fs::write(&anna, content).unwrap();
        assert_eq!(cause(store.load(&key("anna"))), Some(expected), "{what}");
    }
    fs::write(&anna, good).unwrap();
    assert_eq!(store.load(&key("anna")).unwrap(), Some(entry("anna")));
}

#[test]
fn a_keyring_that_does_not_keep_or_forget_is_not_relied_on() {
    for keyring in [
        InMemory { forgets: true, ..InMemory::default() },
        InMemory { stays: true, ..InMemory::default() },
    ] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(cause(store(folder.path(), &keyring)), Some(Cause::KeyringFailed));
    }
}

#[test]
fn a_lost_key_is_told_and_no_new_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = InMemory::default();
    save(&store(folder.path(), &keyring).unwrap(), entry("anna")).unwrap();
    let emptied = InMemory::default();
    assert_eq!(cause(store(folder.path(), &emptied)), Some(Cause::KeyringKeyMissing));
    assert!(emptied.kept.lock().is_empty());
    // Locked is something else, and passes.
    let locked = InMemory { locked: true, ..InMemory::default() };
    assert_eq!(cause(store(folder.path(), &locked)), Some(Cause::KeyringLocked));
    let found = store(folder.path(), &keyring).unwrap().load(&key("anna")).unwrap();
    assert_eq!(found, Some(entry("anna")));
}

#[test]
fn two_that_open_a_new_store_at_once_get_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = InMemory::default();
    std::thread::scope(|scope| {
        for user in ["anna", "bob", "carl", "dora"] {
            let (folder, keyring) = (folder.path(), &keyring);
            scope.spawn(move || save(&store(folder, keyring).unwrap(), entry(user)).unwrap());
        }
    });
    assert_eq!(keyring.kept.lock().len(), 1);
    let listed = store(folder.path(), &keyring).unwrap().list().unwrap();
    assert_eq!(listed.iter().filter(|one| one.entry.is_ok()).count(), 4);
}
