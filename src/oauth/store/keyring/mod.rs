//! Encrypted files, with their key in the system's keyring.
//!
//! Only the key lies there, 256 bits as text: Windows takes 2,560 octets at most, which Microsoft's
//! tokens exceed, and files can be replaced and locked as the refresh needs it. The keyring is asked
//! when the store is opened and never again, so saving cannot fail because of it.

#[cfg(windows)]
mod credential_manager;
#[cfg(target_vendor = "apple")]
mod keychain;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod secret_service;
#[cfg(test)]
pub(super) mod tests;

#[cfg(windows)]
pub(super) use credential_manager::CredentialManager as System;
#[cfg(target_vendor = "apple")]
pub(super) use keychain::Keychain as System;
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(super) use secret_service::SecretService as System;

use super::disk::{self, FileLock};
use super::entry::Document;
use super::folder::{Folder, Protection, names_in};
use super::key::{is_name, to_hex};
use super::seal::{self, Header, Key, Kind};
use super::{corrupt, lock, store_error};
use crate::error::{Cause, Result, Stage};
use crate::net::Watch;
use crate::secret::Secret;
use std::fmt::Display;
use std::path::Path;
use zeroize::Zeroizing;

/// A keyring of the system. Ids have 32 hexadecimal digits.
pub(super) trait Keyring {
    fn get(&self, id: &str, watch: &mut Watch) -> Result<Option<Secret>>;
    fn set(&self, id: &str, text: &Secret, watch: &mut Watch) -> Result<()>;
    fn delete(&self, id: &str, watch: &mut Watch) -> Result<()>;
}

const ENDING: &str = "sealed";

pub(super) fn open(
    folder: &Path,
    keyring: &dyn Keyring,
    watch: &mut Watch,
) -> Result<Folder<Sealed>> {
    disk::prepare_folder(folder)?;
    watch.begin(Stage::Store);
    // Two processes must not make two keys: the files of one would be lost.
    let lock_file = folder.join("keyring.lock");
    let _held = lock::keep_asking(watch, || FileLock::try_lock(&lock_file))?;
    let id = read_or_make_id(folder)?;
    let place = folder.display();
    let key = match keyring.get(&id, watch)? {
        Some(text) => parse_key(&text).ok_or_else(|| {
            let text = format!("the key {id} of {place} in the keyring is no key of ours");
            store_error(Cause::KeyringFailed, text)
        })?,
        // A new key would make the accounts unreadable for ever.
        None if !names_in(folder, ENDING)?.is_empty() => {
            let text = format!("the key {id} of {place} is not in the keyring any more");
            return Err(store_error(Cause::KeyringKeyMissing, text));
        }
        None => make_key(&id, keyring, watch)?,
    };
    Folder::new(folder, Sealed { id, key })
}

/// Which key of the keyring belongs to this folder; not secret.
fn read_or_make_id(folder: &Path) -> Result<String> {
    let path = folder.join("keyring.id");
    if let Some(content) = disk::read(&path)? {
        let id = std::str::from_utf8(&content).unwrap_or_default().trim_end();
        return match is_name(id) {
            true => Ok(id.to_owned()),
            false => Err(corrupt(&path.display(), "it holds no id of a key")),
        };
    }
    let id = to_hex(&seal::random::<16>()?);
    // Before the key: a key without an id would stay in the keyring for ever.
    disk::replace(&path, format!("{id}\n").as_bytes())?;
    Ok(id)
}

/// Makes a key, after the keyring has shown that it keeps, finds and forgets what it is given.
fn make_key(id: &str, keyring: &dyn Keyring, watch: &mut Watch) -> Result<Key> {
    let probe_id = to_hex(&seal::random::<16>()?);
    let probe = Secret::new(to_hex(&seal::random::<32>()?));
    keyring.set(&probe_id, &probe, watch)?;
    let found = keyring.get(&probe_id, watch)?;
    keyring.delete(&probe_id, watch)?;
    if found.as_ref() != Some(&probe) || keyring.get(&probe_id, watch)?.is_some() {
        let text = "the keyring does not keep what it is given".to_owned();
        return Err(store_error(Cause::KeyringFailed, text));
    }
    let key = Zeroizing::new(seal::random::<32>()?);
    let text = Secret::new(&*Zeroizing::new(to_hex(&key[..])));
    keyring.set(id, &text, watch)?;
    // What it says afterwards counts: it would be too late to find out when accounts are sealed.
    match keyring.get(id, watch)?.as_ref().and_then(parse_key) {
        Some(kept) if kept == key => Ok(key),
        _ => {
            let text = "the keyring does not keep the key that it was given".to_owned();
            Err(store_error(Cause::KeyringFailed, text))
        }
    }
}

fn parse_key(text: &Secret) -> Option<Key> {
    let digits = text.text()?;
    let mut key = Zeroizing::new([0; 32]);
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (octet, at) in key.iter_mut().zip((0..).step_by(2)) {
        *octet = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(key)
}

/// The protection of the files: header, id of the key, nonce, encrypted document (docs/store.md).
pub(super) struct Sealed {
    id: String,
    key: Key,
}

impl Sealed {
    fn front(&self) -> Vec<u8> {
        [&Header::new(Kind::Keyring).octets()[..], self.id.as_bytes()].concat()
    }
}

impl Protection for Sealed {
    fn ending(&self) -> &'static str {
        ENDING
    }

    fn protect(&self, name: &str, document: &Document, _: &dyn Display) -> Result<Document> {
        seal::seal(&self.key, &self.front(), name, document)
    }

    fn open(&self, name: &str, content: Document, place: &dyn Display) -> Result<Document> {
        let rest = Header::take(Kind::Keyring, &content).map_err(|wrong| wrong.error(place))?;
        if rest.len() >= self.id.len() && !rest.starts_with(self.id.as_bytes()) {
            let text = format!("{place} was encrypted with another key than {}", self.id);
            return Err(store_error(Cause::KeyringKeyMissing, text));
        }
        seal::open(&self.key, self.front().len(), name, &content)
            .map_err(|wrong| wrong.error(place))
    }
}
