//! Many programs keep one sign-in fresh, against a provider whose refresh tokens are good once: used
//! again, they end the sign-in. What the provider itself has seen is the witness.
//!
//! This program runs itself again: a child is a "test" that does nothing unless it is told where the
//! store is.
#![cfg(unix)]

#[path = "refresh/killed.rs"]
mod killed;
#[path = "refresh/race.rs"]
mod race;
mod support;

use postrider::oauth::{Account, Store};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

const FOLDER: &str = "POSTRIDER_TEST_FOLDER";
const ISSUER: &str = "POSTRIDER_TEST_ISSUER";
const CLIENT: &str = "POSTRIDER_TEST_CLIENT";

fn account(issuer: &str, client: &str, folder: &Path) -> Account {
    let json = serde_json::json!({ "custom": {
        "issuer": issuer,
        "scopes": { "delegated": ["openid", "offline_access", "mail.send"] },
    }});
    let account = Account::new("custom", Some(&json.to_string())).unwrap();
    account.set_client(client, None).unwrap();
    account.set_store(Store::file(folder).unwrap());
    account
}

/// Starts a "test" of this program that uses the account.
fn child(test: &str, issuer: &str, client: &str, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs([(ISSUER, issuer), (CLIENT, client)])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The account, when this process is a child; each call opens the store anew.
fn account_of_the_parent() -> Option<Account> {
    let (issuer, client) = (env::var(ISSUER).ok()?, env::var(CLIENT).ok()?);
    Some(account(&issuer, &client, Path::new(&env::var_os(FOLDER)?)))
}

/// The refresh token that lies in the only file of the store, as the provider's witness names it.
fn kept(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let document: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    hash(document["refresh_token"].as_str().unwrap())
}

fn hash(token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
