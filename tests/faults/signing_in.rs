//! Signing in: how the response travels, how a failure is explained, and that nothing that was
//! secret is ever shown.

use crate::client::{
    USER, Watcher, assert_accepted, assert_failed, assert_usable, mail_to, mail_with_token,
};
use crate::server::{At, Do, Security, Server, say};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use postrider::{Cause, Mail, Outcome, Stage, Status};

const OFFER: &[&str] = &["AUTH XOAUTH2 OAUTHBEARER PLAIN LOGIN"];

/// Longest AUTH line with its CRLF (RFC 5321 §4.5.3.1.4).
const MOST_OCTETS: usize = 512;

fn sign_in_with(mail: &mut Mail, mechanism: &str, secret: &str) {
    mail.allow_plaintext_auth(true);
    match mechanism {
        "XOAUTH2" => mail.set_auth_xoauth2(USER, secret),
        "OAUTHBEARER" => mail.set_auth_oauthbearer(USER, secret),
        "PLAIN" => mail.set_auth_password(3, USER, secret),
        "LOGIN" => mail.set_auth_password(0, USER, secret),
        other => panic!("{other}"),
    }
    .expect("credentials");
}

#[test]
fn the_response_goes_with_the_command_only_within_512_octets() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER", "PLAIN"] {
        let (mut longest_in_one, mut shortest_in_two) = (0, usize::MAX);
        // Base64 grows in steps of 4 octets: these lengths meet every line from 500 to 524.
        for length in 280..360 {
            let server = Server::polite(Security::Plain, OFFER);
            let mut mail = mail_to(&server);
            sign_in_with(&mut mail, mechanism, &"t".repeat(length));
            assert_accepted(&mail.send(&()));
            let record = server.stop();
            let command = record.commands("AUTH ")[0].to_owned();
            let at = record.commands.iter().position(|(_, line)| *line == command).expect("AUTH");
            let next = record.commands[at + 1].1.as_str();
            match command.split(' ').count() {
                3 => longest_in_one = longest_in_one.max(command.len() + 2),
                _ => shortest_in_two = shortest_in_two.min(command.len() + 1 + next.len() + 2),
            }
        }
        assert!(longest_in_one <= MOST_OCTETS, "{mechanism}: {longest_in_one}");
        assert!(shortest_in_two > MOST_OCTETS, "{mechanism}: {shortest_in_two}");
        assert_eq!(longest_in_one + 4, shortest_in_two, "{mechanism}");
    }
}

#[test]
fn the_explanation_of_a_refused_token_is_in_the_error() {
    let json = r#"{"status":"401","schemes":"bearer","scope":"https://mail.example.org/"}"#;
    for (mechanism, answer) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        // In one step, and in two.
        for token in ["t".repeat(20), "t".repeat(600)] {
            let two_steps = token.len() > 500;
            let explain = format!("334 {}\r\n", STANDARD.encode(json));
            let refuse = "535 5.7.8 Username and Password not accepted\r\n";
            let server = Server::start(Security::Tls, OFFER, move |moment, _| match moment.at {
                At::Auth if two_steps => say("334 \r\n"),
                At::Auth => say(&explain),
                At::AuthResponse if moment.line.len() > 10 => say(&explain),
                At::AuthResponse if moment.line == answer => say(refuse),
                At::AuthResponse => say("501 5.5.2 wrong answer\r\n"),
                _ => Do::Usual,
            });
            let mut mail = mail_to(&server);
            sign_in_with(&mut mail, mechanism, &token);
            let delivery = mail.send(&());
            assert_failed(&delivery, Status::SignIn, Outcome::NotSent);
            let error = delivery.error().expect("an error");
            assert_eq!((error.stage(), error.cause()), (Stage::SignIn, Cause::TokenRefused));
            assert!(error.text().contains(json), "{error}");
            let reply = error.reply().expect("the 535");
            assert_eq!((reply.code(), reply.enhanced_code().as_str()), (535, "5.7.8"), "{error}");
            assert_usable(&mut mail);
            assert!(server.stop().commands("MAIL").is_empty());
        }
    }
}

#[test]
fn a_server_that_never_stops_asking_is_left() {
    let server = Server::start(Security::Tls, OFFER, |moment, _| match moment.at {
        At::Auth | At::AuthResponse => say("334 bW9yZQ==\r\n"),
        _ => Do::Usual,
    });
    for mechanism in ["XOAUTH2", "OAUTHBEARER", "PLAIN", "LOGIN"] {
        let mut mail = mail_to(&server);
        sign_in_with(&mut mail, mechanism, "secret");
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Protocol, Outcome::NotSent);
        assert_eq!(delivery.error().map(|error| error.stage()), Some(Stage::SignIn));
        assert_usable(&mut mail);
    }
    let record = server.stop();
    assert!(record.commands.len() < 40 && record.commands("MAIL").is_empty(), "{record:?}");
}

/// Every form in which the secret could be shown.
fn forms(mechanism: &str, secret: &str, response: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if !response.is_empty() {
        forms.push(response.to_owned());
    }
    // In base64 it looks different behind 0, 1 or 2 other octets; the ends depend on neighbours.
    for before in ["", "x", "xx"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{secret}"));
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    assert!(forms.iter().all(|form| form.len() > 12), "{mechanism}");
    forms
}

/// What a server could say with a secret in it, whole, cut, wrapped and encoded.
fn echoes(at: At, secret: &str, response: &str) -> Vec<String> {
    let (first, second) = secret.split_at(secret.len() / 2);
    let explanation = STANDARD.encode(format!("{{\"status\":\"401\",\"echo\":\"{secret}\"}}"));
    let mut echoes = vec![
        format!("535 5.7.8 bad token {secret} sent\r\n"),
        format!("535-5.7.8 you said\r\n535-{secret}\r\n535 5.7.8 and {response}.\r\n"),
        format!("535-5.7.8 wrapped {first}\r\n535 5.7.8 {second}\r\n"),
        format!("421 4.7.0 what is {response}?\r\n"),
        format!("{secret}\r\n"),
    ];
    echoes.extend((at == At::Auth).then(|| format!("334 {explanation}\r\n")));
    echoes
}

#[test]
fn an_echoed_secret_is_never_shown() {
    const SECRET: &str = "ya29.Tz8Qk3vN7pLw2XcR5mJf9HdB4sGy6UeA1oKi0PqZxVtWn";
    for mechanism in ["XOAUTH2", "OAUTHBEARER", "PLAIN"] {
        let response = {
            let server = Server::polite(Security::Plain, OFFER);
            let mut mail = mail_to(&server);
            sign_in_with(&mut mail, mechanism, SECRET);
            assert_accepted(&mail.send(&()));
            server.stop().commands("AUTH")[0].rsplit(' ').next().expect("a response").to_owned()
        };
        for at in [At::Auth, At::Mail, At::Rcpt(0), At::Data, At::FinalReply] {
            for echo in echoes(at, SECRET, &response) {
                let shown = everything_shown(mechanism, SECRET, at, &echo);
                for form in forms(mechanism, SECRET, &response) {
                    let found = shown.iter().find(|text| text.contains(&form));
                    assert_eq!(found, None, "{mechanism} at {at:?}, {echo}: {form} is shown");
                }
                // Also no half of it.
                for half in [&SECRET[..SECRET.len() / 2], &SECRET[SECRET.len() / 2..]] {
                    let found = shown.iter().find(|text| text.contains(half));
                    assert_eq!(found, None, "{mechanism} at {at:?}, {echo}: {half} is shown");
                }
            }
        }
    }
}

/// All texts that a host, a log or a debugger gets to see of one send.
fn everything_shown(mechanism: &str, secret: &str, at: At, echo: &str) -> Vec<String> {
    let echo = echo.to_owned();
    let server = Server::start(Security::Plain, OFFER, move |moment, _| match moment.at {
        here if here == at => say(&echo),
        At::AuthResponse => say(format!("535 5.7.8 so: {}\r\n", moment.line)),
        _ => Do::Usual,
    });
    let folder = tempfile::tempdir().expect("a folder");
    let log_file = folder.path().join("log");
    let mut mail = mail_to(&server);
    sign_in_with(&mut mail, mechanism, secret);
    mail.set_log_file(log_file.to_str()).expect("a log file");
    let watcher = Watcher::default();
    let delivery = mail.send(&watcher);
    assert_ne!(delivery.outcome, Outcome::Accepted);
    let mut shown = vec![
        watcher.transcript(),
        std::fs::read_to_string(&log_file).expect("a log file"),
        format!("{delivery:?} {mail:?}"),
    ];
    let error = delivery.error().expect("an error");
    shown.push(format!("{error} {error:?} {:?} {}", error.reply(), error.text()));
    shown.extend(delivery.reply().map(|reply| format!("{reply} {}", reply.text())));
    for recipient in &delivery.recipients {
        shown.push(format!("{recipient:?} {:?}", recipient.reply));
    }
    assert!(shown[0].contains("C: AUTH"), "the transcript is there: {}", shown[0]);
    shown
}

#[test]
fn the_password_is_given_after_two_prompts() {
    let server = Server::start(Security::Tls, OFFER, |moment, _| match moment.at {
        At::Auth => say("334 VXNlcm5hbWU6\r\n"),
        At::AuthResponse if moment.line == STANDARD.encode(USER) => say("334 UGFzc3dvcmQ6\r\n"),
        At::AuthResponse if moment.line == STANDARD.encode("secret") => say("235 welcome\r\n"),
        At::AuthResponse => say("535 5.7.8 no\r\n"),
        _ => Do::Usual,
    });
    let mut mail = mail_to(&server);
    sign_in_with(&mut mail, "LOGIN", "secret");
    assert_accepted(&mail.send(&()));
    sign_in_with(&mut mail, "LOGIN", "wrong");
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::SignIn, Outcome::NotSent);
    assert_eq!(delivery.error().map(|error| error.cause()), Some(Cause::PasswordRefused));
    drop(mail);
    assert_eq!(server.stop().deliveries(), 1);
}

#[test]
fn a_sign_in_that_is_put_off_is_no_wrong_token() {
    let server = Server::start(Security::Tls, OFFER, |moment, _| match moment.at {
        At::Auth => say("454 4.7.0 try later\r\n"),
        _ => Do::Usual,
    });
    let mut mail = mail_with_token(&server, "token");
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::SignIn, Outcome::NotSent);
    assert_eq!(delivery.error().map(|error| error.cause()), Some(Cause::SignInPostponed));
    assert_usable(&mut mail);
    assert!(server.stop().commands("MAIL").is_empty());
}
