use super::*;
use crate::oauth::test_keys::{keys, mutated, run};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::json;
use std::fs;

fn key(name: &str) -> Option<SigningKey> {
    let pem = fs::read(keys()?.join(name)).unwrap();
    Some(SigningKey::from_pem(&pem).unwrap())
}

fn parts(token: &Secret) -> (Vec<u8>, Vec<u8>, Value) {
    let text = std::str::from_utf8(token.bytes()).unwrap();
    let (message, signature) = text.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let header = serde_json::from_slice(&decode(header)).unwrap();
    (message.as_bytes().to_vec(), decode(signature), header)
}

#[test]
fn signatures_are_those_of_the_key() {
    let ways: [(&str, Algorithm, &'static dyn VerificationAlgorithm); 4] = [
        ("rsa.pem", Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
        ("rsa.pem", Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
        ("rsa1.pem", Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
        ("ec.pem", Algorithm::Es256, &ECDSA_P256_SHA256_FIXED),
    ];
    for (file, algorithm, verification) in ways {
        let Some(key) = key(file) else { return };
        let claims = json!({"iss": "me", "exp": 12});
        let token = sign(&key, algorithm, &[("kid", "k1")], &claims).unwrap();
        let (message, signature, header) = parts(&token);
        let public = UnparsedPublicKey::new(verification, key.public_key());
        public.verify(&message, &signature).unwrap();
        let expected = json!({"alg": algorithm.name(), "typ": "JWT", "kid": "k1"});
        assert_eq!(header, expected, "{file}");
        assert_eq!(Value::Object(super::claims(token.bytes()).unwrap()), claims);
    }
}

#[test]
fn openssl_finds_the_signatures_right() {
    let Some(key) = key("rsa.pem") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::copy(keys().unwrap().join("rsa.pub"), folder.path().join("rsa.pub")).unwrap();
    for (algorithm, options) in [
        (Algorithm::Rs256, ""),
        (Algorithm::Ps256, "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"),
    ] {
        let (message, signature, _) = parts(&sign(&key, algorithm, &[], &json!({})).unwrap());
        fs::write(folder.path().join("message"), message).unwrap();
        fs::write(folder.path().join("signature"), signature).unwrap();
        let verify = "dgst -sha256 -verify rsa.pub -signature signature";
        run(folder.path(), &format!("{verify} {options} message"));
    }
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    let Some(folder) = keys() else { return };
    let here = tempfile::tempdir().unwrap();
    let rsa = folder.join("rsa.pem");
    run(here.path(), &format!("pkcs8 -topk8 -in {} -passout pass:x -out e.pem", rsa.display()));
    run(here.path(), "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.pem");
    run(here.path(), "ecparam -name prime256v1 -genkey -noout -out sec1.pem");
    let made = |name: &str| fs::read(here.path().join(name)).unwrap();
    let cut = fs::read(&rsa).unwrap();
    for (pem, why) in [
        (made("e.pem"), "protected by a password"),
        (made("small.pem"), "TooSmall"),
        (made("sec1.pem"), "PKCS#8"),
        (fs::read(folder.join("rsa.crt")).unwrap(), "no private key"),
        (cut[..cut.len() / 2].to_vec(), "no private key"),
        (Vec::new(), "no private key"),
    ] {
        let error = SigningKey::from_pem(&pem).unwrap_err();
        assert_eq!(error.cause(), Cause::PrivateKeyInvalid);
        assert!(error.text().contains(why), "{error}");
    }
    let rsa = key("rsa.pem").unwrap();
    assert!(sign(&rsa, Algorithm::Es256, &[], &json!({})).is_err());
    assert_eq!(format!("{rsa:?}"), "SigningKey(RSA)");
}

fn token(header: &str, claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", encode(header), encode(claims))
}

#[test]
fn claims_are_read_of_jwts_and_of_nothing_else() {
    let good = token(r#"{"alg":"RS256"}"#, r#"{"aud":["a","b"],"exp":"12.5","iat":3,"x":""}"#);
    let read = claims(good.as_bytes()).unwrap();
    assert_eq!(texts(&read, "aud"), ["a", "b"]);
    assert_eq!(
        (moment(&read, "exp"), moment(&read, "iat"), moment(&read, "x")),
        (Some(12), Some(3), None)
    );
    assert_eq!((text(&read, "x"), text(&read, "exp")), (None, Some("12.5")));
    assert!(claims(format!(" {good}\r\n").as_bytes()).is_some());
    let padded = good.split('.').map(|part| format!("{part}==")).collect::<Vec<_>>().join(".");
    assert!(claims(padded.as_bytes()).is_some());
    for other in [
        "",
        ".",
        "..",
        "a.b.c",
        "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
        "ya29.a0AfH6SMB.x",
        &token("[]", "{}"),
        &token("{}", "[]"),
        &token("{}", "nul"),
        &format!("{good}.x.y"),
        &token("{}", &"[".repeat(10_000)),
        &"x".repeat(LONGEST_TOKEN + 1),
    ] {
        assert!(claims(other.as_bytes()).is_none(), "{other:.60}");
    }
}

#[test]
fn any_token_is_read_without_harm() {
    let good = token(r#"{"alg":"RS256"}"#, r#"{"aud":["a","b"],"exp":1e300,"iat":-1,"tid":{}}"#);
    for turn in 0..20_000 {
        if let Some(read) = claims(&mutated(good.as_bytes(), turn)) {
            for name in ["aud", "exp", "iat", "tid"] {
                let _ = (moment(&read, name), text(&read, name), texts(&read, name));
            }
        }
        // The text within is also changed where it stays base64.
        let inner = mutated(br#"{"aud":["a","b"],"exp":1e300,"iat":-1,"tid":{}}"#, turn);
        let _ = claims(token("{}", &String::from_utf8_lossy(&inner)).as_bytes());
    }
}
