//! An independent eye on messages: Python's `email` package.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::tools;

/// Takes a message apart; `parse_mail.py` describes the answer. Needs `python3`.
pub fn parse_with_python(message: &[u8]) -> Value {
    let mut python = Command::new("python3")
        .arg(tools::tests_folder("support/parse_mail.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut input = python.stdin.take().expect("stdin is piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || input.write_all(message).expect("python3 reads the message"));
        python.wait_with_output().expect("python3 ends")
    });
    assert!(output.status.success(), "parse_mail.py failed");
    serde_json::from_slice(&output.stdout).expect("parse_mail.py prints JSON")
}
