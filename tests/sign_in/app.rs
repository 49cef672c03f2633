//! An app that shows who it is by a certificate: nobody signs in.

use crate::harness::account;
use crate::support::provider;
use postrider::oauth::Account;
use postrider::{Cause, Status};
use std::fs;
use std::process::Command;

fn app(issuer: &str, files: &str) -> Account {
    let account = account(issuer, "app");
    let read = |ending: &str| fs::read(format!("{files}.{ending}")).unwrap();
    account.use_certificate_pem(&read("key"), &read("pem")).unwrap();
    account.use_client_credentials().unwrap();
    account
}

/// oidc-provider takes PS256 from this client and nothing else.
#[test]
fn an_app_signs_in_with_its_certificate() {
    let Some(provider) = provider::shared() else { return };
    let token = app(&provider.issuer, &provider.app).access_token().unwrap();
    assert_eq!(token.scopes, ["mail.send"]);
}

#[test]
fn another_certificate_is_refused() {
    let Some(provider) = provider::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("other").to_str().unwrap().to_owned();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-days", "1"])
        .args(["-keyout", &format!("{files}.key"), "-out", &format!("{files}.pem")])
        .output()
        .unwrap();
    assert!(made.status.success());
    let error = app(&provider.issuer, &files).access_token().unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::Token, Cause::AppCertificateWrong));
}
