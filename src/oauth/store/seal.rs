//! How encrypted files begin, and the encryption of those that we encrypt ourselves.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a nonce drawn anew for each write. 96 random bits are enough:
//! a program that saves every minute for 100 years draws the same one twice with a chance of 2^-45.
//! All that stands before the encrypted part is authenticated with it.

use super::entry::Document;
use super::{corrupt, store_error};
use crate::error::{Cause, Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use std::fmt::Display;
use zeroize::Zeroizing;

/// A key of 256 bits.
pub(super) type Key = Zeroizing<[u8; 32]>;

const MAGIC: &[u8; 8] = b"POSTRIDR";
const VERSION: u8 = 1;

/// What kind of file.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(super) enum Kind {
    Keyring = 1,
    Bundle = 2,
    #[cfg_attr(not(windows), allow(dead_code))]
    Dpapi = 3,
}

/// The first 12 octets of every file that is not plain text.
pub(super) struct Header(Kind);

impl Header {
    pub(super) const LENGTH: usize = 12;

    pub(super) fn new(kind: Kind) -> Self {
        Self(kind)
    }

    pub(super) fn octets(&self) -> [u8; Self::LENGTH] {
        let mut octets = [0; Self::LENGTH];
        octets[..8].copy_from_slice(MAGIC);
        octets[8] = self.0 as u8;
        octets[9] = VERSION;
        octets
    }

    /// What follows the header.
    pub(super) fn take(kind: Kind, content: &[u8]) -> std::result::Result<&[u8], Wrong> {
        let (header, rest) = content.split_at_checked(Self::LENGTH).ok_or(Wrong::Incomplete)?;
        match (&header[..8] == MAGIC && header[8] == kind as u8, header[9]) {
            (true, VERSION) => Ok(rest),
            (true, newer) if newer > VERSION => Err(Wrong::Newer(newer)),
            _ => Err(Wrong::Kind),
        }
    }
}

/// Why a file does not open.
#[derive(Debug)]
pub(super) enum Wrong {
    Incomplete,
    Kind,
    Newer(u8),
    Altered,
}

impl Wrong {
    pub(super) fn why(&self) -> String {
        match self {
            Wrong::Incomplete => "it is incomplete".into(),
            Wrong::Kind => "it is a file of another kind".into(),
            Wrong::Newer(version) => {
                format!("it has version {version}; this program knows {VERSION}")
            }
            Wrong::Altered => "it was altered or is incomplete".into(),
        }
    }

    pub(super) fn error(&self, place: &dyn Display) -> Error {
        match self {
            Wrong::Newer(_) => store_error(Cause::StoreNewer, format!("{place}: {}", self.why())),
            _ => corrupt(place, self.why()),
        }
    }
}

/// Fills with random octets of the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)
        .map_err(|error| Error::internal(format!("the system gives no random numbers: {error}")))?;
    Ok(octets)
}

/// `front`, a nonce, the encrypted document and its tag. `name` is authenticated too.
pub(super) fn seal(key: &Key, front: &[u8], name: &str, document: &[u8]) -> Result<Document> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let length = front.len() + NONCE_LEN + document.len() + MAX_TAG_LEN;
    // The right size at once: the document is never moved while it is plain.
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.extend_from_slice(front);
    out.extend_from_slice(&nonce);
    let associated = Aad::from([&out[..], name.as_bytes()].concat());
    let begin = out.len();
    out.extend_from_slice(document);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            associated,
            &mut out[begin..],
        )
        .map_err(|_| Error::internal("a document cannot be encrypted"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// The document, when nothing of the file and its name was changed; `front` is the length of what
/// was given to [`seal`].
pub(super) fn open(
    key: &Key,
    front: usize,
    name: &str,
    content: &[u8],
) -> std::result::Result<Document, Wrong> {
    let (clear, sealed) = content.split_at_checked(front + NONCE_LEN).ok_or(Wrong::Incomplete)?;
    let nonce = Nonce::try_assume_unique_for_key(&clear[front..]).map_err(|_| Wrong::Incomplete)?;
    let associated = Aad::from([clear, name.as_bytes()].concat());
    let mut document = Zeroizing::new(sealed.to_vec());
    let length = cipher(key)
        .map_err(|_| Wrong::Altered)?
        .open_in_place(nonce, associated, &mut document)
        .map_err(|_| Wrong::Altered)?
        .len();
    document.truncate(length);
    Ok(document)
}

fn cipher(key: &Key) -> Result<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, &key[..])
        .map(LessSafeKey::new)
        .map_err(|_| Error::internal("a key has the wrong length"))
}
