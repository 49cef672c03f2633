//! How a sandbox starts, what it leaves behind, and how it ends.

use crate::harness::{Sandbox, postrider, xoauth2};
use std::process::Stdio;

#[test]
fn it_stops_when_its_standard_input_ends() {
    let mut sandbox = Sandbox::start(&[]);
    sandbox.signed_in().deliver("bob@example.net", b"Subject: x\r\n\r\n");
    let (status, _) = sandbox.stop();
    assert!(status.success(), "{status}");
    assert!(!sandbox.file("sandbox.json").exists(), "scripts would think that it runs");
    assert!(sandbox.file("0001.eml").exists());
}

#[test]
fn it_stops_after_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = postrider();
    command.args(["sandbox", "--quiet", "--for", "1", "--folder"]).arg(folder.path());
    // Standard input stays open.
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let _held_open = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    assert!(output.stdout.is_empty(), "--quiet prints nothing");
}

#[test]
fn without_a_folder_it_makes_a_new_one_and_names_it() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = postrider();
    command.args(["sandbox", "--for", "0"]).env("TMPDIR", elsewhere.path());
    command.env("TMP", elsewhere.path()).env("TEMP", elsewhere.path());
    let output = command.output().expect("it runs");
    assert!(output.status.success());
    let made = std::fs::read_dir(elsewhere.path()).expect("readable").next().expect("a folder");
    let made = made.expect("readable").path();
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(made.to_str().expect("UTF-8")), "{text}");
    assert!(made.join("ca.pem").exists());
}

#[test]
fn messages_of_an_earlier_run_are_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("0007.eml"), "earlier").expect("written");
    let sandbox = Sandbox::start_in(folder, &[]);
    let reply = sandbox.signed_in().deliver("bob@example.net", b"Subject: new\r\n\r\n");
    assert!(reply.contains("0008.eml"), "{reply}");
    assert_eq!(std::fs::read(sandbox.file("0007.eml")).expect("there"), b"earlier");
}

#[test]
fn tokens_are_never_printed_by_the_sandbox() {
    let mut sandbox = Sandbox::start(&[]);
    let token = sandbox.access_token();
    let mut client = sandbox.greeted();
    client.ask(&format!("AUTH XOAUTH2 {}", xoauth2("bob@example.com", &token)), "334");
    client.ask("", "535");
    let start_text = sandbox.start_text.clone();
    let (_, printed) = sandbox.stop();
    assert!(printed.contains("Sign-in of bob@example.com refused"), "{printed}");
    assert!(!printed.contains(&token) && !start_text.contains(&token));
    for entry in std::fs::read_dir(sandbox.folder()).expect("readable") {
        let bytes = std::fs::read(entry.expect("readable").path()).expect("readable");
        assert!(!String::from_utf8_lossy(&bytes).contains(&token));
    }
}

#[test]
fn a_start_that_fails_names_the_port_and_leaves_no_old_address_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let left_by_a_killed_run = folder.path().join("sandbox.json");
    std::fs::write(&left_by_a_killed_run, "{}").expect("written");
    let mut command = postrider();
    command.args(["sandbox", "--for", "0", "--port", &port, "--folder"]).arg(folder.path());
    let output = command.output().expect("it runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains(&port), "{complaint}");
    assert!(!left_by_a_killed_run.exists());
}
