//! Authorization code with PKCE, in Chromium, on oidc-provider's own pages.

use crate::harness::{
    CANCEL, CLOSE, PATIENCE, SIGN_IN, account, account_with, assert_declined,
    sign_in_and_see_the_end, walk_and_poll,
};
use crate::support::browser::{self, Report, Step};
use crate::support::provider;
use crate::support::rig::ALICE;
use postrider::oauth::Store;
use postrider::{Cause, Status};
use serde_json::json;
use std::env;
use std::path::Path;
use std::process::{Command, Output};

const FOLDER: &str = "POSTRIDER_TEST_FOLDER";
const ISSUER: &str = "POSTRIDER_TEST_ISSUER";

/// Signs in as a program does that can wait. The environment decides which browser opens, so it has to
/// be a process of its own.
#[test]
fn child_that_signs_in() {
    let (Some(folder), Ok(issuer)) = (env::var_os(FOLDER), env::var(ISSUER)) else { return };
    let account = account(&issuer, "desktop");
    account.set_store(Store::file(folder).unwrap());
    let mut shown = String::new();
    match account.sign_in(PATIENCE, &mut |url| url.clone_into(&mut shown)) {
        Ok(()) => println!("user={}", account.access_token().unwrap().user.unwrap_or_default()),
        Err(error) => println!("cause={}", error.cause().code()),
    }
    assert!(shown.starts_with(&issuer), "the address is shown in any case");
}

/// A child with a browser in which a person does this: $BROWSER names it, or it is what the desktop
/// opens addresses with.
fn sign_in_a_child(issuer: &str, store: &Path, name: &str, steps: &[Step]) -> (Output, Report) {
    let folder = tempfile::tempdir().unwrap();
    browser::put_program(folder.path(), name, steps);
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "browser::child_that_signs_in", "--nocapture"]);
    child.env(FOLDER, store).env(ISSUER, issuer);
    if name == "xdg-open" {
        for name in ["BROWSER", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"] {
            child.env_remove(name);
        }
        let path = env::var("PATH").unwrap();
        child.env("DISPLAY", ":0").env("PATH", format!("{}:{path}", folder.path().display()));
    } else {
        child.env("BROWSER", folder.path().join(name));
    }
    let output = child.output().unwrap();
    let report = browser::report_in(folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output, report)
}

#[test]
fn a_person_signs_in_with_the_browser_that_opens() {
    let (Some(provider), Some(_)) = (provider::shared(), browser::shared()) else { return };
    let store = tempfile::tempdir().unwrap();
    let steps = sign_in_and_see_the_end();
    let (output, report) = sign_in_a_child(&provider.issuer, store.path(), "browser", &steps);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&format!("user={ALICE}\n")), "{said}");
    assert_the_end_is_clean(&report);

    // Another program of the same user needs no person.
    let account = account(&provider.issuer, "desktop");
    account.set_store(Store::file(store.path()).unwrap());
    assert!(account.is_signed_in().unwrap());
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(ALICE));
}

#[test]
fn who_cancels_in_the_browser_of_the_desktop_is_not_signed_in() {
    let (Some(provider), Some(_)) = (provider::shared(), browser::shared()) else { return };
    let store = tempfile::tempdir().unwrap();
    let (output, report) = sign_in_a_child(&provider.issuer, store.path(), "xdg-open", &CANCEL);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("cause=sign_in_declined\n"), "{said}");
    assert_the_end_is_clean(&report);
    assert!(report.last().html().contains("cancelled or refused"), "{}", report.last().html());
    assert!(Store::file(store.path()).unwrap().list().unwrap().is_empty(), "something was kept");
}

#[test]
fn who_cancels_while_the_program_polls_is_told_from_a_fault() {
    let (Some(provider), Some(browser)) = (provider::shared(), browser::shared()) else { return };
    let account = account(&provider.issuer, "desktop");
    let mut sign_in = account.begin_sign_in().unwrap();
    let (report, outcome) = walk_and_poll(browser, &mut sign_in, &CANCEL);
    assert_declined(&outcome.unwrap_err(), &account);
    assert_the_end_is_clean(&report);
}

#[test]
fn the_answer_may_come_as_a_form() {
    let (Some(provider), Some(browser)) = (provider::shared(), browser::shared()) else { return };
    let parameters = json!({ "prompt": "consent", "response_mode": "form_post" });
    let account = account_with(&provider.issuer, "desktop", parameters);
    let mut sign_in = account.begin_sign_in().unwrap();
    let (report, outcome) = walk_and_poll(browser, &mut sign_in, &sign_in_and_see_the_end());
    outcome.unwrap();
    assert!(!report.last().url().contains("code="), "the code came in the address");
    assert_the_end_is_clean(&report);
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(ALICE));
}

#[test]
fn the_address_may_be_pasted_when_the_browser_cannot_come_back() {
    let (Some(provider), Some(browser)) = (provider::shared(), browser::shared()) else { return };
    let account = account(&provider.issuer, "desktop");
    let mut sign_in = account.begin_sign_in().unwrap();
    let steps = [&SIGN_IN[..], &[Step::Leave]].concat();
    let report = browser.walk(sign_in.url(), &steps);
    sign_in.complete(report.left()).unwrap();
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(ALICE));

    let error = sign_in.complete(report.left()).unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, Cause::SignInMixedUp));
}

/// Our page: it says what to do, and holds nothing that somebody could use.
fn assert_the_end_is_clean(report: &Report) {
    let page = report.last();
    let url = url::Url::parse(page.url()).unwrap();
    assert_eq!((page.status(), url.path()), (200, "/"));
    assert!(page.html().contains(CLOSE) && page.html().contains("Anna&#39;s &#60;Mailer&#62;"));
    for (name, value) in url.query_pairs().filter(|(name, _)| name != "error") {
        assert!(!page.html().contains(&*value), "{name} is on the page");
    }
    for (field, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(page.header(field), value, "{field}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let origin = url.origin().ascii_serialization();
    assert_eq!(report.strangers(&origin), [""; 0]);
    assert_eq!(report.errors(&origin), [""; 0]);
}
