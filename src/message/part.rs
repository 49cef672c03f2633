//! Attachments and inline images: where their bytes are, and how they are shown.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::message::compose::random_hex;
use crate::message::header::check_one_line;
use lettre::message::header::ContentType;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

const MOST_NAME_CHARACTERS: usize = 255;

/// How a part is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// For the reader to save.
    Attachment,
    /// Within the HTML body, under this content id.
    Inline { content_id: String },
}

impl Disposition {
    /// Inline under a content id (RFC 2392) that no other part of any message has.
    pub(crate) fn new_inline() -> Result<(Self, String)> {
        let content_id = format!("{}@postrider", random_hex()?);
        Ok((Self::Inline { content_id: content_id.clone() }, content_id))
    }
}

/// One attachment or inline image.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub name: String,
    pub content_type: String,
    pub disposition: Disposition,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

/// A source whose size is known and that can be read, as often as needed, from its beginning.
#[derive(Clone, Debug)]
pub(crate) enum Opened {
    Bytes(Arc<[u8]>),
    File(Arc<OpenFile>),
}

#[derive(Debug)]
pub(crate) struct OpenFile {
    pub file: File,
    pub path: PathBuf,
    pub size: u64,
    pub modified: Option<SystemTime>,
}

impl Part {
    /// A file; it is opened to see that it can be, and again for every send.
    pub(crate) fn file(
        path: &str,
        name: Option<&str>,
        content_type: Option<&str>,
        disposition: Disposition,
    ) -> Result<Self> {
        if path.is_empty() {
            return Err(Error::argument("path is empty"));
        }
        let path = PathBuf::from(path);
        open(&path)?;
        let own_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.map(str::to_owned).or(own_name).unwrap_or_default();
        Self::new(Source::File(path), &name, content_type, disposition)
    }

    pub(crate) fn bytes(
        data: &[u8],
        name: &str,
        content_type: Option<&str>,
        disposition: Disposition,
    ) -> Result<Self> {
        Self::new(Source::Bytes(data.into()), name, content_type, disposition)
    }

    fn new(
        source: Source,
        name: &str,
        content_type: Option<&str>,
        disposition: Disposition,
    ) -> Result<Self> {
        check_one_line(name, "name")?;
        if name.is_empty() {
            return Err(Error::argument("name is empty"));
        }
        if name.chars().count() > MOST_NAME_CHARACTERS {
            let text = format!("name is longer than {MOST_NAME_CHARACTERS} characters");
            return Err(Error::argument(text));
        }
        let content_type = match content_type {
            Some(given) => check_content_type(given)?,
            None => guess_content_type(name),
        };
        Ok(Self { name: name.to_owned(), content_type, disposition, source })
    }

    pub(crate) fn open(&self) -> Result<Opened> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Opened::Bytes(bytes.clone())),
            Source::File(path) => Ok(Opened::File(Arc::new(open(path)?))),
        }
    }
}

impl Opened {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Opened::Bytes(bytes) => bytes.len() as u64,
            Opened::File(open) => open.size,
        }
    }
}

fn open(path: &Path) -> Result<OpenFile> {
    let unreadable = |why: &dyn std::fmt::Display| {
        let text = format!("the file {} cannot be read: {why}", path.display());
        Error::new(Status::File, Stage::Compose, Cause::FileUnreadable, text)
    };
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let kind = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "it is a folder" } else { "it is no regular file" };
        return Err(unreadable(&what));
    }
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    let (size, modified) = (metadata.len(), metadata.modified().ok());
    Ok(OpenFile { file, path: path.to_owned(), size, modified })
}

fn check_content_type(given: &str) -> Result<String> {
    let bad = |why| Error::argument(format!("content_type {why}"));
    if given.len() > 200 || given.bytes().any(|b| !b.is_ascii() || b.is_ascii_control()) {
        return Err(bad("is too long, or not printable ASCII"));
    }
    ContentType::parse(given).map_err(|_| bad("is not of the form type/subtype"))?;
    if must_not_be_encoded(given) {
        return Err(bad(
            "must not be message/* or multipart/*: those cannot be attached as a file",
        ));
    }
    Ok(given.trim().to_owned())
}

fn guess_content_type(name: &str) -> String {
    let fitting = media_type(name).filter(|guess| !must_not_be_encoded(guess));
    fitting.unwrap_or("application/octet-stream").to_owned()
}

/// What the table says of the extension of a file name.
fn media_type(name: &str) -> Option<&'static str> {
    const TABLE: &str = concat!("\n", include_str!(concat!(env!("OUT_DIR"), "/media_types.txt")));
    let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    let line_begin = format!("\n{extension} ");
    let at = memchr::memmem::find(TABLE.as_bytes(), line_begin.as_bytes())?;
    TABLE[at + line_begin.len()..].lines().next()
}

/// RFC 2045 §6.4: these may not be in base64.
fn must_not_be_encoded(content_type: &str) -> bool {
    let main = content_type.split('/').next().unwrap_or_default().trim();
    main.eq_ignore_ascii_case("message") || main.eq_ignore_ascii_case("multipart")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content_type: Option<&str>) -> Result<Part> {
        Part::bytes(b"x", name, content_type, Disposition::Attachment)
    }

    #[test]
    fn content_types_are_guessed_from_the_name() {
        assert_eq!(part("a.PDF", None).unwrap().content_type, "application/pdf");
        assert_eq!(part("a", None).unwrap().content_type, "application/octet-stream");
        assert_eq!(part("a.323", None).unwrap().content_type, "text/h323");
        assert_eq!(part("a.zip", None).unwrap().content_type, "application/zip");
        assert_eq!(part("pdf", None).unwrap().content_type, "application/octet-stream");
        assert_eq!(part("a.no such", None).unwrap().content_type, "application/octet-stream");
        assert_eq!(part("a.eml", None).unwrap().content_type, "application/octet-stream");
        assert_eq!(part("a.pdf", Some("text/x")).unwrap().content_type, "text/x");
    }

    #[test]
    fn nothing_that_ends_a_header_line_is_a_name_or_type() {
        for (name, content_type) in [
            ("", None),
            ("a\r\nb", None),
            ("a", Some("")),
            ("a", Some("text")),
            ("a", Some("text/plain\r\nX: y")),
            ("a", Some("multipart/mixed")),
        ] {
            assert!(part(name, content_type).is_err(), "{name:?} {content_type:?}");
        }
    }

    #[test]
    fn only_regular_files_are_attached() {
        for path in ["", "/", "/no/such/file", "/dev/zero"] {
            assert!(Part::file(path, Some("x"), None, Disposition::Attachment).is_err(), "{path}");
        }
    }
}
