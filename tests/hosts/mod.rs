//! What the tests of C++, Python and Pascal share: the built library, running programs of other
//! languages, and the one message that each of them sends through the rig.

// Each test binary compiles this module for itself and uses only a part of it.
#![allow(dead_code)]

use std::env::{self, consts};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, os::unix::fs::symlink};

use serde_json::Value;

use crate::support::rig::{self, Rig};
use crate::support::{mail, maildir, records};

/// By its name: Wine does not look for addresses in certificates.
const SERVER: &str = "localhost";

/// The shared library that cargo built for this test.
pub fn library() -> PathBuf {
    let name = format!("{}postrider{}", consts::DLL_PREFIX, consts::DLL_SUFFIX);
    let library = env::current_exe().expect("this program has a path").with_file_name(name);
    assert!(library.is_file(), "cargo builds {}", library.display());
    library
}

/// `bindings/<path>` and the like.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder of its own for one test, empty at its start; it stays, for looking at, below `target`.
pub fn work_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("target can be written");
    folder
}

/// The library as it is installed: under the name for linking and the name for running.
pub fn install_library(folder: &Path) {
    for name in ["libpostrider.so", "libpostrider.so.1"] {
        symlink(library(), folder.join(name)).expect("a new name");
    }
}

/// A program that finds the library in `folder`, and is ended when it hangs.
pub fn program(path: &Path, folder: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120"]).arg(path).env("LD_LIBRARY_PATH", folder);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("POSTRIDER_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command that must succeed; returns what it printed.
pub fn succeed(command: &mut Command) -> String {
    let output = run(command);
    // Not `{command:?}`: that shows the environment, and with it the tokens.
    let arguments: Vec<_> = command.get_args().collect();
    assert!(output.status.success(), "{arguments:?}: {}\n{}", output.status, said(&output));
    said(&output)
}

pub fn run(command: &mut Command) -> Output {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    // `postrider token` prints one: that is what it is for.
    if !command.get_args().any(|argument| argument == "token") {
        records::produced(&said(&output));
    }
    output
}

/// Standard output, then standard error.
pub fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

/// The message that every language sends: text, HTML with an image, a file and bytes attached, to
/// Alice and to somebody whom the server refuses.
pub struct Story {
    subject: String,
    file: Vec<u8>,
    folder: PathBuf,
}

impl Story {
    pub fn new(language: &str, folder: &Path) -> Self {
        // More than one buffer of the library, and every octet in it.
        let file: Vec<u8> = (0_u64..300_000).map(|i| (i * i / 7) as u8).collect();
        fs::write(folder.join("report.bin"), &file).expect("the folder can be written");
        let subject = format!("Grüße from {language}");
        Self { subject, file, folder: folder.to_owned() }
    }

    /// Hands the story to a program.
    pub fn tell(&self, rig: &Rig, command: &mut Command) {
        command
            .env("RIG_HOST", SERVER)
            .env("RIG_PORT", rig.ports.submission.to_string())
            .env("RIG_CA", &rig.ca_file)
            .env("RIG_USER", rig::ALICE)
            .env("RIG_TOKEN", rig.token("service"))
            .env("RIG_BAD_TOKEN", "not-a-token")
            .env("RIG_REFUSED", rig::UNKNOWN_USER)
            .env("RIG_SUBJECT", &self.subject)
            .env("RIG_FILE", self.folder.join("report.bin"));
    }

    /// Looks for the message in Alice's Maildir and takes it apart.
    pub fn assert_delivered(&self, rig: &Rig) {
        let octets = delivered_once(rig, "X-Story: told");
        let message = mail::parse_with_python(&octets);
        // `filename*` has an ASCII `filename` beside it for old programs, which Python's parser
        // calls a duplicate. Nothing else may be wrong.
        let defects = message["defects"].as_array().expect("defects");
        let duplicate = |defect: &Value| defect.to_string().contains("duplicate parameter name");
        assert!(defects.iter().all(duplicate), "{message}");
        assert_eq!(header(&message, "Subject"), self.subject);
        assert_eq!(header(&message, "From"), "Jürgen Größe <alice@rig.test>");
        assert_eq!(header(&message, "To"), "Alice <alice@rig.test>, nobody@rig.test");

        let parts = leaves(&message["body"]);
        let types: Vec<_> = parts.iter().map(|part| part["type"].as_str().unwrap()).collect();
        let expected =
            ["text/plain", "text/html", "image/png", "application/octet-stream", "text/csv"];
        assert_eq!(types, expected, "{message}");
        assert_eq!(text(parts[0]), "Grüße\n.\nzweite Zeile\n");
        let image = parts[2]["content_id"].as_str().expect("a content id");
        let image = image.trim_matches(['<', '>']);
        assert_eq!(text(parts[1]).trim_end(), format!("<p>Grüße <img src=\"cid:{image}\"></p>"));
        assert_eq!(parts[2]["size"], 8);
        let octets = String::from_utf8(octets).expect("a message of UTF-8");
        assert!(octets.contains("filename*=utf-8''Bericht%20f%C3%BCr%20Alice.bin"), "{message}");
        assert_eq!(parts[3]["size"], self.file.len());
        assert_eq!(parts[3]["sha256"], sha256(&self.folder.join("report.bin")));
        assert_eq!(parts[4]["file_name"], "order.csv");
        assert_eq!(text(parts[4]), "item;price\npostcard;1.20\n");
    }
}

/// Runs an example program of `bindings/` against the rig: as its comment says, with a wrong token,
/// and without anything set.
pub fn check_example(rig: &Rig, language: &str, make: impl Fn() -> Command) {
    let token = rig.token("service");
    // No code page has both.
    let ca_file = rig.state.join(format!("{language} Prüfung Отчёт.pem"));
    fs::copy(&rig.ca_file, &ca_file).expect("a copy");
    let with_token = |token: &str| {
        let mut command = make();
        command
            .env("POSTRIDER_HOST", SERVER)
            .env("POSTRIDER_PORT", rig.ports.submissions.to_string())
            .env("POSTRIDER_CA", &ca_file)
            .env("POSTRIDER_USER", rig::ALICE)
            .env("POSTRIDER_TO", format!("{}, {}", rig::ALICE, rig::UNKNOWN_USER))
            .env("POSTRIDER_TOKEN", token);
        command
    };

    let said = succeed(&mut with_token(&token));
    assert!(said.contains("\n  S: 220 "), "no transcript:\n{said}");
    assert!(said.contains("\naccepted alice@rig.test: 250 "), "{said}");
    assert!(said.contains("\nrefused nobody@rig.test: 550 "), "{said}");
    assert!(!said.contains(&token), "a token in the transcript:\n{said}");
    let subject = format!("Subject: Greetings from {language}\n");
    let message = mail::parse_with_python(&delivered_once(rig, &subject));
    let parts = leaves(&message["body"]);
    assert_eq!(text(parts[0]), "Hello,\nhere is your order.\n");
    assert_eq!(parts[2]["file_name"], "order.csv");

    let output = run(&mut with_token("not-a-token"));
    assert_eq!(output.status.code(), Some(1), "{}", self::said(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    let ending: Vec<_> = said.lines().rev().take(3).collect();
    assert!(ending[2].starts_with("not sent: ") && ending[2].contains("535"), "{said}");
    assert!(ending[1].starts_with("stage 9, cause ") && ending[1].len() > 16, "{said}");
    assert!(ending[0].starts_with("advice: ") && ending[0].len() > 16, "{said}");

    let output = run(&mut make());
    assert_eq!(output.status.code(), Some(1), "{}", self::said(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines, ["Set POSTRIDER_HOST, POSTRIDER_USER and POSTRIDER_TOKEN first."]);
}

/// The message with the file of a Cyrillic name, from a folder with a space and an umlaut.
pub fn assert_cyrillic_name(rig: &Rig) {
    let message = delivered_once(rig, "X-Story: attached");
    let name = b"filename*=utf-8''%D0%9E%D1%82%D1%87%D1%91%D1%82.txt"; // Отчёт.txt
    assert!(memchr::memmem::find(&message, name).is_some(), "{message:?}");
}

/// Alice's only message with this text in it.
fn delivered_once(rig: &Rig, needle: &str) -> Vec<u8> {
    let message = maildir::wait_for(rig, rig::ALICE, needle);
    assert_eq!(maildir::all(rig, rig::ALICE, needle).len(), 1, "sent once: {needle}");
    message
}

fn header<'a>(message: &'a Value, name: &str) -> &'a str {
    let headers = message["headers"].as_array().expect("headers");
    let mut named = headers.iter().filter(|header| header[0] == name);
    named.next().and_then(|header| header[1].as_str()).unwrap_or_else(|| panic!("no {name}"))
}

fn text(part: &Value) -> String {
    part["text"].as_str().expect("a text part").replace("\r\n", "\n")
}

/// The parts that hold something, in their order.
fn leaves(part: &Value) -> Vec<&Value> {
    match part["parts"].as_array() {
        Some(parts) => parts.iter().flat_map(leaves).collect(),
        None => vec![part],
    }
}

fn sha256(file: &Path) -> String {
    let said = succeed(Command::new("sha256sum").arg(file));
    said.split(' ').next().expect("a sum").to_owned()
}
