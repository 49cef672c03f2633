//! An account at a provider, and what people do on its pages.

use crate::support::browser::Step::{self, Fill, Press, See};
use crate::support::browser::{Browser, Report};
use crate::support::rig::ALICE;
use postrider::oauth::{Account, BrowserSignIn};
use postrider::{Cause, Error, Status};
use std::thread;
use std::time::{Duration, Instant};

/// More than a busy machine takes.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub const CLOSE: &str = "You can close this window and go back to";

/// At the rig's provider.
pub const SIGN_IN: [Step; 4] =
    [Fill("login", ALICE), Fill("password", "any"), Press("Sign-in"), Press("Continue")];
pub const CANCEL: [Step; 5] = [
    Fill("login", ALICE),
    Fill("password", "any"),
    Press("Sign-in"),
    Press("[ Cancel ]"),
    See(CLOSE),
];

pub fn sign_in_and_see_the_end() -> Vec<Step<'static>> {
    [&SIGN_IN[..], &[See(CLOSE)]].concat()
}

/// An account at the rig's provider, which gives refresh tokens to who asks for consent anew.
pub fn account(issuer: &str, client: &str) -> Account {
    account_with(issuer, client, serde_json::json!({ "prompt": "consent" }))
}

pub fn account_with(issuer: &str, client: &str, parameters: serde_json::Value) -> Account {
    let json = serde_json::json!({ "custom": {
        "issuer": issuer,
        "scopes": {
            "delegated": ["openid", "offline_access", "mail.send"],
            "app": ["mail.send"],
        },
        "authorize_parameters": parameters,
    }});
    let account = Account::new("custom", Some(&json.to_string())).unwrap();
    account.set_client(client, None).unwrap();
    account.set_program("Anna's <Mailer>").unwrap();
    account
}

/// A person goes through the pages while the program polls; gives what came of it.
pub fn walk_and_poll(
    browser: &Browser,
    sign_in: &mut BrowserSignIn,
    steps: &[Step],
) -> (Report, Result<(), Error>) {
    let address = sign_in.url().to_owned();
    thread::scope(|scope| {
        let walking = scope.spawn(|| browser.walk(&address, steps));
        let deadline = Instant::now() + PATIENCE;
        let outcome = loop {
            match sign_in.poll() {
                Ok(true) => break Ok(()),
                Err(error) => break Err(error),
                Ok(false) => {
                    let goes_on = Instant::now() < deadline && !walking.is_finished();
                    assert!(goes_on, "the browser did not come back");
                    thread::sleep(Duration::from_millis(20));
                }
            }
        };
        (walking.join().expect("the walk"), outcome)
    })
}

/// The person, or the provider, said no.
pub fn assert_declined(error: &Error, account: &Account) {
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, Cause::SignInDeclined));
    assert!(!account.is_signed_in().unwrap(), "something was kept");
}
