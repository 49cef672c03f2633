//! Files as the user's own: on Unix the document itself, which its permissions protect; on Windows
//! encrypted by the system with a key of the user (DPAPI).

use super::folder::Folder;
use crate::error::Result;
use std::path::Path;

pub(super) fn open(folder: &Path) -> Result<Folder<Own>> {
    Folder::new(folder, Own)
}

pub(super) struct Own;

#[cfg(not(windows))]
mod system {
    use super::super::entry::Document;
    use super::super::folder::Protection;
    use crate::error::Result;
    use std::fmt::Display;

    impl Protection for super::Own {
        fn ending(&self) -> &'static str {
            "json"
        }

        fn protect(&self, _: &str, document: &Document, _: &dyn Display) -> Result<Document> {
            Ok(document.clone())
        }

        fn open(&self, _: &str, content: Document, _: &dyn Display) -> Result<Document> {
            Ok(content)
        }
    }
}

#[cfg(windows)]
mod system {
    use super::super::entry::Document;
    use super::super::folder::Protection;
    use super::super::seal::{Header, Kind};
    use super::super::{corrupt, unreadable, unwritable};
    use crate::error::Result;
    use crate::platform;
    use std::fmt::Display;
    use zeroize::Zeroizing;

    impl Protection for super::Own {
        fn ending(&self) -> &'static str {
            "dpapi"
        }

        /// The name of the account goes in as entropy: a file with another name does not open.
        fn protect(
            &self,
            name: &str,
            document: &Document,
            place: &dyn Display,
        ) -> Result<Document> {
            let blob = platform::protect(document, name.as_bytes())
                .map_err(|error| unwritable(place, error))?;
            let header = Header::new(Kind::Dpapi).octets();
            Ok(Zeroizing::new([&header[..], &blob].concat()))
        }

        fn open(&self, name: &str, content: Document, place: &dyn Display) -> Result<Document> {
            let blob = Header::take(Kind::Dpapi, &content).map_err(|wrong| wrong.error(place))?;
            if blob.is_empty() {
                return Err(corrupt(place, "it is incomplete"));
            }
            platform::unprotect(blob, name.as_bytes()).map_err(|error| {
                unreadable(
                    place,
                    format_args!("Windows does not decrypt it for this user: {error}"),
                )
            })
        }
    }
}
