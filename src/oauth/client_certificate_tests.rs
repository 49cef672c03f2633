use super::*;
use crate::oauth::jwt::claims;
use crate::oauth::test_keys::{keys, run};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use std::fs;

const ENDPOINT: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/token";

fn file(name: &str) -> Option<Vec<u8>> {
    Some(fs::read(keys()?.join(name)).unwrap())
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs() as i64
}

fn header(assertion: &Secret) -> Value {
    let header = assertion.bytes().split(|byte| *byte == b'.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

/// What openssl says of the certificate.
fn thumbprint(hash: &str) -> String {
    let here = tempfile::tempdir().unwrap();
    let certificate = keys().unwrap().join("rsa.crt");
    run(here.path(), &format!("x509 -in {} -outform DER -out c.der", certificate.display()));
    run(here.path(), &format!("dgst -{hash} -binary -out print c.der"));
    URL_SAFE_NO_PAD.encode(fs::read(here.path().join("print")).unwrap())
}

#[test]
fn an_assertion_says_what_microsoft_asks_for() {
    let (Some(key), Some(certificate)) = (file("rsa.pem"), file("rsa.crt")) else { return };
    let client = ClientCertificate::from_pem(&key, &certificate).unwrap();
    let now = now();
    let first = client.assertion(Thumbprint::Sha256, ENDPOINT, "client", now).unwrap();
    let expected =
        serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint("sha256")});
    assert_eq!(header(&first), expected);
    let said = claims(first.bytes()).unwrap();
    assert_eq!((said["aud"].as_str(), said["iss"].as_str()), (Some(ENDPOINT), Some("client")));
    assert_eq!(said["sub"].as_str(), Some("client"));
    assert_eq!((said["nbf"].as_i64(), said["exp"].as_i64()), (Some(now), Some(now + 600)));
    let second = client.assertion(Thumbprint::Sha1, ENDPOINT, "client", now).unwrap();
    let expected = serde_json::json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint("sha1")});
    assert_eq!(header(&second), expected);
    assert_ne!(claims(second.bytes()).unwrap()["jti"], said["jti"], "used twice");

    let public = client.key.public_key();
    for (assertion, verified) in [
        (&first, UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)),
        (&second, UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)),
    ] {
        let bytes = assertion.bytes();
        let dot = bytes.iter().rposition(|byte| *byte == b'.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(&bytes[dot + 1..]).unwrap();
        verified.verify(&bytes[..dot], &signature).unwrap();
    }
    assert_eq!(format!("{first:?}"), "***");
}

#[test]
fn an_assertion_has_an_id_like_a_guid() {
    let id = random_uuid().unwrap();
    let lengths: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
    assert_ne!(id, random_uuid().unwrap());
}

#[test]
fn elliptic_keys_sign_too() {
    let (Some(key), Some(certificate)) = (file("ec.pem"), file("ec.crt")) else { return };
    let client = ClientCertificate::from_pem(&key, &certificate).unwrap();
    let assertion = client.assertion(Thumbprint::Sha256, ENDPOINT, "client", now()).unwrap();
    assert_eq!(header(&assertion)["alg"], "ES256");
}

#[test]
fn of_several_certificates_the_one_of_the_key_counts() {
    let (Some(key), Some(own), Some(other)) = (file("rsa.pem"), file("rsa.crt"), file("ec.crt"))
    else {
        return;
    };
    let all = [&other[..], &key, &own].concat();
    let client = ClientCertificate::from_pem(&all, &all).unwrap();
    assert_eq!(client.certificate, CertificateDer::from_pem_slice(&own).unwrap().as_ref());
    for (certificates, why) in
        [(&other[..], "does not belong"), (&key[..], "no certificate"), (b"", "no")]
    {
        let error = ClientCertificate::from_pem(&key, certificates).unwrap_err();
        assert_eq!(error.cause(), Cause::ClientCertificateInvalid);
        assert!(error.text().contains(why), "{error}");
    }
}

#[test]
fn a_pfx_file_holds_both() {
    let Some(folder) = keys() else { return };
    let here = tempfile::tempdir().unwrap();
    let inputs = "-inkey rsa.pem -in rsa.crt -certfile ec.crt -passout pass:secret";
    let file = here.path().join("a.pfx");
    run(folder, &format!("pkcs12 -export {inputs} -out {}", file.display()));
    let file = fs::read(file).unwrap();
    let client = ClientCertificate::from_pfx(&file, &Secret::new("secret")).unwrap();
    let assertion = client.assertion(Thumbprint::Sha256, ENDPOINT, "client", now()).unwrap();
    assert_eq!(header(&assertion)["x5t#S256"], thumbprint("sha256"));
    for (file, password, cause) in [
        (&file[..], "SECRET2", Cause::PfxPasswordWrong),
        (&file[..100], "secret", Cause::ClientCertificateInvalid),
    ] {
        let error = ClientCertificate::from_pfx(file, &Secret::new(password)).unwrap_err();
        assert_eq!(error.cause(), cause);
        assert!(!format!("{error:?}").contains("SECRET2"));
    }
    let only = here.path().join("only.pfx");
    run(
        folder,
        &format!("pkcs12 -export -nokeys -in rsa.crt -passout pass:x -out {}", only.display()),
    );
    let error =
        ClientCertificate::from_pfx(&fs::read(only).unwrap(), &Secret::new("x")).unwrap_err();
    assert!(error.text().contains("no private key"), "{error}");
}

#[test]
fn a_certificate_that_has_expired_is_not_sent() {
    let (Some(key), Some(certificate)) = (file("rsa.pem"), file("rsa.crt")) else { return };
    let client = ClientCertificate::from_pem(&key, &certificate).unwrap();
    for (moment, why) in [(now() + 40 * 86_400, "expired"), (now() - 86_400, "not valid yet")] {
        let error = client.assertion(Thumbprint::Sha256, ENDPOINT, "client", moment).unwrap_err();
        assert_eq!(error.cause(), Cause::ClientCertificateExpired);
        assert!(error.text().contains(why), "{error}");
    }
}
