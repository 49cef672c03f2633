//! Delivered mail, as Postfix wrote it into the users' Maildirs.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::rig::{self, Rig};

const DELIVERY_LIMIT: Duration = Duration::from_secs(20);

/// Waits until `user` (an address of the rig) has a message that contains `needle`, such as a
/// Message-ID or a subject that no other test uses.
///
/// # Panics
/// When none arrives in time; the message ends with Postfix's log.
pub fn wait_for(rig: &Rig, user: &str, needle: &str) -> Vec<u8> {
    let folder = folder(rig, user);
    let deadline = Instant::now() + DELIVERY_LIMIT;
    let mut seen = HashSet::new();
    loop {
        // A file in `new` is complete, so each is read only once.
        let fresh: Vec<_> =
            files(&folder).into_iter().filter(|file| seen.insert(file.clone())).collect();
        if let Some(message) = messages(&fresh, needle).pop() {
            return message;
        }
        assert!(
            Instant::now() < deadline,
            "{user} has not received {needle:?}; Postfix says:\n{}",
            fs::read_to_string(rig.state.join("postfix/postfix.log")).unwrap_or_default()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// All messages that `user` has by now and that contain `needle`.
pub fn all(rig: &Rig, user: &str, needle: &str) -> Vec<Vec<u8>> {
    messages(&files(&folder(rig, user)), needle)
}

fn folder(rig: &Rig, user: &str) -> PathBuf {
    let name = match user {
        rig::JOERG => "joerg",
        _ => user.split('@').next().unwrap_or(user),
    };
    rig.maildirs.join(name).join("new")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    // The folder comes with the first message.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn messages(files: &[PathBuf], needle: &str) -> Vec<Vec<u8>> {
    let contains =
        |message: &Vec<u8>| message.windows(needle.len()).any(|part| part == needle.as_bytes());
    let read = files.iter().map(|file| fs::read(file).expect("a delivered message can be read"));
    read.filter(contains).collect()
}
