use super::*;
use crate::oauth::jwt::claims;
use crate::oauth::test_keys::{keys, mutated};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use std::fs;

const SCOPE: &str = "https://mail.google.com/";

fn file() -> Option<Value> {
    let key = fs::read_to_string(keys()?.join("rsa.pem")).unwrap();
    Some(json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k1",
        "private_key": key,
        "client_email": "sender@p.iam.gserviceaccount.example",
        "client_id": "123",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    }))
}

fn read(file: &Value) -> Result<ServiceAccount> {
    ServiceAccount::from_json(file.to_string().as_bytes())
}

#[test]
fn an_assertion_says_what_google_asks_for() {
    let Some(file) = file() else { return };
    let account = read(&file).unwrap();
    assert_eq!(account.token_endpoint(), "https://oauth2.googleapis.com/token");
    let assertion = account.assertion(SCOPE, "anna@example.org", 1_000_000).unwrap();
    let said = Value::Object(claims(assertion.bytes()).unwrap());
    let expected = json!({
        "iss": "sender@p.iam.gserviceaccount.example",
        "sub": "anna@example.org",
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_000_000,
        "exp": 1_003_600,
    });
    assert_eq!(said, expected);
    let bytes = assertion.bytes();
    let dot = bytes.iter().rposition(|byte| *byte == b'.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, account.key.public_key());
    let signature = URL_SAFE_NO_PAD.decode(&bytes[dot + 1..]).unwrap();
    public.verify(&bytes[..dot], &signature).unwrap();
    let header = bytes.split(|byte| *byte == b'.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
}

#[test]
fn it_cannot_send_for_personal_accounts() {
    let Some(file) = file() else { return };
    let account = read(&file).unwrap();
    for domain in ["gmail.com", "GoogleMail.com"] {
        let user = &format!("anna@{domain}");
        let error = account.assertion(SCOPE, user, 0).unwrap_err();
        assert_eq!(error.cause(), Cause::ServiceAccountPersonal);
    }
    assert_eq!(account.assertion(SCOPE, "anna", 0).unwrap_err().status(), Status::InvalidArgument);
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    let Some(file) = file() else { return };
    let changed = |name: &str, value: Value| {
        let mut file = file.clone();
        file[name] = value;
        file
    };
    for (other, why) in [
        (json!({"installed": {"client_id": "x", "client_secret": "SECRET"}}), "OAuth client"),
        (json!({"type": "authorized_user", "refresh_token": "SECRET"}), "sign-in of a user"),
        (json!({"type": "external_account"}), "\"type\""),
        (json!([]), "no JSON object"),
        (changed("client_email", Value::Null), "client_email"),
        (changed("private_key", json!(7)), "private_key"),
        (changed("token_uri", json!("http://example.org/token")), "https"),
        (changed("token_uri", json!("http://localhost.example.org/token")), "https"),
        (changed("token_uri", json!("http://localhost:1@example.org/token")), "https"),
        (changed("token_uri", json!("ftp://x")), "https"),
    ] {
        let error = read(&other).unwrap_err();
        assert_eq!(error.cause(), Cause::ServiceAccountInvalid, "{other}");
        assert!(error.text().contains(why), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }
    let error = read(&changed("private_key", json!("SECRET"))).unwrap_err();
    assert_eq!(error.cause(), Cause::PrivateKeyInvalid);
    for text in [
        "",
        "{",
        "{\"type\":\"service_account\",\"private_key\":\"SECRET",
        &" ".repeat(LARGEST_FILE + 1),
    ] {
        let error = ServiceAccount::from_json(text.as_bytes()).unwrap_err();
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }
    let mut marked = b"\xEF\xBB\xBF".to_vec();
    marked.extend(changed("token_uri", json!("http://127.0.0.1:80/t")).to_string().bytes());
    assert_eq!(
        ServiceAccount::from_json(&marked).unwrap().token_endpoint(),
        "http://127.0.0.1:80/t"
    );
}

#[test]
fn nothing_secret_is_printed() {
    let Some(file) = file() else { return };
    let printed = format!("{:?}", read(&file).unwrap());
    assert!(printed.contains("SigningKey(RSA)") && !printed.contains("PRIVATE"), "{printed}");
}

#[test]
fn any_file_is_read_without_harm() {
    let Some(file) = file() else { return };
    let file = file.to_string();
    for turn in 0..2_000 {
        let _ = ServiceAccount::from_json(&mutated(file.as_bytes(), turn));
    }
}
