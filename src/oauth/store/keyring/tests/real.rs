//! With gnome-keyring on a bus that `tests/rig/keyring.sh` makes; this program runs itself again, on it.

use super::*;
use crate::error::{Stage, Status};
use crate::oauth::support::tools;
use std::env;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Duration;

const FOLDER: &str = "POSTRIDER_TEST_KEYRING_STORE";

/// Runs the child within a session of its own.
fn in_session(state: &str, child: &str) {
    if !tools::require_all(&["gnome-keyring-daemon", "dbus-run-session", "dbus-send"]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let done = Command::new("bash")
        .arg(tools::tests_folder("rig/keyring.sh"))
        .arg(home.path())
        .arg(state)
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("oauth::store::keyring::tests::real::{child}")])
        .env(FOLDER, home.path().join("store"))
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(done.status.success() && said[0].contains("1 passed"), "{said:?}");
    // The child did open the store, and did not return at once.
    assert!(home.path().join("store/keyring.id").exists(), "{said:?}");
}

fn open_real() -> Option<Result<Store>> {
    let folder = env::var_os(FOLDER)?;
    Some(Store::keyring(folder, "postrider tests", Duration::from_secs(60)))
}

#[test]
fn child_with_an_unlocked_keyring() {
    let Some(store) = open_real() else { return };
    save(&store.unwrap(), entry("anna")).unwrap();
    let again = open_real().unwrap().unwrap();
    assert_eq!(again.load(&key("anna")).unwrap(), Some(entry("anna")));
    watched(|watch| {
        let system = System::new("postrider tests");
        assert!(system.get("no such id", watch).unwrap().is_none());
        for text in ["one", "two"] {
            system.set("an id", &Secret::new(text), watch).unwrap();
            let found = system.get("an id", watch).unwrap();
            assert_eq!(found.unwrap().text(), Some(text));
        }
        system.delete("an id", watch).unwrap();
        system.delete("an id", watch).unwrap();
        assert!(system.get("an id", watch).unwrap().is_none());
    });
}

fn fails_with(cause: Cause) {
    let Some(store) = open_real() else { return };
    let error = store.unwrap_err();
    assert_eq!((error.status(), error.stage()), (Status::Store, Stage::Store), "{error}");
    assert_eq!(error.cause(), cause, "{error}");
}

#[test]
fn child_with_a_locked_keyring() {
    fails_with(Cause::KeyringLocked);
}

#[test]
fn child_without_a_keyring() {
    fails_with(Cause::KeyringAbsent);
}

#[test]
fn an_unlocked_keyring_keeps_the_key() {
    in_session("unlocked", "child_with_an_unlocked_keyring");
}

#[test]
fn a_locked_keyring_is_told_and_nobody_is_asked() {
    in_session("locked", "child_with_a_locked_keyring");
}

#[test]
fn a_session_without_a_keyring_is_told() {
    in_session("absent", "child_without_a_keyring");
}

#[test]
fn no_session_at_all_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(env::current_exe().unwrap())
        .args(["--exact", "oauth::store::keyring::tests::real::child_without_a_keyring"])
        .env(FOLDER, folder.path())
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(folder.path().join("keyring.id").exists());
}

#[test]
fn child_at_a_silent_bus() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let limit = Duration::from_millis(200);
    let error = Store::keyring(folder, "postrider tests", limit).unwrap_err();
    assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Store), "{error}");
}

#[test]
fn a_bus_that_never_answers_does_not_hold_us() {
    let folder = tempfile::tempdir().unwrap();
    let bus = folder.path().join("bus");
    // Connections to it succeed; nobody ever accepts them.
    let _listener = UnixListener::bind(&bus).unwrap();
    let done = Command::new(env::current_exe().unwrap())
        .args(["--exact", "oauth::store::keyring::tests::real::child_at_a_silent_bus"])
        .env(FOLDER, folder.path())
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display()))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(folder.path().join("keyring.id").exists());
}
