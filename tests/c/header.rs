//! The header on its own: every standard, every warning, and what Windows sees of it.

use std::fs;
use std::process::Command;

use super::build::{include_folder, run};
use super::support::tools;

const STRICT: &[&str] = &["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"];

/// Included twice, as happens in big programs.
const TWICE: &str = "#include <postrider.h>\n#include <postrider.h>\n\
    int32_t abi(void);\nint32_t abi(void) { return mail_library_abi() - MAIL_ABI_VERSION; }\n";

#[test]
fn compiles_as_every_c() {
    if tools::require("gcc") {
        for standard in ["c99", "c11", "c17", "c2x"] {
            compile("gcc", "c", &[&format!("-std={standard}")]);
        }
    }
}

#[test]
fn compiles_as_every_cxx() {
    if tools::require("g++") {
        for standard in ["c++11", "c++17", "c++20"] {
            compile("g++", "c++", &[&format!("-std={standard}")]);
        }
    }
}

/// On 32 bits every function and callback is stdcall, which gcc knows there; on 64 bits none is.
#[test]
fn is_for_windows_too() {
    if !tools::require("gcc") {
        return;
    }
    let functions = functions().len();
    let callbacks = 5;
    let count = |flags: &[&str], word: &str| {
        let output = Command::new("gcc")
            .args(["-E", "-P", "-D_WIN32"])
            .args(flags)
            .arg(include_folder().join("postrider.h"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().matches(word).count()
    };
    assert_eq!(count(&[], "__declspec(dllimport)"), functions);
    assert_eq!(count(&["-DMAIL_STATIC"], "__declspec(dllimport)"), 0);
    assert_eq!(count(&[], "__stdcall"), functions + callbacks);
    assert_eq!(count(&["-D_WIN64"], "__stdcall"), 0);

    if cfg!(target_arch = "x86_64") {
        let windows =
            ["-m32", "-D_WIN32", "-D__declspec(what)=", "-D__stdcall=__attribute__((stdcall))"];
        // Freestanding: the C library's headers for 32 bits need not be there.
        compile("gcc", "c", &[&windows[..], &["-std=c99", "-ffreestanding"]].concat());
    }
}

/// The names of all functions, in the order of the header.
pub fn functions() -> Vec<String> {
    let header = fs::read_to_string(include_folder().join("postrider.h")).unwrap();
    let names = header.split("MAIL_CALL mail_").skip(1);
    let names: Vec<_> =
        names.map(|rest| format!("mail_{}", rest.split('(').next().unwrap())).collect();
    assert!(names.len() > 50, "found only {names:?}");
    names
}

fn compile(compiler: &str, language: &str, flags: &[&str]) {
    let source = tempfile::Builder::new().suffix(&format!(".{language}")).tempfile().unwrap();
    fs::write(source.path(), TWICE).unwrap();
    let mut command = Command::new(compiler);
    command.args(STRICT).args(flags).args(["-x", language]).arg("-I").arg(include_folder());
    run(command.arg(source.path()));
}
