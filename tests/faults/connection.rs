//! The connection that a handle keeps between sends.

use crate::client::{
    RECIPIENT, Watcher, assert_accepted, assert_failed, assert_usable, mail_to, mail_with_token,
    write_message,
};
use crate::server::{At, Do, Security, Server, Wire, say};
use parking_lot::Mutex;
use postrider::{Mail, Outcome, Status};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const OFFER: &[&str] = &["PIPELINING", "AUTH XOAUTH2"];
const EVERYWHERE: [Security; 3] = [Security::Plain, Security::Starttls, Security::Tls];

fn keeping_mail(server: &Server) -> Mail {
    let mut mail = mail_with_token(server, "token");
    mail.set_keep_connection(true);
    mail
}

#[test]
fn the_next_message_goes_over_the_kept_connection() {
    for security in EVERYWHERE {
        let server = Server::polite(security, OFFER);
        let mut mail = keeping_mail(&server);
        for _ in 0..3 {
            write_message(&mut mail);
            assert_accepted(&mail.send(&()));
        }
        drop(mail);
        let record = server.stop();
        assert_eq!((record.connections, record.deliveries()), (1, 3));
        assert_eq!((record.commands("AUTH").len(), record.commands("RSET").len()), (1, 0));
    }
}

/// What the server does to an idle connection, once the client's system has it.
fn assert_noticed(security: Security, disturb: fn(&mut Wire) -> Do) {
    let (done, disturbed) = channel();
    let server = Server::start(security, OFFER, move |moment, wire| {
        if (moment.at, moment.connection) != (At::Idle, 1) {
            return Do::Usual;
        }
        let what = disturb(wire);
        wire.wait_until_taken();
        done.send(()).expect("the test waits");
        what
    });
    let mail = keeping_mail(&server);
    assert_accepted(&mail.send(&()));
    disturbed.recv().expect("the server is there");
    let watcher = Watcher::default();
    assert_accepted(&mail.send(&watcher));
    drop(mail);
    let record = server.stop();
    assert_eq!((record.connections, record.deliveries()), (2, 2), "{}", watcher.transcript());
    let one_transaction: Vec<_> = record.verbs(2);
    assert_eq!(record.verbs(1), one_transaction, "not one command was wasted on the old one");
}

#[test]
fn a_421_on_the_idle_connection_is_noticed_without_a_command() {
    for security in EVERYWHERE {
        assert_noticed(security, |wire| {
            wire.say(b"421 4.4.2 idle for too long\r\n");
            Do::Usual
        });
        assert_noticed(security, |wire| {
            wire.say(b"421 4.4.2 idle for too long\r\n");
            wire.close();
            Do::Close
        });
    }
}

#[test]
fn an_idle_connection_that_was_closed_is_noticed_without_a_command() {
    for security in EVERYWHERE {
        assert_noticed(security, |wire| {
            wire.close();
            Do::Close
        });
        assert_noticed(security, |wire| {
            wire.reset();
            Do::Reset
        });
    }
}

#[test]
fn a_421_right_behind_the_final_reply_is_noticed() {
    let server = Server::start(Security::Plain, OFFER, |moment, _| match moment.at {
        At::FinalReply if moment.connection == 1 => {
            say("250 2.0.0 kept\r\n421 4.3.2 and goodbye\r\n")
        }
        _ => Do::Usual,
    });
    let mail = keeping_mail(&server);
    assert_accepted(&mail.send(&()));
    assert_accepted(&mail.send(&()));
    drop(mail);
    let record = server.stop();
    assert_eq!((record.connections, record.deliveries()), (2, 2));
}

#[test]
fn a_kept_connection_that_dies_is_replaced_once_and_not_again() {
    for ending in ["", "421 4.3.2 not today\r\n"] {
        let server = Server::start(Security::Plain, OFFER, move |moment, _| match moment.at {
            At::Mail if moment.connection > 1 || moment.transaction > 1 => {
                Do::SayAndClose(ending.into())
            }
            _ => Do::Usual,
        });
        let mut mail = keeping_mail(&server);
        assert_accepted(&mail.send(&()));
        let delivery = mail.send(&());
        let died = ending.is_empty();
        let status = if died { Status::ConnectionLost } else { Status::Unavailable };
        assert_failed(&delivery, status, Outcome::NotSent);
        assert_usable(&mut mail);
        let record = server.stop();
        assert_eq!((record.connections, record.deliveries()), (2, 1));
    }
}

#[test]
fn a_connection_that_was_never_used_before_is_not_replaced() {
    let server = Server::start(Security::Plain, OFFER, |moment, _| match moment.at {
        At::Mail => Do::Close,
        _ => Do::Usual,
    });
    let mut mail = keeping_mail(&server);
    assert_failed(&mail.send(&()), Status::ConnectionLost, Outcome::NotSent);
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 1);
}

#[test]
fn rset_goes_first_after_a_refused_transaction_and_only_then() {
    for offer in [OFFER, &["AUTH XOAUTH2"]] {
        let server = Server::start(Security::Plain, offer, |moment, _| {
            match (moment.transaction, moment.at) {
                (1, At::Rcpt(_)) => say("550 5.1.1 nobody\r\n"),
                (2, At::Mail) => say("450 4.7.1 later\r\n"),
                (3, At::FinalReply) => say("554 5.6.0 no such content\r\n"),
                _ => Do::Usual,
            }
        });
        let mut mail = keeping_mail(&server);
        for status in [Status::Recipients, Status::Sender, Status::Message, Status::Ok, Status::Ok]
        {
            write_message(&mut mail);
            assert_eq!(mail.send(&()).status(), status);
        }
        drop(mail);
        let record = server.stop();
        assert_eq!((record.connections, record.commands("RSET").len()), (1, 2));
        let verbs = record.verbs(1).join(" ");
        // A content that was refused at its end leaves nothing behind.
        assert!(verbs.ends_with("RSET MAIL RCPT DATA MAIL RCPT DATA MAIL RCPT DATA"), "{verbs}");
    }
}

#[test]
fn nobody_waits_for_the_answer_to_quit() {
    for security in EVERYWHERE {
        let server = Server::start(security, OFFER, |moment, _| match moment.at {
            At::Quit => Do::Stall,
            _ => Do::Usual,
        });
        let mail = mail_to(&server);
        let began = Instant::now();
        assert_accepted(&mail.send(&()));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        server.wait_until_stalled();
        assert_eq!(server.stop().commands("QUIT").len(), 1);
    }
}

#[test]
fn closing_the_connection_says_quit_and_the_next_send_opens_another() {
    let server = Server::polite(Security::Tls, OFFER);
    let mut mail = keeping_mail(&server);
    assert_accepted(&mail.send(&()));
    mail.close_connection();
    assert_accepted(&mail.send(&()));
    mail.set_keep_connection(false);
    let record = server.stop();
    assert_eq!((record.connections, record.commands("QUIT").len()), (2, 2));
}

#[test]
fn other_settings_need_another_connection() {
    let server = Server::polite(Security::Plain, OFFER);
    let mut mail = keeping_mail(&server);
    assert_accepted(&mail.send(&()));
    mail.set_auth_xoauth2(RECIPIENT, "token").expect("a token");
    assert_accepted(&mail.send(&()));
    drop(mail);
    let record = server.stop();
    assert_eq!((record.connections, record.commands("AUTH").len()), (2, 2));
}

#[test]
fn cancelling_between_two_sends_affects_neither() {
    let server = Server::polite(Security::Plain, OFFER);
    let mail = keeping_mail(&server);
    let canceller = mail.canceller();
    canceller.cancel();
    assert_accepted(&mail.send(&()));
    canceller.cancel();
    assert_accepted(&mail.send(&()));
    drop(mail);
    assert_eq!(server.stop().connections, 1);
}

#[test]
fn two_sends_at_once_do_not_share_a_connection() {
    let (first_waits, go): (_, Receiver<()>) = channel();
    let go = Mutex::new(go);
    let server = Server::start(Security::Plain, OFFER, move |moment, _| {
        if moment.at == At::FinalReply && moment.connection == 1 {
            go.lock().recv().expect("the second send ends");
        }
        Do::Usual
    });
    let mail = keeping_mail(&server);
    let watcher = Watcher::default();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| mail.send(&watcher));
        watcher.wait_for_line("-- sending the content");
        assert_accepted(&mail.clone().send(&()));
        first_waits.send(()).expect("the server waits");
        assert_accepted(&first.join().expect("no panic"));
    });
    drop(mail);
    let record = server.stop();
    assert_eq!((record.connections, record.deliveries()), (2, 2));
}
