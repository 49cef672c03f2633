//! The store in files: permissions, links, damage, a disk that takes nothing.

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

fn file_of(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{}.json", key(user).name()))
}

fn with_anna() -> (tempfile::TempDir, Store, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::file(folder.path()).unwrap();
    save(&store, entry("anna")).unwrap();
    let file = file_of(folder.path(), "anna");
    (folder, store, file)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folder_and_files_are_the_users_own_and_nothing_is_left_beside() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new").join("store");
    let store = Store::file(&folder).unwrap();
    save(&store, entry("anna")).unwrap();
    save(&store, entry("anna")).unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    let mut names = BTreeSet::new();
    for file in fs::read_dir(&folder).unwrap().map(|file| file.unwrap()) {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{file:?}");
        names.insert(file.file_name().into_string().unwrap());
    }
    let name = key("anna").name();
    assert_eq!(names, BTreeSet::from([format!("{name}.json"), format!("{name}.lock")]));
}

#[test]
fn a_file_that_others_may_read_is_refused_and_so_is_a_folder_they_may_write_in() {
    let (folder, store, file) = with_anna();
    for mode in [0o640, 0o604, 0o660] {
        set_mode(&file, mode);
        let error = store.load(&key("anna")).unwrap_err();
        assert_eq!(error.cause(), Cause::StoreExposed);
        let expected = format!("{mode:03o}");
        assert!(error.text().contains(&expected), "{error}");
        assert!(error.text().contains(file.to_str().unwrap()), "{error}");
    }
    for mode in [0o770, 0o707, 0o1777] {
        set_mode(folder.path(), mode);
        assert_eq!(Store::file(folder.path()).unwrap_err().cause(), Cause::StoreExposed);
    }
    set_mode(folder.path(), 0o755);
    Store::file(folder.path()).unwrap();
}

#[test]
fn links_and_pipes_in_place_of_files_are_not_followed() {
    let (folder, store, file) = with_anna();
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let error = store.load(&key("anna")).unwrap_err();
    assert_eq!(error.cause(), Cause::StoreUnreadable);
    assert!(error.text().contains("symbolic link"), "{error}");
    assert!(save(&store, entry("anna")).is_err(), "what cannot be read is not overwritten");

    // Where the new content is written, and the lock.
    fs::remove_file(&file).unwrap();
    fs::rename(&elsewhere, &file).unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, file.with_extension("json.new")).unwrap();
    save(&store, entry("anna")).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    let lock = file.with_extension("lock");
    fs::remove_file(&lock).unwrap();
    symlink(&victim, &lock).unwrap();
    assert!(save(&store, entry("anna")).unwrap_err().text().contains("symbolic link"));

    let pipe = file_of(folder.path(), "bob");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    set_mode(&pipe, 0o600);
    let error = store.load(&key("bob")).unwrap_err();
    assert!(error.text().contains("regular file"), "{error}");
}

#[test]
fn a_damaged_file_is_refused_named_and_not_overwritten_but_can_be_deleted() {
    let (_folder, store, file) = with_anna();
    save(&store, entry("bob")).unwrap();
    fs::write(&file, "{\"format\": \"postrider-acc").unwrap();
    let attempts = [store.load(&key("anna")).map(drop), save(&store, entry("anna"))];
    for error in attempts.map(Result::unwrap_err) {
        assert_eq!((error.status(), error.stage()), (Status::Store, Stage::Store));
        assert_eq!(error.cause(), Cause::StoreCorrupt);
        assert!(error.text().contains(file.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"format\": \"postrider-acc");
    let listed = store.list().unwrap();
    assert_eq!(listed.iter().filter(|one| one.entry.is_ok()).count(), 1, "bob is still there");
    assert_eq!(listed.len(), 2);

    watched(|watch| store.delete(&key("anna"), watch)).unwrap();
    assert_eq!(store.load(&key("anna")).unwrap(), None);
}

#[test]
fn a_file_under_another_name_is_not_another_account() {
    let (folder, store, file) = with_anna();
    fs::copy(&file, file_of(folder.path(), "bob")).unwrap();
    let error = store.load(&key("bob")).unwrap_err();
    assert_eq!(error.cause(), Cause::StoreCorrupt);
    assert!(error.text().contains("anna"), "{error}");
}

#[test]
fn a_failed_save_leaves_the_old_entry_and_says_why() {
    let (_folder, store, file) = with_anna();
    // Root may write anywhere, so the way is blocked: a folder where the new content is to go.
    let aside = file.with_extension("json.new");
    fs::create_dir(&aside).unwrap();
    let mut changed = entry("anna");
    changed.refresh_token = Some(Secret::new("rotated"));
    let error = save(&store, changed.clone()).unwrap_err();
    assert_eq!(error.cause(), Cause::StoreUnwritable);
    assert!(error.text().contains(file.to_str().unwrap()), "{error}");
    assert!(!error.text().contains("rotated"), "{error}");
    assert_eq!(store.load(&key("anna")).unwrap(), Some(entry("anna")));

    fs::remove_dir(&aside).unwrap();
    save(&store, changed.clone()).unwrap();
    assert_eq!(store.load(&key("anna")).unwrap(), Some(changed));
}
