//! A mail to begin with, what came of sending it, and what was received.
//!
//! Every test gives its messages a mark of their own, an X-Mark field, by which they are found among
//! those of all the other tests.

use crate::support::rig::{self, Rig};
use crate::support::{mail, maildir, records};
use postrider::{Delivery, Error, Kind, Mail, Observer, Outcome, Status};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const DELIVERY_LIMIT: Duration = Duration::from_secs(30);

/// The numbers of `mail_security`.
pub const PLAIN: i32 = 0;
pub const STARTTLS: i32 = 2;
pub const TLS: i32 = 3;
pub const STARTTLS_IF_OFFERED: i32 = 4;

/// The number of `mail_mechanism` for whatever the server offers.
pub const ANY_MECHANISM: i32 = -1;

/// A mail from Alice to Bob: trusts the rig's authority, does not sign in.
pub fn mail(rig: &Rig, port: u16, security: i32, mark: &str) -> Mail {
    let mut mail = mail_without_recipient(rig, port, security, mark);
    mail.add_recipient_as(None, rig::BOB, Kind::To).unwrap();
    mail
}

pub fn mail_without_recipient(rig: &Rig, port: u16, security: i32, mark: &str) -> Mail {
    let mut mail = Mail::new();
    mail.set_server("localhost", port.into()).unwrap();
    mail.set_security(security).unwrap();
    mail.add_ca_file(rig.ca_file.to_str().unwrap()).unwrap();
    mail.set_ehlo_name(Some("client.test")).unwrap();
    mail.set_timeout_ms(60_000).unwrap();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.set_subject("A test").unwrap();
    mail.add_header("X-Mark", mark).unwrap();
    mail
}

/// Keeps the transcript and the progress of a send.
#[derive(Default)]
pub struct Recorder {
    lines: RefCell<Vec<String>>,
    progress: RefCell<Vec<(u64, u64)>>,
}

impl Observer for Recorder {
    fn wants_log(&self) -> bool {
        true
    }

    fn log(&self, line: &str) {
        records::produced(line);
        self.lines.borrow_mut().push(line.to_owned());
    }

    fn progress(&self, sent: u64, total: u64) -> bool {
        self.progress.borrow_mut().push((sent, total));
        true
    }
}

/// What came of a send.
pub struct Sent {
    pub delivery: Delivery,
    pub transcript: Vec<String>,
    pub progress: Vec<(u64, u64)>,
}

impl Sent {
    /// Lines of the transcript that begin so.
    pub fn count(&self, beginning: &str) -> usize {
        self.transcript.iter().filter(|line| line.starts_with(beginning)).count()
    }

    /// The first line of the transcript that begins so.
    pub fn line(&self, beginning: &str) -> &str {
        let found = self.transcript.iter().find(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no line {beginning:?} in {:#?}", self.transcript))
    }

    /// The error of a send whose message nobody gets.
    pub fn error(&self) -> &Error {
        assert_eq!(self.delivery.outcome, Outcome::NotSent, "{:#?}", self.transcript);
        self.delivery.error().expect("the send fails")
    }
}

/// Sends, whatever comes of it.
pub fn send(mail: &Mail) -> Sent {
    let recorder = Recorder::default();
    let delivery = mail.send(&recorder);
    records::produced(&format!("{mail:?} {delivery:?} {:?}", delivery.error()));
    let (lines, progress) = (recorder.lines.into_inner(), recorder.progress.into_inner());
    Sent { delivery, transcript: lines, progress }
}

/// Sends, and every recipient is accepted.
pub fn send_well(mail: &Mail) -> Sent {
    let sent = send(mail);
    assert_eq!(sent.delivery.status(), Status::Ok, "{:#?}", sent.transcript);
    assert_eq!(sent.delivery.outcome, Outcome::Accepted);
    sent
}

/// A message as its recipient has it.
pub struct Received {
    pub raw: String,
    parsed: Value,
}

impl Received {
    /// Waits for the message with this mark.
    pub fn by(rig: &Rig, user: &str, mark: &str) -> Self {
        Self::of(raw(rig, user, mark).as_bytes())
    }

    /// Takes a message apart, in which nothing may be wrong.
    pub fn of(message: &[u8]) -> Self {
        let parsed = mail::parse_with_python(message);
        let raw = String::from_utf8(message.to_vec()).expect("no test sends anything but UTF-8");
        let beginning: String = raw.chars().take(5000).collect();
        assert_eq!(parsed["defects"], json!([]), "in\n{beginning}");
        Self { raw, parsed }
    }

    /// The decoded values of a header field, in their order.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.parsed["headers"].as_array().unwrap().iter();
        let named = headers.filter(|header| header[0] == name);
        named.map(|header| header[1].as_str().unwrap()).collect()
    }

    /// The one value of a header field.
    pub fn header(&self, name: &str) -> &str {
        match self.headers(name).as_slice() {
            [value] => value,
            values => panic!("{name} is there {} times in\n{}", values.len(), self.raw),
        }
    }

    /// All there is behind the header: see `tests/support/parse_mail.py`.
    pub fn body(&self) -> &Value {
        &self.parsed["body"]
    }

    /// The text of a message that is nothing but text.
    pub fn text(&self) -> String {
        text_of(self.body())
    }
}

/// Waits for the message with this mark, and leaves it as it is.
pub fn raw(rig: &Rig, user: &str, mark: &str) -> String {
    let message = maildir::wait_for(rig, user, &field(mark));
    String::from_utf8(message).expect("no test sends anything but UTF-8")
}

/// The text of a part, with LF as line end: in base64 it comes with CRLF, as it was sent.
pub fn text_of(part: &Value) -> String {
    part["text"].as_str().unwrap_or_else(|| panic!("no text: {part:#}")).replace("\r\n", "\n")
}

/// Waits until `user` has so many messages that contain `needle`, or more.
pub fn wait_for_all(rig: &Rig, user: &str, needle: &str, count: usize) -> Vec<String> {
    let deadline = Instant::now() + DELIVERY_LIMIT;
    loop {
        let found = maildir::all(rig, user, needle);
        if found.len() >= count {
            let text = |message| String::from_utf8(message).expect("UTF-8");
            return found.into_iter().map(text).collect();
        }
        assert!(Instant::now() < deadline, "{user} has {} of {count} {needle:?}", found.len());
        thread::sleep(Duration::from_millis(50));
    }
}

/// All that `user` has with this mark.
pub fn copies(rig: &Rig, user: &str, mark: &str) -> usize {
    maildir::all(rig, user, &field(mark)).len()
}

/// Makes sure that `user` has not got the message with this mark. What had been accepted would be
/// there by now: a message that is sent after it has come.
pub fn assert_not_delivered(rig: &Rig, user: &str, mark: &str) {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let later = format!("later-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
    let mut mail = mail_without_recipient(rig, rig.ports.plain, PLAIN, &later);
    mail.add_recipient_as(None, user, Kind::To).unwrap();
    send_well(&mail);
    maildir::wait_for(rig, user, &field(&later));
    assert_eq!(copies(rig, user, mark), 0, "{user} has got {mark}");
}

fn field(mark: &str) -> String {
    format!("\nX-Mark: {mark}\n")
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(data: &[u8]) -> String {
    // rustls brings it anyway, inside its cipher suites.
    let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let digest = suite.tls13().unwrap().common.hash_provider.hash(data);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
