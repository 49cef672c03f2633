//! The login page and the codes that it gives: RFC 6749 §4.1 with PKCE, form_post and RFC 9207.

use crate::harness::{Page, Sandbox, USER, xoauth2};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT_URI: &str = "http://127.0.0.1:9/back";

/// A request in order; what follows `&` is added.
pub fn authorize(more: &str) -> String {
    format!(
        "/authorize?client_id=sandbox&response_type=code&redirect_uri={REDIRECT_URI}&state=st-1\
         &code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
    )
}

/// Opens the login page and presses a button there.
pub fn press(sandbox: &Sandbox, target: &str, address: &str, decision: &str) -> Page {
    let page = sandbox.get(target);
    assert_eq!(page.status, 200, "{}", page.body);
    let request = page.input("request").expect("the number of the request");
    sandbox.post("/login", &format!("request={request}&address={address}&decision={decision}"))
}

/// A code for `anna@example.org`.
fn code(sandbox: &Sandbox, more: &str) -> String {
    press(sandbox, &authorize(more), USER, "sign-in").sent_back("code").expect("a code")
}

fn redeem_as(sandbox: &Sandbox, code: &str, redirect_uri: &str, verifier: &str) -> (u16, Value) {
    sandbox.request_token(&format!(
        "grant_type=authorization_code&client_id=sandbox&code={code}&redirect_uri={redirect_uri}\
         &code_verifier={verifier}"
    ))
}

pub fn redeem(sandbox: &Sandbox, code: &str) -> (u16, Value) {
    redeem_as(sandbox, code, REDIRECT_URI, VERIFIER)
}

/// The tokens of somebody who has signed in.
pub fn sign_in(sandbox: &Sandbox, more: &str) -> Value {
    let (status, tokens) = redeem(sandbox, &code(sandbox, more));
    assert_eq!(status, 200, "{tokens}");
    tokens
}

fn text<'json>(json: &'json Value, name: &str) -> &'json str {
    json[name].as_str().unwrap_or_else(|| panic!("{name} is missing"))
}

#[test]
fn signing_in_gives_a_code_and_the_code_gives_tokens() {
    let sandbox = Sandbox::start(&[]);
    let page = press(&sandbox, &authorize(""), "bob@example.org", "sign-in");
    assert_eq!(page.status, 303);
    assert!(page.header("Location").expect("an address").starts_with("http://127.0.0.1:9/back?"));
    assert_eq!(page.sent_back("state").as_deref(), Some("st-1"));
    assert_eq!(page.sent_back("iss").as_deref(), Some(sandbox.issuer()));
    assert_eq!(page.sent_back("error"), None);

    let (status, tokens) = redeem(&sandbox, &page.sent_back("code").expect("a code"));
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "mail");
    assert_eq!(tokens["id_token"], Value::Null, "nobody asked for openid");

    let mut client = sandbox.greeted();
    let response = xoauth2("Bob@example.org", text(&tokens, "access_token"));
    client.ask(&format!("AUTH XOAUTH2 {response}"), "235");
}

#[test]
fn a_token_opens_the_mailbox_of_who_signed_in_and_no_other() {
    let sandbox = Sandbox::start(&[]);
    let tokens = sign_in(&sandbox, "&scope=mail%20offline_access");
    let (_, refreshed) = sandbox.request_token(&format!(
        "grant_type=refresh_token&client_id=sandbox&refresh_token={}",
        text(&tokens, "refresh_token")
    ));
    assert_eq!(refreshed["scope"], "mail offline_access");
    for tokens in [&tokens, &refreshed] {
        let token = text(tokens, "access_token");
        let mut client = sandbox.greeted();
        client.ask(&format!("AUTH XOAUTH2 {}", xoauth2("bob@example.org", token)), "334");
        assert!(client.ask("", "535").contains("somebody else"));
        client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token)), "235");
    }
}

#[test]
fn a_token_without_the_scope_mail_opens_no_mailbox() {
    let sandbox = Sandbox::start(&[]);
    let tokens = sign_in(&sandbox, "&scope=openid");
    let mut client = sandbox.greeted();
    let response = xoauth2(USER, text(&tokens, "access_token"));
    client.ask(&format!("AUTH XOAUTH2 {response}"), "334");
    assert!(client.ask("", "535").contains("scope mail"));
}

#[test]
fn a_refresh_may_ask_for_less_and_not_for_more() {
    let sandbox = Sandbox::start(&[]);
    let tokens = sign_in(&sandbox, "&scope=mail%20offline_access");
    let refresh = |token: &str, scope: &str| {
        sandbox.request_token(&format!(
            "grant_type=refresh_token&client_id=sandbox&refresh_token={token}&scope={scope}"
        ))
    };
    let first = text(&tokens, "refresh_token");
    for more in ["mail%20openid", "nonsense"] {
        let (status, answer) = refresh(first, more);
        assert_eq!((status, text(&answer, "error")), (400, "invalid_scope"), "{more}");
    }
    let (status, less) = refresh(first, "mail");
    assert_eq!((status, text(&less, "scope")), (200, "mail"));
    let (_, all_again) = refresh(text(&less, "refresh_token"), "mail%20offline_access");
    assert_eq!(text(&all_again, "scope"), "mail offline_access");
}

#[test]
fn cancel_takes_back_access_denied() {
    let sandbox = Sandbox::start(&[]);
    let page = press(&sandbox, &authorize(""), "", "cancel");
    assert_eq!(page.status, 303);
    assert_eq!(page.sent_back("error").as_deref(), Some("access_denied"));
    assert_eq!(page.sent_back("state").as_deref(), Some("st-1"));
    assert_eq!(page.sent_back("iss").as_deref(), Some(sandbox.issuer()));
    assert_eq!(page.sent_back("code"), None);
}

#[test]
fn form_post_takes_the_answer_back_in_a_form() {
    let sandbox = Sandbox::start(&[]);
    let target = authorize("&response_mode=form_post");
    let page = press(&sandbox, &target, USER, "sign-in");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("Location"), None);
    assert!(page.body.contains(r#"<form method="post" action="http://127.0.0.1:9/back">"#));
    assert_eq!(page.input("state"), Some("st-1"));
    assert_eq!(page.input("iss"), Some(sandbox.issuer()));
    assert_eq!(redeem(&sandbox, page.input("code").expect("a code")).0, 200);
    assert!(page.body.contains(r#"<script src="/form_post.js" defer>"#));
    assert_eq!(sandbox.get("/form_post.js").status, 200);

    let page = press(&sandbox, &target, USER, "cancel");
    assert_eq!(page.input("error"), Some("access_denied"));
    assert_eq!(page.input("code"), None);
}

#[test]
fn a_wrong_verifier_is_refused_and_spends_the_code() {
    let sandbox = Sandbox::start(&[]);
    let too_short = &VERIFIER[1..];
    let challenge_of_too_short =
        URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, too_short.as_bytes()));
    for (challenge, verifier) in [
        (CHALLENGE, VERIFIER.replace('d', "e").as_str()),
        (CHALLENGE, CHALLENGE),
        (&challenge_of_too_short, too_short),
    ] {
        let target = authorize("").replace(CHALLENGE, challenge);
        let code = press(&sandbox, &target, USER, "sign-in").sent_back("code").expect("a code");
        let (status, answer) = redeem_as(&sandbox, &code, REDIRECT_URI, verifier);
        assert_eq!((status, text(&answer, "error")), (400, "invalid_grant"));
        assert!(text(&answer, "error_description").contains("code_verifier"), "{answer}");
        assert_eq!(redeem(&sandbox, &code).0, 400, "verifiers can be tried out");
    }
}

#[test]
fn another_redirect_uri_is_refused() {
    let sandbox = Sandbox::start(&[]);
    for uri in ["http://127.0.0.1:9/back/", "http://127.0.0.1:10/back", "http://localhost:9/back"] {
        let (status, answer) = redeem_as(&sandbox, &code(&sandbox, ""), uri, VERIFIER);
        assert_eq!((status, text(&answer, "error")), (400, "invalid_grant"), "{uri}");
        assert!(text(&answer, "error_description").contains("redirect_uri"), "{answer}");
    }
}

#[test]
fn a_code_that_comes_again_is_refused_and_takes_its_tokens_with_it() {
    let sandbox = Sandbox::start(&[]);
    let code = code(&sandbox, "");
    let (_, tokens) = redeem(&sandbox, &code);
    let other = sign_in(&sandbox, "");
    let (status, answer) = redeem(&sandbox, &code);
    assert_eq!((status, text(&answer, "error")), (400, "invalid_grant"));

    let mut client = sandbox.greeted();
    let response = xoauth2(USER, text(&tokens, "access_token"));
    client.ask(&format!("AUTH XOAUTH2 {response}"), "334");
    client.ask("", "535");
    let refresh = |tokens: &Value| {
        let token = text(tokens, "refresh_token");
        sandbox
            .request_token(&format!(
                "grant_type=refresh_token&client_id=sandbox&refresh_token={token}"
            ))
            .0
    };
    assert_eq!(refresh(&tokens), 400);
    assert_eq!(refresh(&other), 200, "another sign-in has nothing to do with it");
}

#[test]
fn a_code_expires() {
    let sandbox = Sandbox::start(&["--code-lifetime", "0"]);
    let (status, answer) = redeem(&sandbox, &code(&sandbox, ""));
    assert_eq!((status, text(&answer, "error")), (400, "invalid_grant"));
    assert!(text(&answer, "error_description").contains("expired"), "{answer}");
}

#[test]
fn a_code_comes_with_all_its_parameters_or_is_not_looked_at() {
    let sandbox = Sandbox::start(&[]);
    let code = code(&sandbox, "");
    let whole = format!("code={code}&redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}");
    for left_out in whole.split('&') {
        let rest: Vec<_> = whole.split('&').filter(|part| *part != left_out).collect();
        let (status, answer) = sandbox.request_token(&format!(
            "grant_type=authorization_code&client_id=sandbox&{}",
            rest.join("&")
        ));
        assert_eq!((status, text(&answer, "error")), (400, "invalid_request"), "{left_out}");
    }
    assert_eq!(redeem(&sandbox, &code).0, 200);
}

#[test]
fn what_is_wrong_with_a_request_goes_back_to_the_client() {
    let sandbox = Sandbox::start(&[]);
    let good = authorize("");
    let challenge = format!("&code_challenge={CHALLENGE}");
    for (target, error) in [
        (good.replace("response_type=code", "response_type=token"), "unsupported_response_type"),
        (good.replace("response_type=code", "response_type="), "invalid_request"),
        (good.replace(&challenge, ""), "invalid_request"),
        (good.replace("=S256", "=plain"), "invalid_request"),
        (good.replace("&code_challenge_method=S256", ""), "invalid_request"),
        (good.replace(CHALLENGE, "short"), "invalid_request"),
        (authorize("&scope=mail+calendar"), "invalid_scope"),
        (authorize("&response_mode=fragment"), "invalid_request"),
        (authorize("&prompt=none"), "login_required"),
    ] {
        let page = sandbox.get(&target);
        assert_eq!(page.status, 303, "{target}");
        assert_eq!(page.sent_back("error").as_deref(), Some(error), "{target}");
        assert_eq!(page.sent_back("state").as_deref(), Some("st-1"), "{target}");
        assert_eq!(page.sent_back("iss").as_deref(), Some(sandbox.issuer()), "{target}");
    }
}

#[test]
fn a_stranger_or_a_foreign_return_address_is_told_to_the_person_only() {
    let sandbox = Sandbox::start(&[]);
    let good = authorize("");
    let mut targets = vec![
        good.replace("client_id=sandbox", "client_id=other"),
        good.replace("client_id=sandbox", ""),
        authorize("&state=twice"),
        authorize("&scope=%zz"),
    ];
    for uri in [
        "",
        "https://127.0.0.1:9/back",
        "http://example.org/back",
        "http://127.0.0.1.example.org/back",
        "http://127.0.0.1@example.org/back",
        "http://127.0.0.1:9@example.org/back",
        "http://127.0.0.1:/back",
        "http://127.0.0.1:0/back",
        "http://127.0.0.1:%2B9/back",
        "http://127.0.0.1:65536/back",
        "http://127.0.0.1:9/back%23fragment",
        "http://127.0.0.1:9/%0D%0ASet-Cookie:a=b",
        "http://127.0.0.1%5C@example.org/",
        "http://[::2]:9/",
        "com.example.app:/back",
    ] {
        targets.push(good.replace(REDIRECT_URI, uri));
    }
    for target in targets {
        let page = sandbox.get(&target);
        assert_eq!(page.status, 400, "{target}");
        assert_eq!(page.header("Location"), None, "{target}");
        assert!(page.body.contains("This does not work"), "{target}");
    }
}

#[test]
fn every_loopback_address_with_any_port_and_path_is_a_return_address() {
    let sandbox = Sandbox::start(&[]);
    for uri in [
        "http://127.0.0.1",
        "http://127.0.0.1:65535/",
        "http://localhost:1/a/b.c",
        "http://[::1]:40000/back",
        "http://127.0.0.1:9/back%3Fmore=1",
    ] {
        let page = press(&sandbox, &authorize("").replace(REDIRECT_URI, uri), USER, "sign-in");
        let uri = uri.replace("%3F", "?");
        let location = page.header("Location").expect("an address");
        let next = location.strip_prefix(&uri).expect("the address as it was written");
        let separator = if uri.contains('?') { "&code=" } else { "?code=" };
        assert!(next.starts_with(separator), "{location}");
        let code = &next[separator.len()..].split('&').next().expect("a code");
        let uri = uri.replace('&', "%26");
        assert_eq!(redeem_as(&sandbox, code, &uri, VERIFIER).0, 200, "{uri}");
    }
}

#[test]
fn an_address_without_a_mailbox_is_asked_for_again() {
    let sandbox = Sandbox::start(&[]);
    let page = sandbox.get(&authorize("&login_hint=carol@example.org"));
    assert_eq!(page.input("address"), Some("carol@example.org"));
    let request = page.input("request").expect("a number").to_owned();
    for address in ["", "anna", "anna@example.com", "an%20na@example.org", "@example.org"] {
        let form = format!("request={request}&address={address}&decision=sign-in");
        let page = sandbox.post("/login", &form);
        assert_eq!(page.status, 400, "{address}");
        assert!(page.body.contains("Choose an address at example.org"), "{address}");
        assert_eq!(page.input("request"), Some(request.as_str()));
    }
    let form = format!("request={request}&address=+anna@example.org+&decision=sign-in");
    assert_eq!(sandbox.post("/login", &form).status, 303);
    // Back, and pressed once more.
    let page = sandbox.post("/login", &form);
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This sign-in is over"), "{}", page.body);
}
