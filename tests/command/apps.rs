//! Apps that sign in themselves.

use crate::desk::Desk;
use crate::endpoint::Endpoint;
use crate::harness::USER;
use crate::tools;
use std::process::Command;

fn log_in(desk: &Desk, more: &[&str], stdin: &str) -> crate::desk::Run {
    let store = desk.store();
    let account = desk.account(USER, &store);
    let all = ["login", "--app"].into_iter().chain(account.iter().map(String::as_str));
    desk.run_with(&all.chain(more.iter().copied()).collect::<Vec<_>>(), stdin)
}

#[test]
fn an_app_with_a_secret_needs_nobody() {
    let desk = Desk::new(&[]);
    let secret = "s3cret-of-the-app";
    log_in(&desk, &["--client-secret-file", "-"], &format!("{secret}\n")).exits(0);
    assert!(!desk.printed().contains(secret));
    assert_eq!(desk.run(&["accounts", "--json"]).exits(0).json()[0]["state"], "app");
    let arguments = ["send", "--to", "bob@example.org", "--subject", "Hello"];
    desk.run(&arguments).exits(0);
    assert!(desk.sandbox.file("0001.eml").exists());
    desk.run(&["logout", USER]).exits(0);
    let left = std::fs::read_dir(desk.path("store")).expect("a folder").flatten();
    assert!(!left.into_iter().any(|file| file.path().extension().is_some_and(|e| e == "json")));
}

/// An account at a provider of which only the token endpoint exists.
fn provider(desk: &Desk, endpoint: &Endpoint) -> String {
    let only = serde_json::json!({ "token": endpoint.url });
    let json = serde_json::json!({
        "only": { "like": "custom", "endpoints": only, "scopes": { "delegated": ["mail"], "app": ["mail"] } },
    });
    desk.file("providers.json", json.to_string())
}

/// Twice: once to see that it works, and once with what was remembered.
fn log_in_and_ask(desk: &Desk, endpoint: &Endpoint, more: &[&str], stdin: &str) {
    let (file, store) = (provider(desk, endpoint), desk.store());
    let login = ["login", "--provider", "only", "--providers-file", &file, "--user", USER];
    let store = ["--store", &store];
    desk.run_with(&[&login[..], &store, more].concat(), stdin).exits(0);
    assert_eq!(desk.run(&["token"]).exits(0).stdout.trim(), "t0ken");
}

#[test]
fn a_secret_that_was_typed_once_goes_with_every_request() {
    let desk = Desk::new(&[]);
    let endpoint = Endpoint::start(2);
    let more =
        ["--client-id", "x", "--app", "--client-secret-file", "-", "--parameter", "audience=a"];
    log_in_and_ask(&desk, &endpoint, &more, "s3cret-of-the-app");
    for form in endpoint.asked() {
        let parts = ["client_secret=s3cret-of-the-app", "scope=mail", "audience=a"];
        assert!(parts.iter().all(|part| form.split('&').any(|field| field == *part)), "{form}");
    }
}

#[test]
fn a_certificate_and_a_service_account_sign_every_request() {
    if !tools::require("openssl") {
        return;
    }
    let desk = Desk::new(&[]);
    make_certificate(&desk);
    let endpoint = Endpoint::start(2);
    let more =
        ["--client-id", "x", "--app", "--certificate-file", "cert.pem", "--key-file", "key.pem"];
    log_in_and_ask(&desk, &endpoint, &more, "");
    assert!(endpoint.asked().iter().all(|form| form.contains("client_assertion=ey")));
    desk.run(&["logout", USER]).exits(0);

    let endpoint = Endpoint::start(2);
    let key = std::fs::read_to_string(desk.path("key.pem")).expect("a key");
    let json = serde_json::json!({
        "type": "service_account", "client_email": "robot@example.org", "private_key_id": "1",
        "private_key": key, "token_uri": endpoint.url,
    });
    let file = desk.file("key.json", json.to_string());
    log_in_and_ask(&desk, &endpoint, &["--service-account", &file], "");
    assert!(endpoint.asked().iter().all(|form| form.contains("assertion=ey")));
}

#[test]
fn an_app_without_a_secret_and_without_a_terminal_is_told_how_to_give_it() {
    let desk = Desk::new(&[]);
    log_in(&desk, &[], "").exits(2).says("--client-secret-file");
    log_in(&desk, &["--refresh-token-file", "-", "--client-secret-file", "-"], "x").exits(2);
}

fn openssl(desk: &Desk, arguments: &[&str]) {
    let run = Command::new("openssl").args(arguments).current_dir(desk.folder.path()).output();
    let run = run.expect("openssl runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

fn make_certificate(desk: &Desk) {
    let files = ["-keyout", "key.pem", "-out", "cert.pem"];
    let kind =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=postrider"];
    openssl(desk, &[&kind[..], &files].concat());
}

/// The sandbox lets any client in that names itself; here the files and their passwords count.
#[test]
fn an_app_with_a_certificate_gives_its_files() {
    if !tools::require("openssl") {
        return;
    }
    let desk = Desk::new(&[]);
    make_certificate(&desk);
    openssl(
        &desk,
        &[
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-out",
            "app.pfx",
            "-passout",
            "pass:s3cret-of-the-file",
        ],
    );
    log_in(&desk, &["--certificate-file", "cert.pem", "--key-file", "key.pem"], "").exits(0);
    desk.run(&["token"]).exits(0);
    desk.run(&["logout", USER]).exits(0);

    log_in(&desk, &["--pfx-file", "app.pfx", "--pfx-password-file", "-"], "wrong")
        .exits(2)
        .says("does not open the PFX file");
    let password = "s3cret-of-the-file";
    log_in(&desk, &["--pfx-file", "app.pfx", "--pfx-password-file", "-"], password).exits(0);
    desk.run(&["token"]).exits(0);
    assert!(!desk.printed().contains(password));

    log_in(&desk, &["--certificate-file", "cert.pem"], "").exits(2).says("--key-file");
    std::fs::remove_file(desk.path("app.pfx")).expect("removed");
    desk.run(&["token"]).exits(3).says("app.pfx");
    desk.run(&["logout", USER]).exits(0);
}

#[test]
fn a_service_account_is_known_by_its_file() {
    let desk = Desk::new(&[]);
    let file = desk.file("key.json", r#"{ "type": "authorized_user" }"#);
    let store = desk.store();
    desk.run(&["login", "--service-account", &file, "--user", USER, "--store", &store])
        .exits(2)
        .says("not the key file of a service account");
}
