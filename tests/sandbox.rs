//! The sandbox keeps its promises: it signs in who has a token, keeps messages as they were sent,
//! and fails exactly where it was told to.
//!
//! It is driven here by raw sockets, so that what the library's own tests do against real servers
//! does not hang on it: the sandbox never counts as a real peer.

#[path = "sandbox/harness.rs"]
mod harness;

use harness::{Sandbox, USER, base64, from_base64, oauthbearer, postrider, xoauth2};
use std::process::Stdio;
use std::time::{Duration, Instant};

// Signing in

#[test]
fn a_token_signs_in_over_starttls() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.plain();
    client.expect("220");
    let offer = client.ask("EHLO client.example.org", "250");
    assert!(
        offer.contains("STARTTLS") && !offer.contains("AUTH"),
        "{offer}"
    );
    client.ask("STARTTLS", "220");
    sandbox.secure(&mut client);
    let offer = client.ask("EHLO client.example.org", "250");
    assert!(!offer.contains("STARTTLS"), "{offer}");
    for extension in [
        "PIPELINING",
        "SIZE 52428800",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "AUTH XOAUTH2 OAUTHBEARER",
    ] {
        assert!(offer.contains(extension), "{extension} is missing: {offer}");
    }
    let response = xoauth2(USER, &sandbox.access_token());
    client.ask(&format!("AUTH XOAUTH2 {response}"), "235 2.7.0");
    client.ask("QUIT", "221");
}

#[test]
fn both_mechanisms_take_the_response_on_its_own_line() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    for (mechanism, response) in [
        ("XOAUTH2", xoauth2(USER, &token)),
        ("OAUTHBEARER", oauthbearer(USER, &token)),
    ] {
        let mut client = sandbox.greeted();
        assert_eq!(client.ask(&format!("AUTH {mechanism}"), "334"), "334 \r\n");
        client.ask(&response, "235");
        client.ask("MAIL FROM:<anna@example.org>", "250");
    }
}

#[test]
fn a_refused_token_is_explained_by_a_challenge_before_the_535() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.greeted();

    let challenge = client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, "wrong")), "334 ");
    assert_eq!(
        from_base64(&challenge[4..]),
        r#"{"status":"401","schemes":"bearer","scope":"mail"}"#
    );
    let reply = client.ask("", "535 5.7.8");
    assert!(reply.contains("not handed out"), "{reply}");

    let response = oauthbearer(USER, "wrong");
    let challenge = client.ask(&format!("AUTH OAUTHBEARER {response}"), "334 ");
    assert_eq!(
        from_base64(&challenge[4..]),
        r#"{"status":"invalid_token","scope":"mail"}"#
    );
    client.ask("AQ==", "535 5.7.8");

    client.ask("MAIL FROM:<anna@example.org>", "530 5.7.0");
}

#[test]
fn an_expired_token_is_refused() {
    let sandbox = Sandbox::start(&["--token-lifetime", "0"]);
    let mut client = sandbox.greeted();
    client.ask(
        &format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())),
        "334",
    );
    let reply = client.ask("", "535 5.7.8");
    assert!(reply.contains("expired"), "{reply}");
}

#[test]
fn any_user_at_example_org_signs_in_and_nobody_else() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.greeted();
    for stranger in ["anna@example.com", "anna", "anna@example.org.test", ""] {
        client.ask(
            &format!("AUTH XOAUTH2 {}", xoauth2(stranger, &token)),
            "334",
        );
        client.ask("", "535 5.7.8");
    }
    client.ask(
        &format!("AUTH XOAUTH2 {}", xoauth2("bob@Example.ORG", &token)),
        "235",
    );
}

#[test]
fn a_malformed_sign_in_is_told_from_a_wrong_token() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.greeted();
    client.ask("AUTH PLAIN", "504 5.5.4");
    client.ask("AUTH XOAUTH2 %%%", "501 5.5.2");
    client.ask("AUTH XOAUTH2", "334");
    client.ask("*", "501 5.7.0");
    let challenge = client.ask(&format!("AUTH OAUTHBEARER {}", base64("user=x")), "334 ");
    assert_eq!(
        from_base64(&challenge[4..]),
        r#"{"status":"invalid_request"}"#
    );
    client.ask("AQ==", "535");
}

#[test]
fn nothing_goes_on_before_tls() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.plain();
    client.expect("220");
    client.ask("EHLO client.example.org", "250");
    client.ask(
        &format!("AUTH XOAUTH2 {}", xoauth2(USER, &token)),
        "530 5.7.0",
    );
    client.ask("MAIL FROM:<anna@example.org>", "530 5.7.0");
}

#[test]
fn nothing_that_follows_starttls_is_taken_into_tls() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.plain();
    client.expect("220");
    client.send(b"STARTTLS\r\nEHLO attacker.example.org\r\n");
    client.expect("554");
    assert_eq!(client.reply(), None);
}

// Messages

#[test]
fn a_message_is_kept_byte_for_byte() {
    let mut sandbox = Sandbox::start(&[]);
    let wire = b"Subject: x\r\n\r\n..\r\n...two\r\nplain \r\nlone \n.\n and \r here\r\n\xC3\xA4\xFF\x00\r\n\r\n";
    let kept = b"Subject: x\r\n\r\n.\r\n..two\r\nplain \r\nlone \n.\n and \r here\r\n\xC3\xA4\xFF\x00\r\n\r\n";
    let mut client = sandbox.signed_in();
    assert!(client.deliver("bob@example.net", wire).contains("0001.eml"));
    assert_eq!(
        std::fs::read(sandbox.file("0001.eml")).expect("the message"),
        kept
    );
    client.deliver("bob@example.net", b"");
    assert_eq!(
        std::fs::read(sandbox.file("0002.eml")).expect("the empty message"),
        b""
    );
    sandbox.stop();
}

#[test]
fn a_summary_names_envelope_subject_and_parts() {
    let mut sandbox = Sandbox::start(&[]);
    let message = b"Subject: =?utf-8?B?R3LDvMOfZQ==?= \x1B[31m\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
        --b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename*=utf-8''%C3%9Cber.pdf\r\n\r\nAAAA\r\n--b--\r\n";
    sandbox.signed_in().deliver("bob@example.net", message);
    let (_, printed) = sandbox.stop();
    for expected in [
        "0001.eml",
        "octets from anna@example.org, signed in as anna@example.org\n",
        "to bob@example.net\n",
        "subject: Grüße",
        "text/plain, 5 octets\n",
        "application/pdf \"Über.pdf\", 3 octets\n",
    ] {
        assert!(
            printed.contains(expected),
            "{expected:?} is missing:\n{printed}"
        );
    }
    assert!(
        !printed.contains('\x1B'),
        "a message reached the terminal's controls"
    );
}

#[test]
fn a_pipelined_group_is_answered_in_order_and_refusals_do_not_stop_it() {
    let mut sandbox = Sandbox::start(&["--fault", "refuse-recipient=Carol@example.net"]);
    let mut client = sandbox.signed_in();
    client.send(
        b"MAIL FROM:<> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<refused@example.net>\r\n\
          RCPT TO:<bob@example.net>\r\nRCPT TO:<busy@example.net>\r\n\
          RCPT TO:<carol@EXAMPLE.net>\r\nRCPT TO:<refused2@example.net>\r\nDATA\r\n",
    );
    for reply in [
        "250 2.1.0",
        "550 5.1.1",
        "250 2.1.5",
        "450 4.2.1",
        "550 5.1.1",
        "250",
        "354",
    ] {
        client.expect(reply);
    }
    client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\nRSET\r\nNOOP\r\nQUIT\r\n");
    for reply in ["250 2.0.0 Kept", "250", "250", "221"] {
        client.expect(reply);
    }
    let (_, printed) = sandbox.stop();
    assert!(
        printed.contains("to bob@example.net, refused2@example.net\n"),
        "{printed}"
    );
}

#[test]
fn there_is_no_data_without_a_recipient() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.signed_in();
    client.send(b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<refused@example.net>\r\nDATA\r\n");
    for reply in ["250", "550", "554 5.5.1"] {
        client.expect(reply);
    }
    client.ask("RSET", "250");
    client.deliver("bob@example.net", b"Subject: later\r\n\r\n");
}

#[test]
fn commands_in_the_wrong_order_or_form_are_refused() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.signed_in();
    client.ask("RCPT TO:<bob@example.net>", "503");
    client.ask("MAIL FROM:anna@example.org", "501");
    client.ask("MAIL FROM:<anna@example.org> RET=FULL", "555");
    client.ask("MAIL FROM:<ann\u{e4}@example.org>", "553 5.6.7");
    client.ask("MAIL FROM:<ann\u{e4}@example.org> SMTPUTF8", "250");
    client.ask("MAIL FROM:<anna@example.org>", "503");
    client.ask("RCPT TO:<\"a>b\"@example.net>", "250");
    client.ask("RCPT TO:<bob>", "501 5.1.3");
    client.ask("HELO client.example.org", "250");
    client.ask("DATA", "554");
}

// Limits

#[test]
fn too_large_a_message_is_refused_at_mail_and_at_its_end() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.signed_in();
    client.ask("MAIL FROM:<anna@example.org> SIZE=52428801", "552 5.3.4");
    client.ask("MAIL FROM:<anna@example.org> SIZE=52428800", "250");
    client.ask("RCPT TO:<bob@example.net>", "250");
    client.ask("DATA", "354");
    let mebibyte = [[b'x'; 1022].as_slice(), b"\r\n"].concat().repeat(1024);
    for _ in 0..50 {
        client.send(&mebibyte);
    }
    client.send(b"1\r\n.\r\n");
    client.expect("552 5.3.4");
    client.deliver("bob@example.net", b"Subject: small\r\n\r\n");
    assert_eq!(
        std::fs::metadata(sandbox.file("0001.eml"))
            .expect("a message")
            .len(),
        18
    );
}

#[test]
fn a_command_line_is_bounded_and_a_sign_in_line_may_be_longer() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.greeted();
    client.ask("AUTH XOAUTH2", "334");
    client.ask(&xoauth2(USER, &"t".repeat(6000)), "334");
    client.ask("", "535");
    client.ask(&format!("NOOP {}", "x".repeat(2000)), "500 5.5.2");
    assert_eq!(client.reply(), None);
}

#[test]
fn a_client_that_only_errs_is_sent_away() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.greeted();
    for _ in 0..10 {
        client.ask("NONSENSE", "500 5.5.1");
    }
    client.expect("421 4.7.0");
    assert_eq!(client.reply(), None);
}

#[test]
fn more_connections_than_allowed_are_told_to_wait() {
    let sandbox = Sandbox::start(&[]);
    let mut clients: Vec<_> = (0..32).map(|_| sandbox.plain()).collect();
    for client in &mut clients {
        client.expect("220");
    }
    sandbox.plain().expect("421 4.3.2");
}

// Tokens

#[test]
fn a_refresh_token_is_good_once_and_brings_the_next() {
    let sandbox = Sandbox::start(&[]);
    let (_, first) = sandbox.request_token("grant_type=client_credentials&client_id=sandbox");
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!(first["expires_in"], 3600);
    assert_eq!(first["scope"], "mail");
    let refresh = |token: &serde_json::Value| {
        let token = token.as_str().expect("a refresh token");
        sandbox.request_token(&format!(
            "grant_type=refresh%5Ftoken&client_id=sandbox&client_secret=any&refresh_token={token}"
        ))
    };
    let (status, second) = refresh(&first["refresh_token"]);
    assert_eq!(status, 200);
    assert_ne!(second["access_token"], first["access_token"]);
    let (status, again) = refresh(&first["refresh_token"]);
    assert_eq!(
        (status, again["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert_eq!(refresh(&second["refresh_token"]).0, 200);
    let token = second["access_token"].as_str().expect("a token");
    sandbox
        .greeted()
        .ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");
}

#[test]
fn the_token_endpoint_says_what_is_wrong_as_rfc_6749_does() {
    let sandbox = Sandbox::start(&[]);
    for (form, error) in [
        (
            "grant_type=password&client_id=sandbox",
            "unsupported_grant_type",
        ),
        (
            "grant_type=refresh_token&client_id=sandbox&refresh_token=x",
            "invalid_grant",
        ),
        (
            "grant_type=refresh_token&client_id=sandbox",
            "invalid_request",
        ),
        (
            "grant_type=client_credentials&client_id=somebody",
            "invalid_client",
        ),
        ("grant_type=client_credentials", "invalid_request"),
        ("client_id=sandbox", "invalid_request"),
        ("client_id=sandbox&client_id=sandbox", "invalid_request"),
        ("client_id=%zz", "invalid_request"),
        ("", "invalid_request"),
    ] {
        let (status, answer) = sandbox.request_token(form);
        assert_eq!(
            (status, answer["error"].as_str()),
            (400, Some(error)),
            "{form}"
        );
    }
    assert_eq!(sandbox.http("GET /token HTTP/1.1\r\n\r\n").0, 405);
    assert_eq!(sandbox.http("POST /other HTTP/1.1\r\n\r\n").0, 404);
    assert_eq!(sandbox.http("nonsense\r\n\r\n").0, 400);
    // A client may also name itself in a header.
    let form = "grant_type=client_credentials";
    let (status, _) = sandbox.http(&format!(
        "POST /token HTTP/1.1\r\nAuthorization: Basic {}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        base64("sandbox:any"),
        form.len()
    ));
    assert_eq!(status, 200);
}

#[test]
fn the_token_command_prints_a_token_that_signs_in() {
    let sandbox = Sandbox::start(&[]);
    let url = sandbox.ready["token_url"].as_str().expect("token_url");
    let output = postrider()
        .args(["token", "--url", url])
        .output()
        .expect("it runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let token = printed.strip_suffix('\n').expect("one line");
    sandbox
        .greeted()
        .ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");
}

#[test]
fn the_token_command_goes_to_this_computer_only() {
    for url in [
        "http://192.0.2.1:80/token",
        "https://127.0.0.1:443/token",
        "http://127.0.0.1:80@example.org/token",
        "http://127.0.0.1:/token",
        "http://127.0.0.1:80",
    ] {
        let output = postrider()
            .args(["token", "--url", url])
            .output()
            .expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && complaint.contains("must be http://127"),
            "{complaint}"
        );
        assert!(output.stdout.is_empty());
    }
}

// Faults

const STAGES: [&str; 9] = [
    "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content", "dot",
];

/// Goes through all stages of a delivery over STARTTLS. Gives the stage that was not answered as
/// it should be, with the reply that came instead of it, if one came. While the content goes out a
/// healthy server says nothing, so it is only waited for when `ordered` at that stage.
fn first_trouble(sandbox: &Sandbox, ordered: &str) -> Option<(&'static str, Option<String>)> {
    let auth = format!(
        "AUTH XOAUTH2 {}\r\n",
        xoauth2(USER, &sandbox.access_token())
    );
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
        assert!(
            at == stage && reply.starts_with("421 4.3.2"),
            "{stage}: {reply:?} at {at}"
        );
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
    assert_eq!(
        first["expires_in"], 3600,
        "the client must believe it fresh"
    );
    let token = first["access_token"].as_str().expect("a token");
    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "334");
    assert!(client.ask("", "535").contains("expired"));
    client.ask(
        &format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())),
        "235",
    );

    let sandbox = Sandbox::start(&["--fault", "expired-token"]);
    let mut client = sandbox.greeted();
    for _ in 0..3 {
        client.ask(
            &format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())),
            "334",
        );
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
    assert!(
        start.elapsed() >= Duration::from_millis(4 * 60),
        "{:?}",
        start.elapsed()
    );
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
    ] {
        let mut command = postrider();
        // Should it start after all, this ends it.
        command.args(["sandbox", "--for", "0", "--fault", fault]);
        let output = command.output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && complaint.contains(fault),
            "{fault}: {complaint}"
        );
    }
}

#[test]
fn the_manual_lists_the_faults_as_the_help_does() {
    let output = postrider()
        .args(["sandbox", "--help"])
        .output()
        .expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    let start = help.find("Faults on demand:").expect("the faults");
    let end = help
        .find("\n\nThe sandbox listens")
        .expect("the end of the faults");
    let manual = include_str!("../docs/sandbox.md").replace("\r\n", "\n");
    assert!(
        manual.contains(&help[start..end]),
        "docs/sandbox.md does not hold:\n{}",
        &help[start..end]
    );
    for stage in STAGES {
        assert!(help[start..].contains(stage), "{stage}");
    }
}

// Start and end

#[test]
fn it_stops_when_its_standard_input_ends() {
    let mut sandbox = Sandbox::start(&[]);
    sandbox
        .signed_in()
        .deliver("bob@example.net", b"Subject: x\r\n\r\n");
    let (status, _) = sandbox.stop();
    assert!(status.success(), "{status}");
    assert!(
        !sandbox.file("sandbox.json").exists(),
        "scripts would think that it runs"
    );
    assert!(sandbox.file("0001.eml").exists());
}

#[test]
fn it_stops_after_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = postrider();
    command
        .args(["sandbox", "--quiet", "--for", "1", "--folder"])
        .arg(folder.path());
    // Standard input stays open.
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let _held_open = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    assert!(output.stdout.is_empty(), "--quiet prints nothing");
}

#[test]
fn without_a_folder_it_makes_a_new_one_and_names_it() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = postrider();
    command
        .args(["sandbox", "--for", "0"])
        .env("TMPDIR", elsewhere.path());
    command
        .env("TMP", elsewhere.path())
        .env("TEMP", elsewhere.path());
    let output = command.output().expect("it runs");
    assert!(output.status.success());
    let made = std::fs::read_dir(elsewhere.path())
        .expect("readable")
        .next()
        .expect("a folder");
    let made = made.expect("readable").path();
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(made.to_str().expect("UTF-8")), "{text}");
    assert!(made.join("ca.pem").exists());
}

#[test]
fn messages_of_an_earlier_run_are_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("0007.eml"), "earlier").expect("written");
    let sandbox = Sandbox::start_in(folder, &[]);
    let reply = sandbox
        .signed_in()
        .deliver("bob@example.net", b"Subject: new\r\n\r\n");
    assert!(reply.contains("0008.eml"), "{reply}");
    assert_eq!(
        std::fs::read(sandbox.file("0007.eml")).expect("there"),
        b"earlier"
    );
}

#[test]
fn tokens_are_never_printed_by_the_sandbox() {
    let mut sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.greeted();
    client.ask(
        &format!("AUTH XOAUTH2 {}", xoauth2("bob@example.com", &token)),
        "334",
    );
    client.ask("", "535");
    let start_text = sandbox.start_text.clone();
    let (_, printed) = sandbox.stop();
    assert!(
        printed.contains("Sign-in of bob@example.com refused"),
        "{printed}"
    );
    assert!(!printed.contains(&token) && !start_text.contains(&token));
    for entry in std::fs::read_dir(sandbox.folder()).expect("readable") {
        let bytes = std::fs::read(entry.expect("readable").path()).expect("readable");
        assert!(!String::from_utf8_lossy(&bytes).contains(&token));
    }
}
