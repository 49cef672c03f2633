//! Whose certificate it is, whether it is accepted or not; and no credentials to one that is not.

use crate::harness::{STARTTLS, TLS, diagnose, mail};
use crate::support::rig;
use postrider::diagnosis::StepName::{
    Account, Connect, Greeting, HelloInClear, Resolve, Settings, SignIn, Tls, Token,
};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped, Warning};
use postrider::{Cause, Status};

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
        let well = [Settings, Token, Resolve, Connect].map(|name| (name, Ok));
        found.assert_states(Skipped, &[&well[..], &[(Tls, Failed), (Account, Skipped)]].concat());
        let error = found.error().unwrap();
        assert_eq!((error.status(), error.cause()), (Status::Certificate, cause), "{found}");
        found.assert_says(Tls, "certificate 1: ");
        found.assert_says(Tls, part);
        found.assert_says(Tls, "-> ");
        assert_eq!(found.count("C: "), 0, "{:#?}", found.transcript);

        mail.accept_invalid_certificate(true);
        let found = diagnose(&mail, &[&token]);
        assert_eq!(found.step(SignIn).state, Ok, "{found}");
        assert_eq!(found.step(Settings).state, Warning);
        found.assert_says(Settings, "Any certificate is accepted");
        found.assert_says(Tls, part);
    }
}

#[test]
fn what_is_offered_before_tls_is_told_though_the_certificate_is_refused() {
    let Some(rig) = rig::shared() else { return };
    let mut untrusting = postrider::Mail::new();
    untrusting.set_server("localhost", rig.ports.submission.into()).unwrap();
    untrusting.set_security(STARTTLS).unwrap();
    let found = diagnose(&untrusting, &[]);
    assert_eq!(found.step(Greeting).state, Ok);
    found.assert_says(HelloInClear, "STARTTLS");
    assert_eq!(found.step(Tls).state, Failed);
    assert_eq!(found.error().unwrap().cause(), Cause::CertificateUnknownCa);
    found.assert_says(Tls, "certificate 1: for localhost");
}

#[test]
fn a_resumed_session_hides_no_certificate() {
    let Some(rig) = rig::shared() else { return };
    let mail = mail(rig, rig.ports.mx, STARTTLS);
    for _ in 0..3 {
        diagnose(&mail, &[]).assert_says(Tls, "certificate 1: for localhost");
    }
}
