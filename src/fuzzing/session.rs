//! A dialogue with any server.

use super::{check_lines, option};
use crate::error::Result;
use crate::secret::Secret;
use crate::smtp::{
    Credentials, Envelope, Next, Options, PasswordMechanism, Session, StartTls, Transaction,
    Transcript,
};

const SECRET: &str = "a-very-secret-token";
const SECRET_IN_BASE64: &str = "YS12ZXJ5LXNlY3JldC10b2tlb";
const MESSAGES: usize = 3;

/// RFC 5321 §4.5.3.1.4 gives a command 512 octets with its line end.
const MOST_LINE_OCTETS: usize = 510;

/// A client that sends messages, whatever the server says.
///
/// The first line holds the options as digits, in the order of [`options`] and [`envelope`]; the
/// rest is what the server says, in the pieces between the `|`: one for each time that it is
/// listened to.
pub fn session(data: &[u8]) {
    let (digits, said) = match data.iter().position(|octet| *octet == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let mut client = Client {
        session: Session::new(options(digits), Transcript::new(true)),
        said: said.split(|octet| *octet == b'|'),
        heard: 0,
        tls: option(digits, 1) == 1,
        may_sign_in_openly: option(digits, 3) == 1,
        has_secret: option(digits, 2) != 0,
        signing_in: false,
        last_reply: String::new(),
    };
    // What matters is checked on the way; most servers end in an error.
    let _ = client.talk(envelope(digits));
}

fn options(digits: &[u8]) -> Options {
    let (user, secret) = ("anna@example.org".to_owned(), Secret::new(secret(digits)));
    let password = |mechanism| Credentials::Password {
        mechanism,
        user: user.clone(),
        password: secret.clone(),
    };
    Options {
        host: "mail.test".into(),
        port: 587,
        ehlo_name: "client.test".into(),
        starttls: match option(digits, 0) {
            0 => StartTls::No,
            1 => StartTls::IfOffered,
            _ => StartTls::Required,
        },
        tls: option(digits, 1) == 1,
        credentials: match option(digits, 2) {
            0 => None,
            1 => Some(password(PasswordMechanism::Auto)),
            2 => Some(password(PasswordMechanism::Plain)),
            3 => Some(password(PasswordMechanism::Login)),
            4 => Some(Credentials::OAuthBearer { user, token: secret }),
            _ => Some(Credentials::XOAuth2 { user, token: secret }),
        },
        allow_plaintext_auth: option(digits, 3) == 1,
    }
}

fn secret(digits: &[u8]) -> String {
    SECRET.repeat(if option(digits, 4) == 0 { 1 } else { 20 * usize::from(option(digits, 4)) })
}

fn envelope(digits: &[u8]) -> Envelope {
    Envelope {
        return_path: "anna@example.org".into(),
        recipients: (0..option(digits, 5).max(1)).map(|n| format!("r{n}@example.org")).collect(),
        size: 1000,
        eight_bit: option(digits, 7) == 1,
        utf8: option(digits, 8) == 1,
        all_or_none: option(digits, 6) == 1,
        only_asks: option(digits, 9) == 1,
    }
}

struct Client<'s, P: Iterator<Item = &'s [u8]>> {
    session: Session,
    said: P,
    /// Octets that the session was given.
    heard: usize,
    tls: bool,
    may_sign_in_openly: bool,
    has_secret: bool,
    /// It has just got [`SECRET_IN_BASE64`], and may quote it.
    signing_in: bool,
    last_reply: String,
}

impl<'s, P: Iterator<Item = &'s [u8]>> Client<'s, P> {
    fn talk(&mut self, envelope: Envelope) -> Result<()> {
        self.run()?;
        for _ in 0..MESSAGES {
            if !self.session.is_ready() {
                break;
            }
            self.session.begin(Transaction::new(envelope.clone()));
            let ended = self.run();
            let transaction = self.session.take_transaction();
            if transaction.was_accepted() {
                let accepted = transaction.replies.iter().flatten().any(|r| r.is_positive());
                assert!(accepted && transaction.error.is_none(), "accepted, but for nobody");
            }
            assert_eq!(transaction.replies.len(), envelope.recipients.len());
            ended?;
        }
        Ok(())
    }

    /// Until the session is ready, the server says nothing more, or an error ends it.
    fn run(&mut self) -> Result<()> {
        // Each step of the session takes a reply, or writes something after one.
        for _ in 0..100_000 {
            let next = self.session.next();
            if let Err(error) = &next {
                self.check_text(error.text());
            }
            self.look_at_transcript();
            match next? {
                Next::Ready => return Ok(()),
                Next::Read => match self.said.next() {
                    Some(piece) => self.hear(piece),
                    None => return Ok(()),
                },
                Next::Write => {
                    let output = self.session.take_output();
                    self.check_output(&output);
                    self.session.output_written(output);
                }
                Next::StartTls => {
                    assert!(!self.tls && !self.session.has_unread());
                    self.tls = true;
                    self.session.tls_started();
                    assert!(!self.session.capabilities().pipelining);
                }
                Next::SendContent => {
                    assert!(self.last_reply.starts_with("S: 354"), "{}", self.last_reply);
                    if self.heard.is_multiple_of(13) {
                        // The server speaks while the content is on its way.
                        self.hear(b"451 4.3.0 no more\r\n");
                    } else {
                        self.session.content_sent();
                    }
                }
            }
        }
        panic!("the session goes on for ever");
    }

    fn hear(&mut self, piece: &[u8]) {
        self.heard += piece.len();
        self.session.receive(piece);
    }

    fn check_output(&mut self, output: &[u8]) {
        let text = std::str::from_utf8(output).unwrap();
        for line in text.lines() {
            self.signing_in |= line.contains(SECRET_IN_BASE64);
            let secret = line.contains(SECRET_IN_BASE64) || line.starts_with("AUTH ");
            assert!(!secret || self.tls || self.may_sign_in_openly, "{line:?}");
            assert!(line != "." || self.last_reply.starts_with("S: 354"), "{}", self.last_reply);
        }
        // A response on a line of its own may be as long as the token makes it.
        let response = !text.contains(' ') && text.len() > MOST_LINE_OCTETS;
        check_lines(output, if response { usize::MAX } else { MOST_LINE_OCTETS });
    }

    fn look_at_transcript(&mut self) {
        for line in self.session.transcript.take() {
            self.check_text(&line);
            if line.starts_with("S: ") {
                self.signing_in &= !line.starts_with("S: 2");
                self.last_reply = line;
            }
        }
    }

    /// Fit to be shown: one line, and no secret.
    fn check_text(&self, text: &str) {
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(!self.has_secret || !text.contains(SECRET), "{text:?}");
        assert!(!self.signing_in || !text.contains(SECRET_IN_BASE64), "{text:?}");
    }
}
