//! A saved message is the one that is sent, whole or not there at all.

use crate::bodies::every_octet;
use crate::harness::{PLAIN, Received, mail, send_well};
use crate::support::rig;
use postrider::{Cause, Kind, Mail, Outcome, Status};
use std::fs;
use std::path::Path;

#[test]
fn a_saved_message_is_the_one_that_is_delivered() {
    let Some(rig) = rig::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut mail = mail(rig, rig.ports.no_8bitmime, PLAIN, "saved-and-sent");
    fill(&mut mail, folder.path());
    let path = folder.path().join("nächste Nachricht.eml");
    mail.save_eml(path.to_str().unwrap()).unwrap();
    send_well(&mail);

    let file = fs::read(&path).unwrap();
    let saved = Received::of(&file);
    let buffer = Received::of(&written(&mail));
    let delivered = Received::by(rig, rig::BOB, "saved-and-sent");
    for name in ["From", "To", "Cc", "Subject", "Date", "Message-ID", "X-Mark", "MIME-Version"] {
        assert_eq!(saved.header(name), delivered.header(name), "{name}");
        assert_eq!(buffer.header(name), delivered.header(name), "{name}");
    }
    assert_eq!(saved.body(), delivered.body());
    assert_eq!(buffer.body(), delivered.body());
    assert!(saved.headers("Bcc").is_empty() && !saved.raw.contains("carol"));
    assert_wire_format(&file);
}

#[test]
fn a_buffer_that_is_too_small_is_left_alone_and_the_size_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut mail = Mail::new();
    mail.set_from(None, rig::ALICE).unwrap();
    fill(&mut mail, folder.path());
    let size = mail.write_eml(&mut []).unwrap();
    let mut small = vec![7; size as usize - 1];
    assert_eq!(mail.write_eml(&mut small).unwrap(), size);
    assert!(small.iter().all(|octet| *octet == 7));
    let mut large = vec![7; size as usize + 1];
    assert_eq!(mail.write_eml(&mut large).unwrap(), size);
    assert!(large.ends_with(b"\r\n\x07"));
}

#[test]
fn saving_replaces_the_file_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut mail = Mail::new();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.set_subject("the second").unwrap();
    let path = folder.path().join("message.eml");
    fs::write(&path, "the first, which is longer than a message\n".repeat(100)).unwrap();
    mail.save_eml(path.to_str().unwrap()).unwrap();
    let saved = fs::read_to_string(&path).unwrap();
    assert!(saved.starts_with("Date: ") && saved.contains("Subject: the second\r\n"), "{saved}");
    assert!(!saved.contains("the first"), "{saved}");
    assert_eq!(files(folder.path()), ["message.eml"]);
}

#[test]
fn what_cannot_be_saved_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut mail = Mail::new();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.set_subject("A test").unwrap();
    let missing = folder.path().join("missing/message.eml");
    // A folder of that name, which no file can replace.
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    for path in [&missing, &taken] {
        let error = mail.save_eml(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.status(), Status::File, "{error}");
        assert_eq!(error.cause(), Cause::FileUnwritable, "{error}");
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.text().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(files(folder.path()), ["taken"]);

    // An attachment that is gone: the file that was there stays.
    let attachment = folder.path().join("attachment");
    fs::write(&attachment, "data").unwrap();
    mail.add_attachment_file(attachment.to_str().unwrap(), None, None).unwrap();
    fs::remove_file(&attachment).unwrap();
    let path = folder.path().join("message.eml");
    fs::write(&path, "stays").unwrap();
    let error = mail.save_eml(path.to_str().unwrap()).unwrap_err();
    assert_eq!(error.cause(), Cause::FileUnreadable, "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "stays");
    assert_eq!(files(folder.path()), ["message.eml", "taken"]);
}

/// Everything that a message can have.
fn fill(mail: &mut Mail, folder: &Path) {
    let attachment = folder.join("große Datei.bin");
    fs::write(&attachment, every_octet(200_000)).unwrap();
    mail.add_recipient_as(Some("Jürgen"), rig::BOB, Kind::Cc).unwrap();
    mail.add_recipient_as(None, rig::CAROL, Kind::Bcc).unwrap();
    mail.set_subject("Grüße").unwrap();
    mail.set_date(1_790_000_000, 60).unwrap();
    mail.set_message_id(Some("saved@rig.test")).unwrap();
    let image = mail.add_inline_bytes(b"GIF89a", "dot.gif", None).unwrap();
    mail.set_text(Some("Grüße\n.\n"));
    mail.set_html(Some(&format!("<p>Grüße <img src=\"cid:{image}\"></p>\n")));
    mail.add_attachment_file(attachment.to_str().unwrap(), None, None).unwrap();
}

fn written(mail: &Mail) -> Vec<u8> {
    let size = mail.write_eml(&mut []).unwrap();
    let mut buffer = vec![0; size.try_into().unwrap()];
    mail.write_eml(&mut buffer).unwrap();
    buffer
}

/// As on the wire: CRLF only, and fit for every way.
fn assert_wire_format(message: &[u8]) {
    assert!(message.is_ascii());
    let text = std::str::from_utf8(message).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
