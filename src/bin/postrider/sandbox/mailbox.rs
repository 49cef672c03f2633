//! Where accepted messages go: `0001.eml`, `0002.eml`, … in one folder, byte for byte as they
//! were sent (dot-stuffing undone, nothing added).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub struct Mailbox {
    folder: PathBuf,
    last: u32,
}

/// Who sent a message to whom, as the commands said it.
#[derive(Default)]
pub struct Envelope {
    pub sender: String,
    pub recipients: Vec<String>,
    pub smtputf8: bool,
}

impl Mailbox {
    /// Goes on after the highest number in the folder: no message is ever overwritten.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        let mut last = 0;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".eml")?.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(Mailbox { folder: folder.to_owned(), last })
    }

    /// Writes a message and gives the name of its file, which appears complete or not at all.
    pub fn keep(&mut self, content: &[u8]) -> io::Result<String> {
        let name = format!("{:04}.eml", self.last + 1);
        let unfinished = self.folder.join("message.unfinished");
        fs::write(&unfinished, content)?;
        fs::rename(&unfinished, self.folder.join(&name))?;
        self.last += 1;
        Ok(name)
    }
}

/// The absolute path of the folder, made if it is not there. Without a name it is a new one in
/// the system's temporary folder that only its owner can read.
pub fn prepare_folder(named: Option<&Path>) -> Result<PathBuf, String> {
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => temporary_name().map_err(|error| format!("random name: {error}"))?,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(named.is_some());
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&folder)
        .and_then(|()| std::path::absolute(&folder))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

fn temporary_name() -> Result<PathBuf, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    let number = u64::from_le_bytes(bytes);
    Ok(std::env::temp_dir().join(format!("postrider-sandbox-{number:016x}")))
}
