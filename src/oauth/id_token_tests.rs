use super::*;
use crate::oauth::test_keys::mutated;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const NOW: i64 = 1_795_000_000;
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const COMMON: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";

fn token(claims: &Value) -> Secret {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    Secret::new(format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(&claims.to_string())))
}

fn claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aud": "client", "sub": "s", "oid": "o", "tid": TENANT, "nonce": "n1", "name": "Anna",
        "exp": NOW + 3600, "iat": NOW, "nbf": NOW, "preferred_username": "anna@example.org",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn validated(claims: &Value) -> Result<Identity> {
    let nonce = Secret::new("n1");
    let expected = Expected {
        issuer: COMMON,
        client_id: "client",
        nonce: Some(&nonce),
        subject: None,
        now: NOW,
    };
    validate(&token(claims), &expected)
}

#[test]
fn who_signed_in_comes_out() {
    let found = validated(&claims()).unwrap();
    let some = |text: &str| Some(text.to_owned());
    let expected = Identity {
        address: some("anna@example.org"),
        user_name: some("anna@example.org"),
        name: some("Anna"),
        subject: "s".into(),
        object_id: some("o"),
        tenant: some(TENANT),
    };
    assert_eq!(found, expected);
}

#[test]
fn the_address_is_the_one_to_send_with() {
    let address = |name: &str, value: Value| validated(&with(name, value)).unwrap().address;
    assert_eq!(address("email", json!("mail@example.org")).as_deref(), Some("mail@example.org"));
    assert_eq!(address("preferred_username", json!("+49123")), None);
    assert_eq!(address("email", json!(7)).as_deref(), Some("anna@example.org"));
    for unverified in [json!(false), json!("false")] {
        let mut claims = with("email", json!("mail@example.org"));
        claims["email_verified"] = unverified;
        assert_eq!(validated(&claims).unwrap().address.as_deref(), Some("anna@example.org"));
    }
    // oauth.md §2.2: SMTP refuses the alias of a personal account.
    let mut personal = with("email", json!("alias@outlook.example"));
    personal["tid"] = json!(PERSONAL_TENANT.to_uppercase());
    personal["iss"] = json!(format!("https://login.microsoftonline.com/{PERSONAL_TENANT}/v2.0"));
    let found = validated(&personal).unwrap();
    assert_eq!(found.address.as_deref(), Some("anna@example.org"));
}

#[test]
fn the_issuer_is_the_expected_one() {
    for (issuer, expected, tenant, right) in [
        ("https://a/x/v2.0", "https://a/x/v2.0", None, true),
        ("https://a/x/v2.0/", "https://a/x/v2.0", None, false),
        ("https://A/x/v2.0", "https://a/x/v2.0", None, false),
        ("accounts.google.com", "https://accounts.google.com", None, true),
        ("https://accounts.google.com", "https://accounts.google.com", None, true),
        ("accounts.google.com.evil", "https://accounts.google.com", None, false),
        (&COMMON.replace("{tenantid}", TENANT), COMMON, Some(TENANT), true),
        (&COMMON.replace("{tenantid}", TENANT), COMMON, None, false),
        (&COMMON.replace("{tenantid}", PERSONAL_TENANT), COMMON, Some(TENANT), false),
        (COMMON, COMMON, Some("{tenantid}"), false),
        (&COMMON.replace("{tenantid}", "x"), COMMON, Some("x"), false),
        ("https://evil/v2.0", COMMON, Some(TENANT), false),
        (&COMMON.replace("/{tenantid}/v2.0", TENANT), COMMON, Some(TENANT), false),
    ] {
        assert_eq!(is_issuer(issuer, expected, tenant), right, "{issuer} {expected} {tenant:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (name, value, cause) in [
        ("iss", json!("https://evil"), Cause::IdTokenInvalid),
        ("iss", Value::Null, Cause::IdTokenInvalid),
        ("tid", json!(PERSONAL_TENANT), Cause::IdTokenInvalid),
        ("aud", json!("other"), Cause::IdTokenInvalid),
        ("aud", json!([]), Cause::IdTokenInvalid),
        ("aud", json!(["client", "other"]), Cause::IdTokenInvalid),
        ("azp", json!("other"), Cause::IdTokenInvalid),
        ("nonce", json!("n2"), Cause::IdTokenInvalid),
        ("nonce", Value::Null, Cause::IdTokenInvalid),
        ("sub", json!(""), Cause::IdTokenInvalid),
        ("exp", Value::Null, Cause::IdTokenInvalid),
        ("exp", json!(NOW - LEEWAY), Cause::ClockWrong),
        ("iat", json!(NOW + LEEWAY + 1), Cause::ClockWrong),
        ("nbf", json!(NOW + LEEWAY + 1), Cause::ClockWrong),
        ("exp", json!(-1e300), Cause::ClockWrong),
    ] {
        let error = validated(&with(name, value.clone())).unwrap_err();
        assert_eq!((error.cause(), error.stage()), (cause, Stage::Token), "{name}: {value}");
    }
    for (name, value) in [
        ("exp", json!(NOW - LEEWAY + 1)),
        ("exp", json!((NOW + 5).to_string())),
        ("exp", json!(1e300)),
        ("iat", json!(NOW + LEEWAY)),
        ("iat", Value::Null),
        ("aud", json!(["client"])),
        ("azp", json!("client")),
    ] {
        validated(&with(name, value)).unwrap();
    }
    let mut several = with("aud", json!(["client", "other"]));
    several["azp"] = json!("client");
    validated(&several).unwrap();
}

#[test]
fn on_a_refresh_there_is_no_nonce_and_the_same_user() {
    let token = token(&with("nonce", Value::Null));
    let at = |subject| {
        let expected =
            Expected { issuer: COMMON, client_id: "client", nonce: None, subject, now: NOW };
        validate(&token, &expected)
    };
    at(None).unwrap();
    at(Some("s")).unwrap();
    assert_eq!(at(Some("t")).unwrap_err().cause(), Cause::IdTokenInvalid);
}

#[test]
fn any_token_is_judged_without_harm_and_errors_quote_nothing_of_it() {
    let seed = claims().to_string();
    let nonce = Secret::new("n1");
    for turn in 0..5_000 {
        let changed = mutated(seed.as_bytes(), turn);
        let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let token = Secret::new(format!("{}.{}.c2ln", encode(b"{}"), encode(&changed)));
        let expected = Expected {
            issuer: COMMON,
            client_id: "client",
            nonce: Some(&nonce),
            subject: None,
            now: NOW,
        };
        if let Err(error) = validate(&token, &expected) {
            assert!(!format!("{error:?}").contains("anna"), "{error:?}");
        }
    }
}
