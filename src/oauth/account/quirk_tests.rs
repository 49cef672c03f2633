//! What real providers answer that no standard server does (oauth.md §1.12, §4, §5.7), from the
//! socket to the error that the program gets.

use super::tests::{Endpoint, expire, kept, ok};
use super::*;
use crate::error::{Cause, Retry, Status};
use crate::oauth::jwt::claims;
use crate::oauth::scripted::{Server, read_request, read_to_end};
#[cfg(unix)]
use crate::oauth::test_keys::keys;
use std::io::Write as _;

const USER: &str = "anna@example.org";

/// Who asks for a token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    /// A program for a person who signed in long ago.
    Person,
    /// A person at another device, a second from now.
    Device,
    App,
}
use Who::{App, Device, Person};

struct Row {
    provider: &'static str,
    who: Who,
    /// Status line and further fields of the head.
    head: &'static str,
    body: &'static str,
    /// How often it is asked: three times where that may help, and nobody has to wait long.
    requests: usize,
    found: (Status, Cause, Retry),
    /// A part of the error's text.
    text: &'static str,
}

const BAD: &str = "400 Bad Request\r\nContent-Type: application/json";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { provider: "microsoft", who: Person, head: BAD, requests: 1,
        body: r#"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity.","error_codes":[700082],"suberror":"bad_token","trace_id":"t-1"}"#,
        found: (Status::NeedsSignIn, Cause::NeedsSignInInactive, Retry::No), text: "AADSTS700082" },
    Row { provider: "microsoft", who: Person, head: BAD, requests: 1,
        body: r#"{"error":"interaction_required","error_description":"AADSTS50076: Due to a configuration change you must use multi-factor authentication.","error_codes":[50076]}"#,
        found: (Status::NeedsSignIn, Cause::NeedsSignInMfa, Retry::No), text: "AADSTS50076" },
    Row { provider: "microsoft", who: App, head: "401 Unauthorized\r\nContent-Type: application/json", requests: 1,
        body: r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#,
        found: (Status::Token, Cause::AppSecretWrong, Retry::No), text: "AADSTS7000215" },
    Row { provider: "microsoft", who: Device, head: BAD, requests: 1,
        body: r#"{"error":"authorization_declined","error_description":"AADSTS70018: declined"}"#,
        found: (Status::NeedsSignIn, Cause::SignInDeclined, Retry::No), text: "authorization_declined" },
    Row { provider: "google", who: Person, head: BAD, requests: 1,
        body: r#"{"error":"invalid_request","error_description":"client_secret is missing."}"#,
        found: (Status::Token, Cause::AppSecretMissing, Retry::No), text: "client_secret is missing" },
    Row { provider: "google", who: Person, head: BAD, requests: 1,
        body: r#"{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}"#,
        found: (Status::NeedsSignIn, Cause::NeedsSignInFrequency, Retry::No), text: "invalid_rapt" },
    Row { provider: "google", who: Person, head: "502 Bad Gateway\r\nContent-Type: text/html", requests: 3,
        body: "<html><head><title>Error 502 (Server Error)!!1</title></head></html>",
        found: (Status::Token, Cause::ProviderBusy, Retry::Later), text: "\"Error 502 (Server Error)!!1\"" },
    Row { provider: "yahoo", who: Person, head: "429 Too Many Requests\r\nRetry-After: 60", requests: 1, body: "",
        found: (Status::Token, Cause::TooManyTokenRequests, Retry::Later), text: "429" },
    Row { provider: "yahoo", who: Person, head: "302 Found\r\nLocation: https://proxy.example/login?back=1", requests: 1, body: "",
        found: (Status::Token, Cause::TokenEndpointMoved, Retry::No), text: "https://proxy.example/login," },
    Row { provider: "custom", who: Person, head: "200 OK\r\nContent-Type: text/html", requests: 1,
        body: "<html><title>Welcome to the hotel</title>",
        found: (Status::Token, Cause::TokenResponseInvalid, Retry::No), text: "\"Welcome to the hotel\"" },
    Row { provider: "custom", who: Person, head: "200 OK\r\nContent-Type: application/json", requests: 1,
        body: r#"{"error":"invalid_grant"}"#,
        found: (Status::NeedsSignIn, Cause::NeedsSignInExpired, Retry::No), text: "invalid_grant" },
];

fn account_at(endpoint: &Endpoint, provider: &str) -> Account {
    let at = |path: &str| format!("http://127.0.0.1:{}/{path}", endpoint.port);
    let json = serde_json::json!({
        provider: { "endpoints": { "token": at("token"), "device": at("device") } }
    });
    let account = Account::new(provider, Some(&json.to_string())).unwrap();
    account.set_client("desktop", None).unwrap();
    account.set_user(USER).unwrap();
    account
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[test]
fn each_answer_becomes_the_error_that_says_what_to_do() {
    for row in ROWS {
        let endpoint = Endpoint::start(3600);
        let account = account_at(&endpoint, row.provider);
        let store = Store::memory();
        account.set_store(store.clone());
        account.set_refresh_token("refresh-0").unwrap();
        let text = answer(row.head, row.body);
        let mut before = 0;
        let error = match row.who {
            Person => {
                endpoint.answer_with(&[text.as_str(); 3]);
                account.access_token().unwrap_err()
            }
            App => {
                endpoint.answer_with(&[text.as_str()]);
                account.set_client("service", Some("secret")).unwrap();
                account.set_tenant("contoso.example").unwrap();
                account.use_client_credentials().unwrap();
                account.access_token().unwrap_err()
            }
            Device => {
                let code = r#"{"device_code":"device-code","user_code":"A-B","interval":1,
                    "verification_uri":"https://id.example/device"}"#;
                endpoint.answer_with(&[ok(code).as_str(), text.as_str()]);
                let mut sign_in = account.begin_device_sign_in().unwrap();
                before = 1;
                sign_in.wait().unwrap_err()
            }
        };
        let found = (error.status(), error.cause(), error.retry());
        assert_eq!(found, row.found, "{} {}: {error}", row.provider, row.body);
        assert!(error.text().contains(row.text), "{error}");
        assert_eq!(endpoint.requests() - before, row.requests, "{error}");
        if row.who != App {
            let kept = kept(&account, &store).refresh_token;
            assert_eq!(kept, Some(Secret::new("refresh-0")), "a failure blanks nothing");
        }
    }
}

/// A text for `expires_in`, a mark before the JSON, no new refresh token, no `token_type`.
#[test]
fn good_answers_are_good_however_they_are_written() {
    let endpoint = Endpoint::start(3600);
    let account = account_at(&endpoint, "microsoft");
    let store = Store::memory();
    account.set_store(store.clone());
    account.set_refresh_token("refresh-0").unwrap();
    let good = ok("\u{FEFF}{\"access_token\":\"access\",\"expires_in\":\"3599\"}");
    endpoint.answer_with(&[good.as_str(), good.as_str()]);
    assert_eq!(account.access_token().unwrap().text(), "access");
    let entry = kept(&account, &store);
    assert_eq!(entry.expires_at.unwrap() - entry.obtained_at.unwrap(), 3599);
    expire(&account, &store);
    account.access_token().unwrap();
    assert_eq!(endpoint.requests(), 2);
    assert!(endpoint.last_request().contains("refresh_token=refresh-0&"), "the old one stays good");
}

#[test]
fn the_wrong_kind_of_microsoft_account_is_asked_for_at_the_right_place() {
    let endpoint = Endpoint::start(3600);
    let account = account_at(&endpoint, "microsoft");
    account.set_refresh_token("refresh-0").unwrap();
    let elsewhere = answer(
        BAD,
        r#"{"error":"invalid_request","error_description":"AADSTS9002331: Please use the /consumers endpoint","error_codes":[9002331]}"#,
    );
    endpoint.answer_with(&[elsewhere.as_str()]);
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    assert_eq!(endpoint.requests(), 2);
}

// The key is made by openssl.
#[cfg(unix)]
#[test]
fn a_service_account_of_google_signs_in_unless_the_clock_is_wrong() {
    let Some(keys) = keys() else { return };
    let endpoint = Endpoint::start(3600);
    let account = account_at(&endpoint, "google");
    let file = serde_json::json!({
        "type": "service_account",
        "private_key_id": "k1",
        "private_key": std::fs::read_to_string(keys.join("rsa.pem")).unwrap(),
        "client_email": "sender@p.iam.gserviceaccount.example",
        "token_uri": format!("http://127.0.0.1:{}/token", endpoint.port),
    });
    account.use_service_account(file.to_string().as_bytes()).unwrap();
    let assertion = || {
        let request = endpoint.last_request();
        let (head, assertion) = request.split_once("&assertion=").unwrap();
        assert!(head.ends_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"));
        assertion.to_owned()
    };
    let wrong = answer(
        BAD,
        r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}"#,
    );
    endpoint.answer_with(&[wrong.as_str()]);
    let error = account.access_token().unwrap_err();
    let found = (error.status(), error.cause(), error.retry());
    assert_eq!(found, (Status::Token, Cause::ClockWrong, Retry::No), "{error}");
    assert_eq!(endpoint.requests(), 1);
    assert!(!format!("{error:?}").contains(&assertion()));

    endpoint.answer_with(&[ok(r#"{"access_token":"ya29.x","expires_in":3599}"#).as_str()]);
    let token = account.access_token().unwrap();
    assert_eq!((token.text(), token.user.as_deref()), ("ya29.x", Some(USER)));
    let said = claims(assertion().as_bytes()).unwrap();
    let now = fresh::seconds(SystemTime::now());
    assert!((said["iat"].as_i64().unwrap() - now).abs() < 60, "{said:?}");
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 3600);
    assert_eq!(said["sub"], USER);
}

#[test]
fn without_a_refresh_token_the_sign_in_lasts_as_long_as_its_token() {
    let endpoint = Endpoint::start(3600);
    let account = account_at(&endpoint, "microsoft");
    let store = Store::memory();
    account.set_store(store.clone());
    let code = r#"{"device_code":"device-code","user_code":"A-B","interval":1,
        "verification_uri":"https://id.example/device"}"#;
    let token = ok(r#"{"access_token":"only-one","expires_in":3600}"#);
    endpoint.answer_with(&[ok(code).as_str(), token.as_str()]);
    account.begin_device_sign_in().unwrap().wait().unwrap();
    assert_eq!(account.access_token().unwrap().text(), "only-one");
    expire(&account, &store);
    let error = account.access_token().unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, Cause::NeedsSignIn));
    assert!(error.text().contains("there is no refresh token"), "{error}");
    assert_eq!(endpoint.requests(), 2, "nobody was asked in vain");
}

/// The body begins and never ends.
#[test]
fn a_slow_answer_meets_the_deadline_of_the_account() {
    let server = Server::start(|mut stream| {
        read_request(&stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").unwrap();
        read_to_end(&stream);
    });
    let json =
        serde_json::json!({ "custom": { "endpoints": { "token": server.address.as_str() } } });
    let account = Account::new("custom", Some(&json.to_string())).unwrap();
    account.set_client("desktop", None).unwrap();
    account.set_refresh_token("refresh-0").unwrap();
    account.set_timeout(Duration::from_millis(300)).unwrap();
    assert_eq!(account.access_token().unwrap_err().status(), Status::Timeout);
    server.end();
}

/// All of Google's ends of a sign-in look the same.
#[test]
fn how_old_the_sign_in_is_tells_why_it_ended() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    for (days, cause) in [
        (1, Cause::NeedsSignInRevoked),
        (8, Cause::NeedsSignInGoogleTesting),
        (200, Cause::NeedsSignInInactive),
    ] {
        let endpoint = Endpoint::start(3600);
        endpoint.answer_with(&[answer(BAD, r#"{"error":"invalid_grant"}"#).as_str()]);
        let account = account_at(&endpoint, "google");
        account.set_refresh_token("r").unwrap();
        account.set_sign_in_age_for_tests(DAY * days);
        assert_eq!(account.access_token().unwrap_err().cause(), cause, "{days} days");
    }
}

#[test]
fn the_advice_names_the_tenant_and_the_place_where_tokens_are_asked_for() {
    let unknown = r#"{"error":"invalid_request","error_description":"AADSTS90002: no"}"#;
    let endpoint = Endpoint::start(3600);
    endpoint.answer_with(&[answer(BAD, unknown).as_str()]);
    let account = account_at(&endpoint, "microsoft");
    account.set_tenant("contoso.example").unwrap();
    account.set_refresh_token("r").unwrap();
    let advice = account.access_token().unwrap_err().advice();
    assert!(advice.contains("contoso.example"), "{advice}");

    let port = endpoint.port;
    drop(endpoint);
    let error = account.access_token().unwrap_err();
    assert_eq!(error.cause(), Cause::ConnectionRefused);
    assert!(error.advice().contains("127.0.0.1"), "{}", error.advice());
    assert!(error.advice().contains(&port.to_string()), "{}", error.advice());
}
