//! Connections: kept, lost, resumed, and many at once.

use crate::harness::{
    ANY_MECHANISM, PLAIN, STARTTLS, TLS, copies, mail, mail_without_recipient, raw, send_well,
    wait_for_all,
};
use crate::relay::Relay;
use crate::support::rig::{self, Rig};
use postrider::{Kind, Mail};
use std::thread;

#[test]
fn one_connection_and_one_sign_in_carry_twenty_messages() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = signed_in(rig, rig.ports.submissions);
    mail.set_keep_connection(true);
    let transcript: Vec<_> = (0..20)
        .flat_map(|number| {
            mark(&mut mail, &format!("kept-{number}"));
            send_well(&mail).transcript
        })
        .collect();
    let count = |start: &str| transcript.iter().filter(|line| line.starts_with(start)).count();
    for once in ["-- connecting", "-- TLS is on", "S: 220", "C: EHLO", "C: AUTH", "S: 235"] {
        assert_eq!(count(once), 1, "{once}: {transcript:#?}");
    }
    assert_eq!(count("C: DATA"), 20);
    for number in 0..20 {
        raw(rig, rig::BOB, &format!("kept-{number}"));
    }

    mail.close_connection();
    mark(&mut mail, "kept-no-more");
    assert_eq!(send_well(&mail).count("-- connecting"), 1);
}

#[test]
fn without_being_asked_no_connection_is_kept() {
    let Some(rig) = rig::shared() else { return };
    let mail = mail(rig, rig.ports.plain, PLAIN, "not-kept");
    for _ in 0..2 {
        assert_eq!(send_well(&mail).count("-- connecting"), 1);
    }
}

#[test]
fn a_kept_connection_that_was_cut_is_replaced() {
    let Some(rig) = rig::shared() else { return };
    let relay = Relay::to(rig.ports.submissions);
    let mut mail = signed_in(rig, relay.port);
    mail.set_keep_connection(true);
    mark(&mut mail, "before-the-cut");
    send_well(&mail);
    relay.cut();
    mark(&mut mail, "after-the-cut");
    let sent = send_well(&mail);
    assert_eq!(sent.count("-- connecting"), 1);
    // Noticed before anything was said to it.
    assert_eq!(sent.transcript[0], sent.line("-- connecting"), "{:#?}", sent.transcript);
    mark(&mut mail, "after-the-cut-again");
    assert_eq!(send_well(&mail).count("-- connecting"), 0);
    assert_eq!(relay.sent().len(), 2);
    for mark in ["before-the-cut", "after-the-cut", "after-the-cut-again"] {
        raw(rig, rig::BOB, mark);
        assert_eq!(copies(rig, rig::BOB, mark), 1);
    }
}

#[test]
fn a_kept_connection_is_not_used_for_another_account_or_server() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = signed_in(rig, rig.ports.submissions);
    mail.set_keep_connection(true);
    mark(&mut mail, "as-alice");
    send_well(&mail);
    mail.set_auth_xoauth2(rig::BOB, &rig.token("service-bob")).unwrap();
    mark(&mut mail, "as-bob");
    let sent = send_well(&mail);
    assert_eq!((sent.count("-- connecting"), sent.count("C: AUTH")), (1, 1));
    assert!(raw(rig, rig::BOB, "as-bob").contains("Authenticated sender: bob@rig.test"));
    mail.set_server("localhost", rig.ports.dovecot_submissions.into()).unwrap();
    assert_eq!(send_well(&mail).count("-- connecting"), 1);
}

#[test]
fn tls_sessions_are_resumed_also_by_other_handles_of_the_process() {
    let Some(rig) = rig::shared() else { return };
    // Postfix's doors: Dovecot has a process with keys of its own for every connection.
    for (port, security, version) in
        [(rig.ports.submissions, TLS, "TLS 1.3"), (rig.ports.tls12, STARTTLS, "TLS 1.2")]
    {
        for by_another_handle in [false, true] {
            // Trusts somebody whom no other test trusts: no session of theirs is resumed.
            let key = rcgen::generate_simple_self_signed(["nobody.test".to_owned()]).unwrap();
            let new_mail = || {
                let mut mail = mail(rig, port, security, "resumed");
                mail.add_ca_pem(key.cert.pem().as_bytes()).unwrap();
                mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
                mail
            };
            let mut mail = new_mail();
            for resumed in [false, true] {
                let sent = send_well(&mail);
                let tls = sent.line("-- TLS is on");
                assert!(tls.contains(version), "{tls}");
                assert_eq!(tls.contains("session resumed"), resumed, "{tls}");
                if by_another_handle {
                    mail = new_mail();
                }
            }
        }
    }
}

#[test]
fn eight_threads_send_at_once_and_everything_arrives_once() {
    const THREADS: usize = 8;
    const MESSAGES: usize = 25;
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service");
    thread::scope(|scope| {
        for number in 0..THREADS {
            let token = &token;
            scope.spawn(move || {
                let mut mail = Mail::new();
                mail.set_server("localhost", rig.ports.submissions.into()).unwrap();
                mail.set_security(TLS).unwrap();
                mail.add_ca_file(rig.ca_file.to_str().unwrap()).unwrap();
                mail.set_auth_xoauth2(rig::ALICE, token).unwrap();
                // Half of them sign in for every message.
                mail.set_keep_connection(number % 2 == 0);
                for message in 0..MESSAGES {
                    mail.clear_message();
                    mail.set_from(None, rig::ALICE).unwrap();
                    mail.add_recipient_as(None, rig::CAROL, Kind::To).unwrap();
                    mail.set_subject("A test").unwrap();
                    mail.add_header("X-Crowd", &format!("{number}/{message}")).unwrap();
                    send_well(&mail);
                }
            });
        }
    });
    let found = wait_for_all(rig, rig::CAROL, "\nX-Crowd: ", THREADS * MESSAGES);
    let mut numbers: Vec<_> = found
        .iter()
        .map(|message| message.lines().find_map(|line| line.strip_prefix("X-Crowd: ")).unwrap())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((found.len(), numbers.len()), (THREADS * MESSAGES, THREADS * MESSAGES));
}

/// A mail without a mark that signs in by TLS.
fn signed_in(rig: &Rig, port: u16) -> Mail {
    let mut mail = mail_without_recipient(rig, port, TLS, "none");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    mail
}

/// Makes a new message for Bob.
fn mark(mail: &mut Mail, mark: &str) {
    mail.clear_message();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient_as(None, rig::BOB, Kind::To).unwrap();
    mail.set_subject("A test").unwrap();
    mail.add_header("X-Mark", mark).unwrap();
}
