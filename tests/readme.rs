//! The programs in README.md are what they say: each is compiled and sends through the sandbox.

mod hosts;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::sandbox::{PROVIDER, Sandbox};
use support::tools;

/// The program as it would be for this server.
fn adapt(sandbox: &Sandbox, program: &str) -> String {
    let port = sandbox.setting("smtps_port");
    let adapted = program
        .replace("\"smtp.example.org\", 587", &format!("\"localhost\", {port}"))
        .replace("'smtp.example.org', 587", &format!("'localhost', {port}"));
    assert_ne!(adapted, program, "the program names no server");
    adapted
}

/// Runs a program of the README and looks for its message.
fn sends(sandbox: &Sandbox, command: &mut Command) {
    let output = hosts::succeed(
        command
            .env("ACCESS_TOKEN", sandbox.token())
            .env("SSL_CERT_FILE", sandbox.setting("ca_file"))
            .env_remove("SSL_CERT_DIR"),
    );
    assert_eq!(output, "", "nothing goes wrong");
    let message = sandbox.message(1).expect("it arrived");
    assert!(message.contains("\r\nTo: Bob <bob@example.org>\r\n"), "{message}");
    assert!(message.ends_with("\r\n\r\nHello Bob\r\n"), "{message}");

    // Without a token it says so and sends nothing: no example may go on after an error.
    let said = hosts::said(&hosts::run(command.env("ACCESS_TOKEN", "")));
    assert!(said.contains("access_token"), "{said}");
    assert_eq!(sandbox.message(2), None, "sent without a token");
}

/// The sections that have a program, and its language: each has a test below.
const PROGRAMS: &[(&str, &str)] = &[
    ("Sending from C", "c"),
    ("Signing in once", "c"),
    ("The same in Delphi and Free Pascal", "pascal"),
    ("The same in Python", "python"),
    ("The same in C++", "cpp"),
    ("Signing in once, in Python", "python"),
];

/// The program of a section.
fn block(section: &str) -> String {
    let (_, language) = PROGRAMS.iter().find(|(name, _)| *name == section).expect("a section");
    let readme = fs::read_to_string(hosts::checkout("README.md")).unwrap();
    let text = readme.split(&format!("\n## {section}\n")).nth(1).expect("the section is there");
    let text = text.split("\n## ").next().unwrap();
    let block = text.split(&format!("\n```{language}\n")).nth(1).expect("a program");
    block.split("\n```").next().unwrap().to_owned() + "\n"
}

#[test]
fn every_program_has_a_test() {
    let readme = fs::read_to_string(hosts::checkout("README.md")).unwrap();
    let languages = readme.split("\n```").skip(1).step_by(2);
    let languages: Vec<_> = languages.filter_map(|block| block.lines().next()).collect();
    let programs: Vec<_> =
        languages.into_iter().filter(|language| !matches!(*language, "sh" | "console")).collect();
    let tested: Vec<_> = PROGRAMS.iter().map(|(_, language)| *language).collect();
    assert_eq!(programs, tested);
}

/// Compiles a C program of the README.
fn compile_c(folder: &Path, name: &str, program: &str) {
    hosts::install_library(folder);
    let source = format!("{name}.c");
    fs::write(folder.join(&source), program).unwrap();
    hosts::succeed(
        Command::new("gcc")
            .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", name, &source])
            .arg("-I")
            .arg(hosts::checkout("include"))
            .args(["-L.", "-lpostrider"])
            .current_dir(folder),
    );
}

#[test]
fn the_c_program_sends() {
    if !tools::require("gcc") {
        return;
    }
    let folder = hosts::work_folder("readme-c");
    let sandbox = Sandbox::start(&folder, &[]);
    compile_c(&folder, "hello", &adapt(&sandbox, &block("Sending from C")));
    sends(&sandbox, &mut hosts::program(&folder.join("hello"), &folder));
}

/// The browser is a program that does what the person would do, and counts how often.
#[cfg(unix)]
#[test]
fn the_c_program_signs_a_person_in_once() {
    use std::os::unix::fs::PermissionsExt;
    if !tools::require_all(&["gcc", "python3"]) {
        return;
    }
    let folder = hosts::work_folder("readme-account");
    let sandbox = Sandbox::start(&folder, &[]);
    let provider = format!("{:?}, {:?}", support::sandbox::PROVIDER, sandbox.providers());
    let program = block("Signing in once");
    let adapted = program
        .replace("\"microsoft\", NULL", &provider)
        .replace("the client id of your app", &sandbox.setting("client_id"));
    assert!(adapted.contains(&provider), "{adapted}");
    compile_c(&folder, "account", &adapted);

    let browser = folder.join("browser");
    let person = tools::tests_folder("support/person.py");
    let script =
        format!("#!/bin/sh\necho opened >> opened\nexec python3 '{}' \"$1\"\n", person.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    for number in 1..=2 {
        let mut command = hosts::program(&folder.join("account"), &folder);
        command
            .current_dir(&folder)
            .env("BROWSER", &browser)
            .env("SSL_CERT_FILE", sandbox.setting("ca_file"));
        assert_eq!(hosts::succeed(command.env_remove("SSL_CERT_DIR")), "sent\n");
        let message = sandbox.message(number).expect("it arrived");
        assert!(message.contains("\r\nTo: Bob <bob@example.org>\r\n"), "{message}");
    }
    assert_eq!(fs::read_to_string(folder.join("opened")).unwrap(), "opened\n", "once");
}

#[test]
fn the_cpp_program_sends() {
    if !tools::require("g++") {
        return;
    }
    let folder = hosts::work_folder("readme-cpp");
    hosts::install_library(&folder);
    let sandbox = Sandbox::start(&folder, &[]);
    fs::write(folder.join("hello.cpp"), adapt(&sandbox, &block("The same in C++"))).unwrap();
    hosts::succeed(
        Command::new("g++")
            .args(["-std=c++17", "-Wall", "-Wextra", "-Werror", "-o", "hello", "hello.cpp", "-I"])
            .arg(hosts::checkout("include"))
            .arg("-I")
            .arg(hosts::checkout("bindings/cpp"))
            .args(["-L.", "-lpostrider"])
            .current_dir(&folder),
    );
    sends(&sandbox, &mut hosts::program(&folder.join("hello"), &folder));
}

#[test]
fn the_python_program_sends() {
    if !tools::require("python3") {
        return;
    }
    let folder = hosts::work_folder("readme-python");
    let sandbox = Sandbox::start(&folder, &[]);
    fs::write(folder.join("hello.py"), adapt(&sandbox, &block("The same in Python"))).unwrap();
    sends(&sandbox, &mut python(&folder));
}

/// `hello.py` in this folder, with the package.
fn python(folder: &Path) -> Command {
    let mut command = hosts::program(Path::new("python3"), folder);
    command.arg(folder.join("hello.py"));
    command.env("PYTHONPATH", hosts::checkout("bindings/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("POSTRIDER_LIBRARY", hosts::library());
    command
}

#[test]
fn the_python_program_with_an_account_signs_in_once() {
    if !tools::require("python3") {
        return;
    }
    let folder = hosts::work_folder("readme-python-account");
    let sandbox = Sandbox::start(&folder, &[]);
    let program = block("Signing in once, in Python");
    let provider = format!("Account(\"{PROVIDER}\", os.environ[\"PROVIDERS\"])");
    let adapted = program.replace("Account(\"google\")", &provider);
    assert_ne!(adapted, program, "the program names no provider");
    fs::write(folder.join("hello.py"), adapted).unwrap();
    fs::copy(tools::tests_folder("support/person.py"), folder.join("person.py")).unwrap();
    // The browser is a person who signs in at once, and does so only in the first run.
    for (run, browser) in [(1, "python3 person.py"), (2, "false")] {
        let output = hosts::succeed(
            python(&folder)
                .current_dir(&folder)
                .env("BROWSER", browser)
                .env("HOME", &folder)
                .env("PROVIDERS", sandbox.providers())
                .env("CLIENT_ID", sandbox.setting("client_id"))
                .env("CLIENT_SECRET", "none")
                .env("SSL_CERT_FILE", sandbox.setting("ca_file"))
                .env_remove("SSL_CERT_DIR"),
        );
        assert_eq!(output, "", "nothing goes wrong");
        let message = sandbox.message(run).expect("it arrived");
        assert!(message.ends_with("\r\n\r\nHello Bob\r\n"), "{message}");
    }
    assert_eq!(sandbox.message(3), None);
}

#[test]
fn the_pascal_program_sends() {
    if !tools::require("fpc") {
        return;
    }
    let folder = hosts::work_folder("readme-pascal");
    hosts::install_library(&folder);
    let sandbox = Sandbox::start(&folder, &[]);
    fs::write(
        folder.join("hello.pas"),
        adapt(&sandbox, &block("The same in Delphi and Free Pascal")),
    )
    .unwrap();
    let units = format!("-Fu{}", hosts::checkout("bindings/delphi").display());
    hosts::succeed(
        Command::new("fpc")
            .args(["-v0", &units, "-FU.", "-FE.", "-Fl.", "hello.pas"])
            .current_dir(&folder),
    );
    sends(&sandbox, &mut hosts::program(&folder.join("hello"), &folder));
}

#[test]
fn every_make_command_exists() {
    let readme = fs::read_to_string(hosts::checkout("README.md")).unwrap();
    let makefile = fs::read_to_string(hosts::checkout("Makefile")).unwrap();
    let mut found = 0;
    for part in readme.split("\n```sh\n").skip(1) {
        for line in part.split("\n```").next().unwrap().lines() {
            let target = line.strip_prefix("make ").and_then(|rest| rest.split(' ').next());
            let target = target.unwrap_or_else(|| panic!("not tested: {line}"));
            assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
            found += 1;
        }
    }
    assert!(found >= 4);
}
