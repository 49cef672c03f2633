//! The C++ layer, `bindings/cpp/postrider.hpp`, and the examples of C and C++: compiled with
//! warnings as errors, used rightly and wrongly, and sent through a real server.

#![cfg(all(unix, feature = "capi"))]

mod hosts;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use hosts::{checkout, program, succeed};
use support::{rig, tools};

/// Compiles one source file against the library as it is installed; `None` without a compiler.
fn compile(compiler: &str, standard: &str, source: &str) -> Option<(PathBuf, PathBuf)> {
    if !tools::require(compiler) {
        return None;
    }
    let source = checkout(source);
    let name = source.file_stem().expect("a file").to_string_lossy().into_owned();
    let folder = hosts::work_folder(&format!("{compiler}-{name}"));
    hosts::install_library(&folder);
    let program = folder.join(name);
    succeed(
        Command::new(compiler)
            .args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"])
            .arg("-I")
            .arg(checkout("include"))
            .arg("-I")
            .arg(checkout("bindings/cpp"))
            .arg(source)
            .arg("-o")
            .arg(&program)
            .arg("-L")
            .arg(&folder)
            .arg("-lpostrider"),
    );
    Some((program, folder))
}

fn compile_test(name: &str) -> Option<(PathBuf, PathBuf)> {
    compile("g++", "-std=c++17", &format!("tests/cpp/{name}.cpp"))
}

#[test]
fn wrong_use_is_an_error_that_names_the_argument() {
    let Some((misuse, folder)) = compile_test("misuse") else { return };
    succeed(&mut program(&misuse, &folder));
}

#[test]
fn callbacks_re_enter_throw_cancel_and_free() {
    let Some((callbacks, folder)) = compile_test("callbacks") else { return };
    succeed(&mut program(&callbacks, &folder));
}

#[test]
fn an_account_may_be_used_wrongly_and_its_callbacks_do_what_they_like() {
    let Some((account, folder)) = compile_test("account") else { return };
    succeed(&mut program(&account, &folder));
}

/// Without the command there is no sandbox.
#[cfg(feature = "cli")]
#[test]
fn a_person_signs_in_and_mails_have_the_tokens() {
    use support::sandbox::Sandbox;

    if !tools::require("python3") {
        return;
    }
    let Some((sign_in, folder)) = compile_test("sign_in") else { return };
    let sandbox = Sandbox::start(&folder.join("usual"), &["--device-interval", "1"]);
    let strict = Sandbox::start(&folder.join("strict"), &["--fault", "expired-token=1"]);
    let mut command = program(&sign_in, &folder);
    command.env("SANDBOX_FOLDER", &folder);
    sandbox.tell("SANDBOX", &mut command);
    strict.tell("STRICT", &mut command);
    succeed(&mut command);
    let subjects = [
        "two halves",
        "pasted",
        "one call",
        "interactive",
        "device",
        "a later run",
        "another computer",
    ];
    for (number, subject) in (1..).zip(subjects) {
        let message = sandbox.message(number).expect("it arrived");
        assert!(message.contains(&format!("\r\nSubject: {subject}\r\n")), "{message}");
    }
    assert_eq!(sandbox.message(subjects.len() + 1), None);
    assert!(strict.message(1).is_some() && strict.message(2).is_none());
}

#[test]
fn a_library_with_another_interface_number_is_refused() {
    let Some((other_library, folder)) = compile_test("other_library") else { return };
    succeed(&mut program(&other_library, &folder));
}

#[test]
fn a_message_goes_through_a_real_server() {
    let Some((delivery, folder)) = compile_test("delivery") else { return };
    let Some(rig) = rig::shared() else { return };
    let story = hosts::Story::new("C++", &folder);
    let mut command = program(&delivery, &folder);
    story.tell(rig, &mut command);
    succeed(&mut command);
    story.assert_delivered(rig);
}

#[test]
fn the_c_example_does_what_its_comment_says() {
    let Some((example, folder)) = compile("gcc", "-std=c99", "bindings/c/example.c") else {
        return;
    };
    check_example("C", &example, &folder);
}

#[test]
fn the_cpp_example_does_what_its_comment_says() {
    let Some((example, folder)) = compile("g++", "-std=c++17", "bindings/cpp/example.cpp") else {
        return;
    };
    check_example("C++", &example, &folder);
}

fn check_example(language: &str, example: &Path, folder: &Path) {
    let Some(rig) = rig::shared() else { return };
    hosts::check_example(rig, language, || program(example, folder));
}

#[test]
fn the_header_is_whole_and_may_be_included_twice() {
    if !tools::require("g++") {
        return;
    }
    let folder = hosts::work_folder("g++-twice");
    let include = "#include \"postrider.hpp\"\n";
    let (one, two) = (folder.join("one.cpp"), folder.join("two.cpp"));
    std::fs::write(&one, format!("{include}{include}postrider::Mail make() {{ return {{}}; }}\n"))
        .expect("the folder can be written");
    std::fs::write(
        &two,
        format!("{include}postrider::Mail make();\nint main() {{ make().clear_message(); }}\n"),
    )
    .expect("the folder can be written");
    hosts::install_library(&folder);
    succeed(
        Command::new("g++")
            .args(["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic"])
            .arg("-I")
            .arg(checkout("include"))
            .arg("-I")
            .arg(checkout("bindings/cpp"))
            .args([&one, &two])
            .arg("-o")
            .arg(folder.join("twice"))
            .arg("-L")
            .arg(&folder)
            .arg("-lpostrider"),
    );
    succeed(&mut program(&folder.join("twice"), &folder));
}

#[test]
fn every_code_of_the_header_is_in_the_enums() {
    let header = std::fs::read_to_string(checkout("include/postrider.h")).expect("the header");
    let layer =
        std::fs::read_to_string(checkout("bindings/cpp/postrider_base.hpp")).expect("the layer");
    let is_code = |word: &&str| {
        ["STATUS", "SECURITY", "KIND", "MECHANISM", "IMPORTANCE", "STAGE", "OUTCOME"]
            .iter()
            .any(|group| word.starts_with(&format!("MAIL_{group}_")))
    };
    let words = header.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let missing: Vec<_> =
        words.filter(is_code).filter(|code| !layer.contains(&format!("= {code},"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
