//! A person signs in: in the browser, with a pasted address, with a code on another device.

use crate::desk::{Desk, browse};
use crate::harness::USER;
use std::fs;

#[test]
fn the_browser_comes_back_by_itself() {
    let desk = Desk::new(&[]);
    let run = desk.log_in(USER, &[]).exits(0).says("Signed in as anna@example.org.");
    assert_eq!(run.stdout, "", "there is no result");
    let run = desk.run(&["accounts", "--json"]).exits(0);
    assert_eq!(run.json()[0]["state"], "signed_in");
    assert_eq!(run.json()[0]["name"], USER);
    assert_eq!(desk.tokens().len(), 2);
}

#[test]
fn the_address_of_the_last_page_can_be_pasted() {
    let desk = Desk::new(&[]);
    let mut login = desk.begin_login(USER, &["--no-browser"]);
    let url = login.shown_address();
    let page = desk.press(&url, USER, "sign-in");
    let pasted = format!("\n{}\n", page.header("Location").expect("an address"));
    login.with(&pasted).end().exits(0);
    desk.run(&["token"]).exits(0);
}

#[test]
fn a_browser_of_this_computer_may_come_back_though_an_address_could_be_pasted() {
    let desk = Desk::new(&[]);
    let mut login = desk.begin_login(USER, &["--no-browser"]);
    let url = login.shown_address();
    let login = login.with("");
    let page = desk.press(&url, USER, "sign-in");
    assert_eq!(browse(page.header("Location").expect("an address")), 200);
    login.end().exits(0);
}

#[test]
fn an_answer_in_a_form_is_asked_for_in_the_address_when_it_is_to_be_pasted() {
    let desk = Desk::new(&[]);
    let providers = serde_json::json!({
        "form": {
            "like": "custom",
            "issuer": desk.sandbox.issuer(),
            "response_mode": "form_post",
            "scopes": { "delegated": ["mail"] },
        },
    });
    let file = desk.file("providers.json", providers.to_string());
    let store = desk.store();
    let mut login = desk.start(&[
        "login",
        "--provider",
        "form",
        "--providers-file",
        &file,
        "--client-id",
        "sandbox",
        "--user",
        USER,
        "--store",
        &store,
        "--no-browser",
        "--timeout",
        "60",
    ]);
    let url = login.shown_address();
    let page = desk.press(&url, USER, "sign-in");
    let address = page.header("Location").expect("not a form").to_owned();
    login.with(&address).end().exits(0);
    desk.run(&["token"]).exits(0);
}

#[test]
fn where_no_browser_can_come_back_the_address_is_asked_for() {
    let desk = Desk::new(&[]);
    let store = desk.store();
    let known = ["login", "--provider", "yahoo", "--client-id", "x", "--user", USER];
    let mut login = desk.start(&[&known[..], &["--store", &store, "--timeout", "60"]].concat());
    assert!(login.shown_address().starts_with("https://api.login.yahoo.com/"));
    login
        .with("https://127.0.0.1/?state=foreign&code=x\n")
        .end()
        .exits(5)
        .says("Begin the sign-in");
}

#[test]
fn a_code_is_entered_on_another_device() {
    let desk = Desk::new(&["--device-interval", "0"]);
    let mut login = desk.begin_login(USER, &["--device"]);
    let page = login.shown_address();
    assert_eq!(page, desk.sandbox.ready["device_url"]);
    let code = login.shown("  ");
    let form = format!("user_code={code}&address={USER}&decision=sign-in");
    assert_eq!(desk.sandbox.post("/device", &form).status, 200);
    login.end().exits(0);
    desk.run(&["token"]).exits(0);
}

#[test]
fn who_refuses_is_told_what_to_do_and_nothing_is_remembered() {
    let desk = Desk::new(&["--device-interval", "0"]);
    let mut login = desk.begin_login(USER, &[]);
    let url = login.shown_address();
    let page = desk.press(&url, USER, "cancel");
    browse(page.header("Location").expect("an address"));
    login.end().exits(5).says("Sign in again and agree to the permissions.");

    let mut login = desk.begin_login(USER, &["--device"]);
    let code = {
        login.shown_address();
        login.shown("  ")
    };
    desk.sandbox.post("/device", &format!("user_code={code}&decision=refuse"));
    login.end().exits(5).says("Sign in again");

    assert_eq!(desk.run(&["accounts", "--json"]).exits(0).json(), serde_json::json!([]));
    desk.run(&["token"]).exits(2).says("Nobody has signed in yet");
}

#[test]
fn nobody_is_waited_for_longer_than_allowed() {
    let desk = Desk::new(&["--device-interval", "0"]);
    let ways = [&["--device"][..], &["--no-browser"], &[]];
    for login in ways.map(|way| desk.begin_login_within("3", USER, way)) {
        login.end().exits(5).says("nobody has signed in in time");
    }
}

#[test]
fn a_refresh_token_from_elsewhere_is_tried_at_once() {
    let desk = Desk::new(&[]);
    let form = "grant_type=client_credentials&client_id=sandbox";
    let (_, tokens) = desk.sandbox.request_token(form);
    let token = tokens["refresh_token"].as_str().expect("a token");
    let run =
        desk.begin_login(USER, &["--refresh-token-file", "-"]).with(&format!("{token}\n")).end();
    run.exits(0);
    assert!(!desk.printed().contains(token));
    assert!(!desk.tokens().contains(&token.to_owned()), "it was good once");

    let desk = Desk::new(&[]);
    let file = desk.file("token", "stale");
    let run = desk.begin_login(USER, &["--refresh-token-file", &file]).end();
    run.exits(5).says("gives no access token");
}

#[test]
fn another_person_than_the_one_named_is_pointed_out() {
    let desk = Desk::new(&[]);
    let mut login = desk.begin_login(USER, &[]);
    let url = login.shown_address();
    let page = desk.press(&url, "bob@example.org", "sign-in");
    browse(page.header("Location").expect("an address"));
    login.end().exits(0).says("Signed in as bob@example.org.").says("That is not anna@example.org");
}

#[test]
fn a_name_means_one_account_and_an_account_has_one_name() {
    let desk = Desk::new(&[]);
    desk.log_in(USER, &["--name", "work"]).exits(0);
    desk.begin_login("bob@example.org", &["--name", "work"]).end().exits(2).says("another account");
    desk.begin_login(USER, &["--name", "other"]).end().exits(2).says("postrider login work");
    desk.begin_login("carol@example.org", &["--name", "a\nb"]).end().exits(2).says("--name");
    desk.log_in("bob@example.org", &[]).exits(0);
    desk.log_in(USER, &["--name", "work"]).exits(0);
    let accounts = desk.run(&["accounts", "--json"]).exits(0).json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(2));
    desk.run(&["token"]).exits(2).says("which account");
    desk.run(&["token", "work"]).exits(0);
}

#[test]
fn two_people_may_sign_in_at_the_same_time() {
    let desk = Desk::new(&[]);
    let mut login = desk.begin_login(USER, &[]);
    let url = login.shown_address();
    desk.log_in("bob@example.org", &[]).exits(0);
    let page = desk.press(&url, USER, "sign-in");
    assert_eq!(browse(page.header("Location").expect("an address")), 200);
    login.end().exits(0);
    let accounts = desk.run(&["accounts", "--json"]).exits(0).json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(2), "{accounts}");
}

#[test]
fn a_sign_in_that_has_ended_is_renewed_with_the_settings_that_are_known() {
    let desk = Desk::new(&["--fault", "refresh-dead", "--token-lifetime", "0"]);
    let mut login = desk.begin_login(USER, &[]);
    let url = login.shown_address();
    let page = desk.press(&url, USER, "sign-in");
    browse(page.header("Location").expect("an address"));
    // Its access token has ended, and there is no other.
    login.end().exits(5);
    let run = desk.run(&["token"]).exits(5);
    run.says("postrider login anna@example.org");
    let mut again = desk.start(&["login", USER, "--timeout", "60"]);
    let url = again.shown_address();
    assert!(url.contains("client_id=sandbox") && url.contains("openid"), "{url}");
    let page = desk.press(&url, USER, "sign-in");
    assert_eq!(browse(page.header("Location").expect("an address")), 200);
    again.end();
}

#[test]
fn what_is_remembered_is_the_users_own_and_holds_no_secret() {
    let desk = Desk::new(&[]);
    let secret = "s3cret-of-the-app";
    let file = desk.file("secret", format!("{secret}\n"));
    desk.log_in(USER, &["--client-secret-file", &file]).exits(0);
    fs::remove_file(&file).expect("removed");
    desk.run(&["token"]).exits(0);
    let [kept] = &desk.documents()[..] else { panic!("one account") };
    assert_eq!(kept["postrider_command"]["client_secret"], secret);

    let settings = desk.settings_file();
    let text = fs::read_to_string(&settings).expect("readable");
    assert!(text.contains("\"client_id\": \"sandbox\""), "{text}");
    assert!(!text.contains(secret) && !desk.printed().contains(secret));
    for token in desk.tokens() {
        assert!(!text.contains(&token));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(settings.as_path()), 0o600);
        assert_eq!(mode(settings.parent().expect("a folder")), 0o700);
    }
}

/// The keyring of this test does not answer.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn without_a_keyring_the_person_decides() {
    let desk = Desk::new(&[]);
    let run = desk.run(&["login", "--provider", "google", "--client-id", "x", "--user", USER]);
    run.exits(3).says("--store file:FOLDER");
    assert!(!desk.settings_file().exists());
}

#[test]
fn secrets_do_not_come_from_the_command_line() {
    let desk = Desk::new(&[]);
    for arguments in [
        &["login", "--client-secret", "x"][..],
        &["login", "--refresh-token", "x"],
        &["send", "--password", "x"],
        &["send", "--token", "x"],
        &["export", "x", "--passphrase", "x"],
    ] {
        desk.run(arguments).exits(2);
    }
    let proxy = "http://anna:s3cret@proxy.example.org";
    let run = desk.begin_login(USER, &["--proxy", proxy]).end().exits(2);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
}

#[test]
fn what_is_missing_is_named() {
    let desk = Desk::new(&[]);
    for (arguments, says) in [
        (&["login"][..], "--provider is missing"),
        (&["login", "--provider", "google"], "--client-id is missing"),
        (&["login", "--provider", "google", "--client-id", "x"], "--user is missing"),
        (
            &["login", "--issuer", "http://127.0.0.1:9", "--client-id", "x", "--user", "x"],
            "--scope",
        ),
        (&["login", "nobody"], "there is no account nobody"),
        (&["login", "nobody", "--client-id", "x"], "cannot be used with"),
    ] {
        desk.run(arguments).exits(2).says(says);
    }
    let store = desk.store();
    let arguments =
        ["login", "--provider", "nosuch", "--client-id", "x", "--user", "x", "--store", &store];
    desk.run(&arguments).exits(2).says("known are");
}
