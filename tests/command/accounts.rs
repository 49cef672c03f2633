//! What is remembered is listed, used and forgotten.

use crate::desk::Desk;
use crate::harness::{USER, xoauth2};
use std::fs;

#[test]
fn a_token_is_the_only_line_and_opens_the_mailbox() {
    let desk = Desk::signed_in(&[]);
    for arguments in [&["token"][..], &["token", USER], &["token", "ANNA@example.org"]] {
        let run = desk.run(arguments).exits(0);
        assert_eq!((run.stdout.lines().count(), run.stderr.as_str()), (1, ""));
        let mut client = desk.sandbox.greeted();
        client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, run.stdout.trim())), "235");
    }
}

#[test]
fn a_token_that_has_ended_is_renewed() {
    let desk = Desk::signed_in(&["--token-lifetime", "0"]);
    let tokens = desk.tokens();
    let run = desk.run(&["token"]).exits(0);
    assert!(!tokens.contains(&run.stdout.trim().to_owned()));
    assert!(desk.tokens().iter().all(|token| !tokens.contains(token)), "the refresh token rotates");
}

#[test]
fn the_token_of_a_sandbox_needs_no_account() {
    let desk = Desk::new(&[]);
    let url = desk.sandbox.ready["token_url"].as_str().expect("a URL").to_owned();
    let run = desk.run(&["token", "--url", &url]).exits(0);
    let mut client = desk.sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, run.stdout.trim())), "235");
    desk.run(&["token", "--url", "https://login.example.org/token"]).exits(3).says("127.0.0.1");
}

#[test]
fn the_list_tells_who_can_still_sign_in() {
    let desk = Desk::signed_in(&[]);
    let table = desk.run(&["accounts"]).exits(0).stdout;
    let row = table.lines().nth(1).expect("a row");
    for expected in [USER, "signed_in", " GMT", desk.sandbox.issuer()] {
        assert!(row.contains(expected), "{expected}: {table}");
    }
    let json = desk.run(&["accounts", "--json"]).exits(0).json();
    let account = &json[0];
    assert_eq!(account["address"], USER);
    assert_eq!(account["scopes"], serde_json::json!(["mail", "openid", "email"]));
    let (signed_in, expires) = (account["signed_in_at"].as_i64(), account["expires_at"].as_i64());
    assert!(
        expires.zip(signed_in).is_some_and(|(e, s)| (3500..=3600).contains(&(e - s))),
        "{account}"
    );

    for file in fs::read_dir(desk.path("store")).expect("a folder") {
        fs::write(file.expect("a file").path(), "damaged").expect("written");
    }
    let run = desk.run(&["accounts"]).exits(0).says("is damaged");
    assert!(run.stdout.contains("unreadable"), "{}", run.stdout);
    fs::remove_dir_all(desk.path("store")).expect("removed");
    let run = desk.run(&["accounts", "--json"]).exits(0);
    assert_eq!(run.json()[0]["state"], "needs_sign_in");
    desk.run(&["token"]).exits(5).says("postrider login anna@example.org");
}

#[test]
fn who_logs_out_is_forgotten_here_and_at_the_provider() {
    let desk = Desk::signed_in(&[]);
    let token = desk.run(&["token"]).exits(0).stdout;
    desk.run(&["logout", USER]).exits(0).says("is signed out");
    assert_eq!(desk.tokens(), Vec::<String>::new());
    assert_eq!(desk.run(&["accounts", "--json"]).exits(0).json(), serde_json::json!([]));
    desk.run(&["logout", USER]).exits(2);
    let mut client = desk.sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, token.trim())), "334");
    client.ask("", "535");
}

#[test]
fn a_provider_that_cannot_be_told_keeps_nobody_signed_in() {
    let mut desk = Desk::signed_in(&[]);
    desk.sandbox.stop();
    desk.run(&["logout", USER]).exits(4).says("the provider could not be told");
    assert_eq!(desk.tokens(), Vec::<String>::new());
    assert_eq!(desk.run(&["accounts", "--json"]).exits(0).json(), serde_json::json!([]));
}

#[test]
fn settings_of_another_version_are_left_alone() {
    let desk = Desk::signed_in(&[]);
    let settings = desk.settings_file();
    let text = fs::read_to_string(&settings).expect("readable");
    let newer = text.replace("\"version\": 1", "\"version\": 2");
    assert_ne!(newer, text);
    fs::write(&settings, &newer).expect("written");
    desk.run(&["accounts"]).exits(3).says("another version");
    desk.begin_login("bob@example.org", &[]).end().exits(3);
    assert_eq!(fs::read_to_string(&settings).expect("readable"), newer);
}
