//! The SMTP session: message submission (RFC 6409) with STARTTLS, pipelining and sign-in by
//! token. Methods stand in the order in which a client meets them.
//!
//! It shares no code with the library's own `smtp/`: see `main.rs`.

use super::Sandbox;
use super::connection::{Connection, NoLine};
use super::faults::{Interruption, Stage};
use super::journal::printable;
use super::mailbox::Envelope;
use super::sign_in::{self, Mechanism};
use super::smtp_syntax::{command, is_address, path};
use super::summary::summary;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, ErrorKind};
use std::net::TcpStream;

/// For whom there is no room.
pub const BUSY: &str = "421 4.3.2 Too many connections, try again later\r\n";

/// Strict on purpose, as real servers are (Dovecot cuts at 1024): a longer AUTH response belongs
/// on a line of its own, which RFC 4954 §4 lets be long.
const LONGEST_COMMAND: usize = 1024;
const LONGEST_SASL_LINE: usize = 12_288;
/// Far above the 1000 octets of RFC 5321, as real servers are lenient here.
const LONGEST_CONTENT_LINE: usize = 64 * 1024;
const LARGEST_MESSAGE: usize = 50 * 1024 * 1024;
const MOST_RECIPIENTS: usize = 1000;
/// Failed sign-ins and unknown commands after which a connection is closed.
const MOST_MISTAKES: u32 = 10;

/// How a connection begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Plain,
    Tls,
}

/// Why a session is over.
enum End {
    /// The last word is said: QUIT was answered, or the server has had enough.
    Closed,
    /// The fault `drop`.
    Dropped,
    NoLine(NoLine),
}

type Step = Result<(), End>;

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        End::NoLine(NoLine::Lost(error))
    }
}

impl From<NoLine> for End {
    fn from(no_line: NoLine) -> Self {
        End::NoLine(no_line)
    }
}

struct Session<'a> {
    sandbox: &'a Sandbox,
    connection: Connection,
    greeted: bool,
    /// Who has signed in.
    user: Option<String>,
    /// Open between MAIL and the end of the message.
    envelope: Option<Envelope>,
    mistakes: u32,
}

/// Serves one connection to its end.
pub fn serve(stream: TcpStream, entry: Entry, sandbox: &Sandbox) {
    let connection = match Connection::new(stream, sandbox.faults.pause()) {
        Ok(connection) => connection,
        Err(error) => return tell_lost(sandbox, &error),
    };
    let mut session =
        Session { sandbox, connection, greeted: false, user: None, envelope: None, mistakes: 0 };
    match session.converse(entry) {
        End::Closed => session.connection.close(),
        End::Dropped => session.connection.drop_dead(),
        // The rest of the line is not looked for: the limit bounds what is read.
        End::NoLine(NoLine::TooLong) => session.say_farewell("500 5.5.2 Line too long, closing"),
        End::NoLine(NoLine::Silence) => session.say_farewell("421 4.4.2 Out of time, closing"),
        End::NoLine(NoLine::Lost(error)) => tell_lost(sandbox, &error),
    }
}

/// A client that went away without QUIT is nothing to talk about; anything else is.
fn tell_lost(sandbox: &Sandbox, error: &io::Error) {
    if !matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) {
        sandbox.journal.say(&format!("Connection lost: {}", printable(&error.to_string())));
    }
}

impl Session<'_> {
    fn converse(&mut self, entry: Entry) -> End {
        let mut step = self.begin(entry);
        loop {
            match step {
                Ok(()) => step = self.next_command(),
                Err(end) => return end,
            }
        }
    }

    fn say_farewell(mut self, reply: &str) {
        if self.connection.reply(reply).is_ok() {
            self.connection.close();
        }
    }

    fn begin(&mut self, entry: Entry) -> Step {
        if entry == Entry::Tls {
            self.connection.start_tls(&self.sandbox.tls)?;
        }
        self.pass(Stage::Greeting)?;
        self.reply("220 localhost ESMTP Postrider sandbox: nothing leaves this computer")
    }

    fn next_command(&mut self) -> Step {
        let line = self.connection.line(LONGEST_COMMAND)?;
        let Ok(line) = String::from_utf8(line) else {
            return self.mistake("500 5.5.2 Commands are UTF-8");
        };
        let (verb, argument) = command(&line);
        match verb.as_str() {
            "EHLO" => self.ehlo(argument),
            "HELO" => self.helo(argument),
            "NOOP" => self.reply("250 2.0.0 Ok"),
            "QUIT" => {
                self.reply("221 2.0.0 Bye")?;
                Err(End::Closed)
            }
            "STARTTLS" => self.starttls(argument),
            // RFC 3207 §4: before TLS nothing else.
            _ if !self.connection.is_encrypted() => {
                self.mistake("530 5.7.0 Must issue a STARTTLS command first")
            }
            "AUTH" => self.auth(argument),
            "RSET" => {
                self.envelope = None;
                self.reply("250 2.0.0 Ok")
            }
            "MAIL" => self.mail(argument),
            "RCPT" => self.rcpt(argument),
            "DATA" => self.data(),
            "VRFY" => self.reply("252 2.5.0 Send some mail, the sandbox will do its best"),
            _ => self.mistake("500 5.5.1 Unknown command"),
        }
    }

    fn ehlo(&mut self, argument: &str) -> Step {
        if argument.is_empty() {
            return self.reply("501 5.5.4 EHLO needs the client's name");
        }
        self.pass(Stage::Ehlo)?;
        self.greeted = true;
        self.envelope = None;
        let offer =
            if self.connection.is_encrypted() { "AUTH XOAUTH2 OAUTHBEARER" } else { "STARTTLS" };
        self.reply(&format!(
            "250-localhost\r\n250-PIPELINING\r\n250-SIZE {LARGEST_MESSAGE}\r\n250-8BITMIME\r\n\
             250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 {offer}"
        ))
    }

    fn helo(&mut self, argument: &str) -> Step {
        if argument.is_empty() {
            return self.reply("501 5.5.4 HELO needs the client's name");
        }
        self.greeted = true;
        self.envelope = None;
        self.reply("250 localhost")
    }

    fn starttls(&mut self, argument: &str) -> Step {
        if self.connection.is_encrypted() {
            return self.mistake("503 5.5.1 TLS is already on");
        }
        if !argument.is_empty() {
            return self.mistake("501 5.5.4 STARTTLS takes no parameter");
        }
        self.pass(Stage::StartTls)?;
        // What was sent ahead of TLS could be anybody's (CVE-2011-0411).
        if self.connection.has_unread_input() {
            self.reply("554 5.5.1 Nothing may follow STARTTLS before TLS, closing")?;
            return Err(End::Closed);
        }
        self.reply("220 2.0.0 Ready to start TLS")?;
        self.connection.flush()?;
        self.connection.start_tls(&self.sandbox.tls)?;
        // RFC 3207 §4.2: all that was learnt before is forgotten.
        self.greeted = false;
        Ok(())
    }

    /// AUTH (RFC 4954) with or without the response in the command.
    fn auth(&mut self, argument: &str) -> Step {
        if self.user.is_some() {
            return self.mistake("503 5.5.1 Signed in already");
        }
        if !self.greeted {
            return self.mistake("503 5.5.1 EHLO first");
        }
        let (name, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let Some(mechanism) = Mechanism::named(name) else {
            return self.mistake("504 5.5.4 Only XOAUTH2 and OAUTHBEARER");
        };
        self.pass(Stage::Auth)?;
        let response = match initial {
            "" => self.answer_to("334 ")?,
            "=" => String::new(),
            initial => initial.to_owned(),
        };
        if response == "*" {
            return self.reply("501 5.7.0 Sign-in given up by the client");
        }
        let Ok(decoded) = STANDARD.decode(&response) else {
            return self.mistake("501 5.5.2 That is not base64");
        };
        let verdict = sign_in::check(mechanism, &decoded, &self.sandbox.tokens.lock());
        match verdict {
            Ok(user) => {
                self.user = Some(user);
                self.reply("235 2.7.0 Signed in")
            }
            Err((user, refusal)) => {
                let user = printable(user.as_deref().unwrap_or("somebody"));
                let reason = refusal.reason();
                self.sandbox.journal.say(&format!("Sign-in of {user} refused: {reason}"));
                // RFC 7628 §3.2.3: the error comes as a challenge; whatever the client answers,
                // the failure follows.
                self.answer_to(&format!("334 {}", mechanism.failure(refusal)))?;
                self.mistake(&format!("535 5.7.8 Sign-in failed: {reason}"))
            }
        }
    }

    /// What the client answers to a challenge.
    fn answer_to(&mut self, challenge: &str) -> Result<String, End> {
        self.reply(challenge)?;
        let line = self.connection.line(LONGEST_SASL_LINE)?;
        // Octets that are not UTF-8 are not base64 either: the caller says so.
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn mail(&mut self, argument: &str) -> Step {
        if self.user.is_none() {
            return self.mistake("530 5.7.0 Authentication required");
        }
        if !self.greeted || self.envelope.is_some() {
            return self.mistake("503 5.5.1 MAIL does not belong here");
        }
        let Some((sender, parameters)) = path("FROM:", argument) else {
            return self.mistake("501 5.5.4 Syntax: MAIL FROM:<address>");
        };
        self.pass(Stage::Mail)?;
        let mut smtputf8 = false;
        for (key, value) in parameters {
            match (key.as_str(), value.to_ascii_uppercase().as_str()) {
                ("SIZE", size) => match size.parse::<usize>() {
                    Ok(size) if size <= LARGEST_MESSAGE => {}
                    Ok(_) => return self.reply("552 5.3.4 The message is too large"),
                    Err(_) => return self.reply("501 5.5.4 SIZE needs a number"),
                },
                ("BODY", "7BIT" | "8BITMIME") => {}
                ("SMTPUTF8", "") => smtputf8 = true,
                // RFC 4954 §5: whoever offers AUTH takes this one, and need not believe it.
                ("AUTH", _) => {}
                _ => return self.reply("555 5.5.4 Unknown parameter"),
            }
        }
        if !sender.is_empty() && !is_address(sender) {
            return self.reply("501 5.1.7 That is not an address");
        }
        if !sender.is_ascii() && !smtputf8 {
            return self.reply("553 5.6.7 This address needs SMTPUTF8");
        }
        let (sender, recipients) = (sender.to_owned(), Vec::new());
        self.envelope = Some(Envelope { sender, recipients, smtputf8 });
        self.reply("250 2.1.0 Ok")
    }

    fn rcpt(&mut self, argument: &str) -> Step {
        let Some(envelope) = &self.envelope else {
            return self.mistake("503 5.5.1 MAIL first");
        };
        let Some((recipient, parameters)) = path("TO:", argument) else {
            return self.mistake("501 5.5.4 Syntax: RCPT TO:<address>");
        };
        let problem = if !parameters.is_empty() {
            Some("555 5.5.4 Unknown parameter")
        } else if !is_address(recipient) {
            Some("501 5.1.3 That is not an address")
        } else if !recipient.is_ascii() && !envelope.smtputf8 {
            Some("553 5.6.7 This address needs SMTPUTF8")
        } else if envelope.recipients.len() == MOST_RECIPIENTS {
            Some("452 4.5.3 Too many recipients")
        } else {
            self.sandbox.faults.refusal_of(recipient)
        };
        self.pass(Stage::Rcpt)?;
        if let Some(refusal) = problem {
            return self.reply(refusal);
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.recipients.push(recipient.to_owned());
        }
        self.reply("250 2.1.5 Ok")
    }

    fn data(&mut self) -> Step {
        let Some(envelope) = self.envelope.take_if(|envelope| !envelope.recipients.is_empty())
        else {
            // Also what a pipelining client hears whose recipients were all refused.
            return self.mistake("554 5.5.1 No valid recipients");
        };
        self.pass(Stage::Data)?;
        self.reply("354 End data with <CR><LF>.<CR><LF>")?;
        let content = self.content()?;
        if self.sandbox.faults.at(Stage::Dot) == Some(Interruption::Shutdown) {
            return self.pass(Stage::Dot);
        }
        match content {
            Some(content) => self.keep(&envelope, &content),
            None => self.reply("552 5.3.4 The message is too large"),
        }
    }

    /// The message with dot-stuffing undone, or nothing when it was too large.
    /// Only CRLF ends a line: a lone LF is content, or a message could hide another one.
    fn content(&mut self) -> Result<Option<Vec<u8>>, End> {
        let mut content = Vec::new();
        let mut received = 0;
        let mut at_line_start = true;
        loop {
            let line = self.connection.line(LONGEST_CONTENT_LINE)?;
            if at_line_start && line == b".\r\n" {
                return Ok((received <= LARGEST_MESSAGE).then_some(content));
            }
            let stuffed = at_line_start && line.first() == Some(&b'.');
            let unstuffed = &line[usize::from(stuffed)..];
            at_line_start = line.ends_with(b"\r\n");
            received += unstuffed.len();
            if received <= LARGEST_MESSAGE {
                content.extend_from_slice(unstuffed);
            } else if received > 2 * LARGEST_MESSAGE {
                self.reply("552 5.3.4 The message is much too large, closing")?;
                return Err(End::Closed);
            }
            self.pass(Stage::Content)?;
        }
    }

    fn keep(&mut self, envelope: &Envelope, content: &[u8]) -> Step {
        let user = self.user.as_deref().unwrap_or_default();
        let kept = {
            // Held while printing: summaries come in the order of the numbers.
            let mut mailbox = self.sandbox.mailbox.lock();
            mailbox.keep(content).inspect(|name| {
                self.sandbox.journal.say(&summary(name, user, envelope, content));
            })
        };
        match kept {
            Ok(name) => {
                self.pass(Stage::Dot)?;
                self.reply(&format!("250 2.0.0 Kept as {name}"))
            }
            Err(error) => {
                self.sandbox.journal.say(&format!("A message could not be written: {error}"));
                self.reply("452 4.3.1 The sandbox could not write the message")
            }
        }
    }

    fn reply(&mut self, text: &str) -> Step {
        Ok(self.connection.reply(text)?)
    }

    /// A reply to something that a client should not have done, or the last one.
    fn mistake(&mut self, text: &str) -> Step {
        self.mistakes += 1;
        self.reply(text)?;
        if self.mistakes < MOST_MISTAKES {
            return Ok(());
        }
        self.reply("421 4.7.0 Too many errors, closing")?;
        Err(End::Closed)
    }

    /// Goes on, unless the connection was ordered to end at this stage.
    fn pass(&mut self, stage: Stage) -> Step {
        match self.sandbox.faults.at(stage) {
            None => Ok(()),
            Some(Interruption::Drop) => Err(End::Dropped),
            Some(Interruption::Shutdown) => {
                self.reply("421 4.3.2 The sandbox was told to shut down, closing")?;
                Err(End::Closed)
            }
        }
    }
}
