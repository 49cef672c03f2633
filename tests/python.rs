//! The Python package: installed with pip into an environment of its own, and tested there.

#![cfg(all(unix, feature = "capi"))]

mod hosts;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hosts::{checkout, program, succeed};
use support::{newcomer, rig, tools};

/// The interpreter of an environment that holds the package and nothing else; `None` without Python.
fn python() -> Option<&'static PathBuf> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let install = || {
        if !available() {
            return None;
        }
        let folder = hosts::work_folder("python");
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let python = folder.join("bin/python");
        succeed(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg(checkout("bindings/python"))
                .env("POSTRIDER_LIBRARY", hosts::library()),
        );
        Some(python)
    };
    let python = PYTHON.get_or_init(install).as_ref();
    if python.is_none() {
        available(); // says it for this test too
    }
    python
}

/// Whether this machine can make environments; Debian leaves that out of `python3`.
fn available() -> bool {
    if !tools::require("python3") {
        return false;
    }
    let mut imports = Command::new("python3");
    imports.args(["-c", "import venv, ensurepip"]);
    let has_venv = hosts::run(&mut imports).status.success();
    if !has_venv {
        tools::skip("install python3-venv");
    }
    has_venv
}

fn suite(python: &Path, name: &str) -> Command {
    // From a folder in which the package is not: the installed one is tested.
    let folder = checkout("tests/python");
    let mut command = program(python, &folder);
    command.arg("-B").arg(folder.join(name)).env("PYTHONWARNINGS", "error");
    command
}

#[test]
fn the_package_is_whole_and_typed() {
    let Some(python) = python() else { return };
    succeed(&mut suite(python, "test_package.py"));
}

#[test]
fn wrong_use_is_an_error_that_names_the_argument() {
    let Some(python) = python() else { return };
    succeed(&mut suite(python, "test_misuse.py"));
}

#[test]
fn callbacks_re_enter_raise_cancel_and_free() {
    let Some(python) = python() else { return };
    succeed(&mut suite(python, "test_callbacks.py"));
}

#[test]
fn an_account_may_be_used_wrongly_and_its_callbacks_do_what_they_like() {
    let Some(python) = python() else { return };
    succeed(&mut suite(python, "test_account.py"));
}

/// Without the command there is no sandbox.
#[cfg(feature = "cli")]
#[test]
fn a_person_signs_in_and_mails_have_the_tokens() {
    use support::sandbox::Sandbox;

    let Some(python) = python() else { return };
    let folder = hosts::work_folder("python-sign-in");
    let sandbox = Sandbox::start(&folder.join("usual"), &["--device-interval", "1"]);
    let strict = Sandbox::start(&folder.join("strict"), &["--fault", "expired-token=1"]);
    let mut command = suite(python, "test_sign_in.py");
    command.env("SANDBOX_FOLDER", &folder);
    sandbox.tell("SANDBOX", &mut command);
    strict.tell("STRICT", &mut command);
    succeed(&mut command);
    for subject in [
        "two halves",
        "pasted",
        "one call",
        "interactive",
        "device",
        "a later run",
        "another computer",
    ] {
        let line = format!("\r\nSubject: {subject}\r\n");
        let messages = (1..=7).map(|number| sandbox.message(number).expect("it arrived"));
        assert_eq!(messages.filter(|message| message.contains(&line)).count(), 1, "{subject}");
    }
    assert_eq!(sandbox.message(8), None);
    assert!(strict.message(1).is_some() && strict.message(2).is_none());
}

#[test]
fn a_message_goes_through_a_real_server() {
    let Some(python) = python() else { return };
    let Some(rig) = rig::shared() else { return };
    let story = hosts::Story::new("Python", &hosts::work_folder("python-story"));
    let mut command = suite(python, "test_delivery.py");
    story.tell(rig, &mut command);
    succeed(&mut command);
    story.assert_delivered(rig);
}

#[test]
fn a_newcomer_does_what_the_advice_says() {
    let Some(python) = python() else { return };
    let Some(rig) = rig::shared() else { return };
    let mut command = suite(python, "test_newcomer.py");
    command.current_dir(hosts::work_folder("python-newcomer"));
    newcomer::tell(rig, &mut command);
    newcomer::show(&succeed(&mut command));
}

#[test]
fn the_example_does_what_its_comment_says() {
    let Some(python) = python() else { return };
    let Some(rig) = rig::shared() else { return };
    let example = checkout("bindings/python/example.py");
    // -I: the folder of the example, which holds the package's source, is not searched.
    hosts::check_example(rig, "Python", || {
        let mut command = program(python, &checkout("tests"));
        command.args(["-B", "-I"]).arg(&example);
        command
    });
}
