//! Eight processes with eight threads each ask for tokens that live two seconds, for a minute.

use super::{account, account_of_the_parent, child, hash, kept};
use crate::support::provider::{Asked, Provider};
use postrider::oauth::Account;
use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, Read, Write};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const CLIENT: &str = "desktop-brief";
const PROCESSES: usize = 8;
const THREADS: usize = 8;
const TIME: Duration = Duration::from_secs(60);
/// Between two calls of a thread.
const PAUSE: Duration = Duration::from_millis(10);

/// What came of the calls of some threads.
#[derive(Default)]
struct Calls {
    good: usize,
    failures: BTreeSet<String>,
    /// Tokens that had ended before the call began.
    stale: usize,
    tokens: HashSet<String>,
}

fn ask(account: &Account, until: Instant, calls: &Mutex<Calls>) {
    while Instant::now() < until {
        let began = SystemTime::now();
        let answer = account.access_token();
        let mut calls = calls.lock().unwrap();
        match answer {
            Ok(token) => {
                calls.good += 1;
                calls.stale += usize::from(token.expires_at <= began);
                calls.tokens.insert(hash(token.text()));
            }
            Err(error) => drop(calls.failures.insert(format!("{}: {error}", error.cause().code()))),
        }
        drop(calls);
        thread::sleep(PAUSE);
    }
}

#[test]
fn child_that_asks() {
    let Some(account) = account_of_the_parent() else { return };
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    // In some processes every thread has a store of its own, as if it were another program.
    let shared = line.trim() == "shared";
    let (until, calls) = (Instant::now() + TIME, Mutex::default());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let account =
                if shared { account.clone() } else { account_of_the_parent().expect("told") };
            let calls = &calls;
            scope.spawn(move || ask(&account, until, calls));
        }
    });
    let Calls { good, failures, stale, tokens } = calls.into_inner().unwrap();
    println!("{}", serde_json::json!({ "good": good, "stale": stale, "tokens": tokens.len() }));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn no_rotation_is_lost_in_a_minute_of_eight_processes_with_eight_threads() {
    // One for this test alone: what it sees must be all there is.
    let Some(provider) = Provider::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let first = provider.refresh_token(CLIENT);
    account(&provider.issuer, CLIENT, folder.path()).set_refresh_token(&first).unwrap();

    let start = || child("race::child_that_asks", &provider.issuer, CLIENT, folder.path());
    let mut children: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    let began = Instant::now();
    for (number, child) in children.iter_mut().enumerate() {
        let how = if number % 2 == 0 { "shared\n" } else { "apart\n" };
        child.stdin.take().unwrap().write_all(how.as_bytes()).unwrap();
    }
    let mut good = 0;
    for mut child in children {
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{said}");
        let line = said.lines().find(|line| line.starts_with('{')).expect("what came of it");
        let calls: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(calls["stale"], 0, "a token that had ended was given: {said}");
        good += calls["good"].as_u64().unwrap();
    }
    let seconds = began.elapsed().as_secs() as usize;

    let asked = provider.witness();
    assert_one_chain(&hash(&first), &asked);
    assert_eq!(asked.last().unwrap().issued, Some(kept(folder.path())), "the last one is kept");
    // A token is used for half of its life, which is a second: fewer than this would mean that
    // tokens were used after their end, more that somebody asked who need not have.
    let refreshes = asked.len();
    println!("{good} calls, {refreshes} refreshes in {seconds} s");
    assert!(refreshes >= TIME.as_secs() as usize / 3, "{refreshes} refreshes in {seconds} s");
    assert!(refreshes <= seconds + 2, "{refreshes} refreshes in {seconds} s");
    assert!(good as usize > PROCESSES * THREADS * 100, "{good} calls: that was no race");
}

/// Each refresh token was used once, in the order in which they were given, and none was refused.
fn assert_one_chain(first: &str, asked: &[Asked]) {
    let mut next = first;
    for (number, one) in asked.iter().enumerate() {
        assert_eq!((one.grant.as_str(), one.status), ("refresh_token", 200), "request {number}");
        assert_eq!(one.used.as_deref(), Some(next), "request {number} came with an old token");
        next = one.issued.as_deref().expect("it is rotated");
        assert_ne!(one.used, one.issued, "request {number} rotated nothing");
    }
}
