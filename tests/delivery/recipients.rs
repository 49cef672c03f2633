//! What becomes of each recipient when the server refuses some, with pipelining and without.

use crate::harness::{
    PLAIN, Sent, assert_not_delivered, copies, mail, mail_without_recipient, send, send_well,
};
use crate::support::maildir;
use crate::support::rig::{self, Rig};
use postrider::{Cause, Kind, Mail, Outcome, Stage, Status};

/// A door with pipelining, and one where every command waits for its reply.
fn doors(rig: &Rig) -> [(u16, &'static str); 2] {
    [(rig.ports.plain, "pipelined"), (rig.ports.no_pipelining, "lock-step")]
}

fn mail_to(rig: &Rig, port: u16, mark: &str, recipients: &[&str]) -> Mail {
    let mut mail = mail_without_recipient(rig, port, PLAIN, mark);
    for recipient in recipients {
        mail.add_recipient_as(None, recipient, Kind::To).unwrap();
    }
    mail
}

/// The code of the reply to each recipient, and whether it was accepted.
fn results(sent: &Sent) -> Vec<(u16, String, bool)> {
    let recipients = sent.delivery.recipients.iter();
    recipients
        .map(|recipient| match &recipient.reply {
            Some(reply) => (reply.code(), reply.enhanced_code(), recipient.accepted),
            None => (0, String::new(), recipient.accepted),
        })
        .collect()
}

fn result(code: u16, enhanced: &str, accepted: bool) -> (u16, String, bool) {
    (code, enhanced.into(), accepted)
}

#[test]
fn one_refused_recipient_does_not_stop_the_others() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in doors(rig) {
        let mark = format!("partial-{mark}");
        let all = [rig::UNKNOWN_USER, rig::BOB, rig::BUSY_USER, rig::CAROL];
        let sent = send(&mail_to(rig, port, &mark, &all));
        assert_eq!(sent.delivery.status(), Status::Partial);
        assert_eq!(sent.delivery.outcome, Outcome::Accepted);
        assert_eq!(sent.delivery.reply().unwrap().code(), 250);
        assert_eq!(
            results(&sent),
            [
                result(550, "5.1.1", false),
                result(250, "2.1.5", true),
                result(450, "4.2.1", false),
                result(250, "2.1.5", true),
            ]
        );
        let addresses: Vec<_> = sent.delivery.recipients.iter().map(|each| &each.address).collect();
        assert_eq!(addresses, all.iter().collect::<Vec<_>>());
        let refusal = sent.delivery.recipients[0].reply.as_ref().unwrap();
        assert!(refusal.text().contains("User unknown"), "{refusal}");
        let error = sent.delivery.error().unwrap();
        assert!(error.text().contains(rig::UNKNOWN_USER), "{error}");
        assert!(error.text().contains("2 of 4"), "{error}");

        for user in [rig::BOB, rig::CAROL] {
            maildir::wait_for(rig, user, &mark);
            assert_eq!(copies(rig, user, &mark), 1);
        }
    }
}

#[test]
fn when_all_are_refused_nothing_is_delivered() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in doors(rig) {
        let mark = format!("all-refused-{mark}");
        let sent = send(&mail_to(rig, port, &mark, &[rig::UNKNOWN_USER, rig::BUSY_USER]));
        let error = sent.error();
        assert_eq!(error.status(), Status::Recipients, "{error}");
        assert_eq!(error.cause(), Cause::RecipientUnknown, "{error}");
        assert_eq!(error.stage(), Stage::Recipients, "{error}");
        assert_eq!(error.reply().unwrap().code(), 550, "{error}");
        assert_eq!(results(&sent), [result(550, "5.1.1", false), result(450, "4.2.1", false)]);
        assert_eq!(sent.count("-- sending the content"), 0);
    }
}

#[test]
fn all_or_none_delivers_to_nobody_when_one_is_refused() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in doors(rig) {
        for (refused, code) in [(rig::UNKNOWN_USER, 550), (rig::BUSY_USER, 450)] {
            let mark = format!("none-{mark}-{code}");
            let mut mail = mail_to(rig, port, &mark, &[rig::BOB, refused, rig::CAROL]);
            mail.set_all_or_none(true);
            let sent = send(&mail);
            let error = sent.error();
            assert_eq!(error.status(), Status::Recipients, "{error}");
            assert_eq!(error.reply().unwrap().code(), code, "{error}");
            assert!(error.text().contains(refused), "{error}");
            assert_eq!(sent.count("C: DATA"), 0);
            assert!(sent.delivery.recipients.iter().all(|recipient| !recipient.accepted));
            for user in [rig::BOB, rig::CAROL] {
                assert_not_delivered(rig, user, &mark);
            }
        }
    }
}

#[test]
fn all_or_none_delivers_to_all_when_none_is_refused() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in doors(rig) {
        let mark = format!("all-{mark}");
        let mut mail = mail_to(rig, port, &mark, &[rig::BOB, rig::CAROL]);
        mail.set_all_or_none(true);
        send_well(&mail);
        for user in [rig::BOB, rig::CAROL] {
            maildir::wait_for(rig, user, &mark);
        }
    }
}

#[test]
fn commands_leave_together_only_where_pipelining_is_offered() {
    let Some(rig) = rig::shared() else { return };
    for (port, pipelined) in [(rig.ports.plain, true), (rig.ports.no_pipelining, false)] {
        let sent = send_well(&mail_to(rig, port, "order", &[rig::BOB, rig::CAROL]));
        let mail = sent.transcript.iter().position(|line| line.starts_with("C: MAIL")).unwrap();
        let sides: String = sent.transcript[mail..mail + 8].iter().map(|line| &line[..1]).collect();
        assert_eq!(sides, if pipelined { "CCCCSSSS" } else { "CSCSCSCS" });
    }
}

#[test]
fn the_next_message_on_a_connection_is_not_harmed_by_a_refusal() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in doors(rig) {
        let mark = format!("after-refusal-{mark}");
        let mut refused = mail(rig, port, PLAIN, "refused");
        refused.set_keep_connection(true);
        refused.set_all_or_none(true);
        refused.add_recipient_as(None, rig::UNKNOWN_USER, Kind::To).unwrap();
        assert_eq!(send(&refused).error().status(), Status::Recipients);

        // A clone shares the connection.
        let mut good = refused.clone();
        good.clear_message();
        good.set_from(None, rig::ALICE).unwrap();
        good.add_recipient_as(None, rig::CAROL, Kind::To).unwrap();
        good.set_subject("A test").unwrap();
        good.add_header("X-Mark", &mark).unwrap();
        assert_eq!(send_well(&good).count("-- connecting"), 0);
        maildir::wait_for(rig, rig::CAROL, &mark);
    }
}

#[test]
fn a_recipient_that_is_named_twice_gets_one_copy() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "named-twice");
    mail.add_recipient_as(Some("Bob"), rig::BOB, Kind::Cc).unwrap();
    assert_eq!(send_well(&mail).count("C: RCPT"), 1);
    maildir::wait_for(rig, rig::BOB, "named-twice");
    assert_eq!(copies(rig, rig::BOB, "named-twice"), 1);
}
