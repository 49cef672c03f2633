//! The device flow of RFC 8628: a code on the device, a page for the person, and a device that
//! asks again and again.

use crate::harness::{Page, Sandbox, USER, xoauth2};
use serde_json::Value;

pub fn invite(sandbox: &Sandbox) -> Value {
    let page = sandbox.post("/device_authorization", "client_id=sandbox&scope=mail+openid");
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()
}

/// Opens the device page as the device says and presses a button there.
pub fn press(sandbox: &Sandbox, invitation: &Value, decision: &str) -> Page {
    let url = invitation["verification_uri_complete"].as_str().expect("an address");
    let page = sandbox.get(url.strip_prefix(sandbox.issuer()).expect("an address here"));
    assert_eq!(page.status, 200);
    let user_code = page.input("user_code").expect("the code is filled in");
    assert_eq!(Some(user_code), invitation["user_code"].as_str());
    sandbox.post("/device", &format!("user_code={user_code}&address={USER}&decision={decision}"))
}

pub fn ask(sandbox: &Sandbox, invitation: &Value) -> (u16, Value) {
    let device_code = invitation["device_code"].as_str().expect("a code");
    sandbox.request_token(&format!(
        "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=sandbox\
         &device_code={device_code}"
    ))
}

fn error_of((status, answer): (u16, Value)) -> String {
    assert_eq!(status, 400, "{answer}");
    answer["error"].as_str().expect("an error").to_owned()
}

#[test]
fn a_device_that_is_let_in_gets_tokens_once() {
    let mut sandbox = Sandbox::start(&["--device-interval", "0"]);
    let invitation = invite(&sandbox);
    assert_eq!(invitation["interval"], 0);
    assert_eq!(invitation["expires_in"], 600);
    assert_eq!(invitation["verification_uri"], sandbox.ready["device_url"]);
    for _ in 0..3 {
        assert_eq!(error_of(ask(&sandbox, &invitation)), "authorization_pending");
    }
    let page = press(&sandbox, &invitation, "sign-in");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>Signed in</h1>"), "{}", page.body);

    let (status, tokens) = ask(&sandbox, &invitation);
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "mail openid");
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    let token = tokens["access_token"].as_str().expect("a token");
    sandbox.greeted().ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");

    assert_eq!(error_of(ask(&sandbox, &invitation)), "invalid_grant");
    assert_eq!(press(&sandbox, &invitation, "sign-in").status, 400, "the code was used");
    let (_, printed) = sandbox.stop();
    assert!(printed.contains("Device page: anna@example.org signed in"), "{printed}");
    for secret in [&invitation["device_code"], &invitation["user_code"], &tokens["access_token"]] {
        assert!(!printed.contains(secret.as_str().expect("text")), "{printed}");
    }
}

#[test]
fn a_refused_device_hears_access_denied() {
    let sandbox = Sandbox::start(&["--device-interval", "0"]);
    let invitation = invite(&sandbox);
    let page = press(&sandbox, &invitation, "refuse");
    assert!(page.body.contains("<h1>Refused</h1>"), "{}", page.body);
    for _ in 0..2 {
        assert_eq!(error_of(ask(&sandbox, &invitation)), "access_denied");
    }
    assert_eq!(press(&sandbox, &invitation, "sign-in").status, 400, "that was decided");
}

#[test]
fn a_device_that_asks_too_often_is_slowed_down() {
    let sandbox = Sandbox::start(&["--device-interval", "3600"]);
    let invitation = invite(&sandbox);
    assert_eq!(invitation["interval"], 3600);
    assert_eq!(error_of(ask(&sandbox, &invitation)), "authorization_pending");
    for interval in ["3605", "3610"] {
        let (_, answer) = ask(&sandbox, &invitation);
        assert_eq!(answer["error"], "slow_down");
        let pace = answer["error_description"].as_str().expect("the new interval");
        assert!(pace.contains(interval), "{pace}: each adds 5 seconds");
    }
    press(&sandbox, &invitation, "sign-in");
    assert_eq!(error_of(ask(&sandbox, &invitation)), "slow_down", "let in, but still too fast");
    let other = invite(&sandbox);
    assert_eq!(error_of(ask(&sandbox, &other)), "authorization_pending", "each for itself");
}

#[test]
fn an_invitation_expires_for_device_and_person() {
    let sandbox = Sandbox::start(&["--device-lifetime", "0"]);
    let invitation = invite(&sandbox);
    assert_eq!(invitation["expires_in"], 0);
    assert_eq!(error_of(ask(&sandbox, &invitation)), "expired_token");
    let page = press(&sandbox, &invitation, "sign-in");
    assert_eq!(page.status, 400);
    assert!(page.body.contains("No device waits with this code"), "{}", page.body);
}

#[test]
fn a_code_may_be_typed_carelessly_but_not_wrongly() {
    let sandbox = Sandbox::start(&["--device-interval", "0"]);
    let invitation = invite(&sandbox);
    let code = invitation["user_code"].as_str().expect("a code");
    let letters = |letter: u8| b"BCDFGHJKLMNPQRSTVWXZ".contains(&letter);
    let (left, right) = code.split_once('-').expect("two halves");
    assert!(left.len() == 4 && right.len() == 4 && (left.to_owned() + right).bytes().all(letters));

    assert_eq!(sandbox.get("/device").input("user_code"), Some(""));
    for wrong in ["", "AAAA-AAAA", left] {
        let page =
            sandbox.post("/device", &format!("user_code={wrong}&address={USER}&decision=sign-in"));
        assert_eq!(page.status, 400, "{wrong}");
        assert_eq!(page.input("user_code"), Some(wrong));
    }
    let careless = format!("+{}+{}", left.to_lowercase(), right.to_lowercase());
    let form = format!("user_code={careless}&address=anna@example.com&decision=sign-in");
    let page = sandbox.post("/device", &form);
    assert!(page.status == 400 && page.body.contains("Choose an address"), "{}", page.body);
    let form = format!("user_code={careless}&address={USER}&decision=sign-in");
    assert_eq!(sandbox.post("/device", &form).status, 200);
    assert_eq!(ask(&sandbox, &invitation).0, 200);
}

#[test]
fn the_endpoint_wants_its_client_and_known_scopes() {
    let sandbox = Sandbox::start(&[]);
    for (form, error) in [
        ("client_id=other", "invalid_client"),
        ("scope=mail", "invalid_request"),
        ("client_id=sandbox&scope=calendar", "invalid_scope"),
    ] {
        let page = sandbox.post("/device_authorization", form);
        assert_eq!((page.status, page.error().as_str()), (400, error), "{form}");
    }
    let unknown = serde_json::json!({ "device_code": "unknown" });
    assert_eq!(error_of(ask(&sandbox, &unknown)), "invalid_grant");
}
