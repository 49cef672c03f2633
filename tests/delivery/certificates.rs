//! Which certificates are accepted, and that nothing is said to a server whose certificate is not.

use crate::harness::{
    STARTTLS, STARTTLS_IF_OFFERED, TLS, assert_not_delivered, mail, send, send_well,
};
use crate::support::rig::{self, Rig};
use postrider::{Cause, Mail, Stage, Status};
use std::time::{Duration, Instant};
use std::{fs, thread};

const LOG_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_good_certificate_is_accepted_by_every_name_and_address_in_it() {
    let Some(rig) = rig::shared() else { return };
    let mut hosts = vec!["localhost", "127.0.0.1"];
    if rig.ipv6 {
        hosts.extend(["::1", "[::1]"]);
    }
    for host in hosts {
        let mut mail = mail(rig, rig.ports.submissions, TLS, "good-certificate");
        mail.set_server(host, rig.ports.submissions.into()).unwrap();
        sign_in(rig, &mut mail);
        send_well(&mail);
    }
}

#[test]
fn an_authority_is_trusted_from_a_file_or_from_memory() {
    let Some(rig) = rig::shared() else { return };
    let mut untrusting = Mail::new();
    untrusting.set_server("localhost", rig.ports.mx.into()).unwrap();
    untrusting.set_security(STARTTLS).unwrap();
    untrusting.set_from(None, rig::ALICE).unwrap();
    untrusting.add_recipient(None, rig::BOB, 0).unwrap();
    untrusting.set_subject("A test").unwrap();
    assert_eq!(send(&untrusting).error().cause(), Cause::CertificateUnknownCa);
    // Nor does it go on without TLS where TLS is only wanted if offered.
    untrusting.set_security(STARTTLS_IF_OFFERED).unwrap();
    assert_eq!(send(&untrusting).error().cause(), Cause::CertificateUnknownCa);

    let mut by_file = untrusting.clone();
    by_file.add_ca_file(rig.ca_file.to_str().unwrap()).unwrap();
    send_well(&by_file);
    let mut by_bytes = untrusting.clone();
    by_bytes.add_ca_pem(&fs::read(&rig.ca_file).unwrap()).unwrap();
    send_well(&by_bytes);
    let mut by_another = untrusting;
    by_another.add_ca_file(rig.certificates.join("other-ca.pem").to_str().unwrap()).unwrap();
    assert_eq!(send(&by_another).error().cause(), Cause::CertificateUnknownCa);
}

/// On a rig of its own, whose log tells nothing of other tests.
#[test]
fn a_bad_certificate_is_refused_for_its_own_reason_and_hears_no_credentials() {
    let Some(rig) = Rig::start() else { return };
    let doors = [
        (rig.ports.expired, Cause::CertificateExpired, "certificate_expired"),
        (rig.ports.wronghost, Cause::CertificateWrongHost, "certificate_wrong_host"),
        (rig.ports.selfsigned, Cause::CertificateSelfSigned, "certificate_self_signed"),
        (rig.ports.otherca, Cause::CertificateUnknownCa, "certificate_unknown_ca"),
    ];
    for (port, cause, code) in doors {
        let mut mail = mail(&rig, port, TLS, "bad-certificate");
        sign_in(&rig, &mut mail);
        let sent = send(&mail);
        let error = sent.error();
        assert_eq!(error.status(), Status::Certificate, "{error}");
        assert_eq!((error.cause(), error.cause().code()), (cause, code), "{error}");
        assert_eq!(error.stage(), Stage::Tls, "{error}");
        assert!(!error.cause().advice().is_empty());
        assert_eq!(sent.count("C: "), 0, "{:#?}", sent.transcript);
    }
    let log = log_with(&rig, "lost connection after CONNECT", doors.len());
    assert!(!log.contains("auth="), "{log}");

    for (port, _, code) in doors {
        let mut mail = mail(&rig, port, TLS, code);
        sign_in(&rig, &mut mail);
        mail.accept_invalid_certificate(true);
        send_well(&mail);
        mail.accept_invalid_certificate(false);
        assert_eq!(send(&mail).error().cause().code(), code, "the switch is off again");
    }
    // So the log would have told.
    log_with(&rig, "auth=1", doors.len());
    assert_not_delivered(&rig, rig::BOB, "bad-certificate");
}

fn sign_in(rig: &Rig, mail: &mut Mail) {
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
}

/// Postfix's log, when the words are in so many lines of it.
fn log_with(rig: &Rig, words: &str, lines: usize) -> String {
    let deadline = Instant::now() + LOG_LIMIT;
    loop {
        let log = fs::read_to_string(rig.state.join("postfix/postfix.log")).unwrap_or_default();
        if log.lines().filter(|line| line.contains(words)).count() >= lines {
            return log;
        }
        assert!(Instant::now() < deadline, "{words:?} is not {lines} times in\n{log}");
        thread::sleep(Duration::from_millis(20));
    }
}
