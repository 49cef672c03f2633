//! STARTTLS, and what never crosses a connection without TLS.

use crate::client::{
    USER, assert_accepted, assert_failed, assert_usable, mail_to, mail_with_token, write_message,
};
use crate::server::{At, Do, PATIENCE, Security, Server, say};
use postrider::{Cause, Error, Mail, Outcome, Stage, Status};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

const TOKEN: &str = "token-that-stays-here";

/// A handle that would sign in, and that wants STARTTLS unless the test says otherwise.
fn mail_that_signs_in(server: &Server, security: i32) -> Mail {
    let mut mail = mail_to(server);
    mail.set_auth_xoauth2(USER, TOKEN).expect("a token");
    mail.set_security(security).expect("a security");
    mail
}

/// Sends, which must fail with nothing given away but these commands.
fn assert_gives_away(mut mail: Mail, server: Server, commands: &[&str], status: Status) -> Error {
    let delivery = mail.send(&());
    assert_failed(&delivery, status, Outcome::NotSent);
    assert_usable(&mut mail);
    let record = server.stop();
    assert_eq!(record.verbs(1), commands);
    assert_eq!((record.connections, record.contents.len()), (1, 0));
    delivery.error().expect("an error").clone()
}

#[test]
fn nothing_after_the_220_to_starttls_is_believed() {
    for injected in
        ["250 x\r\n", "250-scripted.test\r\n250 AUTH XOAUTH2\r\n", "2", "\n", "220 go\r\n"]
    {
        let server = Server::start(Security::Starttls, &["AUTH XOAUTH2"], move |moment, _| {
            match moment.at {
                At::Starttls => say(format!("220 2.0.0 go ahead\r\n{injected}")),
                _ => Do::Usual,
            }
        });
        let mail = mail_that_signs_in(&server, 2);
        let error = assert_gives_away(mail, server, &["EHLO", "STARTTLS"], Status::Protocol);
        assert_eq!((error.stage(), error.cause()), (Stage::Starttls, Cause::StarttlsInjection));
    }
}

#[test]
fn a_server_without_starttls_gets_neither_credentials_nor_the_message() {
    let server = Server::polite(Security::Plain, &["AUTH XOAUTH2", "PIPELINING"]);
    let mail = mail_that_signs_in(&server, 2);
    let error = assert_gives_away(mail, server, &["EHLO"], Status::Unsupported);
    assert_eq!((error.stage(), error.cause()), (Stage::Starttls, Cause::StarttlsNotOffered));
}

#[test]
fn allowing_credentials_without_tls_does_not_make_starttls_optional() {
    let server = Server::polite(Security::Plain, &["AUTH XOAUTH2"]);
    let mut mail = mail_that_signs_in(&server, 2);
    mail.allow_plaintext_auth(true);
    assert_gives_away(mail, server, &["EHLO"], Status::Unsupported);
}

#[test]
fn a_server_that_refuses_starttls_gets_neither_credentials_nor_the_message() {
    for refusal in ["454 4.7.0 TLS not available\r\n", "502 5.5.1 no\r\n"] {
        for security in [2, 4] {
            let server = Server::start(Security::Starttls, &["AUTH XOAUTH2"], move |moment, _| {
                if moment.at == At::Starttls { say(refusal) } else { Do::Usual }
            });
            let mail = mail_that_signs_in(&server, security);
            let verbs = &["EHLO", "STARTTLS"];
            let error = assert_gives_away(mail, server, verbs, Status::Unavailable);
            assert_eq!((error.stage(), error.cause()), (Stage::Starttls, Cause::StarttlsRefused));
            assert!(error.text().contains(refusal.trim_end()), "{error}");
        }
    }
}

#[test]
fn credentials_cross_a_plain_connection_only_when_that_was_allowed() {
    // Plain, and STARTTLS if offered where it is not.
    for security in [0, 4] {
        let server = Server::polite(Security::Plain, &["AUTH XOAUTH2"]);
        let mail = mail_that_signs_in(&server, security);
        let error = assert_gives_away(mail, server, &["EHLO"], Status::PlaintextAuth);
        assert_eq!((error.stage(), error.cause()), (Stage::SignIn, Cause::PlaintextAuth));

        let server = Server::polite(Security::Plain, &["AUTH XOAUTH2"]);
        let mut mail = mail_that_signs_in(&server, security);
        mail.allow_plaintext_auth(true);
        assert_accepted(&mail.send(&()));
        assert_eq!(server.stop().verbs(1), ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"]);

        let server = Server::polite(Security::Plain, &["AUTH XOAUTH2"]);
        let mut mail = mail_to(&server);
        mail.set_security(security).expect("a security");
        assert_accepted(&mail.send(&()));
        assert_eq!(server.stop().verbs(1), ["EHLO", "MAIL", "RCPT", "DATA"]);
    }
}

#[test]
fn starttls_if_offered_uses_it_when_it_is() {
    let server = Server::polite(Security::Starttls, &["AUTH XOAUTH2"]);
    assert_accepted(&mail_that_signs_in(&server, 4).send(&()));
    let verbs = ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"];
    assert_eq!(server.stop().verbs(1), verbs);
}

#[test]
fn what_was_offered_before_tls_is_forgotten() {
    let server = Server::start(Security::Starttls, &[], |moment, wire| match moment.at {
        At::Ehlo if wire.is_tls() => say("250 scripted.test\r\n"),
        At::Ehlo => {
            say("250-scripted.test\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH XOAUTH2\r\n")
        }
        _ => Do::Usual,
    });
    let mail = mail_that_signs_in(&server, 2);
    let verbs = &["EHLO", "STARTTLS", "EHLO"];
    let error = assert_gives_away(mail, server, verbs, Status::Unsupported);
    assert_eq!((error.stage(), error.cause()), (Stage::SignIn, Cause::AuthNotOffered));
}

#[test]
fn a_certificate_nobody_vouches_for_ends_the_session_before_it_begins() {
    for (security, commands) in
        [(Security::Starttls, &["EHLO", "STARTTLS"][..]), (Security::Tls, &[][..])]
    {
        let server = Server::polite(security, &["AUTH XOAUTH2"]);
        let mut mail = Mail::new();
        crate::client::lead_to(&mut mail, &server);
        crate::client::write_message(&mut mail);
        mail.set_auth_xoauth2(USER, TOKEN).expect("a token");
        let error = assert_gives_away(mail, server, commands, Status::Certificate);
        assert_eq!((error.stage(), error.cause()), (Stage::Tls, Cause::CertificateUnknownCa));
    }
}

#[test]
fn a_mechanism_that_is_not_offered_is_not_tried() {
    let server = Server::polite(Security::Tls, &["AUTH PLAIN LOGIN"]);
    let mail = mail_with_token(&server, TOKEN);
    let error = assert_gives_away(mail, server, &["EHLO"], Status::Unsupported);
    assert_eq!((error.stage(), error.cause()), (Stage::SignIn, Cause::MechanismNotOffered));
    assert!(error.text().contains("PLAIN, LOGIN"), "{error}");
}

#[test]
fn a_plain_client_at_a_tls_port_waits_no_longer_than_its_deadline() {
    let server = Server::polite(Security::Tls, &[]);
    let mut mail = mail_to(&server);
    mail.set_security(0).expect("a security");
    mail.set_timeout_ms(300).expect("a timeout");
    let error = assert_gives_away(mail, server, &[], Status::Timeout);
    assert_eq!(error.stage(), Stage::Greeting);
}

/// TLS 1.1 only, of a server that does not know `supported_versions` (RFC 8446 §4.2.1) and answers
/// instead of refusing.
#[test]
fn a_server_that_answers_in_an_old_tls_is_called_too_old() {
    let mut hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        client.set_read_timeout(Some(PATIENCE)).expect("a limit");
        client.write_all(&hello).expect("said");
        // To the end, so that nothing unread takes away what was said.
        let _ = client.read_to_end(&mut Vec::new());
    });
    let mut mail = Mail::new();
    mail.set_server("127.0.0.1", port.into()).expect("a server");
    mail.set_security(3).expect("a security");
    write_message(&mut mail);
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Tls, Outcome::NotSent);
    let error = delivery.error().expect("an error");
    assert_eq!((error.stage(), error.cause()), (Stage::Tls, Cause::TlsTooOld), "{error}");
    server.join().expect("the server");
}
