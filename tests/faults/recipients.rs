//! Refused recipients in every pattern, and the content that goes once or not at all.

use crate::client::{
    RECIPIENT, USER, Watcher, assert_accepted, assert_failed, assert_usable, mail_to, write_message,
};
use crate::server::{At, Do, Security, Server, say};
use postrider::{Kind, Mail, Outcome, Stage, Status};
use std::time::{Duration, Instant};

/// Pipelined and in lock-step.
const WAYS: [&[&str]; 2] = [&["PIPELINING"], &[]];

fn add_recipients(mail: &mut Mail, count: usize) {
    for number in 1..count {
        let address = format!("recipient-{number}@example.org");
        mail.add_recipient_as(None, &address, Kind::Cc).expect("an address");
    }
}

/// Refuses the recipients whose bits are set.
fn refusing(pattern: usize, offer: &[&str]) -> Server {
    Server::start(Security::Plain, offer, move |moment, _| match moment.at {
        At::Rcpt(n) if pattern >> n & 1 == 1 && n % 2 == 0 => {
            say(format!("550-5.1.1 number {n}\r\n550 5.1.1 is unknown\r\n"))
        }
        At::Rcpt(n) if pattern >> n & 1 == 1 => say(format!("450 4.2.1 number {n} is busy\r\n")),
        _ => Do::Usual,
    })
}

#[test]
fn every_pattern_of_refused_recipients_is_told_rightly() {
    for offer in WAYS {
        for pattern in 0..16_usize {
            let server = refusing(pattern, offer);
            let mut mail = mail_to(&server);
            add_recipients(&mut mail, 4);
            let delivery = mail.send(&());
            let status = match pattern {
                0 => Status::Ok,
                15 => Status::Recipients,
                _ => Status::Partial,
            };
            let all_refused = pattern == 15;
            assert_eq!(delivery.status(), status, "{pattern:04b}: {:?}", delivery.error());
            let outcome = if all_refused { Outcome::NotSent } else { Outcome::Accepted };
            assert_eq!(delivery.outcome, outcome, "{pattern:04b}");
            assert_eq!(delivery.recipients.len(), 4);
            for (n, recipient) in delivery.recipients.iter().enumerate() {
                let refused = pattern >> n & 1 == 1;
                assert_eq!(recipient.accepted, !refused, "{pattern:04b}: {recipient:?}");
                let reply = recipient.reply.as_ref().expect("each has its reply");
                let (code, enhanced) = match (refused, n % 2) {
                    (false, _) => (250, "2.1.5"),
                    (true, 0) => (550, "5.1.1"),
                    (true, _) => (450, "4.2.1"),
                };
                assert_eq!((reply.code(), reply.enhanced_code().as_str()), (code, enhanced));
                assert!(!refused || reply.text().contains(&format!("number {n}")), "{reply}");
            }
            assert_usable(&mut mail);
            let record = server.stop();
            assert_eq!(record.contents.len(), usize::from(!all_refused), "{pattern:04b}");
            let accepted = delivery.recipients.iter().filter(|r| r.accepted);
            let accepted: Vec<_> = accepted.map(|r| r.address.clone()).collect();
            assert!(record.contents.iter().all(|content| content.recipients == accepted));
            // In lock-step nobody asks for the content of nobody.
            let data = usize::from(!all_refused || !offer.is_empty());
            assert_eq!(record.commands("DATA").len(), data, "{pattern:04b}");
        }
    }
}

#[test]
fn all_or_none_sends_nothing_when_one_is_refused() {
    for offer in WAYS {
        for pattern in 0..16_usize {
            let server = refusing(pattern, offer);
            let mut mail = mail_to(&server);
            add_recipients(&mut mail, 4);
            mail.set_all_or_none(true);
            let delivery = mail.send(&());
            if pattern == 0 {
                assert_accepted(&delivery);
            } else {
                assert_failed(&delivery, Status::Recipients, Outcome::NotSent);
                assert_eq!(delivery.error().map(|e| e.stage()), Some(Stage::Recipients));
            }
            let record = server.stop();
            let sent = usize::from(pattern == 0);
            assert_eq!((record.contents.len(), record.commands("DATA").len()), (sent, sent));
        }
    }
}

#[test]
fn all_or_none_keeps_data_back_until_every_recipient_was_answered() {
    let server = Server::start(Security::Plain, &["PIPELINING"], |moment, wire| match moment.at {
        // A DATA in the same flight would be here by now: it would lie in the same segment.
        At::Rcpt(2) if wire.has_more() => say("554 5.5.0 DATA came too early\r\n"),
        At::Rcpt(0) if !wire.has_more() => say("554 5.5.0 the recipients came alone\r\n"),
        _ => Do::Usual,
    });
    let mut mail = mail_to(&server);
    add_recipients(&mut mail, 3);
    mail.set_all_or_none(true);
    assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().deliveries(), 1);
}

#[test]
fn a_content_that_nobody_is_to_get_is_a_lone_dot() {
    for refuse_sender in [false, true] {
        let server = Server::start(Security::Plain, &["PIPELINING"], move |moment, _| {
            match (moment.transaction, moment.at) {
                (1, At::Mail) if refuse_sender => say("550 5.7.1 not from you\r\n"),
                (1, At::Rcpt(_)) => say("550 5.1.1 nobody\r\n"),
                (1, At::Data) => say("354 go ahead all the same\r\n"),
                _ => Do::Usual,
            }
        });
        let mut mail = mail_to(&server);
        add_recipients(&mut mail, 2);
        mail.set_keep_connection(true);
        let delivery = mail.send(&());
        let status = if refuse_sender { Status::Sender } else { Status::Recipients };
        assert_failed(&delivery, status, Outcome::NotSent);
        assert_accepted(&mail.send(&()));
        drop(mail);
        let record = server.stop();
        assert_eq!((record.connections, record.deliveries(), record.contents.len()), (1, 1, 2));
        assert_eq!(record.contents[0].wire, b".\r\n");
        let verbs =
            ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "RCPT", "DATA"];
        assert_eq!(record.verbs(1), verbs);
    }
}

#[test]
fn a_refused_sender_refuses_the_message() {
    for offer in WAYS {
        let server = Server::start(Security::Plain, offer, |moment, _| match moment.at {
            At::Mail => say("553 5.7.1 not your address\r\n"),
            At::Rcpt(_) | At::Data => say("503 5.5.1 no sender yet\r\n"),
            _ => Do::Usual,
        });
        let mut mail = mail_to(&server);
        add_recipients(&mut mail, 3);
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Sender, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        assert_eq!((error.stage(), error.reply().map(|r| r.code())), (Stage::Sender, Some(553)));
        assert!(error.text().contains(USER), "{error}");
        assert_usable(&mut mail);
        assert!(server.stop().contents.is_empty());
    }
}

#[test]
fn a_refused_data_refuses_the_message() {
    for offer in WAYS {
        let server = Server::start(Security::Plain, offer, |moment, _| match moment.at {
            At::Data => say("451 4.3.0 disk full\r\n"),
            _ => Do::Usual,
        });
        let mut mail = mail_to(&server);
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Message, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        assert_eq!((error.stage(), error.reply().map(|r| r.code())), (Stage::Data, Some(451)));
        assert_usable(&mut mail);
        let record = server.stop();
        assert_eq!((record.contents.len(), record.broken_off_contents), (0, 0));
    }
}

/// Their commands are more octets than the buffers of both ends can take.
fn add_many_recipients(mail: &mut Mail, count: usize) {
    let domain = ["d".repeat(60).as_str(); 3].join(".");
    for number in 0..count {
        let address = format!("{number:040}@{domain}");
        mail.add_recipient_as(None, &address, Kind::Bcc).expect("an address");
    }
}

#[test]
fn thirty_thousand_recipients_do_not_lock_client_and_server_up() {
    const COUNT: usize = 30_000;
    // It answers at length, too: replies pile up while commands are still written.
    let long = "x".repeat(250);
    let server =
        Server::start(Security::Plain, &["PIPELINING"], move |moment, _| match moment.at {
            At::Rcpt(n) if n % 1000 == 999 => say("550 5.1.1 every thousandth\r\n"),
            At::Rcpt(_) => say(format!("250-2.1.5 {long}\r\n250 2.1.5 {long}\r\n")),
            _ => Do::Usual,
        });
    let mut mail = mail_to(&server);
    mail.set_timeout_ms(40_000).expect("a timeout");
    add_many_recipients(&mut mail, COUNT);
    let began = Instant::now();
    let delivery = mail.send(&());
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    // The first one is Bob.
    assert_eq!((delivery.status(), delivery.recipients.len()), (Status::Partial, COUNT + 1));
    let refused = delivery.recipients.iter().enumerate().filter(|(_, r)| !r.accepted);
    let refused: Vec<_> = refused.map(|(n, _)| n).collect();
    assert_eq!(refused, (0..COUNT / 1000).map(|n| n * 1000 + 999).collect::<Vec<_>>());
    assert_usable(&mut mail);
    let record = server.stop();
    let accepted = COUNT + 1 - COUNT / 1000;
    assert_eq!((record.deliveries(), record.contents[0].recipients.len()), (1, accepted));
}

#[test]
fn a_server_that_hangs_up_while_recipients_are_still_written_is_quoted() {
    for reset in [false, true] {
        let server = Server::start(Security::Plain, &["PIPELINING"], move |moment, wire| {
            if moment.at != At::Rcpt(10) {
                return Do::Usual;
            }
            wire.say(b"421 4.7.0 too many recipients\r\n");
            wire.wait_until_taken();
            if reset {
                return Do::Reset;
            }
            // Nothing more is read: the client must not wait for room to write.
            wire.close();
            Do::Stall
        });
        let mut mail = mail_to(&server);
        add_many_recipients(&mut mail, 30_000);
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Unavailable, Outcome::NotSent);
        assert_eq!(delivery.reply().map(|reply| reply.code()), Some(421));
        assert_usable(&mut mail);
        assert!(server.stop().contents.is_empty());
    }
}

#[test]
fn a_recipient_that_was_added_twice_is_asked_for_once() {
    let server = Server::polite(Security::Plain, &["PIPELINING"]);
    let mut mail = mail_to(&server);
    write_message(&mut mail);
    mail.add_recipient_as(Some("Bob"), RECIPIENT, Kind::Bcc).expect("an address");
    let watcher = Watcher::default();
    assert_accepted(&mail.send(&watcher));
    assert_eq!(server.stop().commands("RCPT").len(), 1, "{}", watcher.transcript());
}
