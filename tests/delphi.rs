//! The Pascal units of `bindings/delphi` and their example: compiled by Free Pascal in
//! Delphi mode with warnings as errors, used rightly and wrongly, and sent through a real server.
//! Nothing newer than Delphi 7 stands in them.

#![cfg(all(unix, feature = "capi"))]

#[path = "delphi/seven.rs"]
mod seven;

mod hosts;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hosts::{checkout, program, succeed};
#[cfg(feature = "cli")]
use support::sandbox::Sandbox;
use support::{newcomer, rig, tools};

/// What a program is compiled from.
const UNITS: [&str; 5] = [
    "Postrider.pas",
    "PostriderAccount.pas",
    "PostriderApi.pas",
    "PostriderBase.pas",
    "example.pas",
];

/// Compiles one program against the library as it is installed; `None` without Free Pascal.
fn compile(source: &str, flags: &[&str]) -> Option<(PathBuf, PathBuf)> {
    if !tools::require("fpc") {
        return None;
    }
    let source = checkout(source);
    let name = source.file_stem().expect("a file").to_string_lossy().into_owned();
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let folder = hosts::work_folder(&format!("fpc-{test}"));
    hosts::install_library(&folder);
    let program = folder.join(name);
    let option = |letters: &str, path: &str| format!("-{letters}{}", checkout(path).display());
    succeed(
        Command::new("fpc")
            .args(["-vew", "-Sew"]) // warnings, as errors
            .args(flags)
            .arg(option("Fu", "bindings/delphi"))
            .arg(option("Fu", "tests/delphi"))
            .arg(format!("-FU{}", folder.display()))
            .arg(format!("-Fl{}", folder.display()))
            .arg(format!("-o{}", program.display()))
            .arg(source),
    );
    Some((program, folder))
}

/// A test program, which also counts its memory: what is used too late is overwritten.
fn compile_test(name: &str) -> Option<(PathBuf, PathBuf)> {
    compile(&format!("tests/delphi/{name}.pas"), &["-gh"])
}

/// Runs a test program, which must succeed and give all its memory back; returns what it printed.
fn succeed_without_leak(command: &mut Command, folder: &Path) -> String {
    let log = folder.join("heap.log");
    let said = succeed(command.env("HEAPTRC", format!("log={}", log.display())));
    let heap = fs::read_to_string(log).expect("the program counts its memory");
    assert!(heap.contains("\n0 unfreed memory blocks"), "{heap}");
    said
}

fn run(name: &str) {
    let Some((test, folder)) = compile_test(name) else { return };
    succeed_without_leak(&mut program(&test, &folder), &folder);
}

#[test]
fn wrong_use_is_an_error_that_names_the_argument() {
    run("misuse");
}

#[test]
fn events_re_enter_raise_cancel_and_free() {
    run("callbacks");
}

#[test]
fn wrong_use_of_an_account_is_an_error_too() {
    run("account_misuse");
}

#[test]
fn accounts_take_tokens_and_stores_of_the_program() {
    run("account_events");
}

#[test]
fn floating_point_exceptions_stay_those_of_the_program() {
    run("floats");
}

#[test]
fn a_message_goes_through_a_real_server() {
    let Some((delivery, folder)) = compile_test("delivery") else { return };
    let Some(rig) = rig::shared() else { return };
    let story = hosts::Story::new("Delphi", &folder);
    let mut command = program(&delivery, &folder);
    story.tell(rig, &mut command);
    succeed_without_leak(&mut command, &folder);
    story.assert_delivered(rig);
    hosts::assert_cyrillic_name(rig);
}

#[test]
fn a_newcomer_does_what_the_advice_says() {
    let Some((program, folder)) = compile_test("newcomer") else { return };
    let Some(rig) = rig::shared() else { return };
    let mut command = hosts::program(&program, &folder);
    command.current_dir(&folder);
    newcomer::tell(rig, &mut command);
    newcomer::show(&succeed_without_leak(&mut command, &folder));
}

#[cfg(feature = "cli")]
#[test]
fn a_person_signs_in_and_mails_are_sent() {
    let subjects = [
        "from the browser",
        "in two halves",
        "pasted",
        "from a device",
        "with a code",
        "interactive",
        "once more",
        "with a token of the program",
        "without an account",
        "imported",
    ];
    sign_ins("", &["--device-interval", "0"], &subjects);
}

#[cfg(feature = "cli")]
#[test]
fn a_token_is_renewed_without_a_person() {
    sign_ins("renewed", &["--fault", "expired-token=1"], &["renewed"]);
}

/// Runs the tests of `sign_ins.pas` that are called so, at a sandbox of their own; `subjects` are of
/// the messages that arrive there.
#[cfg(feature = "cli")]
fn sign_ins(tests: &str, options: &[&str], subjects: &[&str]) {
    if !tools::require("python3") {
        return;
    }
    let Some((sign_ins, folder)) = compile_test("sign_ins") else { return };
    let sandbox = Sandbox::start(&folder, options);
    let mut command = program(&sign_ins, &folder);
    sandbox.tell("SANDBOX", &mut command);
    let person = tools::tests_folder("support/person.py");
    command
        .arg(tests)
        .env("SANDBOX_FOLDER", &folder)
        .env("BROWSER", format!("python3 {}", person.display()));
    succeed_without_leak(&mut command, &folder);
    for (i, subject) in subjects.iter().enumerate() {
        let message = sandbox.message(i + 1).expect("it has arrived");
        assert!(message.contains(&format!("\r\nSubject: {subject}\r\n")), "{message}");
    }
    assert_eq!(sandbox.message(subjects.len() + 1), None);
}

#[test]
fn the_example_does_what_its_comment_says() {
    let Some((example, folder)) = compile("bindings/delphi/example.pas", &[]) else { return };
    let Some(rig) = rig::shared() else { return };
    hosts::check_example(rig, "Delphi", || {
        let mut command = program(&example, &folder);
        // It is told a path that this code page does not have.
        command.env("LC_ALL", "C");
        command
    });
}

#[test]
fn nothing_is_newer_than_delphi_7() {
    for unit in UNITS {
        let source = fs::read_to_string(checkout("bindings/delphi").join(unit)).expect("a unit");
        assert_eq!(seven::newer_words(&source), Vec::<String>::new(), "{unit}");
    }
}

#[test]
fn newer_words_are_found_where_delphi_7_reads() {
    let newer = [
        "var L: TList<Integer>;",
        "var D: TDictionary<string, Integer>;",
        "function F: Integer; inline;",
        "type T = class strict private end;",
        "type T = class class var X: Integer; end;",
        "type T = record procedure P; end;",
        "type T = UnicodeString;",
        "var N: NativeUInt; I: Int32;",
        "begin for X in List do Exit; end;",
        "begin Exit(5); end;",
        "begin F := procedure begin end; end;",
        "begin Call(function: Integer begin end); end;",
        "begin var X := 5; end;",
        "uses System.SysUtils;",
        "{$IF CompilerVersion >= 20}{$IFEND}",
        "{$REGION 'x'}",
        "{$IFDEF UNICODE}{$ELSE} type T = UnicodeString; {$ENDIF}",
        "{$DEFINE A}{$IFDEF A} type T = UnicodeString; {$ENDIF}",
    ];
    for source in newer {
        assert!(!seven::newer_words(source).is_empty(), "{source}");
    }
    let known = [
        "{ inline } // strict\n(* Int32 *) const S = 'NativeUInt';",
        "{$IFDEF UNICODE} type T = UnicodeString; {$ENDIF}",
        "{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}",
        "begin if A < B then Exit; if X in [1] then C := D > E; end;",
        "type T = record A: Integer; end; procedure P(var X: Integer);",
        "type F = function(A: Integer): Integer; E = procedure of object;",
        "uses SysUtils, Classes;",
    ];
    for source in known {
        assert_eq!(seven::newer_words(source), Vec::<String>::new(), "{source}");
    }
}
