//! Text that is wiped from memory when dropped and never printed.

use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A password, a token, or anything made of one.
#[derive(Clone)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    pub(crate) fn new(text: impl AsRef<[u8]>) -> Self {
        Self(text.as_ref().to_vec())
    }

    /// The parts joined, in one allocation that has the right size from the start: growing one would
    /// leave pieces behind.
    pub(crate) fn concat(parts: &[&[u8]]) -> Self {
        let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            joined.extend_from_slice(part);
        }
        Self(joined)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text, when it is UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    pub(crate) fn into_bytes(mut self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(std::mem::take(&mut self.0))
    }
}

impl Drop for Secret {
    // Not within each of the hundreds of places where one is dropped.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
