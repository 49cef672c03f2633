//! What a server refuses: the sign-in, once and no more; recipients, without a message.

use crate::harness::{ANY_MECHANISM, PLAIN, STARTTLS, diagnose, mail};
use crate::support::rig;
use postrider::diagnosis::StepName::{Mechanisms, Recipients, Sender, Settings, SignIn, Token};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped};
use postrider::{Cause, Status};

#[test]
fn a_refused_token_ends_the_walk_after_one_attempt() {
    let Some(rig) = rig::shared() else { return };
    let tokens = [rig.foreign_token(), rig.unscoped_token(), "not-a-token-of-anybody".to_owned()];
    for token in tokens {
        for port in [rig.ports.submission, rig.ports.dovecot_submission] {
            let mut mail = mail(rig, port, STARTTLS);
            mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
            let found = diagnose(&mail, &[&token]);
            let error = found.error().unwrap();
            let seen = (error.status(), error.cause());
            assert_eq!(seen, (Status::SignIn, Cause::TokenRefused), "{found}");
            assert_eq!(error.reply().unwrap().code(), 535);
            assert_eq!(found.count("C: AUTH"), 1);
            found.assert_says(Token, "given by the program");
            assert_eq!(found.step(Mechanisms).state, Ok);
            assert_eq!(found.step(SignIn).state, Failed);
            for name in [Sender, Recipients] {
                assert_eq!(found.step(name).state, Skipped);
                found.assert_says(name, "not reached: sign-in failed");
            }
        }
    }
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS);
    mail.set_auth_password(ANY_MECHANISM, rig::ALICE, "wrong-horse-battery").unwrap();
    let found = diagnose(&mail, &["wrong-horse-battery"]);
    assert_eq!(found.error().unwrap().cause(), Cause::PasswordRefused, "{found}");
}

#[test]
fn a_mechanism_that_is_not_offered_is_told_with_those_that_are() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service");
    let mut mail = mail(rig, rig.ports.password_only, STARTTLS);
    mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
    let found = diagnose(&mail, &[&token]);
    assert_eq!(found.step(Mechanisms).state, Failed);
    found.assert_says(Mechanisms, "PLAIN");
    assert_eq!(found.error().unwrap().cause(), Cause::MechanismNotOffered);
    found.assert_says(SignIn, "not reached: mechanisms failed");
}

#[test]
fn credentials_do_not_leave_without_tls() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN);
    mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
    let found = diagnose(&mail, &[]);
    found.assert_says(Settings, "Without TLS nothing is protected, and the sign-in is not sent");
    assert_eq!(found.step(Mechanisms).state, Ok);
    assert_eq!(found.error().unwrap().cause(), Cause::PlaintextAuth);
    assert_eq!(found.step(SignIn).state, Failed);
    assert_eq!(found.count("C: AUTH"), 0);
}

#[test]
fn each_recipient_is_asked_for_whether_commands_are_pipelined_or_not() {
    let Some(rig) = rig::shared() else { return };
    for port in [rig.ports.plain, rig.ports.no_pipelining] {
        let mut mail = mail(rig, port, STARTTLS);
        for address in [rig::UNKNOWN_USER, rig::CAROL] {
            mail.add_recipient(None, address, 1).unwrap();
        }
        let found = diagnose(&mail, &[]);
        assert_eq!(found.status(), Status::Partial, "{found}");
        assert_eq!(found.step(Recipients).state, Failed);
        found.assert_says(Recipients, "refuses 1 of 3 recipients");
        for part in ["<bob@rig.test>: 250", "<nobody@rig.test>: 550 5.1.1", "<carol@rig.test>: 250"]
        {
            found.assert_says(Recipients, part);
        }
        assert_eq!(found.count("C: RCPT"), 3);
        assert_eq!(found.count("C: RSET"), 1);

        mail.set_all_or_none(true);
        assert_eq!(diagnose(&mail, &[]).status(), Status::Recipients);
    }
    let mut mail = mail(rig, rig.ports.plain, STARTTLS);
    mail.clear_message();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient(None, rig::UNKNOWN_USER, 0).unwrap();
    let found = diagnose(&mail, &[]);
    assert_eq!(found.status(), Status::Recipients, "{found}");
    assert_eq!(found.error().unwrap().reply().unwrap().code(), 550);
}

#[test]
fn a_message_that_is_too_large_is_found_before_it_is_sent() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.small, STARTTLS);
    mail.set_text(Some(&"large ".repeat(rig::SMALL_SIZE)));
    let found = diagnose(&mail, &[]);
    assert_eq!(found.status(), Status::TooLarge, "{found}");
    assert_eq!(found.step(Sender).state, Failed);
    assert_eq!(found.step(Recipients).state, Skipped);
}
