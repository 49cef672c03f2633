//! The wrong port: closed, TLS where none is expected, and none where it is.

use crate::harness::{STARTTLS, TLS, diagnose, mail};
use crate::support::rig;
use postrider::diagnosis::StepName::{
    Connect, Greeting, HelloInClear, Mechanisms, Resolve, Sender, Settings, SignIn, Tls,
};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped, Warning};
use postrider::{Cause, Mail, Stage, Status};
use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn a_closed_port_is_told_with_what_the_usual_ports_say() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.closed, STARTTLS);
    mail.set_server("127.0.0.1", rig.ports.closed.into()).unwrap();
    let found = diagnose(&mail, &[]);
    assert_eq!(found.status(), Status::Connect);
    assert_eq!(found.error().unwrap().cause(), Cause::ConnectionRefused);
    found.assert_says(Resolve, "given by its address");
    found.assert_says(Connect, "the");
    assert!(found.text(Connect).contains("host answers on"), "{found}");
    for name in [Greeting, HelloInClear, Tls, Mechanisms, SignIn, Sender] {
        assert_eq!(found.step(name).state, Skipped);
        found.assert_says(name, "not reached: connection failed");
    }
}

#[test]
fn plain_text_on_the_port_for_tls_is_told_in_words() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service");
    let mut mail = mail(rig, rig.ports.submission, TLS);
    mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
    let found = diagnose(&mail, &[&token]);
    let error = found.error().unwrap();
    assert_eq!((error.stage(), error.cause()), (Stage::Tls, Cause::TlsFailed), "{found}");
    let port = rig.ports.submission;
    found.assert_says(Tls, &format!("the server speaks plain text on port {port} and not TLS"));
    found.assert_says(Tls, "set the security to STARTTLS");
    found.assert_says(Greeting, "without TLS: 220 ");
    assert_eq!(found.step(HelloInClear).state, Ok);
    found.assert_says(HelloInClear, "STARTTLS");
    assert_eq!(found.step(SignIn).state, Skipped);
    assert_eq!(found.count("C: AUTH"), 0);
}

#[test]
fn tls_on_the_port_for_plain_text_is_told_in_words() {
    let Some(rig) = rig::shared() else { return };
    for door in [rig.ports.submissions, rig.ports.selfsigned] {
        let found = diagnose(&mail(rig, door, STARTTLS), &[]);
        let error = found.error().unwrap();
        assert_eq!((error.stage(), error.cause()), (Stage::Greeting, Cause::TlsFailed), "{found}");
        found.assert_says(Greeting, &format!("speaks TLS from the first byte on port {door}"));
        found.assert_says(Greeting, "set the security to TLS");
        assert_eq!(found.step(Connect).state, Ok);
        assert_eq!(found.count("C: "), 0);
    }
}

#[test]
fn something_else_than_a_mail_server_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let web_server = std::thread::spawn(move || {
        // The connection itself, and the look whether it speaks TLS.
        for _ in 0..2 {
            let (mut client, _) = listener.accept().unwrap();
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut mail = Mail::new();
    mail.set_server("127.0.0.1", port.into()).unwrap();
    mail.set_security(STARTTLS).unwrap();
    let began = Instant::now();
    let found = diagnose(&mail, &[]);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(found.error().unwrap().cause(), Cause::NotSmtp, "{found}");
    web_server.join().unwrap();
}

#[test]
fn a_server_without_starttls_is_told_with_what_it_offers() {
    let Some(rig) = rig::shared() else { return };
    let found = diagnose(&mail(rig, rig.ports.no_tls, STARTTLS), &[]);
    assert_eq!(found.step(HelloInClear).state, Ok);
    found.assert_says(HelloInClear, "PIPELINING");
    assert_eq!(found.step(Tls).state, Failed);
    assert_eq!(found.error().unwrap().cause(), Cause::StarttlsNotOffered);
}

#[test]
fn settings_without_a_server_and_settings_that_contradict_themselves() {
    let found = diagnose(&Mail::new(), &[]);
    assert_eq!(
        (found.status(), found.error().unwrap().cause()),
        (Status::Incomplete, Cause::ServerMissing)
    );
    found.assert_says(Resolve, "no server was set");

    let mut mail = Mail::new();
    mail.set_server("127.0.0.1", 465).unwrap();
    mail.set_security(STARTTLS).unwrap();
    mail.set_timeout_ms(5_000).unwrap();
    let found = diagnose(&mail, &[]);
    assert_eq!(found.step(Settings).state, Warning);
    found.assert_says(Settings, "Port 465 speaks TLS from the first byte");
}
