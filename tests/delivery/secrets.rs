//! Tokens and passwords are shown to nobody: not in errors, transcripts, log files or `Debug`.

use crate::harness::{ANY_MECHANISM, STARTTLS, Sent, TLS, mail, send};
use crate::support::records;
use crate::support::rig::{self, Rig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider::{Kind, Mail, Status};
use std::fs;

/// Secrets are looked for in pieces of this length: a part that is shown is found too.
const PIECE: usize = 8;

#[test]
fn tokens_are_shown_nowhere_whatever_comes_of_the_send() {
    let Some(rig) = rig::shared() else { return };
    for (client, good) in [
        ("service", true),
        ("service-long", true),
        ("service-bob", false), // foreign: the sign-in is refused
    ] {
        let token = rig.token(client);
        let xoauth2 = format!("user={}\x01auth=Bearer {token}\x01\x01", rig::ALICE);
        let rest = format!("\x01auth=Bearer {token}\x01\x01");
        for (port, security) in [
            (rig.ports.submission, STARTTLS),
            (rig.ports.submissions, TLS),
            (rig.ports.dovecot_submissions, TLS),
        ] {
            let gs2 = format!("n,a={},\x01host=localhost\x01port={port}{rest}", rig::ALICE);
            // The beginnings of the responses hold no secret, only the user.
            let hidden = [
                token.clone(),
                STANDARD.encode(&token),
                encoded_end(&xoauth2, "user=alice@rig.test\x01auth=Bearer "),
                encoded_end(&gs2, &gs2[..gs2.find(&token).unwrap()]),
            ];
            assert_hidden(rig, port, security, &hidden, good, &|mail| {
                mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
            });
            assert_hidden(rig, port, security, &hidden, good, &|mail| {
                mail.set_auth_oauthbearer(rig::ALICE, &token).unwrap();
            });
        }
    }
}

#[test]
fn passwords_are_shown_nowhere_whatever_comes_of_the_send() {
    let Some(rig) = rig::shared() else { return };
    for (password, good) in [(rig.password.as_str(), true), ("an-utterly-wrong-one", false)] {
        let plain = format!("\0{}\0{password}", rig::ALICE);
        let hidden = [
            password.to_owned(),
            STANDARD.encode(password),
            encoded_end(&plain, "\0alice@rig.test\0"),
        ];
        for mechanism in [ANY_MECHANISM, 0] {
            assert_hidden(rig, rig.ports.submission, STARTTLS, &hidden, good, &|mail| {
                mail.set_auth_password(mechanism, rig::ALICE, password).unwrap();
            });
        }
    }
}

/// The Base64 of a text from where it no longer says `known`.
fn encoded_end(text: &str, known: &str) -> String {
    let from = known.len().div_ceil(3) * 4;
    STANDARD.encode(text)[from..].to_owned()
}

/// Sends to all, to some and to nobody, or fails to sign in, and looks through all there is to see.
fn assert_hidden(
    rig: &Rig,
    port: u16,
    security: i32,
    hidden: &[String],
    good: bool,
    sign_in: &dyn Fn(&mut Mail),
) {
    let folder = tempfile::tempdir().unwrap();
    let log_file = folder.path().join("transcript.log");
    let log_path = log_file.to_str().unwrap();
    let mut seen = String::new();
    let outcomes: &[(&[&str], Status)] = match good {
        true => &[
            (&[], Status::Ok),
            (&[rig::UNKNOWN_USER], Status::Partial),
            (&[rig::UNKNOWN_USER], Status::Recipients),
        ],
        false => &[(&[], Status::SignIn)],
    };
    for (refused, status) in outcomes {
        let mut mail = mail(rig, port, security, "secrets");
        mail.set_log_file(Some(log_path)).unwrap();
        mail.set_all_or_none(*status == Status::Recipients);
        for recipient in *refused {
            mail.add_recipient_as(None, recipient, Kind::To).unwrap();
        }
        sign_in(&mut mail);
        let Sent { delivery, transcript, .. } = send(&mail);
        assert_eq!(delivery.status(), *status, "{transcript:#?}");
        seen += &format!("{mail:?} {mail:#?} {delivery:?} {transcript:?}\n");
        if let Some(error) = delivery.error() {
            seen += &format!("{error} {error:?} {} {:?}\n", error.text(), error.reply());
        }
    }
    let log = fs::read_to_string(&log_file).unwrap();
    assert!(log.contains("C: AUTH"), "the log file has a transcript:\n{log}");
    seen += &log;
    records::produced(&seen);
    for secret in hidden {
        for piece in secret.as_bytes().chunks_exact(PIECE) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!seen.contains(piece), "a piece of a secret is shown in\n{seen}");
        }
    }
}
