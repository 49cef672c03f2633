//! Replies in pieces, odd ones, and ones without end.

use crate::client::{
    USER, assert_accepted, assert_failed, assert_usable, mail_to, mail_with_token,
};
use crate::server::{At, Do, Manner, Security, Server, say};
use postrider::{Cause, Kind, Outcome, Stage, Status};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const OFFERS: [&[&str]; 2] = [&["AUTH XOAUTH2", "SIZE 1000000"], &["AUTH XOAUTH2", "PIPELINING"]];

#[test]
fn every_reply_may_be_split_at_every_byte() {
    for offer in OFFERS {
        let server = Server::polite(Security::Plain, offer);
        assert_accepted(&mail_with_token(&server, "token").send(&()));
        let said = server.stop().said;
        let next = AtomicUsize::new(1);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    loop {
                        let cut = next.fetch_add(1, Ordering::Relaxed);
                        if cut >= said {
                            return;
                        }
                        let manner = Manner::CutAt(cut);
                        let server =
                            Server::start_with(Security::Plain, offer, manner, |_, _| Do::Usual);
                        assert_accepted(&mail_with_token(&server, "token").send(&()));
                        assert_eq!(server.stop().deliveries(), 1, "cut at {cut}");
                    }
                });
            }
        });
    }
}

#[test]
fn replies_may_drip_one_byte_at_a_time() {
    for security in [Security::Plain, Security::Starttls, Security::Tls] {
        for offer in OFFERS {
            let server = Server::start_with(security, offer, Manner::Drip, |_, _| Do::Usual);
            assert_accepted(&mail_with_token(&server, "token").send(&()));
            assert_eq!(server.stop().deliveries(), 1);
        }
    }
}

/// A server that answers EHLO in this way.
fn answering_ehlo(answer: &'static [u8]) -> Server {
    Server::start(Security::Plain, &[], move |moment, wire| match moment.at {
        At::Ehlo => say(answer),
        At::Mail if wire.has_more() => say("250 2.1.0 pipelined\r\n"),
        _ => Do::Usual,
    })
}

#[test]
fn letter_case_and_line_ends_of_the_ehlo_answer_do_not_matter() {
    for answer in [
        &b"250-scripted.test\r\n250-pipelining\r\n250 auth xoauth2\r\n"[..],
        b"250-scripted.test\n250-PIPELINING\n250 AUTH XOAUTH2\n",
        b"250-scripted.test gr\xfc\xdft\r\n250-X-\xff\xfe\r\n250-PIPELINING\r\n250 AUTH XOAUTH2\r\n",
        b"250-\r\n250-Pipelining\r\n250-AUTH=XOAUTH2\r\n250 \r\n",
    ] {
        let server = answering_ehlo(answer);
        let watcher = crate::client::Watcher::default();
        assert_accepted(&mail_with_token(&server, "token").send(&watcher));
        assert!(watcher.transcript().contains("S: 250 2.1.0 pipelined"), "PIPELINING was missed");
        let record = server.stop();
        assert_eq!((record.deliveries(), record.commands("AUTH XOAUTH2 ").len()), (1, 1));
    }
}

#[test]
fn the_old_form_of_the_auth_line_is_understood() {
    let server = answering_ehlo(b"250-scripted.test\r\n250 AUTH=PLAIN LOGIN\r\n");
    let mut mail = mail_to(&server);
    mail.allow_plaintext_auth(true);
    mail.set_auth_password(-1, USER, "password").expect("a password");
    assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().commands("AUTH PLAIN ").len(), 1);
}

#[test]
fn a_reply_may_be_a_code_and_nothing_else() {
    let server = Server::start(Security::Plain, &[], |moment, _| match moment.at {
        At::Greeting => say("220\r\n"),
        At::Data => say("354\r\n"),
        At::Idle => Do::Usual,
        _ => say("250\r\n"),
    });
    assert_accepted(&mail_to(&server).send(&()));
    assert_eq!(server.stop().deliveries(), 1);
}

#[test]
fn a_server_without_ehlo_is_greeted_with_helo() {
    for refusal in ["500 unknown\r\n", "502 not implemented\r\n", "504 5.5.1 no\r\n"] {
        let server =
            Server::start(Security::Plain, &["PIPELINING"], move |moment, wire| match moment.at {
                At::Ehlo => say(refusal),
                At::Mail if wire.has_more() => say("503 pipelined without an offer\r\n"),
                _ => Do::Usual,
            });
        assert_accepted(&mail_to(&server).send(&()));
        let verbs = ["EHLO", "HELO", "MAIL", "RCPT", "DATA"];
        assert_eq!(server.stop().verbs(1), verbs, "{refusal}");
    }
}

#[test]
fn a_server_that_refuses_ehlo_and_helo_is_left() {
    let server = Server::start(Security::Plain, &[], |moment, _| match moment.at {
        At::Ehlo | At::Helo => say("550 5.7.1 not you\r\n"),
        _ => Do::Usual,
    });
    let mut mail = mail_to(&server);
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Unavailable, Outcome::NotSent);
    let error = delivery.error().expect("an error");
    assert_eq!((error.stage(), error.reply().map(|r| r.code())), (Stage::Hello, Some(550)));
    assert_usable(&mut mail);
    assert_eq!(server.stop().verbs(1), ["EHLO", "HELO"]);
}

#[test]
fn replies_without_end_are_given_up() {
    let endless_line = [b"250-".as_slice(), &vec![b'x'; 1 << 20]].concat();
    let endless_lines = b"250-more\r\n".repeat(1 << 17);
    let too_large = [b"250-".as_slice(), &[b'x'; 4000], b"\r\n"].concat().repeat(256);
    let foreign_binary = vec![0; 1 << 20];
    for reply in [endless_line, endless_lines, too_large, foreign_binary] {
        for (at, stage) in [
            (At::Greeting, Stage::Greeting),
            (At::Ehlo, Stage::Hello),
            (At::Rcpt(0), Stage::Recipients),
            (At::FinalReply, Stage::Data),
        ] {
            let reply = reply.clone();
            let server = Server::start(Security::Plain, &["PIPELINING"], move |moment, _| {
                if moment.at == at { say(&reply) } else { Do::Usual }
            });
            let mut mail = mail_to(&server);
            let began = Instant::now();
            let delivery = mail.send(&());
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
            let unknown = at == At::FinalReply;
            let outcome = if unknown { Outcome::Unknown } else { Outcome::NotSent };
            assert_failed(&delivery, Status::Protocol, outcome);
            assert_eq!(delivery.error().map(|e| e.stage()), Some(stage));
            assert_usable(&mut mail);
            assert_eq!(server.stop().deliveries(), usize::from(unknown));
        }
    }
}

/// The client must read while it writes, or both would wait for each other; but not all there is.
#[test]
fn a_server_that_answers_without_end_while_it_reads_nothing_is_given_up() {
    let flood = b"250 ok\r\n".repeat(3 << 20);
    let server = Server::start(Security::Plain, &["PIPELINING"], move |moment, wire| {
        if moment.at != At::Mail {
            return Do::Usual;
        }
        wire.say(&flood);
        Do::Stall
    });
    let mut mail = mail_to(&server);
    // More than all buffers on the way hold.
    let domain = format!("{0}.{0}.{0}.example.org", "d".repeat(55));
    for n in 0..40_000 {
        mail.add_recipient_as(None, &format!("{n:060}@{domain}"), Kind::Bcc).expect("an address");
    }
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Protocol, Outcome::NotSent);
    server.release();
    assert_usable(&mut mail);
    assert_eq!(server.stop().deliveries(), 0);
}

#[test]
fn a_server_of_another_kind_is_named_as_such() {
    for greeting in
        ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "* OK IMAP4rev1\r\n"]
    {
        let server = Server::start(Security::Plain, &[], move |moment, _| match moment.at {
            At::Greeting => say(greeting),
            _ => Do::Usual,
        });
        let mut mail = mail_to(&server);
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Protocol, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        assert_eq!((error.stage(), error.cause()), (Stage::Greeting, Cause::NotSmtp), "{error}");
        assert!(error.text().contains(greeting.trim_end()), "{error}");
        assert_usable(&mut mail);
        assert!(server.stop().commands.is_empty(), "{greeting}");
    }
}
