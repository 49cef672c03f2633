//! The messages that send.c sends through the rig.

use std::process::Command;

use serde_json::Value;

use super::support::rig::{self, Rig};
use super::support::{mail, maildir};

/// Tells a program what rig.h asks for.
pub fn tell(rig: &Rig, subject: &str, command: &mut Command) {
    command
        .env("RIG_HOST", "localhost")
        .env("RIG_PORT", rig.ports.submission.to_string())
        .env("RIG_CA_FILE", &rig.ca_file)
        .env("RIG_TOKEN", rig.token("service"))
        .env("RIG_USER", rig::ALICE)
        .env("RIG_RECIPIENT", rig::BOB)
        .env("RIG_REFUSED", rig::UNKNOWN_USER)
        .env("RIG_SUBJECT", subject)
        .env("TZ", "IST-5:30");
}

/// Takes apart what Bob got from send.c.
pub fn assert_delivered(rig: &Rig, subject: &str) {
    let first = parsed(rig, &format!("{subject}: first"));
    assert_eq!(header(&first, "From"), "Alice <alice@rig.test>");
    assert_eq!(header(&first, "To"), "Bob <bob@rig.test>, nobody@rig.test");
    let date = header(&first, "Date");
    assert!(date.ends_with("+0530"), "the time zone of the sender: {date}");
    let parts = first["body"]["parts"].as_array().unwrap();
    assert_eq!(parts[2]["file_name"], "drei Bytes.bin");
    // As it stands in the message: programs differ in which of the two names they show.
    let raw = maildir::wait_for(rig, rig::BOB, &format!("{subject}: first"));
    let raw = String::from_utf8(raw).unwrap();
    assert!(raw.contains("filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"), "{raw}");
    assert_eq!(parts[1]["text"], "From a file\n");
    assert_eq!(parts[2]["size"], 3);
    let related = &parts[0]["parts"][1]["parts"];
    let content_id = related[1]["content_id"].as_str().unwrap().trim_matches(['<', '>']);
    assert_eq!(parts[0]["parts"][0]["text"], "Grüße von C\n");
    let html = related[0]["text"].as_str().unwrap();
    assert!(html.contains(&format!("cid:{content_id}")), "{html}");

    let second = parsed(rig, &format!("{subject}: second"));
    assert_eq!(second["body"]["text"], "The second message\n");
}

fn parsed(rig: &Rig, subject: &str) -> Value {
    let message = mail::parse_with_python(&maildir::wait_for(rig, rig::BOB, subject));
    assert_eq!(header(&message, "Subject"), subject);
    // A file name beyond ASCII is there twice: as it is, and reduced for old programs.
    let defects = message["defects"].as_array().unwrap().iter().map(ToString::to_string);
    let defects: Vec<_> =
        defects.filter(|defect| !defect.contains("duplicate parameter")).collect();
    assert!(defects.is_empty(), "{defects:?}");
    message
}

fn header(message: &Value, name: &str) -> String {
    let headers = message["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header[0] == name);
    found.and_then(|header| header[1].as_str()).unwrap_or_default().to_owned()
}
