//! Accounts in one file under a passphrase: sign in on a desktop, send from a server.
//!
//! Argon2id (RFC 9106) makes the key; how much work it takes stands in the header, so that later
//! versions can ask for more. The header is believed only within bounds: a hostile one must not
//! take all memory. It also holds a check value, which tells a wrong passphrase from a damaged file;
//! guessing is no easier by it, as the tag at the end would tell as well.

use super::entry::{Document, Entry};
use super::key::AccountKey;
use super::seal::{self, Header, Key, Kind, Wrong};
use super::{Store, disk, store_error, unreadable};
use crate::error::{Cause, Error, Result};
use crate::net::Watch;
use crate::secret::Secret;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;
use zeroize::Zeroizing;

/// What an import does with an account that the store has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Keeps it: the store's refresh token may be newer than that of the bundle.
    Keep,
    /// Replaces it.
    Replace,
}

/// RFC 9106 §4 for computers with little memory: 64 MiB, three passes. One lane: more would only
/// help with threads.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// What an import is ready for: at most 256 MiB and a few seconds.
const MEMORY_TAKEN: RangeInclusive<u32> = 8..=256 << 10;
const PASSES_TAKEN: RangeInclusive<u32> = 1..=10;
const LANES_TAKEN: RangeInclusive<u32> = 1..=4;

const SALT: usize = 16;
const CHECK: usize = 16;
/// Header, memory, passes, lanes, salt, check value; then the nonce.
const FRONT: usize = Header::LENGTH + 3 * 4 + SALT + CHECK;
/// Far more than thousands of accounts need.
const MOST_OCTETS: usize = 64 << 20;
/// Whoever has the file can try passphrases for as long as they like.
const SHORTEST_PASSPHRASE: usize = 8;

const FORMAT: &str = "postrider-bundle";
const VERSION: u32 = 1;
/// In place of the name of an account: a bundle is never taken for one.
const NAME: &str = "bundle";

/// These accounts, or all of them, encrypted. All or nothing: one that is missing or cannot be
/// read fails the export.
pub(super) fn export(
    store: &Store,
    keys: Option<&[AccountKey]>,
    passphrase: &Secret,
) -> Result<Vec<u8>> {
    if passphrase.bytes().len() < SHORTEST_PASSPHRASE {
        let text = format!("the passphrase has less than {SHORTEST_PASSPHRASE} octets");
        return Err(Error::argument(text));
    }
    let entries = match keys {
        None => store.list()?.into_iter().map(|one| one.entry).collect::<Result<Vec<_>>>()?,
        Some(keys) => keys
            .iter()
            .map(|key| {
                store.load(key)?.ok_or_else(|| {
                    let text = format!("the store has no account {key}");
                    store_error(Cause::StoreUnreadable, text)
                })
            })
            .collect::<Result<Vec<_>>>()?,
    };
    let documents = entries.iter().map(Entry::document).collect::<Result<Vec<_>>>()?;

    let salt: [u8; SALT] = seal::random()?;
    let mut front = Header::new(Kind::Bundle).octets().to_vec();
    for number in [MEMORY_KIB, PASSES, LANES] {
        front.extend_from_slice(&number.to_le_bytes());
    }
    front.extend_from_slice(&salt);
    let derived = derive(passphrase, &salt, MEMORY_KIB, PASSES, LANES)?;
    front.extend_from_slice(&derived.check);
    Ok(seal::seal(&derived.key, &front, NAME, &join(&documents))?.to_vec())
}

/// Saves the accounts of a bundle, or only that one; gives the keys of those that were saved.
pub(super) fn import(
    store: &Store,
    bundle: &[u8],
    passphrase: &Secret,
    only: Option<&AccountKey>,
    existing: Existing,
    watch: &mut Watch,
) -> Result<Vec<AccountKey>> {
    // All are read before the first is saved.
    let mut entries = open(bundle, passphrase)?;
    if let Some(only) = only {
        let (wanted, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.key() == only);
        if wanted.is_empty() {
            return Err(lacks(only, &others));
        }
        entries = wanted;
    }
    let mut imported = Vec::new();
    for entry in entries {
        let key = entry.key().clone();
        let saved = store.with_lock(&key, watch, |locked, _| {
            let keep = locked.entry().is_some() && existing == Existing::Keep;
            if !keep {
                locked.save(entry)?;
            }
            Ok(!keep)
        })?;
        imported.extend(saved.then_some(key));
    }
    Ok(imported)
}

/// The accounts of a bundle.
fn open(bundle: &[u8], passphrase: &Secret) -> Result<Vec<Entry>> {
    if bundle.len() > MOST_OCTETS {
        return Err(damaged(format_args!("it has {} octets", bundle.len())));
    }
    let rest = Header::take(Kind::Bundle, bundle).map_err(|wrong| match wrong {
        Wrong::Newer(_) => {
            store_error(Cause::StoreNewer, format!("the bundle is not read: {}", wrong.why()))
        }
        _ => damaged(wrong.why()),
    })?;
    let incomplete = || damaged(Wrong::Incomplete.why());
    let (numbers, rest) = rest.split_first_chunk::<12>().ok_or_else(incomplete)?;
    let (salt, rest) = rest.split_first_chunk::<SALT>().ok_or_else(incomplete)?;
    let check = rest.first_chunk::<CHECK>().ok_or_else(incomplete)?;
    let number =
        |at: usize| numbers[at..].first_chunk().map_or(0, |octets| u32::from_le_bytes(*octets));
    let (memory, passes, lanes) = (number(0), number(4), number(8));
    if !MEMORY_TAKEN.contains(&memory)
        || !PASSES_TAKEN.contains(&passes)
        || !LANES_TAKEN.contains(&lanes)
    {
        let text = format_args!("it asks for {memory} KiB, {passes} passes and {lanes} lanes");
        return Err(damaged(text));
    }
    let derived = derive(passphrase, salt, memory, passes, lanes)?;
    // What it is compared with is no secret: it stands in the file.
    if derived.check != *check {
        let text = "the passphrase does not open the bundle".to_owned();
        return Err(store_error(Cause::PassphraseWrong, text));
    }
    let plain = seal::open(&derived.key, FRONT, NAME, bundle).map_err(|w| damaged(w.why()))?;
    split(&plain)
}

fn lacks(wanted: &AccountKey, found: &[Entry]) -> Error {
    let found: Vec<_> = found.iter().map(|entry| entry.key().to_string()).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    let text = format!(
        "the bundle has no sign-in for {wanted} with this client id and tenant; it has {found}"
    );
    store_error(Cause::BundleLacksAccount, text)
}

/// Writes a bundle into a file, which appears whole or not at all.
pub(super) fn write(path: &Path, bundle: &[u8]) -> Result<()> {
    disk::replace(path, bundle)
}

/// Reads a bundle; that others may read the file is no matter.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| unreadable(&path.display(), error);
    let mut bundle = Vec::new();
    let most = MOST_OCTETS as u64 + 1;
    File::open(path).map_err(failed)?.take(most).read_to_end(&mut bundle).map_err(failed)?;
    Ok(bundle)
}

fn damaged(why: impl std::fmt::Display) -> Error {
    store_error(Cause::BundleCorrupt, format!("the bundle is not read: {why}"))
}

struct Derived {
    key: Key,
    check: [u8; CHECK],
}

fn derive(
    passphrase: &Secret,
    salt: &[u8; SALT],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<Derived> {
    let failed = |error| Error::internal(format!("no key from the passphrase: {error}"));
    let mut octets = Zeroizing::new([0; 32 + CHECK]);
    let length = Some(octets.len());
    let params = Params::new(memory, passes, lanes, length)
        .map_err(|error| damaged(format_args!("its numbers do not fit together: {error}")))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.bytes(), salt, &mut octets[..])
        .map_err(failed)?;
    let mut derived = Derived { key: Zeroizing::new([0; 32]), check: [0; CHECK] };
    derived.key.copy_from_slice(&octets[..32]);
    derived.check.copy_from_slice(&octets[32..]);
    Ok(derived)
}

/// The documents as one JSON document, in one allocation of the right size.
fn join(documents: &[Document]) -> Document {
    let begin = format!("{{\"format\": \"{FORMAT}\", \"version\": {VERSION}, \"accounts\": [");
    let end = b"]}\n";
    let length: usize = documents.iter().map(|document| document.len() + 1).sum();
    let mut joined = Zeroizing::new(Vec::with_capacity(begin.len() + length + end.len()));
    joined.extend_from_slice(begin.as_bytes());
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            joined.push(b',');
        }
        joined.extend_from_slice(document);
    }
    joined.extend_from_slice(end);
    joined
}

fn split(plain: &[u8]) -> Result<Vec<Entry>> {
    // Authentic by now, so what is wrong here was written so by a program that is not ours.
    let wrong = || damaged("it is no bundle of ours");
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(plain).map_err(|_| wrong())?;
    let field = |name: &str| fields.get(name).map_or("null", |raw| raw.get());
    if serde_json::from_str::<&str>(field("format")).ok() != Some(FORMAT) {
        return Err(wrong());
    }
    let version: u32 = serde_json::from_str(field("version")).map_err(|_| wrong())?;
    if version > VERSION {
        let text = format!("the bundle has version {version}; this program knows {VERSION}");
        return Err(store_error(Cause::StoreNewer, text));
    }
    let accounts: Vec<&RawValue> = serde_json::from_str(field("accounts")).map_err(|_| wrong())?;
    accounts
        .iter()
        .map(|account| Entry::parse(account.get().as_bytes(), &"an account in the bundle"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::store::tests::{entry, key, watched};
    use std::time::Duration;

    fn signed_in() -> Store {
        let store = Store::memory();
        for user in ["anna", "bob"] {
            watched(|watch| {
                store.with_lock(&key(user), watch, |locked, _| locked.save(entry(user)))
            })
            .unwrap();
        }
        store
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    /// Opens what begins so, without ever having had the passphrase.
    fn cause_of(bundle: &[u8]) -> Cause {
        open(bundle, &secret("correct horse")).unwrap_err().cause()
    }

    #[test]
    fn accounts_travel_in_a_bundle_and_nothing_of_them_can_be_read_in_it() {
        let bundle = signed_in().export(None, "correct horse").unwrap();
        for word in ["anna", "refresh-of", "scope"] {
            let found = bundle.windows(word.len()).any(|octets| octets == word.as_bytes());
            assert!(!found, "{word}");
        }
        let server = Store::memory();
        let import = || {
            let limit = Duration::from_secs(60);
            server.import(&bundle, "correct horse", Existing::Keep, limit).unwrap()
        };
        let imported = import();
        assert_eq!(imported.len(), 2);
        for user in ["anna", "bob"] {
            assert_eq!(server.load(&key(user)).unwrap(), Some(entry(user)));
        }
        // Again: the server may have rotated its tokens meanwhile.
        assert_eq!(import(), []);
    }

    #[test]
    fn one_account_can_be_exported_and_a_missing_one_fails() {
        let store = signed_in();
        let bundle = store.export(Some(&[key("bob")]), "correct horse").unwrap();
        assert_eq!(open(&bundle, &secret("correct horse")).unwrap(), [entry("bob")]);
        let error = store.export(Some(&[key("carl")]), "correct horse").unwrap_err();
        assert!(error.text().contains("carl"), "{error}");
        let short = store.export(None, "horse").unwrap_err();
        assert_eq!(short.cause(), Cause::ArgumentInvalid);
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_a_damaged_bundle() {
        let bundle = signed_in().export(None, "correct horse").unwrap();
        let error = open(&bundle, &secret("wrong horse")).unwrap_err();
        assert_eq!(error.cause(), Cause::PassphraseWrong);

        for length in [0, 5, Header::LENGTH, FRONT - 1, FRONT + 3, bundle.len() - 1] {
            assert_eq!(cause_of(&bundle[..length]), Cause::BundleCorrupt, "cut to {length}");
        }
        for at in [0, 8, FRONT + 1, FRONT + 20, bundle.len() - 1] {
            let mut altered = bundle.clone();
            altered[at] ^= 1;
            assert_eq!(cause_of(&altered), Cause::BundleCorrupt, "altered at {at}");
        }
        let mut newer = bundle.clone();
        newer[9] = 2;
        assert_eq!(cause_of(&newer), Cause::StoreNewer);
    }

    #[test]
    fn a_hostile_header_takes_neither_memory_nor_time() {
        let bundle = signed_in().export(None, "correct horse").unwrap();
        // 100 GB; 0; a billion passes; no lane; many.
        for (at, value) in
            [(0, 100 << 20), (0, 0), (0, u32::MAX), (4, 1 << 30), (4, 0), (8, 0), (8, 1 << 20)]
        {
            let mut hostile = bundle.clone();
            let at = Header::LENGTH + at;
            hostile[at..at + 4].copy_from_slice(&value.to_le_bytes());
            assert_eq!(cause_of(&hostile), Cause::BundleCorrupt, "{value} at {at}");
        }
    }
}
