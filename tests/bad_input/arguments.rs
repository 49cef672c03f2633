//! Values that no argument may have.

use crate::client::{RECIPIENT, USER, assert_failed, assert_usable, mail_to};
use crate::server::{Security, Server};
use postrider::{Cause, Kind, Mail, Outcome, Result, Stage, Status};

/// Every text argument by name, in calls of which nothing else is wrong.
type Call = (&'static str, fn(&mut Mail, &str) -> Result<()>);

const TEXTS: &[Call] = &[
    ("host", |mail, text| mail.set_server(text, 587)),
    ("name", |mail, text| mail.set_ehlo_name(Some(text))),
    ("proxy", |mail, text| mail.set_proxy(Some(text), None)),
    ("proxy", |mail, text| mail.set_proxy(Some(&format!("http://{text}@proxy.test")), None)),
    ("user", |mail, text| mail.set_proxy(Some("env"), Some((text, "password")))),
    ("password", |mail, text| mail.set_proxy(Some("env"), Some(("user", text)))),
    ("user", |mail, text| mail.set_auth_xoauth2(text, "token")),
    ("access_token", |mail, text| mail.set_auth_xoauth2("anna@example.org", text)),
    ("user", |mail, text| mail.set_auth_oauthbearer(text, "token")),
    ("access_token", |mail, text| mail.set_auth_oauthbearer("anna@example.org", text)),
    ("user", |mail, text| mail.set_auth_password(-1, text, "password")),
    ("name", |mail, text| mail.set_from(Some(text), "anna@example.org")),
    ("address", |mail, text| mail.set_from(None, text)),
    ("name", |mail, text| mail.set_sender(Some(text), Some("anna@example.org"))),
    ("address", |mail, text| mail.set_sender(None, Some(text))),
    ("address", |mail, text| mail.set_return_path(Some(text))),
    ("name", |mail, text| mail.set_reply_to(Some(text), Some("anna@example.org"))),
    ("address", |mail, text| mail.set_reply_to(None, Some(text))),
    ("name", |mail, text| mail.add_recipient(Some(text), "bob@example.org", 0)),
    ("address", |mail, text| mail.add_recipient(None, text, 1)),
    ("address", |mail, text| mail.add_recipient_as(None, text, Kind::Bcc)),
    ("list", |mail, text| mail.add_recipients(text, 0)),
    ("list", |mail, text| mail.add_recipients(&format!("bob@example.org, {text}"), 0)),
    ("list", |mail, text| mail.add_recipients(&format!("\"{text}\" <bob@example.org>"), 0)),
    ("subject", |mail, text| mail.set_subject(text)),
    ("name", |mail, text| mail.add_header(text, "value")),
    ("value", |mail, text| mail.add_header("X-Test", text)),
    ("message_id", |mail, text| mail.set_message_id(Some(text))),
    ("address", |mail, text| mail.request_read_receipt(true, Some(text))),
    ("name", |mail, text| mail.add_attachment_bytes(b"x", text, None)),
    ("content_type", |mail, text| mail.add_attachment_bytes(b"x", "a.bin", Some(text))),
    ("name", |mail, text| mail.add_inline_bytes(b"x", text, None).map(drop)),
    ("content_type", |mail, text| mail.add_inline_bytes(b"x", "a.png", Some(text)).map(drop)),
    ("pem", |mail, text| mail.add_ca_pem(text.as_bytes())),
];

/// Around each control character stands what would be right without it.
const RIGHT: &[&str] = &["mail.example.org", "anna@example.org", "text/plain", "X-Name", "a.b@c"];

#[test]
fn no_text_argument_takes_a_line_end_or_another_control_character() {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    let before = format!("{mail:?}");
    // A tab is white space where text is free.
    let controls = (0..0x20_u8).chain([0x7f]).map(char::from).filter(|c| *c != '\t');
    let controls: Vec<String> =
        controls.map(String::from).chain(["\r\n".into(), "\u{85}".into()]).collect();
    for (argument, call) in TEXTS {
        for control in &controls {
            for right in RIGHT {
                let (left, rest) = right.split_at(right.len() / 2);
                let text = format!("{left}{control}{rest}");
                let error = call(&mut mail, &text).expect_err(argument);
                assert_eq!(
                    (error.status(), error.stage(), error.cause(), error.outcome()),
                    (
                        Status::InvalidArgument,
                        Stage::Argument,
                        Cause::ArgumentInvalid,
                        Outcome::NotSent
                    ),
                    "{argument}, {text:?}: {error}"
                );
                assert!(error.text().starts_with(argument), "{argument}, {text:?}: {error}");
                assert!(!error.text().contains(char::is_control), "{argument}: {error:?}");
            }
        }
    }
    // Nothing of it was kept.
    assert_eq!(format!("{mail:?}"), before);
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 0);
}

#[test]
fn a_password_holds_no_line_end_and_no_nul() {
    let mut mail = Mail::new();
    for bad in ["", "a\0b", "a\rb", "a\nb", "a\r\nb"] {
        let error = mail.set_auth_password(3, "anna@example.org", bad).expect_err("refused");
        assert!(error.text().starts_with("password"), "{error}");
    }
}

#[test]
fn numbers_out_of_range_are_named() {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    let calls: &[Call] = &[
        ("port", |mail, n| mail.set_server("mail.example.org", n.parse().expect("a number"))),
        ("security", |mail, n| mail.set_security(n.parse::<i32>().expect("a number") + 5)),
        ("timeout_ms", |mail, n| mail.set_timeout_ms(-n.parse::<i32>().expect("a number"))),
        ("timeout_ms", |mail, n| {
            mail.set_timeout_ms(i32::MAX - n.parse::<i32>().expect("a number"))
        }),
        ("kind", |mail, n| {
            mail.add_recipient(None, "b@example.org", 3 + n.parse::<i32>().expect("a number"))
        }),
        ("kind", |mail, n| {
            mail.add_recipients("b@example.org", -1 - n.parse::<i32>().expect("a number"))
        }),
        ("mechanism", |mail, n| {
            mail.set_auth_password(4 + n.parse::<i32>().expect("a number"), "anna", "password")
        }),
        ("priority", |mail, n| mail.set_priority(6 + n.parse::<i32>().expect("a number"))),
        ("importance", |mail, n| mail.set_importance(3 + n.parse::<i32>().expect("a number"))),
        ("unix_seconds", |mail, n| mail.set_date(-1 - n.parse::<i64>().expect("a number"), 0)),
        ("offset_minutes", |mail, n| mail.set_date(0, 1440 + n.parse::<i32>().expect("a number"))),
    ];
    for (argument, call) in calls {
        for number in ["0", "70000"] {
            let error = call(&mut mail, number).expect_err(argument);
            assert_eq!(error.status(), Status::InvalidArgument, "{argument} {number}: {error}");
            assert!(error.text().starts_with(argument), "{argument} {number}: {error}");
        }
    }
    assert_usable(&mut mail);
    drop(server);
}

/// What is missing, when only these steps were taken.
type Incomplete = (Cause, &'static [fn(&mut Mail)]);

#[test]
fn what_is_missing_is_named_and_nothing_is_sent() {
    let server = Server::polite(Security::Plain, &[]);
    const FROM: fn(&mut Mail) = |mail| mail.set_from(None, USER).expect("an address");
    const TO: fn(&mut Mail) = |mail| mail.add_recipients(RECIPIENT, 0).expect("an address");
    const TEXT: fn(&mut Mail) = |mail| mail.set_text(Some("Hello"));
    let cases: [Incomplete; 4] = [
        (Cause::RecipientMissing, &[FROM, TEXT]),
        (Cause::FromMissing, &[TO, TEXT]),
        (Cause::MessageEmpty, &[FROM, TO]),
        (Cause::RecipientMissing, &[]),
    ];
    for (cause, steps) in cases {
        let mut mail = mail_to(&server);
        mail.clear_message();
        steps.iter().for_each(|step| step(&mut mail));
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::Incomplete, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        assert_eq!((error.stage(), error.cause()), (Stage::Compose, cause), "{error}");
        assert_usable(&mut mail);
    }

    let mut mail = Mail::new();
    FROM(&mut mail);
    TO(&mut mail);
    TEXT(&mut mail);
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Incomplete, Outcome::NotSent);
    assert_eq!(delivery.error().map(|error| error.cause()), Some(Cause::ServerMissing));
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 0);
}
