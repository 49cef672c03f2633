//! An account on the way: its token, or why there is none.

use crate::harness::{SHORT, STARTTLS, diagnose, mail};
use crate::server::{Security, Server};
use crate::support::rig::{self, Rig};
use postrider::diagnosis::StepName::{
    Account as AccountStep, Hello, HelloInClear, Mechanisms, Recipients, Settings, SignIn, Token,
};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped, Warning};
use postrider::oauth::{Account, SuppliedToken};
use postrider::{Cause, Mail, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn app(rig: &Rig, secret: &str) -> Account {
    let json = serde_json::json!({
        "custom": { "issuer": rig.issuer, "scopes": { "app": ["mail.send"] } }
    });
    let account = Account::new("custom", Some(&json.to_string())).unwrap();
    account.set_client("service", Some(secret)).unwrap();
    account.set_user(rig::ALICE).unwrap();
    account.use_client_credentials().unwrap();
    account
}

#[test]
fn an_account_is_described_and_its_token_used() {
    let Some(rig) = rig::shared() else { return };
    let account = app(rig, "service-secret");
    let mut mail = mail(rig, rig.ports.submission, STARTTLS);
    mail.set_account(&account).unwrap();
    let found = diagnose(&mail, &["service-secret"]);
    found.assert_states(Ok, &[SHORT]);
    found.assert_says(AccountStep, "the app signs in itself");
    found.assert_says(AccountStep, rig::ALICE);
    found.assert_says(Token, "good until 20");
    found.assert_says(Token, "for mail.send");
    let token = account.access_token().unwrap();
    assert!(!found.to_string().contains(token.text()) && !found.json().contains(token.text()));
}

#[test]
fn without_a_token_the_server_is_told_of_all_the_same() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS);
    mail.set_account(&app(rig, "wrong-secret")).unwrap();
    let found = diagnose(&mail, &["wrong-secret"]);
    assert_eq!(
        (found.status(), found.error().unwrap().cause()),
        (Status::Token, Cause::AppSecretWrong)
    );
    assert_eq!(found.step(Token).state, Failed);
    assert_eq!(found.step(Hello).state, Ok);
    found.assert_says(Mechanisms, "XOAUTH2");
    found.assert_says(SignIn, "there is no token");
    assert_eq!(found.step(Recipients).state, Skipped);
    assert_eq!(found.count("C: AUTH"), 0);
}

/// Even where a send may ask a person, a diagnosis does not.
#[test]
fn nobody_is_asked_to_sign_in() {
    let server = Server::polite(Security::Starttls, &["AUTH XOAUTH2"]);
    let account = Account::new("google", None).unwrap();
    account.set_client("client", None).unwrap();
    account.set_user("anna@example.org").unwrap();
    let asked = Arc::new(AtomicBool::new(false));
    let seen = asked.clone();
    account.allow_browser(false);
    account.allow_interactive(move |_| seen.store(true, Ordering::SeqCst));
    let mut mail = Mail::new();
    mail.add_ca_pem(crate::server::ca_pem()).unwrap();
    mail.set_server("127.0.0.1", server.port()).unwrap();
    mail.set_security(STARTTLS).unwrap();
    mail.set_account(&account).unwrap();
    let found = diagnose(&mail, &[]);
    let error = found.error().unwrap();
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, Cause::NeedsSignIn));
    assert_eq!(found.step(AccountStep).state, Failed);
    assert_eq!(found.step(Token).state, Skipped);
    assert_eq!(found.step(HelloInClear).state, Ok);
    assert_eq!(found.step(Mechanisms).state, Ok);
    found.assert_says(SignIn, "nobody has signed in yet");
    assert!(!asked.load(Ordering::SeqCst), "a person was asked");
    let record = server.stop();
    assert_eq!((record.connections, record.commands("AUTH").len()), (1, 0));
}

/// {"alg":"none"}.{"aud":"https://graph.microsoft.com","upn":"bob@example.org"}.
const TOKEN_FOR_GRAPH: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20iLCJ1cG4iOiJib2JAZXhhbXBsZS5vcmcifQ.c2ln";

#[test]
fn a_token_for_another_service_is_found_before_the_server_sees_it() {
    let server = Server::polite(Security::Starttls, &["AUTH XOAUTH2"]);
    let account = Account::new("microsoft", None).unwrap();
    account.set_user("anna@example.org").unwrap();
    account.use_tokens_of(|| {
        let hour = std::time::Duration::from_secs(3600);
        SuppliedToken::new(TOKEN_FOR_GRAPH, hour).map_err(std::io::Error::other)
    });
    let mut mail = Mail::new();
    mail.add_ca_pem(crate::server::ca_pem()).unwrap();
    mail.set_server("127.0.0.1", server.port()).unwrap();
    mail.set_security(STARTTLS).unwrap();
    mail.set_account(&account).unwrap();
    let found = diagnose(&mail, &[TOKEN_FOR_GRAPH]);
    assert_eq!(found.error().unwrap().cause(), Cause::TokenWrongAudience, "{found}");
    found.assert_says(Token, "aud: https://graph.microsoft.com");
    found.assert_says(Token, "upn: bob@example.org");
    assert_eq!(found.step(Mechanisms).state, Ok);
    assert!(server.stop().commands("AUTH").is_empty());
}

#[test]
fn an_account_of_another_provider_is_warned_of() {
    let account = Account::new("google", None).unwrap();
    account.set_client("client", None).unwrap();
    let mut mail = Mail::new();
    mail.set_server("smtp.office365.com", 587).unwrap();
    mail.set_proxy(Some("http://127.0.0.1:1"), None).unwrap();
    mail.set_account(&account).unwrap();
    let found = diagnose(&mail, &[]);
    assert_eq!(found.step(Settings).state, Warning, "the message is missing");
    found.assert_says(AccountStep, "its tokens are refused there");
}
