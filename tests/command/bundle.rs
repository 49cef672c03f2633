//! Sign in on one computer, send from another.

use crate::desk::Desk;
use crate::harness::USER;

#[test]
fn an_account_is_taken_to_another_computer_with_everything_it_needs() {
    let desk = Desk::new(&[]);
    let secret = desk.file("secret", "s3cret-of-the-app");
    desk.log_in(USER, &["--name", "work", "--client-secret-file", &secret]).exits(0);
    let passphrase = "correct horse";
    let bundle = desk.path("bundle").display().to_string();
    desk.run_with(&["export", &bundle, "--passphrase-file", "-"], passphrase).exits(0).says("work");
    let content = std::fs::read(&bundle).expect("the bundle");
    for secret in desk.tokens() {
        assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    desk.run_with(&["export", &bundle, "--passphrase-file", "-"], passphrase).exits(3);
    assert_eq!(std::fs::read(&bundle).expect("the bundle"), content, "it was not overwritten");

    let other = Desk::new(&[]);
    let store = other.store();
    let import = ["import", &bundle, "--store", &store, "--passphrase-file", "-"];
    other.run_with(&import, "wrong horse").exits(3).says("passphrase");
    other.run_with(&import, passphrase).exits(0).says("Imported: work");
    other.run_with(&import, passphrase).exits(0).says("--replace");
    // It goes on where the first one was.
    other.run(&["send", "--to", "bob@example.org", "--subject", "From the server"]).exits(0);
    assert!(desk.sandbox.file("0001.eml").exists());
    assert_eq!(other.documents()[0]["postrider_command"]["client_secret"], "s3cret-of-the-app");
    let accounts = other.run(&["accounts", "--json"]).exits(0).json();
    assert_eq!(accounts[0]["name"], "work");
    assert_eq!(accounts[0]["store"], store);
}

#[test]
fn what_cannot_be_exported_is_said() {
    let desk = Desk::new(&[]);
    desk.run(&["export", "bundle"]).exits(2).says("no account");
    desk.log_in(USER, &[]).exits(0);
    desk.run(&["export", "bundle"]).exits(2).says("--passphrase-file");
    desk.run_with(&["export", "bundle", "--passphrase-file", "-"], "short").exits(2);
    desk.run(&["import", "-", "--passphrase-file", "-"]).exits(2).says("standard input");
    let run = desk.run_with(&["export", "bundle", "--account", "nobody"], "x").exits(2);
    run.says("there is no account nobody");
}
