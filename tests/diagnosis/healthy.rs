//! All is well; the servers have signed somebody in once and received no message.

use crate::harness::{ANY_MECHANISM, PLAIN, SHORT, STARTTLS, TLS, diagnose, mail};
use crate::support::maildir;
use crate::support::rig::{self, Rig};
use postrider::Status;
use postrider::diagnosis::StepName::{
    Account, Greeting, Hello, HelloInClear, Mechanisms, Recipients, Resolve, Sender, Settings,
    SignIn, Tls, Token,
};
use postrider::diagnosis::StepState::{Ok, Skipped};
use std::time::{Duration, Instant};
use std::{fs, thread};

const LOG_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_healthy_server_is_found_well_and_is_left_as_it_was() {
    let Some(rig) = Rig::start() else { return };
    let before = messages(&rig);
    let doors = [
        (rig.ports.submission, STARTTLS, (HelloInClear, "STARTTLS")),
        (rig.ports.submissions, TLS, (Hello, "AUTH")),
    ];
    for (at, (port, security, (name, part))) in doors.into_iter().enumerate() {
        let token = rig.token("service");
        let mut mail = mail(&rig, port, security);
        mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
        let found = diagnose(&mail, &[&token]);
        let others = match security {
            TLS => vec![(Account, Skipped), SHORT, (HelloInClear, Skipped)],
            _ => vec![(Account, Skipped), SHORT],
        };
        found.assert_states(Ok, &others);
        assert_eq!(found.status(), Status::Ok);
        assert!(found.error().is_none());
        found.assert_says(name, part);
        found.assert_says(Resolve, "localhost is ");
        found.assert_says(Greeting, "220 ");
        found.assert_says(Tls, "! The certificate ends on ");
        found.assert_says(Tls, "TLS 1.3");
        found.assert_says(Tls, "certificate 1: for localhost, mail.rig.test");
        found.assert_says(Mechanisms, "XOAUTH2");
        found.assert_says(SignIn, "235 ");
        found.assert_says(Sender, rig::ALICE);
        found.assert_says(Recipients, "<bob@rig.test>: 250 ");
        found.assert_says(Settings, "signs in as alice@rig.test (XOAUTH2)");

        // Postfix counts the commands of a connection when it has ended.
        let said = ended_connections(&rig, at + 1).pop().unwrap();
        for part in ["auth=1", "mail=1", "rcpt=1", "rset=1", "quit=1"] {
            assert!(said.split_whitespace().any(|word| word == part), "no {part} in {said}");
        }
        assert!(!said.contains("data="), "{said}");
    }
    assert_eq!(messages(&rig), before, "a message has come");
}

#[test]
fn dovecot_and_passwords_are_found_well_too() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.dovecot_submission, STARTTLS);
    mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
    let found = diagnose(&mail, &[]);
    found.assert_states(Ok, &[(Account, Skipped), (Token, Skipped), SHORT]);
    found.assert_says(Settings, "with a password");
}

#[test]
fn without_tls_and_sign_in_the_rest_is_told() {
    let Some(rig) = rig::shared() else { return };
    let found = diagnose(&mail(rig, rig.ports.plain, PLAIN), &[]);
    let skipped = [Account, Token, Tls, Hello, SignIn].map(|name| (name, Skipped));
    found.assert_states(Ok, &skipped);
    found.assert_says(Tls, "no TLS is wanted");
    found.assert_says(Recipients, "250 ");
}

#[test]
fn a_message_that_is_not_complete_yet_is_warned_of_and_the_way_is_told_all_the_same() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, STARTTLS);
    mail.clear_message();
    let found = diagnose(&mail, &[]);
    found.assert_says(Settings, "no recipient was added");
    found.assert_says(Hello, "it offers");
    assert_eq!(found.step(Sender).state, Skipped);
    assert_eq!(found.count("C: MAIL"), 0);

    mail.set_from(None, rig::ALICE).unwrap();
    let found = diagnose(&mail, &[]);
    assert_eq!((found.step(Sender).state, found.step(Recipients).state), (Ok, Skipped));

    mail.add_recipient(None, rig::BOB, 0).unwrap();
    let found = diagnose(&mail, &[]);
    found.assert_says(Settings, "the message is empty");
    assert_eq!((found.step(Sender).state, found.step(Recipients).state), (Ok, Ok));
}

/// The messages of everybody.
fn messages(rig: &Rig) -> usize {
    [rig::ALICE, rig::BOB, rig::CAROL].iter().map(|user| maildir::all(rig, user, "").len()).sum()
}

/// What Postfix has counted, when so many connections have ended.
fn ended_connections(rig: &Rig, count: usize) -> Vec<String> {
    let deadline = Instant::now() + LOG_LIMIT;
    loop {
        let log = fs::read_to_string(rig.state.join("postfix/postfix.log")).unwrap_or_default();
        let ended =
            log.lines().filter(|line| line.contains("disconnect from") && line.contains("ehlo="));
        let ended: Vec<_> = ended.map(str::to_owned).collect();
        if ended.len() >= count {
            assert_eq!(ended.len(), count, "{log}");
            return ended;
        }
        assert!(Instant::now() < deadline, "not {count} connections have ended in\n{log}");
        thread::sleep(Duration::from_millis(20));
    }
}
