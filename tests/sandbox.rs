//! The sandbox keeps its promises: it signs in who has a token, keeps messages as they were sent,
//! and fails exactly where it was told to.
//!
//! It is driven here by raw sockets, so that what the library's own tests do against real servers
//! does not hang on it: the sandbox never counts as a real peer.

#[path = "sandbox/device.rs"]
mod device;
#[path = "sandbox/discovery.rs"]
mod discovery;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/harness.rs"]
mod harness;
#[path = "sandbox/id_token.rs"]
mod id_token;
#[path = "sandbox/login.rs"]
mod login;
#[path = "sandbox/pages.rs"]
mod pages;
#[path = "support/records.rs"]
mod records;
#[path = "sandbox/start_and_end.rs"]
mod start_and_end;
#[path = "sandbox/tokens.rs"]
mod tokens;

use harness::{Sandbox, USER, base64, from_base64, oauthbearer, xoauth2};

// Signing in

#[test]
fn a_token_signs_in_over_starttls() {
    let sandbox = Sandbox::start(&[]);
    let mut client = sandbox.plain();
    client.expect("220");
    let offer = client.ask("EHLO client.example.org", "250");
    assert!(offer.contains("STARTTLS") && !offer.contains("AUTH"), "{offer}");
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
    assert!(client.is_closed_in_order());
}

#[test]
fn both_mechanisms_take_the_response_on_its_own_line() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    for (mechanism, response) in
        [("XOAUTH2", xoauth2(USER, &token)), ("OAUTHBEARER", oauthbearer(USER, &token))]
    {
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
    assert_eq!(from_base64(&challenge[4..]), r#"{"status":"invalid_token","scope":"mail"}"#);
    client.ask("AQ==", "535 5.7.8");

    client.ask("MAIL FROM:<anna@example.org>", "530 5.7.0");
}

#[test]
fn an_expired_token_is_refused() {
    let sandbox = Sandbox::start(&["--token-lifetime", "0"]);
    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &sandbox.access_token())), "334");
    let reply = client.ask("", "535 5.7.8");
    assert!(reply.contains("expired"), "{reply}");
}

#[test]
fn any_user_at_example_org_signs_in_and_nobody_else() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.greeted();
    for stranger in ["anna@example.com", "anna", "anna@example.org.test", "@example.org", ""] {
        client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(stranger, &token)), "334");
        client.ask("", "535 5.7.8");
    }
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2("bob@Example.ORG", &token)), "235");
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
    assert_eq!(from_base64(&challenge[4..]), r#"{"status":"invalid_request"}"#);
    client.ask("AQ==", "535");
}

#[test]
fn nothing_goes_on_before_tls() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.plain();
    client.expect("220");
    client.ask("EHLO client.example.org", "250");
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &token)), "530 5.7.0");
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
    assert_eq!(std::fs::read(sandbox.file("0001.eml")).expect("the message"), kept);
    client.deliver("bob@example.net", b"");
    assert_eq!(std::fs::read(sandbox.file("0002.eml")).expect("the empty message"), b"");
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
        assert!(printed.contains(expected), "{expected:?} is missing:\n{printed}");
    }
    assert!(!printed.contains('\x1B'), "a message reached the terminal's controls");
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
    for reply in ["250 2.1.0", "550 5.1.1", "250 2.1.5", "450 4.2.1", "550 5.1.1", "250", "354"] {
        client.expect(reply);
    }
    client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\nRSET\r\nNOOP\r\nQUIT\r\n");
    for reply in ["250 2.0.0 Kept", "250", "250", "221"] {
        client.expect(reply);
    }
    let (_, printed) = sandbox.stop();
    assert!(printed.contains("to bob@example.net, refused2@example.net\n"), "{printed}");
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
    assert_eq!(std::fs::metadata(sandbox.file("0001.eml")).expect("a message").len(), 18);
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
