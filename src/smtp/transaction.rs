//! One message on its way: the envelope, its commands, and what became of each recipient.

use crate::error::{Cause, Error, Stage, Status};
use crate::smtp::Reply;
use crate::smtp::capabilities::Capabilities;
use std::fmt::Write as _;

/// What goes around the content (RFC 5321 §2.3.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    /// MAIL FROM; empty for the null sender.
    pub return_path: String,
    /// RCPT TO.
    pub recipients: Vec<String>,
    /// Octets of the content, without dot-stuffing.
    pub size: u64,
    /// The content has octets above 127.
    pub eight_bit: bool,
    /// An address can only be carried by SMTPUTF8.
    pub utf8: bool,
    /// One refused recipient refuses the message.
    pub all_or_none: bool,
    /// Nobody is to get anything: it only asks whether the server would take it.
    pub only_asks: bool,
}

/// A command of the transaction whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Reset,
    Mail,
    Rcpt(usize),
    Data,
}

impl Command {
    pub(crate) fn stage(self) -> Stage {
        match self {
            Command::Reset | Command::Mail => Stage::Sender,
            Command::Rcpt(_) => Stage::Recipients,
            Command::Data => Stage::Data,
        }
    }

    /// Whether the reply is one that the command can get (RFC 5321 §4.3.2): a refusal, or its own
    /// kind of consent.
    pub(crate) fn is_answered_by(self, reply: &Reply) -> bool {
        let consent = match self {
            Command::Data => reply.code() == 354,
            _ => reply.is_positive(),
        };
        consent || reply.is_negative()
    }
}

/// What to do when every reply that was awaited has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Send this command next.
    Send(Command),
    /// The server waits for the content.
    Content,
    /// The server waits for a content that nobody is to get: end it at once (RFC 2920 §3.1).
    EmptyContent,
    /// It is over.
    Finished,
}

/// An envelope and the replies to it.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub envelope: Envelope,
    /// The reply to each recipient, in the order of the envelope.
    pub replies: Vec<Option<Reply>>,
    /// Why nobody gets the message.
    pub error: Option<Error>,
    /// The reply to the content.
    pub final_reply: Option<Reply>,
    mail_accepted: bool,
    data_accepted: bool,
    accepted: usize,
    refused: usize,
}

impl Transaction {
    pub(crate) fn new(envelope: Envelope) -> Self {
        let replies = vec![None; envelope.recipients.len()];
        Self { envelope, replies, ..Self::default() }
    }

    /// What this server cannot carry, before anything is sent to it.
    pub(crate) fn check(&self, offered: &Capabilities) -> Result<(), Error> {
        if self.envelope.utf8 && !offered.smtputf8 {
            let text = "an address has special letters before the @, which only a server with \
                        SMTPUTF8 can carry; this one does not offer it";
            let cause = Cause::Smtputf8NotOffered;
            return Err(Error::new(Status::Unsupported, Stage::Sender, cause, text));
        }
        match offered.most_octets {
            Some(most) if self.envelope.size > most => {
                let size = self.envelope.size;
                let text = format!("the message has {size} bytes, the server takes at most {most}");
                Err(Error::new(Status::TooLarge, Stage::Sender, Cause::MessageTooLarge, text))
            }
            _ => Ok(()),
        }
    }

    /// Writes a command without its line end.
    pub(crate) fn write(&self, command: Command, offered: &Capabilities, line: &mut String) {
        let envelope = &self.envelope;
        match command {
            Command::Reset => line.push_str("RSET"),
            Command::Mail => {
                line.push_str("MAIL FROM:<");
                line.push_str(&envelope.return_path);
                line.push('>');
                if offered.size && envelope.size > 0 {
                    let _ = write!(line, " SIZE={}", envelope.size);
                }
                if offered.eight_bit_mime && (envelope.eight_bit || envelope.utf8) {
                    line.push_str(" BODY=8BITMIME");
                }
                if envelope.utf8 {
                    line.push_str(" SMTPUTF8");
                }
            }
            Command::Rcpt(index) => {
                line.push_str("RCPT TO:<");
                line.push_str(envelope.recipients.get(index).map_or("", |address| address));
                line.push('>');
            }
            Command::Data => line.push_str("DATA"),
        }
    }

    /// The commands that may leave together (RFC 2920 §3.1), from MAIL on.
    pub(crate) fn group(&self) -> impl Iterator<Item = Command> + use<> {
        let at_once = !self.envelope.all_or_none && !self.envelope.only_asks;
        let data = at_once.then_some(Command::Data);
        let recipients = 0..self.envelope.recipients.len();
        std::iter::once(Command::Mail).chain(recipients.map(Command::Rcpt)).chain(data)
    }

    /// Takes the reply to a command.
    pub(crate) fn answer(&mut self, command: Command, reply: Reply) {
        match command {
            // A server that refuses RSET will refuse MAIL too, with a better reason.
            Command::Reset => {}
            Command::Mail if reply.is_positive() => self.mail_accepted = true,
            Command::Mail => {
                let sender = &self.envelope.return_path;
                let what = format!("the server refused the sender <{sender}>");
                self.fail(Error::refused(
                    status_of(&reply, Status::Sender),
                    Stage::Sender,
                    cause_of(&reply, Cause::SenderRefused),
                    what,
                    reply,
                ));
            }
            Command::Rcpt(index) => {
                let accepted = reply.is_positive();
                *(if accepted { &mut self.accepted } else { &mut self.refused }) += 1;
                if let Some(slot) = self.replies.get_mut(index) {
                    *slot = Some(reply);
                }
            }
            Command::Data if reply.code() == 354 => self.data_accepted = true,
            // After a refused sender, or refused recipients, it says nothing new.
            Command::Data if self.mail_accepted && self.accepted > 0 => {
                self.fail(Error::refused(
                    status_of(&reply, Status::Message),
                    Stage::Data,
                    cause_of(&reply, Cause::MessageRefused),
                    "the server refused to take the content",
                    reply,
                ));
            }
            Command::Data => {}
        }
    }

    /// What comes after `command` when no other reply is awaited.
    pub(crate) fn after(&mut self, command: Command) -> Then {
        let next_recipient = match command {
            Command::Reset if self.envelope.only_asks && self.is_mail_answered() => {
                return Then::Finished;
            }
            Command::Reset => return Then::Send(Command::Mail),
            Command::Mail if self.mail_accepted => Some(0),
            Command::Rcpt(index) if self.may_go_on() => Some(index + 1),
            _ => None,
        };
        if let Some(index) = next_recipient.filter(|index| *index < self.replies.len()) {
            return Then::Send(Command::Rcpt(index));
        }
        let wanted = self.mail_accepted && self.may_go_on() && self.accepted > 0;
        if !wanted && self.mail_accepted {
            self.fail_recipients();
        }
        match (command, self.data_accepted) {
            _ if self.envelope.only_asks => Then::Send(Command::Reset),
            (Command::Data, true) if wanted => Then::Content,
            (Command::Data, true) => Then::EmptyContent,
            (Command::Data, false) => Then::Finished,
            _ if wanted => Then::Send(Command::Data),
            _ => Then::Finished,
        }
    }

    /// Takes the reply to the content.
    pub(crate) fn finish(&mut self, reply: Reply) {
        if reply.is_negative() {
            self.fail(Error::refused(
                status_of(&reply, Status::Message),
                Stage::Data,
                cause_of(&reply, Cause::MessageRefused),
                "the server refused the message",
                reply.clone(),
            ));
        }
        self.final_reply = Some(reply);
    }

    /// Whether the server has accepted the message for somebody.
    pub(crate) fn was_accepted(&self) -> bool {
        self.final_reply.as_ref().is_some_and(Reply::is_positive)
    }

    fn is_mail_answered(&self) -> bool {
        self.mail_accepted || self.error.is_some()
    }

    /// Not when all or none was asked and one was refused.
    fn may_go_on(&self) -> bool {
        !self.envelope.all_or_none || self.refused == 0
    }

    /// The first reason counts.
    pub(crate) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    fn fail_recipients(&mut self) {
        let refused =
            self.envelope.recipients.iter().zip(&self.replies).find_map(|(address, r)| {
                r.as_ref()
                    .filter(|reply| !reply.is_positive())
                    .map(|reply| (address, reply.clone()))
            });
        let Some((address, reply)) = refused else { return };
        let what = match (self.refused, self.replies.len()) {
            (1, 1) => format!("the server refused the recipient <{address}>"),
            (n, all) if n == all => format!("the server refused all {n} recipients: <{address}>"),
            (n, all) => format!(
                "the server refused {n} of {all} recipients, and all or none was asked: <{address}>"
            ),
        };
        let cause = cause_of(&reply, Cause::RecipientsRefused);
        self.fail(Error::refused(Status::Recipients, Stage::Recipients, cause, what, reply));
    }
}

/// 552 5.3.4 says that the message is too large, whatever the command.
fn status_of(reply: &Reply, usual: Status) -> Status {
    if is_too_large(reply) { Status::TooLarge } else { usual }
}

fn cause_of(reply: &Reply, usual: Cause) -> Cause {
    if is_too_large(reply) { Cause::MessageTooLarge } else { usual }
}

fn is_too_large(reply: &Reply) -> bool {
    reply.enhanced_code() == "5.3.4" || (reply.code() == 552 && reply.enhanced_code().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(recipients: &[&str]) -> Envelope {
        Envelope {
            return_path: "a@example.org".into(),
            recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
            ..Envelope::default()
        }
    }

    fn line(envelope: Envelope, offered: &Capabilities) -> String {
        let mut line = String::new();
        Transaction::new(envelope).write(Command::Mail, offered, &mut line);
        line
    }

    #[test]
    fn extensions_are_used_only_when_offered() {
        let envelope = Envelope { size: 42, eight_bit: true, ..to(&["b@example.org"]) };
        assert_eq!(line(envelope.clone(), &Capabilities::default()), "MAIL FROM:<a@example.org>");
        let offered = Capabilities { size: true, eight_bit_mime: true, ..Capabilities::default() };
        assert_eq!(line(envelope, &offered), "MAIL FROM:<a@example.org> SIZE=42 BODY=8BITMIME");
    }

    #[test]
    fn what_the_server_cannot_carry_is_found_before_anything_is_sent() {
        let small = Capabilities { most_octets: Some(10), ..Capabilities::default() };
        let large = Transaction::new(Envelope { size: 11, ..to(&["b@example.org"]) });
        assert_eq!(large.check(&small).unwrap_err().status(), Status::TooLarge);
        let letters = Transaction::new(Envelope { utf8: true, ..to(&["b@example.org"]) });
        assert_eq!(letters.check(&small).unwrap_err().cause(), Cause::Smtputf8NotOffered);
    }
}
