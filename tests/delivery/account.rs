//! An account gives the tokens: discovery, client credentials and sends through the real servers.

use crate::harness::{Received, STARTTLS, mail, send_well};
use crate::support::rig::{self, Rig};
use postrider::oauth::Account;
use postrider::{Cause, Status};

fn account(rig: &Rig, client: &str, secret: &str) -> Account {
    let json = serde_json::json!({
        "custom": { "issuer": rig.issuer, "scopes": { "app": ["mail.send"] } }
    });
    let account = Account::new("custom", Some(&json.to_string())).unwrap();
    account.set_client(client, Some(secret)).unwrap();
    account.set_user(rig::ALICE).unwrap();
    account.use_client_credentials().unwrap();
    account
}

#[test]
fn an_account_sends_by_postfix_and_by_dovecot() {
    let Some(rig) = rig::shared() else { return };
    let account = account(rig, "service", "service-secret");
    for (port, mark) in [
        (rig.ports.submission, "account-postfix"),
        (rig.ports.dovecot_submission, "account-dovecot"),
    ] {
        let mut mail = mail(rig, port, STARTTLS, mark);
        mail.set_account(&account).unwrap();
        let sent = send_well(&mail);
        assert_eq!(sent.count("C: AUTH XOAUTH2"), 1);
        let token = account.access_token().unwrap();
        assert!(
            !sent.transcript.iter().any(|line| line.contains(token.text())),
            "a token is shown"
        );
        Received::by(rig, rig::BOB, mark);
    }
}

/// Its tokens live for a second: whenever one is used it may just have ended.
#[test]
fn an_account_goes_on_when_its_tokens_end() {
    let Some(rig) = rig::shared() else { return };
    let account = account(rig, "service-brief", "service-secret");
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "account-brief");
    mail.set_account(&account).unwrap();
    for _ in 0..5 {
        send_well(&mail);
    }
}

#[test]
fn an_account_that_gets_no_token_sends_nothing() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "account-wrong-secret");
    mail.set_account(&account(rig, "service", "wrong-secret")).unwrap();
    let delivery = mail.send(&());
    let error = delivery.error().unwrap();
    assert_eq!((error.status(), error.cause()), (Status::Token, Cause::AppSecretWrong), "{error}");
    assert!(!error.text().contains("wrong-secret"), "{error}");
}
