//! The token endpoint, and the `postrider token` command that asks it.

use crate::harness::{Sandbox, USER, base64, postrider, xoauth2};

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
    assert_eq!((status, again["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(refresh(&second["refresh_token"]).0, 200);
    let token = second["access_token"].as_str().expect("a token");
    sandbox.greeted().ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");
}

#[test]
fn the_token_endpoint_says_what_is_wrong_as_rfc_6749_does() {
    let sandbox = Sandbox::start(&[]);
    for (form, error) in [
        ("grant_type=password&client_id=sandbox", "unsupported_grant_type"),
        ("grant_type=refresh_token&client_id=sandbox&refresh_token=x", "invalid_grant"),
        ("grant_type=refresh_token&client_id=sandbox", "invalid_request"),
        ("grant_type=client_credentials&client_id=somebody", "invalid_client"),
        ("grant_type=client_credentials", "invalid_request"),
        ("client_id=sandbox", "invalid_request"),
        ("client_id=sandbox&client_id=sandbox", "invalid_request"),
        ("client_id=%zz", "invalid_request"),
        ("", "invalid_request"),
    ] {
        let (status, answer) = sandbox.request_token(form);
        assert_eq!((status, answer["error"].as_str()), (400, Some(error)), "{form}");
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
fn a_revoked_refresh_token_takes_all_of_its_sign_in_with_it() {
    let sandbox = Sandbox::start(&[]);
    let (_, tokens) = sandbox.request_token("grant_type=client_credentials&client_id=sandbox");
    let text = |name: &str| tokens[name].as_str().expect("a token");
    let other = sandbox.access_token();
    let revoke = |form: &str| sandbox.post("/revoke", form);

    assert_eq!(revoke("client_id=sandbox").error(), "invalid_request");
    assert_eq!(revoke("client_id=other&token=x").error(), "invalid_client");
    assert_eq!(revoke("client_id=sandbox&token=unknown").status, 200);
    let form = format!("client_id=sandbox&token={}", text("refresh_token"));
    let page = revoke(&form);
    assert_eq!((page.status, page.body.as_str()), (200, ""));
    assert_eq!(revoke(&form).status, 200, "gone is gone");

    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, text("access_token"))), "334");
    client.ask("", "535");
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &other)), "235");
}

#[test]
fn a_revoked_access_token_leaves_the_refresh_token() {
    let sandbox = Sandbox::start(&[]);
    let (_, tokens) = sandbox.request_token("grant_type=client_credentials&client_id=sandbox");
    let text = |name: &str| tokens[name].as_str().expect("a token");
    sandbox.post("/revoke", &format!("client_id=sandbox&token={}", text("access_token")));
    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, text("access_token"))), "334");
    client.ask("", "535");
    let (status, _) = sandbox.request_token(&format!(
        "grant_type=refresh_token&client_id=sandbox&refresh_token={}",
        text("refresh_token")
    ));
    assert_eq!(status, 200);
}

#[test]
fn the_token_command_prints_a_token_that_signs_in() {
    let sandbox = Sandbox::start(&[]);
    let url = sandbox.ready["token_url"].as_str().expect("token_url");
    let output = postrider().args(["token", "--url", url]).output().expect("it runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let token = printed.strip_suffix('\n').expect("one line");
    sandbox.greeted().ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");
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
        let output = postrider().args(["token", "--url", url]).output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && complaint.contains("must be http://127"),
            "{complaint}"
        );
        assert!(output.stdout.is_empty());
    }
}
