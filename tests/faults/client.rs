//! The other end of the scripted server: a handle that is ready to send, and an observer that
//! remembers what it was told.

use crate::records;
use crate::server::{PATIENCE, Security, Server, ca_pem};
use parking_lot::{Condvar, Mutex};
use postrider::{Delivery, Kind, Mail, Observer, Outcome, Status};
use std::sync::atomic::{AtomicBool, Ordering};

pub const USER: &str = "anna@example.org";
pub const RECIPIENT: &str = "bob@example.org";

/// Everything set, for one recipient, without signing in.
pub fn mail_to(server: &Server) -> Mail {
    let mut mail = Mail::new();
    mail.add_ca_pem(ca_pem()).expect("a CA");
    mail.set_ehlo_name(Some("client.test")).expect("a name");
    mail.set_timeout_ms(20_000).expect("a timeout");
    lead_to(&mut mail, server);
    write_message(&mut mail);
    mail
}

/// The same, signing in with an access token (also without TLS).
pub fn mail_with_token(server: &Server, token: &str) -> Mail {
    let mut mail = mail_to(server);
    mail.allow_plaintext_auth(true);
    mail.set_auth_xoauth2(USER, token).expect("a token");
    mail
}

/// Wine looks for names only in certificates, never for addresses.
const HOST: &str = if cfg!(windows) { "localhost" } else { "127.0.0.1" };

pub fn lead_to(mail: &mut Mail, server: &Server) {
    mail.set_server(HOST, server.port()).expect("a server");
    let security = match server.security() {
        Security::Plain => 0,
        Security::Starttls => 2,
        Security::Tls => 3,
    };
    mail.set_security(security).expect("a security");
}

/// A short new message.
pub fn write_message(mail: &mut Mail) {
    mail.clear_message();
    mail.set_from(None, USER).expect("an address");
    mail.add_recipient_as(None, RECIPIENT, Kind::To).expect("an address");
    mail.set_subject("Hello").expect("a subject");
    mail.set_text(Some("Hello Bob\n"));
}

/// The handle must be as good as new: a server that behaves gets a message from it.
pub fn assert_usable(mail: &mut Mail) {
    let server = Server::polite(Security::Plain, &["AUTH XOAUTH2 OAUTHBEARER PLAIN LOGIN"]);
    lead_to(mail, &server);
    mail.allow_plaintext_auth(true);
    mail.set_timeout_ms(20_000).expect("a timeout");
    mail.set_keep_connection(false);
    write_message(mail);
    assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().deliveries(), 1);
}

pub fn assert_accepted(delivery: &Delivery) {
    records::produced(&format!("{delivery:?}"));
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
    assert_eq!(delivery.outcome, Outcome::Accepted);
    assert!(delivery.recipients.iter().all(|recipient| recipient.accepted));
}

pub fn assert_failed(delivery: &Delivery, status: Status, outcome: Outcome) {
    records::produced(&format!("{delivery:?} {:?}", delivery.error()));
    assert_eq!((delivery.status(), delivery.outcome), (status, outcome), "{:?}", delivery.error());
    assert!(delivery.recipients.iter().all(|recipient| !recipient.accepted));
}

/// Remembers what it was told; cancels once `stop` is set.
#[derive(Default)]
pub struct Watcher {
    log: Mutex<Vec<String>>,
    logged: Condvar,
    pub progress: Mutex<Vec<(u64, u64)>>,
    pub stop: AtomicBool,
}

impl Watcher {
    pub fn transcript(&self) -> String {
        self.log.lock().join("\n")
    }

    /// Waits until a line of the transcript begins so.
    pub fn wait_for_line(&self, beginning: &str) {
        let mut log = self.log.lock();
        while !log.iter().any(|line| line.starts_with(beginning)) {
            let waited = self.logged.wait_for(&mut log, PATIENCE);
            assert!(!waited.timed_out(), "never logged: {beginning}");
        }
    }
}

impl Observer for Watcher {
    fn wants_log(&self) -> bool {
        true
    }

    fn log(&self, line: &str) {
        records::produced(line);
        self.log.lock().push(line.to_owned());
        self.logged.notify_all();
    }

    fn progress(&self, sent: u64, total: u64) -> bool {
        self.progress.lock().push((sent, total));
        !self.stop.load(Ordering::SeqCst)
    }
}
