use super::*;
use crate::oauth::test_keys::mutated;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const NOW: i64 = 1_795_000_000;

fn token(claims: &Value) -> Secret {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    Secret::new(format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(&claims.to_string())))
}

fn need() -> Need<'static> {
    Need {
        service: Some(Service::ExchangeOnline),
        purpose: "SMTP",
        scope: "https://outlook.office.com/SMTP.Send",
        app_scope: Some("https://outlook.office365.com/.default"),
        role: Some("SMTP.SendAsApp"),
        user: Some("anna@example.org"),
        tenant: Some("t1"),
        now: NOW,
    }
}

fn good() -> Value {
    json!({
        "aud": "https://outlook.office.com", "scp": "IMAP.AccessAsUser.All SMTP.Send",
        "exp": NOW + 3000, "nbf": NOW - 300, "tid": "T1", "upn": "Anna@example.org",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn hints(claims: &Value) -> Vec<String> {
    inspect(&token(claims), &need()).unwrap().into_iter().map(|hint| hint.text).collect()
}

#[test]
fn there_is_nothing_to_say_about_the_right_token() {
    for audience in [
        "https://outlook.office.com",
        "https://outlook.office365.com/",
        "HTTPS://OUTLOOK.OFFICE.COM",
        "00000002-0000-0ff1-ce00-000000000000",
    ] {
        assert_eq!(hints(&with("aud", json!(audience))), [""; 0], "{audience}");
    }
    let app = json!({"aud": "https://outlook.office365.com", "roles": ["SMTP.SendAsApp"], "idtyp": "app"});
    assert_eq!(hints(&app), [""; 0]);
}

#[test]
fn a_token_for_a_known_other_service_is_wrong() {
    let sentence =
        "this token is for Microsoft Graph; SMTP needs https://outlook.office.com/SMTP.Send";
    for audience in [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
        "00000003-0000-0000-c000-000000000000",
    ] {
        let error = inspect(&token(&with("aud", json!(audience))), &need()).unwrap_err();
        assert_eq!((error.cause(), error.stage()), (Cause::TokenWrongAudience, Stage::Token));
        assert_eq!((error.status(), error.text()), (Status::Token, sentence));
    }
    let app = json!({"aud": "https://graph.microsoft.com", "roles": ["Mail.Send"]});
    let error = inspect(&token(&app), &need()).unwrap_err();
    assert!(error.text().ends_with("SMTP needs https://outlook.office365.com/.default"), "{error}");
    let error =
        inspect(&token(&with("aud", json!("https://vault.azure.net"))), &need()).unwrap_err();
    assert!(error.text().contains("Azure Key Vault"), "{error}");
}

#[test]
fn anything_else_is_a_hint() {
    for (name, value, hint) in [
        ("aud", json!("api://mine"), "the token is for api://mine; SMTP needs"),
        ("aud", json!(["https://graph.microsoft.com", "api://mine"]), "SMTP needs"),
        ("aud", Value::Null, "does not say what it is for"),
        ("aud", json!("https://graph.microsoft.com.example.org"), "SMTP needs"),
        ("scp", json!("Mail.Send openid"), "lacks the permission SMTP.Send"),
        ("scp", json!("XSMTP.Send"), "lacks the permission SMTP.Send"),
        ("exp", json!(NOW - 5), "expired 5 s ago"),
        ("nbf", json!(NOW + 7), "becomes valid in 7 s"),
        ("tid", json!("t2"), "of the tenant t2 and not of t1"),
        ("upn", json!("bob@example.org"), "that of bob@example.org and not of anna@example.org"),
    ] {
        let found = hints(&with(name, value.clone()));
        assert!(matches!(&found[..], [one] if one.contains(hint)), "{name} {value}: {found:?}");
    }
    let role_less = json!({"aud": "https://outlook.office365.com", "idtyp": "app"});
    assert!(hints(&role_less)[0].contains("lacks the role SMTP.SendAsApp"));
    let both = with("aud", json!(["https://graph.microsoft.com", "https://outlook.office.com"]));
    assert_eq!(hints(&both), [""; 0]);
}

#[test]
fn what_cannot_be_read_or_is_for_a_server_of_ones_own_is_not_judged() {
    for opaque in ["EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA", "ya29.x", "", "a.b.c", "a.b.c.d.e"] {
        assert_eq!(inspect(&Secret::new(opaque), &need()).unwrap(), []);
    }
    let graph = token(&with("aud", json!("https://graph.microsoft.com")));
    assert_eq!(inspect(&graph, &Need { service: None, ..need() }).unwrap(), []);
    assert_eq!(inspect(&token(&good()), &Need { user: None, tenant: None, ..need() }).unwrap(), []);
}

#[test]
fn what_a_token_says_stays_in_one_short_line() {
    let long = format!("x\r\ny{}", "z".repeat(5_000));
    let found = hints(&with("aud", json!(long)));
    assert!(found[0].len() < 300 && !found[0].contains('\n'), "{found:?}");
}

#[test]
fn every_audience_of_the_table_is_found_once() {
    for (audience, service) in AUDIENCES {
        assert_eq!(service_of(audience), Some(*service));
        assert_eq!(
            AUDIENCES.iter().filter(|(other, _)| other == audience).count(),
            1,
            "{audience}"
        );
        assert!(!audience.ends_with('/'));
    }
}

#[test]
fn any_token_is_looked_at_without_harm() {
    let seed = good().to_string();
    for turn in 0..5_000 {
        let changed = mutated(seed.as_bytes(), turn);
        let token =
            format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(changed));
        let _ = inspect(&Secret::new(token), &need());
    }
}
