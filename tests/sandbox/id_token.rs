//! Id tokens say who signed in, and their signature holds.

use crate::harness::Sandbox;
use crate::login::sign_in;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

fn json(part: &str) -> Value {
    serde_json::from_slice(&decode(part)).expect("JSON")
}

/// The claims of a token whose signature was checked with the key that `/jwks` shows.
fn claims(sandbox: &Sandbox, token: &Value) -> Value {
    let token = token.as_str().expect("an id token");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let header = json(header);
    assert_eq!(header["alg"], "ES256");

    let keys = sandbox.get("/jwks").json();
    let keys = keys["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key");
    assert!(key["kty"] == "EC" && key["crv"] == "P-256" && key["d"].is_null(), "{key}");
    let coordinate = |name: &str| decode(key[name].as_str().expect("a coordinate"));
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature))
        .expect("the signature");
    json(claims)
}

#[test]
fn an_id_token_says_who_signed_in() {
    let sandbox = Sandbox::start(&[]);
    let tokens = sign_in(&sandbox, "&scope=mail+openid+email+profile&nonce=n-1");
    let first = claims(&sandbox, &tokens["id_token"]);
    assert_eq!(first["iss"], sandbox.issuer());
    assert_eq!(first["aud"], "sandbox");
    assert_eq!(first["nonce"], "n-1");
    assert_eq!(first["email"], "anna@example.org");
    assert_eq!(first["preferred_username"], "anna@example.org");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let (issued, expires) = (first["iat"].as_u64().expect("iat"), first["exp"].as_u64());
    assert!(issued <= now && now - issued < 120, "{issued} at {now}");
    assert_eq!(expires, Some(issued + 3600));

    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    let (_, refreshed) = sandbox.request_token(&format!(
        "grant_type=refresh_token&client_id=sandbox&refresh_token={token}"
    ));
    let second = claims(&sandbox, &refreshed["id_token"]);
    assert_eq!(second["nonce"], Value::Null);
    for name in ["iss", "sub", "aud", "email"] {
        assert_eq!(second[name], first[name], "{name}");
    }
}

#[test]
fn a_program_that_asks_for_itself_gets_no_id_token() {
    let sandbox = Sandbox::start(&[]);
    let (status, tokens) =
        sandbox.request_token("grant_type=client_credentials&client_id=sandbox&scope=openid");
    assert_eq!(status, 200);
    assert_eq!(tokens["scope"], "mail");
    assert_eq!(tokens["id_token"], Value::Null);
}
