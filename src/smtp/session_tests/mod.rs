//! The session as a dialogue of texts, without a socket.
//!
//! A [`Dialogue`] says what the server says, and shows what the client writes until it has to wait.
//! Every such wait for something that was written is a flight: a round trip on a real connection.
//!
//! - this file      from the greeting to the end of a session
//! - `signing_in`   mechanisms, and secrets
//! - `transactions` one message after the other

mod signing_in;
mod transactions;

use crate::error::{Cause, Error, Outcome, Result, Stage, Status};
use crate::secret::Secret;
use crate::smtp::transaction::{Envelope, Transaction};
use crate::smtp::transcript::Transcript;
use crate::smtp::{Credentials, Next, Options, PasswordMechanism, Session, StartTls};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const CONTENT: &str = "<content>\r\n.\r\n";
const OFFER: &str = "250-mail.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000\r\n";
const LOCK_STEP_OFFER: &str = "250-mail.test\r\n250 8BITMIME\r\n";

struct Dialogue {
    session: Session,
    /// Where every text of the server is cut in two.
    cut: usize,
    flights: usize,
    /// The content is written only when this is set: else the server interrupts it.
    streams_content: bool,
}

impl Dialogue {
    fn new(options: Options) -> Self {
        let session = Session::new(options, Transcript::new(true));
        Self { session, cut: 0, flights: 0, streams_content: true }
    }

    /// A client that has nothing left to do before the first message.
    fn ready(offer: &str) -> Self {
        let mut dialogue = Self::new(Options { starttls: StartTls::No, ..options() });
        assert_eq!(dialogue.say("220 mail.test\r\n"), "EHLO client.test\r\n");
        assert_eq!(dialogue.say(offer), "");
        assert!(dialogue.session.is_ready());
        dialogue.flights = 0;
        dialogue
    }

    /// A client that was asked to sign in, and the AUTH line that it wrote.
    fn signing_in(credentials: Credentials, mechanisms: &str) -> (Self, String) {
        let credentials = Some(credentials);
        let mut dialogue = Self::new(Options { tls: true, credentials, ..options() });
        dialogue.say("220 mail.test\r\n");
        let line = dialogue.say(&format!("250-mail.test\r\n250 AUTH {mechanisms}\r\n"));
        (dialogue, line)
    }

    /// What the client writes when the server says this; TLS and the content as words.
    fn say(&mut self, server: &str) -> String {
        self.try_say(server).unwrap_or_else(|error| panic!("{server:?}: {error}"))
    }

    fn fail(&mut self, server: &str) -> Error {
        match self.try_say(server) {
            Err(error) => error,
            Ok(wrote) => panic!("{server:?} is taken, and {wrote:?} written"),
        }
    }

    fn try_say(&mut self, server: &str) -> Result<String> {
        let mut wrote = String::new();
        let (first, second) = server.split_at(self.cut.min(server.len()));
        for part in [first, second] {
            self.session.receive(part.as_bytes());
            self.run(&mut wrote)?;
        }
        self.flights += usize::from(!wrote.is_empty());
        Ok(wrote)
    }

    fn begin(&mut self, envelope: Envelope) -> String {
        self.session.begin(Transaction::new(envelope));
        self.say("")
    }

    fn run(&mut self, wrote: &mut String) -> Result<()> {
        loop {
            match self.session.next()? {
                Next::Read | Next::Ready => return Ok(()),
                Next::Write => {
                    let output = self.session.take_output();
                    wrote.push_str(std::str::from_utf8(&output).unwrap());
                    self.session.output_written(output);
                }
                Next::StartTls => {
                    wrote.push_str("<TLS>\r\n");
                    self.session.tls_started();
                }
                Next::SendContent if !self.streams_content => return Ok(()),
                Next::SendContent => {
                    wrote.push_str(CONTENT);
                    self.session.content_sent();
                }
            }
        }
    }

    fn transaction(&mut self) -> Transaction {
        self.session.take_transaction()
    }
}

fn options() -> Options {
    Options {
        host: "mail.test".into(),
        port: 587,
        ehlo_name: "client.test".into(),
        starttls: StartTls::Required,
        tls: false,
        credentials: None,
        allow_plaintext_auth: false,
    }
}

fn to(count: usize) -> Envelope {
    Envelope {
        return_path: "anna@example.org".into(),
        recipients: (1..=count).map(|n| format!("r{n}@example.org")).collect(),
        size: 42,
        ..Envelope::default()
    }
}

fn xoauth2(token: &str) -> Credentials {
    Credentials::XOAuth2 { user: "anna@example.org".into(), token: Secret::new(token) }
}

fn oauthbearer(token: &str) -> Credentials {
    Credentials::OAuthBearer { user: "anna@example.org".into(), token: Secret::new(token) }
}

fn password(mechanism: PasswordMechanism, password: &str) -> Credentials {
    Credentials::Password { mechanism, user: "anna".into(), password: Secret::new(password) }
}

/// The server's side of a whole session with one message.
const WHOLE: &[&str] = &[
    "220-mail.test greets\r\n220 you\r\n",
    "250-mail.test\r\n250 STARTTLS\r\n",
    "220 2.0.0 go\r\n",
    "250-mail.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 AUTH XOAUTH2\r\n",
    "235 2.7.0 welcome\r\n",
    "250 2.1.0 sender\r\n250-2.1.5 first\r\n250 2.1.5 line\r\n550 5.1.1 unknown\r\n354 go on\r\n",
    "250-2.0.0 queued\r\n250 2.0.0 as 7\r\n",
];

/// Everything that can be seen of the whole session when each text is cut there.
fn whole_session(cut: usize) -> (Vec<String>, Transaction, usize) {
    let credentials = Some(xoauth2("ya29.token"));
    let mut dialogue = Dialogue::new(Options { credentials, ..options() });
    dialogue.cut = cut;
    let mut seen = Vec::new();
    for (number, server) in WHOLE.iter().enumerate() {
        if number == 5 {
            seen.push(dialogue.begin(to(2)));
        }
        seen.push(dialogue.say(server));
    }
    assert!(dialogue.session.is_ready() && !dialogue.session.has_unread());
    seen.extend(dialogue.session.transcript.take());
    let flights = dialogue.flights;
    (seen, dialogue.transaction(), flights)
}

#[test]
fn from_the_greeting_to_the_final_reply_each_command_has_its_turn() {
    let (seen, transaction, flights) = whole_session(0);
    let response = STANDARD.encode("user=anna@example.org\x01auth=Bearer ya29.token\x01\x01");
    let wrote = [
        "EHLO client.test\r\n".to_owned(),
        "STARTTLS\r\n".into(),
        "<TLS>\r\nEHLO client.test\r\n".into(),
        format!("AUTH XOAUTH2 {response}\r\n"),
        String::new(),
        "MAIL FROM:<anna@example.org> SIZE=42\r\nRCPT TO:<r1@example.org>\r\n\
         RCPT TO:<r2@example.org>\r\nDATA\r\n"
            .into(),
        CONTENT.into(),
        String::new(),
    ];
    assert_eq!(seen[..wrote.len()], wrote);
    assert_eq!(flights, 6);
    assert!(transaction.was_accepted() && transaction.error.is_none());
    let codes: Vec<_> = transaction.replies.iter().flatten().map(|reply| reply.code()).collect();
    assert_eq!(codes, [250, 550]);
    assert_eq!(transaction.final_reply.unwrap().text(), "queued\nas 7");
}

#[test]
fn it_makes_no_difference_where_replies_are_cut() {
    let (seen, transaction, flights) = whole_session(0);
    let longest = WHOLE.iter().map(|text| text.len()).max().unwrap();
    for cut in 1..=longest {
        let (same_seen, same_transaction, same_flights) = whole_session(cut);
        assert_eq!(same_seen, seen, "cut at {cut}");
        assert_eq!(same_transaction.replies, transaction.replies, "cut at {cut}");
        assert_eq!(same_transaction.final_reply, transaction.final_reply, "cut at {cut}");
        assert_eq!(same_flights, flights, "cut at {cut}");
    }
}

#[test]
fn a_server_that_knows_no_ehlo_gets_helo_and_offers_nothing() {
    let mut dialogue = Dialogue::new(Options { starttls: StartTls::IfOffered, ..options() });
    dialogue.say("220 mail.test\r\n");
    assert_eq!(dialogue.say("502 5.5.1 what?\r\n"), "HELO client.test\r\n");
    assert_eq!(dialogue.say("250-mail.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n"), "");
    assert_eq!(dialogue.begin(to(2)), "MAIL FROM:<anna@example.org>\r\n");

    let mut must_have_tls = Dialogue::new(options());
    must_have_tls.say("220 mail.test\r\n");
    must_have_tls.say("502 5.5.1 what?\r\n");
    assert_eq!(must_have_tls.fail("250 mail.test\r\n").cause(), Cause::StarttlsNotOffered);
}

#[test]
fn nothing_behind_the_answer_to_starttls_is_believed() {
    for injected in ["250 AUTH PLAIN\r\n", "2", "\r\n"] {
        let mut dialogue = Dialogue::new(options());
        dialogue.say("220 mail.test\r\n");
        assert_eq!(dialogue.say("250-mail.test\r\n250 STARTTLS\r\n"), "STARTTLS\r\n");
        let error = dialogue.fail(&format!("220 go\r\n{injected}"));
        assert_eq!((error.status(), error.cause()), (Status::Protocol, Cause::StarttlsInjection));
    }
}

#[test]
fn what_was_offered_before_tls_is_forgotten() {
    let mut dialogue = Dialogue::new(Options { credentials: Some(xoauth2("t")), ..options() });
    dialogue.say("220 mail.test\r\n");
    dialogue.say("250-mail.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n");
    assert_eq!(dialogue.say("220 go\r\n"), "<TLS>\r\nEHLO client.test\r\n");
    assert_eq!(*dialogue.session.capabilities(), Default::default());
    assert_eq!(dialogue.fail("250 mail.test\r\n").cause(), Cause::AuthNotOffered);
}

#[test]
fn a_421_ends_the_session_at_every_step() {
    let whole = [
        ("220 mail.test\r\n", Stage::Greeting),
        ("250-mail.test\r\n250 STARTTLS\r\n", Stage::Hello),
        ("220 go\r\n", Stage::Starttls),
        ("250-mail.test\r\n250 AUTH LOGIN\r\n", Stage::Hello),
        ("334 VXNlcm5hbWU6\r\n", Stage::SignIn),
        ("334 UGFzc3dvcmQ6\r\n", Stage::SignIn),
        ("235 welcome\r\n", Stage::SignIn),
        ("250 sender\r\n", Stage::Sender),
        ("250 recipient\r\n", Stage::Recipients),
        ("354 go on\r\n", Stage::Data),
        ("250 queued\r\n", Stage::Data),
    ];
    for (step, (_, stage)) in whole.iter().enumerate() {
        let credentials = Some(password(PasswordMechanism::Auto, "s3cret"));
        let mut dialogue = Dialogue::new(Options { credentials, ..options() });
        for (number, (reply, _)) in whole.iter().enumerate().take(step + 1) {
            if number == 7 {
                dialogue.begin(to(1));
            }
            if number < step {
                dialogue.say(reply);
            }
        }
        let error = dialogue.fail("421 4.3.2 shutting down\r\n");
        assert_eq!((error.status(), error.stage()), (Status::Unavailable, *stage), "step {step}");
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

#[test]
fn one_reply_too_many_ends_the_session_wherever_it_comes() {
    let error = Dialogue::new(options()).fail("220 mail.test\r\n220 mail.test\r\n");
    assert_eq!(error.status(), Status::Protocol);

    let mut lock_step = Dialogue::ready(LOCK_STEP_OFFER);
    lock_step.begin(to(1));
    assert_eq!(lock_step.fail("250 ok\r\n250 ok\r\n").status(), Status::Protocol);

    let mut before = Dialogue::ready(OFFER);
    before.say("250 nobody asked\r\n");
    before.session.begin(Transaction::new(to(1)));
    assert_eq!(before.fail("").status(), Status::Protocol);

    let mut closing = Dialogue::ready(OFFER);
    closing.say("421 too long idle\r\n");
    closing.session.begin(Transaction::new(to(1)));
    assert_eq!(closing.fail("").status(), Status::Unavailable);

    let mut after = Dialogue::ready(OFFER);
    after.begin(to(1));
    after.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    after.say("250 queued\r\n250 again\r\n");
    assert!(after.transaction().was_accepted() && after.session.has_unread());
}
