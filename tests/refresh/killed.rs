//! A program is killed while it refreshes. What the provider has not revoked is not lost.
//!
//! One thing no program can save: the provider has rotated the refresh token, and whoever asked died
//! before the answer was on the disk. The old one is worth nothing then, and its next use ends the
//! sign-in, with an error that says so. Providers that do not rotate, or forgive, lose nothing there.

use super::{account, account_of_the_parent, child, kept};
use crate::support::provider::Provider;
use postrider::{Cause, Status};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

const ROUNDS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn child_that_refreshes() {
    let Some(account) = account_of_the_parent() else { return };
    let token = account.access_token().unwrap();
    assert!(!token.text().is_empty());
    println!("done");
}

/// A child that has to refresh: the store holds a refresh token, and no access token.
fn refreshing(provider: &Provider, client: &str, folder: &Path) -> Child {
    let account = account(&provider.issuer, client, folder);
    account.set_refresh_token(&provider.refresh_token(client)).unwrap();
    child("killed::child_that_refreshes", &provider.issuer, client, folder)
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_before_the_provider_has_looked_nothing_is_lost() {
    let Some(provider) = Provider::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..ROUNDS {
        provider.hold("request");
        let child = refreshing(&provider, "desktop", folder.path());
        provider.wait_until_held();
        let account = account(&provider.issuer, "desktop", folder.path());
        std::thread::scope(|scope| {
            // Somebody waits for the lock, and gets it from the system.
            let next = scope.spawn(|| account.access_token());
            kill(child);
            next.join().unwrap().unwrap();
        });
        provider.release("drop");
        assert_eq!(provider.witness().last().unwrap().issued, Some(kept(folder.path())));
    }
    assert!(provider.witness().iter().all(|asked| asked.status == 200));
}

#[test]
fn killed_while_the_answer_is_on_its_way_only_a_rotated_token_is_lost() {
    let Some(provider) = Provider::start() else { return };
    for (client, rotates) in [("desktop-lasting", false), ("desktop", true)] {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..ROUNDS {
            provider.hold("answer");
            let child = refreshing(&provider, client, folder.path());
            provider.wait_until_held();
            kill(child);
            provider.release("drop");

            let account = account(&provider.issuer, client, folder.path());
            match account.access_token() {
                Ok(_) => assert!(!rotates),
                Err(error) => {
                    assert!(rotates, "{error}");
                    let found = (error.status(), error.cause());
                    assert_eq!(found, (Status::NeedsSignIn, Cause::NeedsSignInExpired));
                    // The person signs in again.
                    account.set_refresh_token(&provider.refresh_token(client)).unwrap();
                    account.access_token().unwrap();
                }
            }
        }
    }
}

/// How far the child gets, as can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// The provider has answered.
    Answered,
    /// The new document is being written aside.
    Aside,
    /// It has taken the place of the old one.
    Replaced,
    /// The program has its token.
    Done,
}

#[test]
fn killed_after_the_answer_what_is_kept_is_whole_and_what_was_used_is_kept() {
    let Some(provider) = Provider::start() else { return };
    let mut saved = 0;
    for until in [Until::Answered, Until::Aside, Until::Replaced, Until::Done] {
        for round in 0..ROUNDS {
            let folder = tempfile::tempdir().unwrap();
            provider.hold("answer");
            let mut child = refreshing(&provider, "desktop", folder.path());
            provider.wait_until_held();
            let before = kept(folder.path());
            provider.release("pass");
            wait(until, &mut child, folder.path(), &before);
            kill(child);

            let last = provider.witness().last().unwrap().issued.clone().unwrap();
            let is_saved = kept(folder.path()) == last;
            assert!(is_saved || kept(folder.path()) == before, "the document is another one");
            assert!(is_saved || matches!(until, Until::Answered | Until::Aside), "{until:?}");
            saved += usize::from(is_saved);
            let token = account(&provider.issuer, "desktop", folder.path()).access_token();
            assert_eq!(token.is_ok(), is_saved, "{until:?}, round {round}: {token:?}");
        }
    }
    println!("saved in {saved} of {} rounds", 4 * ROUNDS);
}

/// Waits until the child got so far, or farther.
fn wait(until: Until, child: &mut Child, folder: &Path, before: &str) {
    let deadline = Instant::now() + PATIENCE;
    let is_aside = || {
        let files = fs::read_dir(folder).unwrap().flatten();
        files.map(|file| file.path()).any(|path| path.extension().is_some_and(|e| e == "new"))
    };
    let is_reached: &dyn Fn() -> bool = match until {
        Until::Answered => return,
        Until::Aside => &|| is_aside() || kept(folder) != before,
        Until::Replaced => &|| kept(folder) != before,
        Until::Done => {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().ends_with("done")), "it got no token");
            return;
        }
    };
    while !is_reached() {
        assert!(Instant::now() < deadline, "{until:?} is not reached");
    }
}
