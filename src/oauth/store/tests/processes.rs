//! Several processes at one store, and one that is killed while it saves.
//!
//! This program runs itself again: the child is a "test" that does nothing unless it is told where
//! the store is.

use super::*;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

const FOLDER: &str = "POSTRIDER_TEST_STORE";

fn child(test: &str, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("oauth::store::tests::processes::{test}"), "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn store_of_the_parent() -> Option<Store> {
    Some(Store::file(env::var_os(FOLDER)?).unwrap())
}

const PROCESSES: u64 = 4;
const THREADS: u64 = 4;
const EACH: u64 = 10;

#[test]
fn child_that_counts() {
    let Some(store) = store_of_the_parent() else { return };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(|_| count_up(&store)));
        }
    });
}

#[test]
fn processes_and_threads_that_race_lose_no_increment() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> =
        (0..PROCESSES).map(|_| child("child_that_counts", folder.path())).collect();
    for child in children {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }
    let store = Store::file(folder.path()).unwrap();
    assert_eq!(counted(&store), PROCESSES * THREADS * EACH);
}

#[test]
fn child_that_saves_until_it_is_killed() {
    let Some(store) = store_of_the_parent() else { return };
    // A bound, in case nobody kills it.
    for _ in 0..100_000 {
        count_up(&store);
        println!("saved {}", counted(&store));
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn killed_at_any_moment_the_file_is_whole_and_the_lock_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::file(folder.path()).unwrap();
    let mut last = 0;
    for round in 0..10 {
        let mut child = child("child_that_saves_until_it_is_killed", folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let saved = lines
            .map_while(|line| line.ok())
            .filter_map(|line| line.split_once("saved ")?.1.parse::<u64>().ok());
        // Each round some saves later.
        let told = saved.take(3 + round).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        // At once, with what the child left behind: everything that it told is there.
        let now = counted(&store);
        assert!(now >= told && now > last, "told {told}, found {now}, before {last}");
        count_up(&store);
        last = counted(&store);
        assert_eq!(last, now + 1);
    }
}
