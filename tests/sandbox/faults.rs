//! Each fault happens when and where it was ordered, and only there.

use crate::device;
use crate::harness::{Sandbox, USER, postrider, xoauth2};
use crate::login::{authorize, press, sign_in};
use std::time::{Duration, Instant};

const STAGES: [&str; 9] =
    ["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content", "dot"];

/// Goes through all stages of a delivery over STARTTLS. Gives the stage that was not answered as
/// it should be, with the reply that came instead of it, if one came. While the content goes out a
/// healthy server says nothing, so it is only waited for when `ordered` at that stage.
fn first_trouble(sandbox: &Sandbox, ordered: &str) -> Option<(&'static str, Option<String>)> {
    let auth = format!("AUTH XOAUTH2 {}\r\n", xoauth2(USER, &sandbox.access_token()));
    let steps: [(&str, &str, &str); 10] = [
        ("greeting", "", "220"),
        ("ehlo", "EHLO client.example.org\r\n", "250"),
        ("starttls", "STARTTLS\r\n", "220"),
        ("ehlo", "EHLO client.example.org\r\n", "250"),
        ("auth", &auth, "235"),
        ("mail", "MAIL FROM:<anna@example.org>\r\n", "250"),
        ("rcpt", "RCPT TO:<bob@example.net>\r\n", "250"),
        ("data", "DATA\r\n", "354"),
        ("content", "Subject: x\r\n", ""),
        ("dot", "\r\n.\r\n", "250"),
    ];
    let mut client = sandbox.plain();
    for (stage, sent, expected) in steps {
        client.send(sent.as_bytes());
        if stage == "content" && ordered != "content" {
            continue;
        }
        match client.reply() {
            Some(reply) if stage != "content" && reply.starts_with(expected) => {}
            other => return Some((stage, other)),
        }
        if stage == "starttls" {
            sandbox.secure(&mut client);
        }
    }
    None
}

#[test]
fn a_delivery_without_faults_has_no_trouble() {
    assert_eq!(first_trouble(&Sandbox::start(&[]), ""), None);
}

#[test]
fn drop_ends_the_connection_at_every_stage_without_a_word() {
    for stage in STAGES {
        let sandbox = Sandbox::start(&["--fault", &format!("drop={stage}")]);
        assert_eq!(first_trouble(&sandbox, stage), Some((stage, None)));
        assert_eq!(sandbox.file("0001.eml").exists(), stage == "dot", "{stage}");
    }
}

#[test]
fn shutdown_says_421_at_every_stage_and_keeps_nothing() {
    for stage in STAGES {
        let sandbox = Sandbox::start(&["--fault", &format!("shutdown={stage}")]);
        let (at, reply) = first_trouble(&sandbox, stage).expect("trouble");
        let reply = reply.expect("a reply");
        assert!(at == stage && reply.starts_with("421 4.3.2"), "{stage}: {reply:?} at {at}");
        assert!(!sandbox.file("0001.eml").exists(), "{stage}");
    }
    let sandbox = Sandbox::start(&["--fault", "shutdown"]);
    let mut client = sandbox.plain();
    client.expect("421 4.3.2");
    assert_eq!(client.reply(), None);
}

#[test]
fn as_many_tokens_as_ordered_are_refused_as_expired() {
    let sandbox = Sandbox::start(&["--fault", "expired-token=1"]);
    let (_, first) = sandbox.request_token("grant_type=client_credentials&client_id=sandbox");
    assert_eq!(first["expires_in"], 3600, "the client must believe it fresh");
    let token = first["access_token"].as_str().expect("a token");
    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "334");
    assert!(client.ask("", "535").contains("expired"));
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())), "235");

    let sandbox = Sandbox::start(&["--fault", "expired-token"]);
    let mut client = sandbox.greeted();
    for _ in 0..3 {
        client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())), "334");
        assert!(client.ask("", "535").contains("expired"));
    }
}

#[test]
fn slow_delays_every_reply() {
    let sandbox = Sandbox::start(&["--fault", "slow=60"]);
    let start = Instant::now();
    let mut client = sandbox.plain();
    client.expect("220");
    client.send(b"EHLO client.example.org\r\nNOOP\r\nNOOP\r\n");
    for _ in 0..3 {
        client.expect("250");
    }
    assert!(start.elapsed() >= Duration::from_millis(4 * 60), "{:?}", start.elapsed());
}

#[test]
fn a_fault_that_does_not_exist_is_an_error_that_names_it() {
    for fault in [
        "nonsense",
        "drop",
        "drop=lunch",
        "slow=x",
        "slow=60001",
        "refuse-recipient=x",
        "token-busy=x",
        "refresh-dead=1",
    ] {
        let mut command = postrider();
        // Should it start after all, this ends it.
        command.args(["sandbox", "--for", "0", "--fault", fault]);
        let output = command.output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && complaint.contains(fault), "{fault}: {complaint}");
    }
}

#[test]
fn consent_denied_refuses_on_both_pages() {
    let sandbox = Sandbox::start(&["--fault", "consent-denied", "--device-interval", "0"]);
    let page = press(&sandbox, &authorize(""), USER, "sign-in");
    assert_eq!(page.sent_back("error").as_deref(), Some("access_denied"));
    let description = page.sent_back("error_description").expect("a reason");
    assert!(description.contains("no permission"), "{description}");

    let invitation = device::invite(&sandbox);
    let page = device::press(&sandbox, &invitation, "sign-in");
    assert!(page.body.contains("no permission"), "{}", page.body);
    assert_eq!(device::ask(&sandbox, &invitation).1["error"], "access_denied");
}

#[test]
fn refresh_dead_wants_a_new_sign_in() {
    let sandbox = Sandbox::start(&["--fault", "refresh-dead"]);
    let tokens = sign_in(&sandbox, "");
    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = format!("grant_type=refresh_token&client_id=sandbox&refresh_token={token}");
    for _ in 0..2 {
        let (status, answer) = sandbox.request_token(&form);
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_grant")));
    }
    assert!(sign_in(&sandbox, "")["access_token"].is_string());
}

#[test]
fn no_refresh_token_hands_out_access_tokens_only() {
    let sandbox = Sandbox::start(&["--fault", "no-refresh-token"]);
    let tokens = sign_in(&sandbox, "&scope=mail+offline_access");
    assert!(tokens["access_token"].is_string() && tokens["refresh_token"].is_null());
}

#[test]
fn token_busy_sends_the_first_token_request_away() {
    for (fault, seconds) in [("token-busy", "1"), ("token-busy=7", "7")] {
        let sandbox = Sandbox::start(&["--fault", fault]);
        let form = "grant_type=client_credentials&client_id=sandbox";
        let page = sandbox.post("/token", form);
        assert_eq!((page.status, page.header("Retry-After")), (503, Some(seconds)));
        assert_eq!(sandbox.post("/token", form).status, 200);
    }
}

#[test]
fn the_manual_lists_the_faults_as_the_help_does() {
    let output = postrider().args(["sandbox", "--help"]).output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    let start = help.find("Faults on demand:").expect("the faults");
    let end = help.find("\n\nThe sandbox listens").expect("the end of the faults");
    let manual = include_str!("../../docs/sandbox.md").replace("\r\n", "\n");
    assert!(
        manual.contains(&help[start..end]),
        "docs/sandbox.md does not hold:\n{}",
        &help[start..end]
    );
    for stage in STAGES {
        assert!(help[start..].contains(stage), "{stage}");
    }
}
