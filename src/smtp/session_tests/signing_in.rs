//! Signing in, and what must not be seen of it.

use super::*;

#[test]
fn credentials_are_not_sent_without_tls_unless_that_is_allowed() {
    let signing_in = |allow_plaintext_auth| {
        let credentials = Some(xoauth2("ya29.token"));
        let starttls = StartTls::IfOffered;
        let open = Options { credentials, starttls, allow_plaintext_auth, ..options() };
        let mut dialogue = Dialogue::new(open);
        dialogue.say("220 mail.test\r\n");
        dialogue.try_say("250-mail.test\r\n250 AUTH XOAUTH2\r\n")
    };
    assert_eq!(signing_in(false).unwrap_err().status(), Status::PlaintextAuth);
    assert!(signing_in(true).unwrap().starts_with("AUTH XOAUTH2 dXN"));
}

/// Base64 comes in fours, so the lengths 510, 512 and 514 exist for no mechanism.
#[test]
fn a_response_goes_with_its_command_while_the_line_has_at_most_512_octets() {
    let bearer = "user=anna@example.org\x01auth=Bearer \x01\x01".len();
    let plain = "\0anna\0".len();
    for (mechanism, around, octets, alone) in [
        ("XOAUTH2", bearer, 511, false),
        ("XOAUTH2", bearer, 515, true),
        ("PLAIN", plain, 509, false),
        ("PLAIN", plain, 513, true),
    ] {
        let encoded = octets - format!("AUTH {mechanism} \r\n").len();
        let secret = "x".repeat(encoded / 4 * 3 - around);
        let (mut dialogue, line) = match mechanism {
            "XOAUTH2" => Dialogue::signing_in(xoauth2(&secret), mechanism),
            _ => Dialogue::signing_in(password(PasswordMechanism::Plain, &secret), mechanism),
        };
        if alone {
            assert_eq!(line, format!("AUTH {mechanism}\r\n"));
            assert_eq!(dialogue.say("334 \r\n").len(), encoded + 2);
        } else {
            assert_eq!(line.len(), octets, "{mechanism}");
        }
        assert_eq!(dialogue.say("235 welcome\r\n"), "");
        assert!(dialogue.session.is_ready());
    }
}

#[test]
fn a_refused_token_is_explained_by_the_server() {
    let explanation = r#"{"status":"401","scope":"https://mail.test/"}"#;
    let challenge = format!("334 {}\r\n", STANDARD.encode(explanation));
    let long = "x".repeat(2000);
    for (credentials, mechanism, answer) in [
        (xoauth2("ya29.token"), "XOAUTH2", "\r\n"),
        (xoauth2(&long), "XOAUTH2", "\r\n"),
        (oauthbearer("ya29.token"), "OAUTHBEARER", "AQ==\r\n"),
    ] {
        let (mut dialogue, line) = Dialogue::signing_in(credentials, mechanism);
        if line == format!("AUTH {mechanism}\r\n") {
            dialogue.say("334 \r\n");
        }
        assert_eq!(dialogue.say(&challenge), answer);
        let error = dialogue.fail("535 5.7.8 not accepted\r\n");
        assert_eq!((error.status(), error.cause()), (Status::SignIn, Cause::TokenRefused));
        assert!(error.text().contains(explanation), "{error}");
        assert_eq!(error.reply().unwrap().enhanced_code(), "5.7.8");
    }
    let (mut dialogue, _) = Dialogue::signing_in(xoauth2("ya29.token"), "XOAUTH2");
    dialogue.say(&challenge);
    assert_eq!(dialogue.fail(&challenge).status(), Status::Protocol);
}

#[test]
fn login_gives_user_and_password_whatever_the_prompts_are() {
    for prompts in [["VXNlcm5hbWU6", "UGFzc3dvcmQ6"], ["", ""], ["Benutzer?", "\u{fffd}"]] {
        let login = password(PasswordMechanism::Auto, "s3cret");
        let (mut dialogue, line) = Dialogue::signing_in(login, "LOGIN");
        assert_eq!(line, "AUTH LOGIN\r\n");
        assert_eq!(dialogue.say(&format!("334 {}\r\n", prompts[0])), "YW5uYQ==\r\n");
        assert_eq!(dialogue.say(&format!("334 {}\r\n", prompts[1])), "czNjcmV0\r\n");
        assert_eq!(dialogue.say("235 welcome\r\n"), "");
    }
}

#[test]
fn plain_is_given_once_more_to_a_server_that_did_not_read_it_with_the_command() {
    let plain = || password(PasswordMechanism::Plain, "s3cret");
    let (mut dialogue, line) = Dialogue::signing_in(plain(), "PLAIN");
    assert_eq!(line, "AUTH PLAIN AGFubmEAczNjcmV0\r\n");
    assert_eq!(dialogue.say("334 \r\n"), "AGFubmEAczNjcmV0\r\n");
    assert_eq!(dialogue.say("235 welcome\r\n"), "");

    let (mut dialogue, _) = Dialogue::signing_in(plain(), "PLAIN");
    dialogue.say("334 \r\n");
    assert_eq!(dialogue.fail("334 \r\n").status(), Status::Protocol);
}

#[test]
fn no_secret_is_in_the_transcript_or_in_an_error() {
    for credentials in [
        xoauth2("ya29.very-secret-token"),
        oauthbearer("ya29.very-secret-token"),
        password(PasswordMechanism::Plain, "ya29.very-secret-token"),
        password(PasswordMechanism::Login, "ya29.very-secret-token"),
    ] {
        let (mut dialogue, mut line) =
            Dialogue::signing_in(credentials, "XOAUTH2 OAUTHBEARER PLAIN LOGIN");
        if line == "AUTH LOGIN\r\n" {
            dialogue.say("334 \r\n");
            line = dialogue.say("334 \r\n");
        }
        let response = line.split(' ').next_back().unwrap().trim_end();
        let error = dialogue.fail(&format!(
            "535-5.7.8 no ya29.very-secret-token\r\n535 5.7.8 in {response}, or {}\r\n",
            &response[..16]
        ));
        let shown = format!("{error} {error:?} {:?}", error.reply());
        let transcript = dialogue.session.transcript.take().join("\n");
        assert!(transcript.contains("C: AUTH ") && transcript.contains("S: 535"));
        for text in [shown, transcript] {
            assert!(!text.contains("very-secret") && !text.contains(&response[..16]), "{text}");
            assert!(text.contains("***"), "{text}");
        }
    }
}
