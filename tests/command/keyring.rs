//! The default store: encrypted files, with their key in gnome-keyring on a bus of its own.

use crate::desk::Desk;
use crate::harness::USER;
use crate::tools;
use std::process::Command;

#[test]
fn where_there_is_a_keyring_it_holds_the_key_and_nothing_lies_open() {
    if !tools::require_all(&["gnome-keyring-daemon", "dbus-run-session", "dbus-send"]) {
        return;
    }
    let desk = Desk::new(&[]);
    let form = "grant_type=client_credentials&client_id=sandbox";
    let (_, tokens) = desk.sandbox.request_token(form);
    let refresh_token = tokens["refresh_token"].as_str().expect("a token");
    let file = desk.file("refresh-token", refresh_token);
    let account = desk.account(USER, "keyring").join("' '");
    let script = format!(
        "set -e; postrider='{}'; XDG_CONFIG_HOME=$HOME/settings; export XDG_CONFIG_HOME
         $postrider login '{account}' --scope mail --refresh-token-file '{file}'
         $postrider send --to bob@example.org --subject Hello
         $postrider token >$HOME/token",
        env!("CARGO_BIN_EXE_postrider")
    );
    let home = desk.path("home");
    std::fs::create_dir(&home).expect("a folder");
    let session = Command::new("bash")
        .arg(tools::tests_folder("rig/keyring.sh"))
        .args([
            home.as_os_str(),
            "unlocked".as_ref(),
            "sh".as_ref(),
            "-c".as_ref(),
            script.as_ref(),
        ])
        .output()
        .expect("the session runs");
    let said =
        [session.stdout, session.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(session.status.success(), "{said:?}");
    assert!(desk.sandbox.file("0001.eml").exists(), "{said:?}");

    let token = std::fs::read_to_string(home.join("token")).expect("a token");
    let mut sealed = 0;
    for folder in ["settings/postrider", "settings/postrider/keyring"] {
        for file in std::fs::read_dir(home.join(folder)).expect("a folder") {
            let path = file.expect("a file").path();
            sealed += usize::from(path.extension().is_some_and(|ending| ending == "sealed"));
            let Ok(content) = std::fs::read(&path) else { continue };
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains(token.trim()), "{}", path.display());
        }
    }
    assert_eq!(sealed, 1);
}
