//! File names beyond ASCII: the interface has them in UTF-8, the system as it likes. On Windows the
//! library must never go through the ANSI code page, which has not all of these letters.

use postrider::{Kind, Mail};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// German, Russian, Chinese and a letter beyond 16 bits, with a space.
const FOLDER: &str = "Größe Отчёт 報告 \u{1F4E7}";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let outer = tempfile::tempdir().expect("a folder");
    let inner = outer.path().join(FOLDER);
    fs::create_dir(&inner).expect("a folder");
    (outer, inner)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("Unicode")
}

fn mail() -> Mail {
    let mut mail = Mail::new();
    mail.set_from(None, "anna@example.org").expect("an address");
    mail.add_recipient_as(None, "bob@example.org", Kind::To).expect("an address");
    mail.set_text(Some("Hello"));
    mail
}

/// What the system shows: a name that went through a code page would have other letters.
fn assert_only(folder: &Path, names: &[&str]) {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut found: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    found.sort_unstable();
    assert_eq!(found, names);
}

#[test]
fn an_attachment_is_found_and_keeps_its_name() {
    let (_outer, folder) = folder();
    let file = folder.join("Счёт №1.txt");
    fs::write(&file, "content").expect("a file");
    let mut mail = mail();
    mail.add_attachment_file(text(&file), None, None).expect("an attachment");
    let mut eml = vec![0; 10_000];
    mail.write_eml(&mut eml).expect("a message");
    let wanted = b"filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82%20%E2%84%961.txt";
    assert!(memchr::memmem::find(&eml, wanted).is_some(), "{}", String::from_utf8_lossy(&eml));
}

#[test]
fn a_message_is_saved_under_its_name() {
    let (_outer, folder) = folder();
    mail().save_eml(text(&folder.join("письмо.eml"))).expect("saved");
    assert_only(&folder, &["письмо.eml"]);
    // And once more in its place.
    mail().save_eml(text(&folder.join("письмо.eml"))).expect("saved again");
    assert_only(&folder, &["письмо.eml"]);
}

#[test]
fn the_transcript_goes_to_its_file() {
    let (_outer, folder) = folder();
    let closed = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let mut mail = mail();
    mail.set_server("127.0.0.1", closed.into()).expect("a server");
    mail.set_log_file(Some(text(&folder.join("Протокол.log")))).expect("a log file");
    assert!(mail.send(&()).error().is_some());
    drop(mail);
    assert_only(&folder, &["Протокол.log"]);
    let log = fs::read_to_string(folder.join("Протокол.log")).expect("a transcript");
    assert!(log.contains("-- connecting to 127.0.0.1"), "{log}");
}

#[test]
fn a_ca_file_is_found() {
    let (_outer, folder) = folder();
    let file = folder.join("удостоверение.pem");
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new([]).expect("no names");
    fs::write(&file, params.self_signed(&key).expect("a CA").pem()).expect("a file");
    mail().add_ca_file(text(&file)).expect("a CA file");
}

#[test]
fn an_error_names_the_file_as_it_was_given() {
    let (_outer, folder) = folder();
    let file = folder.join("нет.txt");
    let error = mail().add_attachment_file(text(&file), None, None).expect_err("no such file");
    assert!(error.text().contains(FOLDER) && error.text().contains("нет.txt"), "{error}");
}
