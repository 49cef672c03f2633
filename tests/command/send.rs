//! Messages: what is delivered, and what is said about it.

use crate::desk::{Desk, Run};
use crate::harness::USER;
use mail_parser::{MessageParser, MimeHeaders};
use std::fs;

/// Sends to the sandbox with a token from standard input.
fn send(desk: &Desk, more: &[&str]) -> Run {
    let token = desk.sandbox.access_token();
    let server = format!("localhost:{}", desk.sandbox.ready["smtps_port"]);
    let ca_file = desk.sandbox.ready["ca_file"].as_str().expect("a file");
    let mut arguments = vec!["send", "--server", &server, "--ca-file", ca_file, "--user", USER];
    arguments.extend(["--auth", "xoauth2", "--token-file", "-"]);
    arguments.extend(more);
    let run = desk.run_with(&arguments, &token);
    assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "the token was printed");
    run
}

const MESSAGE: [&str; 4] = ["--to", "bob@example.org", "--subject", "Hello"];

#[test]
fn a_message_is_delivered_as_it_was_asked_for() {
    let desk = Desk::signed_in(&[]);
    let figures = desk.file("figures.pdf", vec![0xA5; 3000]);
    let html = desk.file("hello.html", "<p>Grüße</p>");
    let arguments = [
        "send",
        "--account",
        USER,
        "--from",
        "Anna Ä <anna@example.org>",
        "--to",
        "Bob <bob@example.org>, carol@example.org",
        "--cc",
        "dan@example.org",
        "--bcc",
        "eve@example.org",
        "--reply-to",
        "Office <office@example.org>",
        "--subject",
        "Zahlen für Bob",
        "--body-file",
        "-",
        "--html-file",
        &html,
        "--attach",
        &figures,
        "--header",
        "X-Tag: one: two",
    ];
    let run = desk.run_with(&arguments, "Hello Bob\n").exits(0);
    assert_eq!(run.stderr, "");
    assert!(
        run.stdout.contains("accepted for bob@example.org, carol@example.org"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("0001.eml"), "the server's reply: {}", run.stdout);

    let raw = fs::read(desk.sandbox.file("0001.eml")).expect("delivered");
    let message = MessageParser::default().parse(&raw).expect("a message");
    let from = message.from().and_then(|from| from.first()).expect("From");
    assert_eq!((from.name(), from.address()), (Some("Anna Ä"), Some(USER)));
    let addresses = |list: Option<&mail_parser::Address>| -> Vec<String> {
        let list = list.into_iter().flat_map(|list| list.iter());
        list.filter_map(|one| one.address().map(str::to_owned)).collect()
    };
    assert_eq!(addresses(message.to()), ["bob@example.org", "carol@example.org"]);
    assert_eq!(addresses(message.cc()), ["dan@example.org"]);
    assert_eq!(addresses(message.reply_to()), ["office@example.org"]);
    assert!(!String::from_utf8_lossy(&raw).contains("eve@"), "Bcc stays secret");
    assert_eq!(message.subject(), Some("Zahlen für Bob"));
    assert_eq!(message.header_raw("X-Tag").map(str::trim), Some("one: two"));
    assert_eq!(message.body_text(0).expect("a text").trim(), "Hello Bob");
    assert_eq!(message.body_html(0).expect("HTML").trim(), "<p>Grüße</p>");
    let attachment = message.attachment(0).expect("an attachment");
    assert_eq!(attachment.attachment_name(), Some("figures.pdf"));
    assert_eq!(attachment.contents(), [0xA5; 3000]);
}

#[test]
fn the_only_account_is_the_one_that_is_meant() {
    let desk = Desk::signed_in(&[]);
    desk.run(&[&["send"][..], &MESSAGE].concat()).exits(0);
    desk.log_in("bob@example.org", &[]).exits(0);
    desk.run(&[&["send"][..], &MESSAGE].concat()).exits(2).says("which account");
    let arguments = ["send", "--account", "bob@example.org"];
    desk.run(&[&arguments[..], &MESSAGE].concat()).exits(0);
    let message = fs::read_to_string(desk.sandbox.file("0002.eml")).expect("delivered");
    assert!(message.contains("From: bob@example.org"), "{message}");
}

#[test]
fn a_token_signs_in_at_any_server() {
    let desk = Desk::new(&[]);
    send(&desk, &[&MESSAGE[..], &["--body", "Hello", "--html", "<b>Hello</b>"]].concat()).exits(0);
    let starttls = format!("localhost:{}", desk.sandbox.ready["smtp_port"]);
    let token = desk.sandbox.access_token();
    let ca_file = desk.sandbox.ready["ca_file"].as_str().expect("a file");
    let arguments = [
        "send",
        "--server",
        &starttls,
        "--security",
        "starttls",
        "--ca-file",
        ca_file,
        "--user",
        USER,
        "--auth",
        "oauthbearer",
        "--password-file",
        &desk.file("token", token),
        "--subject",
        "Hello",
        "--to",
        "bob@example.org",
        "--body-file",
        "-",
        "--verbose",
    ];
    desk.run_with(&arguments, "Hello").exits(0).says("C: AUTH OAUTHBEARER");
    assert!(desk.sandbox.file("0002.eml").exists());
}

#[test]
fn some_refused_recipients_are_told_apart_from_all() {
    let desk = Desk::new(&[]);
    let run = send(&desk, &["--to", "bob@example.org,refused@example.org", "--subject", "x"]);
    let run = run.exits(1).says("Check the spelling of refused@example.org");
    assert!(run.stdout.contains("accepted for bob@example.org\n"), "{}", run.stdout);
    assert!(run.stdout.contains("refused for refused@example.org: 550"), "{}", run.stdout);

    let all_or_none =
        ["--to", "bob@example.org,refused@example.org", "--subject", "x", "--all-or-none"];
    assert_eq!(send(&desk, &all_or_none).exits(3).stdout, "");
    send(&desk, &["--to", "busy@example.org", "--subject", "x"]).exits(4);
    assert!(!desk.sandbox.file("0002.eml").exists());
}

#[test]
fn a_result_for_scripts_has_everything() {
    let desk = Desk::new(&[]);
    let to = "bob@example.org,refused@example.org";
    let json = send(&desk, &["--to", to, "--subject", "x", "--json"]).exits(1).json();
    assert_eq!(json["exit_code"], 1);
    assert_eq!(json["outcome"], "accepted");
    assert_eq!(json["reply"]["code"], 250);
    assert_eq!(json["recipients"][0]["address"], "bob@example.org");
    assert_eq!(json["recipients"][0]["accepted"], true);
    assert_eq!(json["recipients"][1]["accepted"], false);
    assert_eq!(json["recipients"][1]["reply"]["code"], 550);
    assert_eq!(json["recipients"][1]["reply"]["enhanced"], "5.1.1");
    assert_eq!(json["error"]["cause"], "recipient_unknown");
    assert_eq!(json["error"]["status"], 1);

    let json = send(&desk, &[&MESSAGE[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(json["error"], serde_json::Value::Null);

    // What is wrong before anything is sent, too.
    let json = send(&desk, &["--to", "bob", "--subject", "x", "--json"]).exits(2).json();
    assert_eq!(json["outcome"], "not_sent");
    assert_eq!(json["error"]["stage"], "argument");
    assert_ne!(json["error"]["advice"], "");
}

#[test]
fn a_wrong_token_or_password_is_explained() {
    let desk = Desk::new(&[]);
    let server = format!("localhost:{}", desk.sandbox.ready["smtps_port"]);
    let ca_file = desk.sandbox.ready["ca_file"].as_str().expect("a file").to_owned();
    let way = [
        "send",
        "--server",
        &server,
        "--ca-file",
        &ca_file,
        "--user",
        USER,
        "--password-file",
        "-",
    ];
    let wrong = "a-wrong-s3cret";
    let token = [&way[..], &["--auth", "xoauth2"], &MESSAGE].concat();
    desk.run_with(&token, wrong).exits(3).says("get a new one");
    let json = desk.run_with(&[&token[..], &["--json"]].concat(), wrong).exits(3).json();
    assert_eq!(json["error"]["cause"], "token_refused");
    assert_eq!(json["error"]["stage"], "sign_in");
    assert_eq!(json["error"]["reply"]["code"], 535);
    let password = [&way[..], &["--auth", "plain"], &MESSAGE].concat();
    desk.run_with(&password, wrong)
        .exits(3)
        .says("Sign in with OAuth2: localhost offers no sign-in with this kind of password");
    assert!(!desk.printed().contains(wrong));
}

#[test]
fn the_dialogue_is_shown_without_secrets() {
    let desk = Desk::signed_in(&[]);
    let run = desk.run(&[&["send", "--verbose"][..], &MESSAGE].concat()).exits(0);
    for line in ["C: EHLO", "C: AUTH", "S: 235", "C: DATA", "S: 250 2.0.0"] {
        assert!(run.stderr.contains(line), "{line}: {}", run.stderr);
    }
}

#[test]
fn a_connection_that_dies_at_the_last_moment_has_a_code_of_its_own() {
    let desk = Desk::new(&["--fault", "drop=dot"]);
    let json = send(&desk, &[&MESSAGE[..], &["--json"]].concat()).exits(6).json();
    assert_eq!(json["outcome"], "unknown");
    assert!(desk.sandbox.file("0001.eml").exists());
}

#[test]
fn a_server_that_is_not_there_can_be_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = free.local_addr().expect("an address").to_string();
    drop(free);
    let desk = Desk::new(&[]);
    let arguments = ["send", "--server", &server, "--from", USER, "--auth", "none"];
    desk.run(&[&arguments[..], &MESSAGE].concat()).exits(4).says("nothing listens on port");
}

#[test]
fn a_command_line_that_means_nothing_is_refused() {
    let desk = Desk::new(&[]);
    for (arguments, says) in [
        (&["send", "--server", "localhost:99999", "--subject", "x"][..], "no port"),
        (&["send", "--server", "localhost", "--auth", "plain"], "--auth needs --user"),
        (&["send", "--server", "localhost", "--user", "x"], "--password-file"),
        (&["send", "--server", "localhost", "--body-file", "-", "--html-file", "-"], "only one"),
        (
            &["send", "--server", "x", "--user", "x", "--password-file", "-", "--body-file", "-"],
            "only one",
        ),
        (&["send", "--server", "localhost", "--header", "x"], "no header field"),
        (&["send", "--server", "localhost", "--from", "x"], "address"),
        (&["send", "--account", "x", "--user", "x"], "cannot be used with"),
        (&["send"], "Nobody has signed in yet"),
    ] {
        desk.run(arguments).exits(2).says(says);
    }
    desk.run(&["send", "--server", "localhost", "--attach", "no-such-file"]).exits(3);
}
