//! Attachments that cannot be attached.

use crate::client::{assert_accepted, assert_usable, mail_to};
use crate::server::{Security, Server};
use crate::tools;
use postrider::{Cause, Mail, Stage, Status};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

fn attach(mail: &mut Mail, path: &Path) -> postrider::Result<()> {
    mail.add_attachment_file(path.to_str().expect("UTF-8"), None, None)
}

/// Attached and inline, it is refused at once, with its path in the text.
fn assert_not_attached(mail: &mut Mail, path: &Path) {
    let path = path.to_str().expect("UTF-8");
    let attached = mail.add_attachment_file(path, None, None);
    let inline = mail.add_inline_file(path, None, None).map(drop);
    for error in [attached, inline].map(|result| result.expect_err(path)) {
        assert_eq!((error.status(), error.stage()), (Status::File, Stage::Compose), "{error}");
        assert_eq!(error.cause(), Cause::FileUnreadable);
        assert!(error.text().contains(path), "{error}");
    }
}

#[test]
fn what_is_no_readable_file_is_not_attached() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    for path in [folder.path(), &folder.path().join("missing.bin"), Path::new("/dev/zero")] {
        assert_not_attached(&mut mail, path);
    }
    let error = attach(&mut mail, Path::new("")).expect_err("empty");
    assert!(error.text().starts_with("path"), "{error}");
    assert!(attach(&mut mail, &folder.path().join("a\0b")).is_err());
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 0);
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    if !tools::require("mkfifo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    assert_not_attached(&mut mail, &pipe);

    // Also when it takes the place of a file that was attached.
    let file = folder.path().join("file.bin");
    fs::write(&file, b"x").expect("a file");
    attach(&mut mail, &file).expect("attached");
    fs::rename(&pipe, &file).expect("renamed");
    assert_eq!(mail.send(&()).status(), Status::File);
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 0);
}

#[test]
fn a_file_without_the_right_to_read_it_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.bin");
    fs::write(&path, b"x").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    if fs::File::open(&path).is_ok() {
        return as_nobody(&path); // root reads everything
    }
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    assert_not_attached(&mut mail, &path);
    assert_usable(&mut mail);
}

/// Runs that test again as a user who may not read everything.
fn as_nobody(path: &Path) {
    // That user must be able to run the test and to reach the file's folder.
    let folder = path.parent().expect("a folder");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("permissions");
    let program = folder.join("test");
    // Not fs::copy: a child that another test starts meanwhile would hold the file open for writing,
    // and what is open for writing cannot be run.
    let own = std::env::current_exe().expect("this test");
    let copied = Command::new("cp").arg(own).arg(&program).status().expect("cp runs");
    assert!(copied.success());
    let output = Command::new(&program)
        .args(["--exact", "files::a_file_without_the_right_to_read_it_is_refused", "--nocapture"])
        .env("TMPDIR", std::env::temp_dir())
        // That user may not write there.
        .env_remove("POSTRIDER_TEST_RECORDS")
        .uid(65534)
        .gid(65534)
        .current_dir("/")
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
}

#[test]
fn an_empty_file_is_attached_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("empty.bin");
    fs::write(&path, b"").expect("a file");
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    attach(&mut mail, &path).expect("attached");
    assert_accepted(&mail.send(&()));
    let record = server.stop();
    let content = String::from_utf8_lossy(&record.contents[0].wire).into_owned();
    assert!(content.contains("filename=\"empty.bin\""), "{content}");
}
