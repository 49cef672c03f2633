//! What real servers refuse, and what the person is told of it: the reply word for word as Postfix and
//! Dovecot give it, the cause, how sure that is, and an advice with the value that matters.

use crate::harness::{ANY_MECHANISM, PLAIN, STARTTLS, mail, send, send_well};
use crate::support::rig::{self, Rig};
use postrider::{Cause, Certainty, Kind, Mail, Retry};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::Duration;

use Certainty::{Likely, Sure, Unknown};
use Retry::{Later, No};

/// A mail from Alice to Bob that is not signed in, until it is changed.
pub struct Refused<'a> {
    pub port: u16,
    pub change: &'a dyn Fn(&mut Mail),
    pub reply: &'a str,
    pub found: (Cause, Certainty, Retry),
    /// Is in the advice.
    pub advice: &'a str,
}

impl Refused<'_> {
    pub fn assert(&self, rig: &Rig) {
        let mut mail = mail(rig, self.port, STARTTLS, "explained");
        (self.change)(&mut mail);
        let sent = send(&mail);
        let error = sent.error();
        let found = (error.cause(), error.certainty(), error.retry());
        assert_eq!(found, self.found, "{error}\n{:#?}", sent.transcript);
        let reply = error.reply().map(ToString::to_string).unwrap_or_default();
        assert_eq!(reply, self.reply, "{:#?}", sent.transcript);
        let advice = error.advice();
        assert!(advice.contains(self.advice), "{:?} is not in {advice}", self.advice);
    }
}

fn as_it_is(_: &mut Mail) {}

pub fn only_to(mail: &mut Mail, recipient: &str) {
    mail.clear_message();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.set_subject("A test").unwrap();
    mail.add_recipient_as(None, recipient, Kind::To).unwrap();
}

#[test]
fn what_postfix_and_dovecot_refuse_is_explained() {
    let Some(rig) = rig::shared() else { return };
    let alice = |mail: &mut Mail| {
        mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
    };
    let wrong_password = |mail: &mut Mail| {
        mail.set_auth_password(ANY_MECHANISM, rig::ALICE, "wrong-horse-battery").unwrap();
    };
    let refused = [
        Refused {
            port: rig.refusing("SENDERS_OF_BOB"),
            change: &|mail| {
                alice(mail);
                mail.set_from(None, rig::CAROL).unwrap();
            },
            reply: "553 5.7.1 <carol@rig.test>: Sender address rejected: not owned by user alice@rig.test",
            found: (Cause::SendAsDenied, Sure, No),
            advice: "alice@rig.test, or ask the operator of localhost to let it send as carol@rig.test",
        },
        Refused {
            port: rig.ports.plain,
            change: &|mail| only_to(mail, "someone@example.org"),
            reply: "554 5.7.1 <someone@example.org>: Relay access denied",
            found: (Cause::RelayDenied, Sure, No),
            advice: "someone@example.org",
        },
        Refused {
            port: rig.ports.plain,
            change: &|mail| only_to(mail, rig::UNKNOWN_USER),
            reply: "550 5.1.1 <nobody@rig.test>: Recipient address rejected: User unknown in virtual mailbox table",
            found: (Cause::RecipientUnknown, Sure, No),
            advice: "nobody@rig.test",
        },
        Refused {
            port: rig.refusing("SILENT_SMALL"),
            change: &|mail| mail.set_text(Some(&"large ".repeat(rig::SMALL_SIZE))),
            reply: "552 5.3.4 Error: message file too big",
            found: (Cause::MessageTooLarge, Sure, No),
            advice: "attachments",
        },
        Refused {
            port: rig.refusing("NO_SPACE"),
            change: &as_it_is,
            reply: "452 4.3.1 Insufficient system storage",
            found: (Cause::ServerBusy, Sure, Later),
            advice: "again",
        },
        Refused {
            port: rig.refusing("ONE_RECIPIENT"),
            change: &|mail| {
                mail.add_recipient_as(None, rig::CAROL, Kind::To).unwrap();
                mail.set_all_or_none(true);
            },
            reply: "452 4.5.3 Error: too many recipients",
            found: (Cause::TooManyRecipients, Sure, No),
            advice: "fewer recipients",
        },
        Refused {
            port: rig.ports.submission,
            change: &|mail| mail.set_security(PLAIN).unwrap(),
            reply: "530 5.7.0 Must issue a STARTTLS command first",
            found: (Cause::StarttlsRequired, Sure, No),
            advice: "localhost",
        },
        Refused {
            port: rig.ports.dovecot_submission,
            change: &as_it_is,
            reply: "530 5.7.0 Authentication required.",
            found: (Cause::NotSignedIn, Sure, No),
            advice: "Set a sign-in for localhost",
        },
        Refused {
            port: rig.ports.submission,
            change: &wrong_password,
            reply: "535 5.7.8 Error: authentication failed: (reason unavailable)",
            found: (Cause::PasswordRefused, Unknown, No),
            advice: "alice@rig.test",
        },
        Refused {
            port: rig.ports.dovecot_submission,
            change: &wrong_password,
            reply: "535 5.7.8 Authentication failed.",
            found: (Cause::PasswordRefused, Unknown, No),
            advice: "alice@rig.test",
        },
        Refused {
            port: rig.ports.dovecot_submission,
            change: &|mail| mail.set_auth_xoauth2(rig::ALICE, &rig.foreign_token()).unwrap(),
            reply: "535 5.7.8 Authentication failed.",
            found: (Cause::TokenRefused, Unknown, No),
            advice: "alice@rig.test",
        },
        Refused {
            port: rig.refusing("TLS11"),
            change: &as_it_is,
            reply: "",
            found: (Cause::TlsTooOld, Sure, No),
            advice: "localhost speaks only versions of TLS before 1.2",
        },
    ];
    for case in refused {
        case.assert(rig);
    }
}

/// Postfix judges who connects, who signs in and from whom it is only when the first recipient is
/// named: all of it comes as the refusal of a recipient.
#[test]
fn what_postfix_says_of_a_recipient_may_be_about_something_else() {
    let Some(rig) = rig::shared() else { return };
    let not_signed_in = (Cause::NotSignedIn, Likely, No);
    let refused = [
        Refused {
            port: rig.refusing("SENDERS_OF_BOB"),
            change: &as_it_is,
            reply: "553 5.7.1 <alice@rig.test>: Sender address rejected: not logged in",
            found: (Cause::NotSignedIn, Sure, No),
            advice: "Set a sign-in for localhost",
        },
        Refused {
            port: rig.refusing("CLIENTS"),
            change: &as_it_is,
            reply: "554 5.7.1 <localhost[127.0.0.1]>: Client host rejected: Access denied",
            found: not_signed_in,
            advice: "Set a sign-in for localhost",
        },
        Refused {
            port: rig.ports.submission,
            change: &as_it_is,
            reply: "554 5.7.1 <bob@rig.test>: Recipient address rejected: Access denied",
            found: not_signed_in,
            advice: "Set a sign-in for localhost",
        },
        Refused {
            port: rig.refusing("FULL_NAMES"),
            change: &|mail| mail.set_ehlo_name(Some("pc")).unwrap(),
            reply: "504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname",
            found: (Cause::HelloNameRefused, Sure, No),
            advice: "EHLO name",
        },
        Refused {
            port: rig.refusing("FULL_NAMES"),
            change: &|mail| mail.set_from(None, "alice@localhost").unwrap(),
            reply: "504 5.5.2 <alice@localhost>: Sender address rejected: need fully-qualified address",
            found: (Cause::SenderRefused, Sure, No),
            advice: "Give alice@localhost a whole domain",
        },
    ];
    for case in refused {
        case.assert(rig);
    }
}

#[test]
fn what_postfix_limits_is_explained() {
    let Some(rig) = rig::shared() else { return };
    let refused = |door: &str, change: &dyn Fn(&mut Mail), reply, found, advice| {
        Refused { port: rig.refusing(door), change, reply, found, advice }.assert(rig);
    };
    let _first = greeted(rig.refusing("ONE_CONNECTION"));
    refused(
        "ONE_CONNECTION",
        &as_it_is,
        "421 4.7.0 mail.rig.test Error: too many connections from 127.0.0.1",
        (Cause::TooManyConnections, Sure, Later),
        "localhost",
    );
    let sent_before = |door, change: &dyn Fn(&mut Mail)| {
        let mut first = mail(rig, rig.refusing(door), STARTTLS, "the-one-of-this-minute");
        change(&mut first);
        send_well(&first);
    };
    sent_before("ONE_MESSAGE", &as_it_is);
    refused(
        "ONE_MESSAGE",
        &as_it_is,
        "450 4.7.1 Error: too much mail from 127.0.0.1",
        (Cause::RateLimited, Sure, Later),
        "localhost",
    );
    sent_before("ONE_RCPT", &as_it_is);
    refused(
        "ONE_RCPT",
        &as_it_is,
        "450 4.7.1 Error: too many recipients from 127.0.0.1",
        (Cause::RateLimited, Sure, Later),
        "localhost",
    );
    let alice = |mail: &mut Mail| {
        mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
    };
    sent_before("ONE_SIGN_IN", &alice);
    refused(
        "ONE_SIGN_IN",
        &alice,
        "450 4.7.1 Error: too many AUTH commands from 127.0.0.1",
        (Cause::RateLimited, Sure, Later),
        "localhost",
    );
}

/// A connection that the server has counted, since it has greeted.
fn greeted(port: u16) -> BufReader<TcpStream> {
    let stream = TcpStream::connect((rig::HOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("220 "), "{line}");
    stream
}
