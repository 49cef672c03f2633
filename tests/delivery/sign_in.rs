//! Signing in: each mechanism at each server, and what each of them refuses.

use crate::harness::{
    ANY_MECHANISM, PLAIN, Received, STARTTLS, STARTTLS_IF_OFFERED, TLS, mail, send, send_well,
};
use crate::support::rig::{self, Rig};
use postrider::{Cause, Mail, Stage, Status};
use std::thread;

const LOGIN: i32 = 0;
const PLAIN_MECHANISM: i32 = 3;

#[test]
fn xoauth2_over_starttls_delivers_by_postfix() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "xoauth2-postfix");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    let sent = send_well(&mail);
    assert_eq!(sent.count("C: STARTTLS"), 1);
    assert_eq!(sent.count("C: AUTH XOAUTH2"), 1);
    assert_eq!(sent.delivery.reply().unwrap().code(), 250);
    assert!(sent.delivery.reply().unwrap().text().contains("queued as"));

    let received = Received::by(rig, rig::BOB, "xoauth2-postfix");
    assert_signed_in_over(&received, "TLSv1.3", rig::ALICE);
}

#[test]
fn xoauth2_over_starttls_delivers_by_dovecot() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.dovecot_submission, STARTTLS, "xoauth2-dovecot");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    assert!(send_well(&mail).line("-- TLS is on").contains("TLS 1.3"));
    let received = Received::by(rig, rig::BOB, "xoauth2-dovecot");
    assert!(received.headers("Received").iter().any(|field| field.contains("with ESMTPSA")));
}

#[test]
fn oauthbearer_over_implicit_tls_delivers_by_postfix_and_dovecot() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in [
        (rig.ports.submissions, "oauthbearer-postfix"),
        (rig.ports.dovecot_submissions, "oauthbearer-dovecot"),
    ] {
        let mut mail = mail(rig, port, TLS, mark);
        mail.set_auth_oauthbearer(rig::ALICE, &rig.token("service")).unwrap();
        let sent = send_well(&mail);
        assert_eq!((sent.count("C: STARTTLS"), sent.count("C: AUTH OAUTHBEARER")), (0, 1));
        let received = Received::by(rig, rig::BOB, mark);
        assert!(received.headers("Received").iter().any(|field| field.contains("with ESMTPSA")));
    }
}

#[test]
fn a_token_too_long_for_a_command_line_signs_in_everywhere() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service-long");
    for (port, mark) in [
        (rig.ports.submissions, "long-token-postfix"),
        (rig.ports.dovecot_submissions, "long-token-dovecot"),
    ] {
        for bearer in [false, true] {
            let mut mail = mail(rig, port, TLS, mark);
            match bearer {
                true => mail.set_auth_oauthbearer(rig::ALICE, &token).unwrap(),
                false => mail.set_auth_xoauth2(rig::ALICE, &token).unwrap(),
            }
            let sent = send_well(&mail);
            // The response comes after the 334, not on the line of the command.
            let command = sent.line("C: AUTH");
            assert!(!command.contains("***"), "{command}");
            assert_eq!(sent.count("C: ***"), 1);
        }
    }
}

#[test]
fn passwords_sign_in_by_plain_login_and_whatever_is_offered() {
    let Some(rig) = rig::shared() else { return };
    for (mechanism, mark, command) in [
        (PLAIN_MECHANISM, "password-plain", "C: AUTH PLAIN ***"),
        (LOGIN, "password-login", "C: AUTH LOGIN"),
        (ANY_MECHANISM, "password-any", "C: AUTH PLAIN ***"),
    ] {
        let mut mail = mail(rig, rig.ports.submission, STARTTLS, mark);
        mail.set_auth_password(mechanism, rig::ALICE, &rig.password).unwrap();
        let sent = send_well(&mail);
        assert_eq!(sent.line("C: AUTH"), command);
        assert_signed_in_over(&Received::by(rig, rig::BOB, mark), "TLSv1.3", rig::ALICE);
    }
}

#[test]
fn without_credentials_nobody_signs_in() {
    let Some(rig) = rig::shared() else { return };
    let mail = mail(rig, rig.ports.mx, STARTTLS, "no-sign-in");
    assert_eq!(send_well(&mail).count("C: AUTH"), 0);
    let received = Received::by(rig, rig::BOB, "no-sign-in");
    let way = received.headers("Received")[0];
    assert!(way.contains("with ESMTPS ") && !way.contains("Authenticated"), "{way}");
}

#[test]
fn the_user_who_signs_in_is_not_the_author() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "bob-for-alice");
    mail.set_auth_xoauth2(rig::BOB, &rig.token("service-bob")).unwrap();
    send_well(&mail);
    let received = Received::by(rig, rig::BOB, "bob-for-alice");
    assert_signed_in_over(&received, "TLSv1.3", rig::BOB);
    assert_eq!(received.header("From"), rig::ALICE);
    assert_eq!(received.header("Return-Path"), "<alice@rig.test>");
}

#[test]
fn a_user_with_an_umlaut_signs_in_by_token() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "umlaut-user");
    mail.set_auth_oauthbearer(rig::JOERG, &rig.token("service-joerg")).unwrap();
    send_well(&mail);
}

#[test]
fn tls_1_2_does_where_nothing_newer_is_offered() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.tls12, STARTTLS, "tls-1.2");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    assert!(send_well(&mail).line("-- TLS is on").contains("TLS 1.2"));
    assert_signed_in_over(&Received::by(rig, rig::BOB, "tls-1.2"), "TLSv1.2", rig::ALICE);
}

#[test]
fn a_token_that_is_not_good_is_refused_with_the_servers_explanation() {
    let Some(rig) = rig::shared() else { return };
    let bad = [
        ("wrong", "nonsense".to_owned()),
        // As long as a JWT: the true reason must not drown in a line that is too long.
        ("wrong and long", "nonsense".repeat(190)),
        ("expired", rig.expired_token()),
        ("revoked", rig.revoked_token()),
        ("foreign", rig.foreign_token()),
        ("unscoped", rig.unscoped_token()),
    ];
    let servers = [rig.ports.submissions, rig.ports.dovecot_submissions];
    // All at once: Dovecot thinks half a second about each refusal.
    thread::scope(|scope| {
        for (kind, token) in &bad {
            for port in servers {
                scope.spawn(move || assert_token_is_refused(rig, port, kind, token));
            }
        }
    });
}

fn assert_token_is_refused(rig: &Rig, port: u16, kind: &str, token: &str) {
    let mut mail = mail(rig, port, TLS, "bad-token");
    let xoauth2 = |mail: &mut Mail| mail.set_auth_xoauth2(rig::ALICE, token);
    let bearer = |mail: &mut Mail| mail.set_auth_oauthbearer(rig::ALICE, token);
    for (set_auth, explanation) in [
        (&xoauth2 as &dyn Fn(&mut Mail) -> _, r#""status":"401""#),
        (&bearer, r#""status":"invalid_token""#),
    ] {
        set_auth(&mut mail).unwrap();
        let sent = send(&mail);
        let error = sent.error();
        let text = error.text();
        assert_eq!(error.status(), Status::SignIn, "{kind}: {text}");
        assert_eq!(error.cause(), Cause::TokenRefused, "{kind}: {text}");
        assert_eq!(error.stage(), Stage::SignIn);
        assert_eq!(error.reply().map(|reply| reply.code()), Some(535), "{kind}: {text}");
        assert!(text.contains(explanation), "{kind}: {text}");
        assert!(!text.contains("too long") && !text.contains("base64"), "{kind}: {text}");
        assert_eq!(sent.count("C: MAIL"), 0);
    }
}

#[test]
fn a_wrong_password_is_refused_as_such() {
    let Some(rig) = rig::shared() else { return };
    for mechanism in [PLAIN_MECHANISM, LOGIN] {
        let mut mail = mail(rig, rig.ports.submission, STARTTLS, "wrong-password");
        mail.set_auth_password(mechanism, rig::ALICE, "not the password").unwrap();
        let sent = send(&mail);
        let error = sent.error();
        assert_eq!(error.status(), Status::SignIn, "{error}");
        assert_eq!(error.cause(), Cause::PasswordRefused, "{error}");
        assert_eq!(error.reply().unwrap().code(), 535, "{error}");
    }
}

#[test]
fn a_mechanism_that_is_not_offered_is_named_beside_those_that_are() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.password_only, STARTTLS, "not-offered");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    let sent = send(&mail);
    let error = sent.error();
    assert_eq!(error.status(), Status::Unsupported, "{error}");
    assert_eq!(error.cause(), Cause::MechanismNotOffered, "{error}");
    for word in ["XOAUTH2", "PLAIN", "LOGIN"] {
        assert!(error.text().contains(word), "{error}");
    }

    mail.set_server("localhost", rig.ports.mx.into()).unwrap();
    let sent = send(&mail);
    assert_eq!(sent.error().cause(), Cause::AuthNotOffered, "{}", sent.error());
}

#[test]
fn credentials_cross_no_unprotected_connection_unless_that_is_allowed() {
    let Some(rig) = rig::shared() else { return };
    for (port, security, mark) in [
        (rig.ports.no_tls, STARTTLS_IF_OFFERED, "clear-not-offered"),
        (rig.ports.plain, PLAIN, "clear-not-wanted"),
    ] {
        let mut mail = mail(rig, port, security, mark);
        mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
        let refused = send(&mail);
        assert_eq!(refused.error().status(), Status::PlaintextAuth, "{}", refused.error());
        assert_eq!(refused.count("C: AUTH"), 0);

        mail.allow_plaintext_auth(true);
        assert_eq!(send_well(&mail).count("C: AUTH PLAIN"), 1);
        let received = Received::by(rig, rig::BOB, mark);
        assert!(received.headers("Received")[0].contains("with ESMTPA "), "{}", received.raw);
    }
}

#[test]
fn without_credentials_an_unprotected_connection_does() {
    let Some(rig) = rig::shared() else { return };
    for (port, security, mark) in [
        (rig.ports.no_tls, STARTTLS_IF_OFFERED, "open-not-offered"),
        (rig.ports.mx, PLAIN, "open-not-wanted"),
    ] {
        send_well(&mail(rig, port, security, mark));
        let received = Received::by(rig, rig::BOB, mark);
        assert!(received.headers("Received")[0].contains("with ESMTP "), "{}", received.raw);
    }
}

#[test]
fn starttls_is_used_where_it_is_offered_and_missed_where_it_is_required() {
    let Some(rig) = rig::shared() else { return };
    let sent = send_well(&mail(rig, rig.ports.mx, STARTTLS_IF_OFFERED, "starttls-offered"));
    assert_eq!(sent.count("-- TLS is on"), 1);

    let sent = send(&mail(rig, rig.ports.no_tls, STARTTLS, "starttls-missing"));
    assert_eq!(sent.error().status(), Status::Unsupported);
    assert_eq!(sent.error().cause(), Cause::StarttlsNotOffered);
}

fn assert_signed_in_over(received: &Received, tls: &str, user: &str) {
    let way = received.headers("Received")[0];
    for words in [&format!("using {tls} "), &format!("Authenticated sender: {user}"), "ESMTPSA"] {
        assert!(way.contains(words), "no {words:?} in {way}");
    }
}
