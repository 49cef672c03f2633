//! The same on the sandbox's own pages, and with what it can be told to do wrong.

use crate::harness::{CLOSE, assert_declined, walk_and_poll};
use crate::sandbox_harness::Sandbox;
use crate::support::browser::Step::{Fill, Press, See};
use crate::support::browser::{self, Browser, Report, Step};
use postrider::oauth::{Account, Store};
use postrider::{Cause, Delivery, Error, Kind, Mail, Retry, Status};
use serde_json::json;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, SystemTime};

const BOB: &str = "bob@example.org";
const SIGN_IN: [Step; 3] = [Fill("address", BOB), Press("Sign in"), See(CLOSE)];

fn account(sandbox: &Sandbox) -> Account {
    account_with(sandbox, json!({}))
}

/// The further fields are those of the provider's entry in the table.
fn account_with(sandbox: &Sandbox, mut provider: serde_json::Value) -> Account {
    provider["issuer"] = sandbox.issuer().into();
    provider["scopes"] = json!({ "delegated": ["openid", "email", "offline_access", "mail"] });
    let account = Account::new("custom", Some(&json!({ "custom": provider }).to_string())).unwrap();
    account.set_client("sandbox", None).unwrap();
    account
}

fn sign_in(browser: &Browser, account: &Account, steps: &[Step]) -> (Report, Result<(), Error>) {
    walk_and_poll(browser, &mut account.begin_sign_in().unwrap(), steps)
}

/// Bob, who is signed in.
fn bob(browser: &Browser, sandbox: &Sandbox) -> Account {
    let account = account(sandbox);
    let (report, outcome) = sign_in(browser, &account, &SIGN_IN);
    outcome.unwrap();
    assert_clean(&report, sandbox);
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(BOB));
    account
}

fn send(sandbox: &Sandbox, account: &Account) -> Delivery {
    let mut mail = Mail::new();
    mail.set_account(account).unwrap();
    let port = sandbox.ready["smtps_port"].as_i64().unwrap();
    mail.set_server("localhost", port as i32).unwrap();
    mail.set_security(3).unwrap();
    mail.add_ca_file(sandbox.ready["ca_file"].as_str().unwrap()).unwrap();
    mail.set_from(None, BOB).unwrap();
    mail.add_recipient_as(None, "carol@example.org", Kind::To).unwrap();
    mail.set_subject("Hello").unwrap();
    mail.send(&())
}

fn send_well(sandbox: &Sandbox, account: &Account, number: u32) {
    let delivery = send(sandbox, account);
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
    assert!(sandbox.file(&format!("{number:04}.eml")).exists(), "message {number}");
}

fn assert_needs_sign_in(sandbox: &Sandbox, account: &Account, cause: Cause) {
    let delivery = send(sandbox, account);
    let error = delivery.error().expect("there is no token");
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, cause), "{error}");
}

fn wait_until_the_end(account: &Account) {
    let token = account.access_token().unwrap();
    let left = token.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
    thread::sleep(left + Duration::from_millis(10));
}

/// Nothing that a page's policy forbids, nothing from elsewhere. The console calls a page that
/// comes with status 400 an error: it is one, of the person's.
fn assert_clean(report: &Report, sandbox: &Sandbox) {
    let errors = report.errors("http").into_iter().filter(|error| !error.contains("status of 400"));
    assert_eq!(errors.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(report.strangers("http"), [""; 0]);
    assert!(!report.pages_of(sandbox.issuer()).is_empty());
}

#[test]
fn who_takes_a_wrong_mailbox_tries_again() {
    let Some(browser) = browser::shared() else { return };
    let mut sandbox = Sandbox::start(&[]);
    let account = account(&sandbox);
    let wrong = [Fill("address", "zoe@example.com"), Press("Sign in"), See("Choose an address")];
    let (report, outcome) = sign_in(browser, &account, &[&wrong[..], &SIGN_IN].concat());
    outcome.unwrap();
    assert_clean(&report, &sandbox);
    let statuses = report.pages_of(sandbox.issuer()).iter().map(|p| p.status()).collect::<Vec<_>>();
    assert_eq!(statuses, [200, 400]);
    send_well(&sandbox, &account, 1);
    let (_, printed) = sandbox.stop();
    assert!(printed.contains("signed in as bob@example.org"), "{printed}");
}

#[test]
fn who_cancels_or_has_no_permission_is_not_signed_in() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&[]);
    let account_of_this = account(&sandbox);
    let (report, outcome) = sign_in(browser, &account_of_this, &[Press("Cancel"), See(CLOSE)]);
    assert_declined(&outcome.unwrap_err(), &account_of_this);
    assert_clean(&report, &sandbox);

    let sandbox = Sandbox::start(&["--fault", "consent-denied", "--device-interval", "0"]);
    let account = account(&sandbox);
    let (report, outcome) = sign_in(browser, &account, &SIGN_IN);
    assert_declined(&outcome.unwrap_err(), &account);
    assert_clean(&report, &sandbox);

    let mut device = account.begin_device_sign_in().unwrap();
    let address = device.verification_uri_complete().unwrap().to_owned();
    let report = browser.walk(&address, &[Press("Sign in"), See("no permission")]);
    assert_declined(&device.wait().unwrap_err(), &account);
    assert_clean(&report, &sandbox);
}

#[test]
fn the_answer_comes_as_a_form_by_itself() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&[]);
    let form_post = json!({ "authorize_parameters": { "response_mode": "form_post" } });
    let account = account_with(&sandbox, form_post);
    let (report, outcome) = sign_in(browser, &account, &SIGN_IN);
    outcome.unwrap();
    assert_clean(&report, &sandbox);
    assert!(report.last().url().ends_with("/"), "the code came in the address");
}

/// What is registered with the provider decides by which name the browser comes back.
#[test]
fn the_browser_comes_back_by_each_name_of_this_computer() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&[]);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        if host == "[::1]" && TcpListener::bind("[::1]:0").is_err() {
            continue; // a computer without IPv6
        }
        let redirect = json!({ "redirect": format!("http://{host}:{{port}}/back/to/us") });
        let account = account_with(&sandbox, redirect);
        let (report, outcome) = sign_in(browser, &account, &SIGN_IN);
        outcome.unwrap();
        assert_clean(&report, &sandbox);
        let came_to = report.last().url();
        assert!(came_to.starts_with(&format!("http://{host}:")), "another name than {host}");
    }
}

#[test]
fn a_device_is_let_in_or_refused() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&["--device-interval", "0", "--fault", "token-busy"]);
    let account = account(&sandbox);
    let mut device = account.begin_device_sign_in().unwrap();
    // A provider that is busy for a moment ends nothing.
    assert!(!device.poll().unwrap());
    let steps = [
        Fill("user_code", "BBBB-BBBB"),
        Press("Sign in"),
        See("No device waits"),
        Fill("user_code", device.user_code()),
        Fill("address", BOB),
        Press("Sign in"),
        See("You can close this page"),
    ];
    let report = browser.walk(device.verification_uri(), &steps);
    assert_clean(&report, &sandbox);
    device.wait().unwrap();
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(BOB));
    send_well(&sandbox, &account, 1);
    account.sign_out().unwrap();

    let mut device = account.begin_device_sign_in().unwrap();
    let address = device.verification_uri_complete().unwrap().to_owned();
    let report = browser.walk(&address, &[Press("Refuse"), See("not let in")]);
    assert_clean(&report, &sandbox);
    assert_declined(&device.wait().unwrap_err(), &account);
}

#[test]
fn an_account_lives_from_sign_in_to_sign_out() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&["--token-lifetime", "1", "--fault", "expired-token=1"]);
    let account = bob(browser, &sandbox);
    // The server takes the first token for expired already, and the second one as it is.
    send_well(&sandbox, &account, 1);
    let first = account.access_token().unwrap();
    wait_until_the_end(&account);
    send_well(&sandbox, &account, 2);
    assert_ne!(account.access_token().unwrap().text(), first.text());

    account.sign_out().unwrap();
    assert!(!account.is_signed_in().unwrap());
    assert_needs_sign_in(&sandbox, &account, Cause::NeedsSignIn);
    sign_in(browser, &account, &SIGN_IN).1.unwrap();
    send_well(&sandbox, &account, 3);
}

#[test]
fn a_sign_in_that_cannot_be_renewed_needs_the_person_again() {
    let Some(browser) = browser::shared() else { return };
    for (fault, cause) in
        [("refresh-dead", Cause::NeedsSignInExpired), ("no-refresh-token", Cause::NeedsSignIn)]
    {
        let sandbox = Sandbox::start(&["--token-lifetime", "3", "--fault", fault]);
        let account = bob(browser, &sandbox);
        send_well(&sandbox, &account, 1);
        let end = account.access_token().map(|token| token.expires_at).ok();
        let left = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
        thread::sleep(left.unwrap_or_default() + Duration::from_millis(10));
        assert_needs_sign_in(&sandbox, &account, cause);
        sign_in(browser, &account, &SIGN_IN).1.unwrap();
        send_well(&sandbox, &account, 2);
    }
}

/// A refresh token is for nobody but the provider that gave it, however alike the settings are.
#[test]
fn two_providers_of_the_programs_own_may_share_a_store() {
    let Some(browser) = browser::shared() else { return };
    let (here, there) = (Sandbox::start(&[]), Sandbox::start(&[]));
    let store = Store::memory();
    let [at_home, elsewhere] = [&here, &there].map(|sandbox| {
        let account = account(sandbox);
        account.set_store(store.clone());
        account
    });
    sign_in(browser, &at_home, &SIGN_IN).1.unwrap();
    assert!(at_home.is_signed_in().unwrap() && !elsewhere.is_signed_in().unwrap());
    assert_needs_sign_in(&there, &elsewhere, Cause::NeedsSignIn);
    send_well(&here, &at_home, 1);
}

#[test]
fn a_provider_that_is_busy_at_sign_in_is_told_from_a_refusal() {
    let Some(browser) = browser::shared() else { return };
    let sandbox = Sandbox::start(&["--fault", "token-busy"]);
    let account = account(&sandbox);
    let (_, outcome) = sign_in(browser, &account, &SIGN_IN);
    let error = outcome.unwrap_err();
    assert_eq!((error.cause(), error.retry()), (Cause::ProviderBusy, Retry::Later), "{error}");
    bob(browser, &sandbox);
}
