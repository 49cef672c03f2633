//! Files that nobody else reads, replaced whole or not at all.
//!
//! Unix: mode 0600 from the first byte. A file that others may read is refused rather than repaired:
//! what was in it may be known by now, and the person should hear of it. Links are not followed, so
//! that nobody who can write in the folder leads us elsewhere. Windows: the folder's access list,
//! which in a user's profile lets in the user, administrators and the system.

use super::entry::Document;
use super::{corrupt, store_error, unreadable, unwritable};
use crate::error::{Cause, Result};
use crate::platform;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any account needs; a bound for what a wrong file makes us read.
const MOST_OCTETS: u64 = 16 << 20;

/// Makes the folder if need be, for the user alone. One in which others may put files is refused:
/// they could exchange an account for theirs.
pub(super) fn prepare_folder(folder: &Path) -> Result<()> {
    let place = folder.display();
    make_folder(folder).map_err(|error| unwritable(&place, error))?;
    let found = fs::metadata(folder).map_err(|error| unreadable(&place, error))?;
    if !found.is_dir() {
        return Err(unwritable(&place, "it is no folder"));
    }
    match others_may_write(&found) {
        true => {
            let text = format!("others may write in the folder {place}");
            Err(store_error(Cause::StoreExposed, text))
        }
        false => Ok(()),
    }
}

/// The content, or `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Document>> {
    let place = path.display();
    let mut file = match open(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&place, why(error))),
    };
    let found = file.metadata().map_err(|error| unreadable(&place, error))?;
    check_privacy(path, &found)?;
    let length = found.len();
    if length > MOST_OCTETS {
        return Err(corrupt(&place, format_args!("it has {length} octets")));
    }
    // The size is known and a file is never changed in place: no growing, no pieces left behind.
    let mut content = Zeroizing::new(vec![0; usize::try_from(length).unwrap_or_default()]);
    file.read_exact(&mut content).map_err(|error| unreadable(&place, error))?;
    Ok(Some(content))
}

/// Writes aside, makes sure that it is on the disk, and puts it in place of the old file: whatever
/// happens, one of the two is there, whole. To be called by one at a time.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let place = path.display();
    let aside = beside(path, "new");
    let written = write_aside(&aside, content).and_then(|()| {
        rename(&aside, path)?;
        sync_folder(path)
    });
    written.map_err(|error| {
        // A full disk should not stay full because of us; if it cannot be removed, the next save does.
        let _ = fs::remove_file(&aside);
        unwritable(&place, why(error))
    })
}

fn write_aside(aside: &Path, content: &[u8]) -> io::Result<()> {
    // Of a process that was killed while it wrote; we hold the lock, so nobody writes it now.
    match fs::remove_file(aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = open(OpenOptions::new().write(true).create_new(true), aside)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Removes the file, and one that was being written aside; none is fine.
pub(super) fn remove(path: &Path) -> Result<()> {
    for one in [beside(path, "new"), path.to_owned()] {
        match fs::remove_file(&one) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(unwritable(&one.display(), error));
            }
            _ => {}
        }
    }
    sync_folder(path).map_err(|error| unwritable(&path.display(), error))
}

/// `name.json` → `name.json.new`
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The lock of a file, over all processes. The file that carries it is never removed: whoever had
/// opened it just before would hold a lock that the next one does not see.
pub(super) struct FileLock(File);

impl FileLock {
    pub(super) fn try_lock(path: &Path) -> Result<Option<Self>> {
        let file = open(OpenOptions::new().read(true).write(true).create(true), path)
            .map_err(|error| unwritable(&path.display(), why(error)))?;
        match platform::try_lock(&file) {
            Ok(true) => Ok(Some(Self(file))),
            Ok(false) => Ok(None),
            Err(error) => {
                let text = format!("{} cannot be locked: {error}", path.display());
                Err(store_error(Cause::StoreUnwritable, text))
            }
        }
    }
}

impl super::Held for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that the host forked meanwhile has the file open too, and
        // the lock would live as long as that one.
        let _ = platform::unlock(&self.0);
    }
}

/// What the person can understand of an error.
fn why(error: io::Error) -> io::Error {
    match is_link(&error) {
        true => io::Error::other("it is a symbolic link, which is not followed"),
        false => error,
    }
}

#[cfg(unix)]
mod system {
    use super::*;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

    pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        // Not blocking: a pipe in place of the file must not hold us.
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
    }

    pub(super) fn is_link(error: &io::Error) -> bool {
        // FreeBSD says EMLINK.
        matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK))
    }

    pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    pub(super) fn others_may_write(folder: &Metadata) -> bool {
        let owner = folder.uid();
        folder.mode() & 0o022 != 0 || (owner != platform::user_id() && owner != 0)
    }

    pub(super) fn check_privacy(path: &Path, found: &Metadata) -> Result<()> {
        let place = path.display();
        let exposed = |how: String| {
            Err(store_error(Cause::StoreExposed, format!("{place} is not used: {how}")))
        };
        if !found.is_file() {
            return Err(unreadable(&place, "it is no regular file"));
        }
        let mode = found.mode() & 0o777;
        if mode & 0o077 != 0 {
            return exposed(format!("its permissions {mode:03o} let others in; 600 is needed"));
        }
        let (owner, user) = (found.uid(), platform::user_id());
        match owner == user {
            true => Ok(()),
            false => exposed(format!("it belongs to user {owner}, and this is user {user}")),
        }
    }

    pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Until then a power cut could bring the old file back, with a refresh token that is used up.
    pub(super) fn sync_folder(of: &Path) -> io::Result<()> {
        let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
        match File::open(folder.unwrap_or(Path::new(".")))?.sync_all() {
            // Some network file systems cannot.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            done => done,
        }
    }
}

#[cfg(windows)]
mod system {
    use super::*;
    use std::os::windows::fs::OpenOptionsExt;
    use std::time::Duration;
    use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;

    pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        // The link itself is opened, and refused by check_privacy().
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path)
    }

    pub(super) fn is_link(_: &io::Error) -> bool {
        false
    }

    pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    pub(super) fn others_may_write(_: &Metadata) -> bool {
        false
    }

    pub(super) fn check_privacy(path: &Path, found: &Metadata) -> Result<()> {
        match found.file_type().is_symlink() {
            true => {
                Err(unreadable(&path.display(), "it is a symbolic link, which is not followed"))
            }
            false => Ok(()),
        }
    }

    /// A virus scanner or an indexer may have either file open for a moment.
    pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
        for _ in 0..20 {
            match fs::rename(from, to) {
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    std::thread::sleep(Duration::from_millis(25));
                }
                done => return done,
            }
        }
        fs::rename(from, to)
    }

    /// NTFS keeps its own journal of names; there is no call for it.
    pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

use system::{check_privacy, is_link, make_folder, open, others_may_write, rename, sync_folder};
