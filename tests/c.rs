//! Hosts in C: programs of `tests/c/`, each compiled strictly as C99, linked with the library as a
//! user would, and run as it is, under valgrind, and with gcc's sanitizers.
//!
//! The programs check for themselves and say where they failed; this file builds and runs them, and
//! looks at what only another process can see: the delivered mail, and the header on its own.
#![cfg(target_os = "linux")]

#[path = "c/build.rs"]
mod build;
#[path = "c/header.rs"]
mod header;
mod support;

use std::fs;

use build::Program;
use serde_json::Value;
use support::{mail, maildir, rig};

/// A test for each way to run each program that needs nothing but the library.
macro_rules! programs {
    ($($program:ident: $($way:ident)+;)+) => {
        $(mod $program {
            $(#[test]
            fn $way() {
                if let Some(program) = super::build::$way(stringify!($program)) {
                    program.run();
                }
            })+
        })+
    };
}

programs! {
    smoke: plain valgrind sanitizers against_the_static_library;
    misuse: plain valgrind sanitizers;
    getters: plain valgrind sanitizers;
    callbacks: plain valgrind sanitizers;
    threads: plain valgrind sanitizers;
    hangup: plain;
    // Neither of the tools leaves the memory as it is.
    secrets: plain against_the_static_library;
}

// valgrind knows no unmasked exceptions, and many other processors have none.
#[cfg(target_arch = "x86_64")]
programs! {
    fpu: plain sanitizers;
}

mod send {
    use super::{build, send_through_the_rig};

    #[test]
    fn plain() {
        send_through_the_rig(build::plain("send"), "C plain");
    }

    #[test]
    fn valgrind() {
        send_through_the_rig(build::valgrind_of_tls("send"), "C valgrind");
    }

    #[test]
    fn sanitizers() {
        send_through_the_rig(build::sanitizers("send"), "C sanitizers");
    }
}

mod steady {
    use super::{build, rig, through_the_rig};

    // As it is only: the tools need memory of their own.
    #[test]
    fn plain() {
        let (Some(program), Some(rig)) = (build::plain("steady"), rig::shared()) else { return };
        through_the_rig(program, rig, "C steady").run();
    }
}

/// A function without a test in misuse.c or getters.c is a hole that nobody would notice.
#[test]
fn misuse_knows_every_function() {
    let read = |file| fs::read_to_string(support::tools::tests_folder(file)).unwrap();
    let programs = read("c/misuse.c") + &read("c/getters.c") + &read("c/misuse.h");
    for function in header::functions() {
        let short = function.strip_prefix("mail_").unwrap();
        // Called, or without the prefix as an argument of the macros that call.
        let forms = [format!("{function}("), format!("({short},"), format!("({short})")];
        let named = forms.iter().any(|form| programs.contains(form));
        assert!(named, "misuse.c and getters.c do not call {function}()");
    }
}

/// Runs send.c, and takes apart what Bob got.
fn send_through_the_rig(program: Option<Program>, subject: &str) {
    let (Some(program), Some(rig)) = (program, rig::shared()) else { return };
    through_the_rig(program, rig, subject).run();

    let first = parsed(rig, &format!("{subject}: first"));
    assert_eq!(header(&first, "From"), "Alice <alice@rig.test>");
    assert_eq!(header(&first, "To"), "Bob <bob@rig.test>, nobody@rig.test");
    let parts = first["body"]["parts"].as_array().unwrap();
    assert_eq!(parts[2]["file_name"], "drei Bytes.bin");
    // As it stands in the message: programs differ in which of the two names they show.
    let raw = maildir::wait_for(rig, rig::BOB, &format!("{subject}: first"));
    let raw = String::from_utf8(raw).unwrap();
    assert!(raw.contains("filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"), "{raw}");
    assert_eq!(parts[1]["text"], "From a file\n");
    assert_eq!(parts[2]["size"], 3);
    let related = &parts[0]["parts"][1]["parts"];
    let content_id = related[1]["content_id"].as_str().unwrap().trim_matches(['<', '>']);
    assert_eq!(parts[0]["parts"][0]["text"], "Grüße von C\n");
    let html = related[0]["text"].as_str().unwrap();
    assert!(html.contains(&format!("cid:{content_id}")), "{html}");

    let second = parsed(rig, &format!("{subject}: second"));
    assert_eq!(second["body"]["text"], "The second message\n");
}

/// Tells the program what tests/c/rig.h asks for.
fn through_the_rig(mut program: Program, rig: &rig::Rig, subject: &str) -> Program {
    program
        .command
        .env("RIG_HOST", "localhost")
        .env("RIG_PORT", rig.ports.submission.to_string())
        .env("RIG_CA_FILE", &rig.ca_file)
        .env("RIG_TOKEN", rig.token("service"))
        .env("RIG_USER", rig::ALICE)
        .env("RIG_RECIPIENT", rig::BOB)
        .env("RIG_REFUSED", rig::UNKNOWN_USER)
        .env("RIG_SUBJECT", subject);
    program
}

fn parsed(rig: &rig::Rig, subject: &str) -> Value {
    let message = mail::parse_with_python(&maildir::wait_for(rig, rig::BOB, subject));
    assert_eq!(header(&message, "Subject"), subject);
    // A file name beyond ASCII is there twice: as it is, and reduced for old programs.
    let defects = message["defects"].as_array().unwrap().iter().map(ToString::to_string);
    let defects: Vec<_> =
        defects.filter(|defect| !defect.contains("duplicate parameter")).collect();
    assert!(defects.is_empty(), "{defects:?}");
    message
}

fn header(message: &Value, name: &str) -> String {
    let headers = message["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header[0] == name);
    found.and_then(|header| header[1].as_str()).unwrap_or_default().to_owned()
}
