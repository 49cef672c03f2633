//! Whose certificate it is, whether it is accepted or not; what is offered behind one that is not, and
//! that nothing is given to it.

use crate::harness::{Found, STARTTLS, TLS, diagnose, mail};
use crate::server::{At, Do, Security, Server};
use crate::support::rig;
use postrider::diagnosis::StepName::{
    Connect, Greeting, Hello, HelloInClear, Mechanisms, Recipients, Resolve, Sender, Settings,
    SignIn, Tls, Token,
};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped, Warning};
use postrider::{Cause, Mail, Status};

#[test]
fn a_bad_certificate_is_shown_with_the_reason_why_it_is_bad() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service");
    for (port, cause, part) in [
        (rig.ports.expired, Cause::CertificateExpired, "to 2021-"),
        (rig.ports.wronghost, Cause::CertificateWrongHost, "for other.example"),
        (rig.ports.selfsigned, Cause::CertificateSelfSigned, "issued by itself"),
        (rig.ports.otherca, Cause::CertificateUnknownCa, "issued by "),
    ] {
        let mut mail = mail(rig, port, TLS);
        mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
        let found = diagnose(&mail, &[&token]);
        let well = [Settings, Token, Resolve, Connect, Greeting, Hello, Mechanisms];
        let well = well.map(|name| (name, Ok));
        found.assert_states(Skipped, &[&well[..], &[(Tls, Failed)]].concat());
        let error = found.error().unwrap();
        assert_eq!((error.status(), error.cause()), (Status::Certificate, cause), "{found}");
        found.assert_says(Tls, "certificate 1: ");
        found.assert_says(Tls, part);
        found.assert_says(Tls, "-> ");
        assert_only_looked(&found, &["EHLO"]);
        found.assert_says(Greeting, "behind the certificate that was refused: 220 ");
        found.assert_says(HelloInClear, "TLS begins with the first byte");

        mail.accept_invalid_certificate(true);
        let found = diagnose(&mail, &[&token]);
        assert_eq!(found.step(SignIn).state, Ok, "{found}");
        assert_eq!(found.step(Settings).state, Warning);
        found.assert_says(Settings, "Any certificate is accepted");
        found.assert_says(Tls, part);
    }
}

/// A mail from Alice to Bob that trusts none of the tests' authorities.
fn untrusting(port: i32, security: i32) -> Mail {
    let mut mail = Mail::new();
    mail.set_server("localhost", port).unwrap();
    mail.set_security(security).unwrap();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient(None, rig::BOB, 0).unwrap();
    mail
}

#[test]
fn what_is_offered_before_tls_is_told_though_the_certificate_is_refused() {
    let Some(rig) = rig::shared() else { return };
    let found = diagnose(&untrusting(rig.ports.submission.into(), STARTTLS), &[]);
    assert_eq!(found.step(Greeting).state, Ok);
    found.assert_says(HelloInClear, "STARTTLS");
    assert_eq!(found.step(Tls).state, Failed);
    assert_eq!(found.error().unwrap().cause(), Cause::CertificateUnknownCa);
    found.assert_says(Tls, "certificate 1: for localhost");
}

/// What a connection behind a refused certificate is used for, and what it tells.
fn assert_only_looked(found: &Found, said: &[&str]) {
    let verbs = found.transcript.iter().filter_map(|line| line.strip_prefix("C: "));
    let verbs: Vec<_> = verbs.map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, said, "{:#?}", found.transcript);
    for name in [Hello, Mechanisms] {
        assert_eq!(found.step(name).state, Ok, "{found}");
        found.assert_says(name, "behind the certificate that was refused");
    }
    found.assert_says(Mechanisms, "XOAUTH2");
    for name in [SignIn, Sender, Recipients] {
        assert_eq!(found.step(name).state, Skipped, "{found}");
        found.assert_says(name, "nothing is given to a server whose certificate was refused");
    }
}

#[test]
fn what_is_offered_behind_a_refused_certificate_is_told_and_nothing_given_for_it() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service");
    let ways = [
        (rig.ports.submissions, TLS, &["EHLO"][..]),
        (rig.ports.submission, STARTTLS, &["EHLO", "STARTTLS", "EHLO", "STARTTLS", "EHLO"]),
    ];
    for (port, security, said) in ways {
        let mut mail = untrusting(port.into(), security);
        mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
        let found = diagnose(&mail, &[&token]);
        assert_eq!(found.error().unwrap().cause(), Cause::CertificateUnknownCa, "{found}");
        assert_only_looked(&found, said);
    }
}

/// The server's own word for it, also when it says what it must not know.
#[test]
fn a_server_behind_a_refused_certificate_hears_neither_sign_in_nor_sender() {
    const TOKEN: &str = "ya29.a-token-that-nobody-may-see";
    for (security, first, second) in [
        (Security::Tls, &[][..], &["EHLO"][..]),
        (Security::Starttls, &["EHLO", "STARTTLS"], &["EHLO", "STARTTLS", "EHLO"]),
    ] {
        let server = Server::start(security, &["AUTH XOAUTH2"], |moment, _| match moment.at {
            At::Greeting => Do::Say(format!("220 {TOKEN}\r\n").into_bytes()),
            _ => Do::Usual,
        });
        let number = if security == Security::Tls { TLS } else { STARTTLS };
        let mut mail = untrusting(server.port(), number);
        mail.set_auth_xoauth2(rig::ALICE, TOKEN).unwrap();
        let found = diagnose(&mail, &[TOKEN]);
        assert_eq!(found.status(), Status::Certificate, "{found}");
        found.assert_says(Mechanisms, "XOAUTH2");
        let record = server.stop();
        assert_eq!(record.connections, 2);
        assert_eq!((record.verbs(1), record.verbs(2)), (first.to_vec(), second.to_vec()));
        assert_eq!(record.commands("QUIT").len(), 1);
    }
}

#[test]
fn a_server_that_hangs_up_behind_its_certificate_leaves_the_report_whole() {
    let server = Server::start(Security::Tls, &["AUTH XOAUTH2"], |moment, _| match moment.at {
        At::Ehlo => Do::Close,
        _ => Do::Usual,
    });
    let found = diagnose(&untrusting(server.port(), TLS), &[]);
    assert_eq!(found.status(), Status::Certificate, "{found}");
    assert_eq!(found.step(Greeting).state, Ok);
    found.assert_says(Hello, "not reached: TLS failed");
    found.assert_says(SignIn, "not reached: TLS failed");
}

#[test]
fn a_resumed_session_hides_no_certificate() {
    let Some(rig) = rig::shared() else { return };
    let mail = mail(rig, rig.ports.mx, STARTTLS);
    for _ in 0..3 {
        diagnose(&mail, &[]).assert_says(Tls, "certificate 1: for localhost");
    }
}
