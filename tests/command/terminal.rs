//! What a person sees at a terminal, which `script` (util-linux) plays.

use crate::desk::Desk;
use crate::harness::USER;
use crate::tools;
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs the command at a terminal; everything that it shows there comes out of `script`.
fn at_terminal(desk: &Desk, arguments: &[&str]) -> Child {
    let quoted = |text: &&str| format!("'{text}'");
    let line: Vec<_> = arguments.iter().map(quoted).collect();
    let line = format!("tty >tty; '{}' {}", env!("CARGO_BIN_EXE_postrider"), line.join(" "));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    for (name, value) in desk.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("SHELL", "/bin/sh").current_dir(desk.folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script runs")
}

/// Waits until what is typed is not shown any more: the prompt stands there a moment before.
fn wait_for_silence(desk: &Desk) {
    let terminal = fs::read_to_string(desk.path("tty")).expect("the name of the terminal");
    for _ in 0..2000 {
        let stty = Command::new("stty").args(["-F", terminal.trim(), "-a"]).output();
        let settings = stty.expect("stty runs").stdout;
        if String::from_utf8_lossy(&settings).split_whitespace().any(|word| word == "-echo") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("what is typed is shown");
}

#[test]
fn a_bar_shows_how_far_a_large_message_is() {
    if !tools::require("script") {
        return;
    }
    let desk = Desk::signed_in(&[]);
    let large = desk.file("large.bin", vec![7; 3_000_000]);
    let to = ["send", "--to", "bob@example.org", "--subject", "x", "--attach", &large];
    let output = at_terminal(&desk, &to).wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains(&format!("100 % [{}]", "#".repeat(30))), "{shown:?}");
    assert!(shown.contains("accepted for bob@example.org"), "{shown:?}");
    // A file or a pipe gets no bar.
    assert_eq!(desk.run(&to).exits(0).stderr, "");
}

#[test]
fn a_report_has_colour_at_a_terminal_unless_it_is_not_wanted() {
    if !tools::require("script") {
        return;
    }
    let desk = Desk::new(&[]);
    let arguments = ["doctor", "--migrate", "--server", "smtp.live.com:25"];
    let shown = |variables: &str| {
        let mut command = Command::new("script");
        let line =
            format!("{variables} '{}' {}", env!("CARGO_BIN_EXE_postrider"), arguments.join(" "));
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env("SHELL", "/bin/sh").current_dir(desk.folder.path());
        let output = command.stdin(Stdio::null()).output().expect("script runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let coloured = shown("NO_COLOR= TERM=xterm");
    assert!(coloured.contains("\u{1b}[33mwarning\u{1b}[0m"), "{coloured:?}");
    let plain = shown("NO_COLOR=1 TERM=xterm");
    assert!(plain.contains("warning") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn a_password_is_typed_without_being_shown() {
    if !tools::require("script") {
        return;
    }
    let desk = Desk::new(&[]);
    let server = format!("localhost:{}", desk.sandbox.ready["smtps_port"]);
    let ca_file = desk.sandbox.ready["ca_file"].as_str().expect("a file");
    let way = ["send", "--server", &server, "--ca-file", ca_file, "--user", USER];
    let message = ["--auth", "xoauth2", "--to", "bob@example.org", "--subject", "x"];
    let mut child = at_terminal(&desk, &[&way[..], &message].concat());
    let mut shown = Vec::new();
    let mut stdout = child.stdout.take().expect("piped");
    let mut byte = [0];
    while !shown.ends_with(b"Type the access token: ") {
        assert_eq!(stdout.read(&mut byte).expect("text"), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    wait_for_silence(&desk);
    let token = desk.sandbox.access_token();
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(format!("{token}\n").as_bytes()).expect("typed");
    stdout.read_to_end(&mut shown).expect("text");
    let shown = String::from_utf8_lossy(&shown);
    assert!(child.wait().expect("it ends").success(), "{shown}");
    assert!(!shown.contains(&token), "{shown}");
    assert!(desk.sandbox.file("0001.eml").exists());
}
