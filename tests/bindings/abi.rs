//! What was ever released, a line each: `tests/abi.txt` has functions, callbacks and numbers,
//! `tests/causes.txt` the codes of causes.
//!
//! A line begins with the version in which it came. Lines of released versions never change nor go;
//! those of the version in the making are rewritten with `make bindings`.

use crate::interface::Interface;
use crate::{INTERFACE, check, root};
use postrider::Cause;
use std::fs;

const RELEASED: &str = "# Released versions: ";

/// What a released line promises: a C declaration on one line, or a number.
fn promises(interface: &Interface) -> Vec<String> {
    let code: String = interface
        .header
        .lines()
        .filter(|line| !line.trim_start().starts_with(['*', '/', '#']))
        .collect::<Vec<_>>()
        .join(" ");
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let declaration = |name: &str, opening: &str| {
        let at = code.find(&format!("MAIL_CALL {name}")).expect("the header declares it");
        let from = code[..at].rfind(opening).expect("a declaration has a beginning");
        let to = at + code[at..].find(';').expect("a declaration has an end");
        code[from..to].replace("MAIL_API ", "").replace("MAIL_CALL ", "")
    };
    let functions = interface.functions.iter();
    let functions = functions.map(|item| declaration(&opening(&item.name), "MAIL_API "));
    let callbacks = interface.callbacks.iter();
    let callbacks = callbacks.map(|item| declaration(&format!("*{})(", item.name), "typedef "));
    let values = interface.enums.iter().flat_map(|item| &item.values).chain(&interface.constants);
    let numbers = values.map(|item| format!("{} = {}", item.name, item.value));
    functions.chain(callbacks).chain(numbers).collect()
}

/// How the promise of a function begins, behind the type of its result.
fn opening(function: &str) -> String {
    format!("{function}(")
}

/// Compares a list with what there is now; gives the lines of released versions, each with its
/// version.
fn check_released(file: &str, title: &str, now: &[String]) -> Vec<(String, String)> {
    let recorded = fs::read_to_string(root().join(file)).unwrap_or_default();
    let versions = recorded.lines().find_map(|line| line.strip_prefix(RELEASED)).unwrap_or("none");
    let is_released = |version: &str| versions.split_whitespace().any(|one| one == version);
    let released: Vec<(String, String)> = recorded
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once("  "))
        .filter(|(version, _)| is_released(version))
        .map(|(version, promise)| (version.to_owned(), promise.to_owned()))
        .collect();

    for (version, promise) in &released {
        assert!(now.iter().any(|one| one == promise), "released in {version}: {promise}");
    }
    let mut expected = format!(
        "# {title}, with the version it came in.\n\
         # Lines of released versions never change; `make bindings` rewrites the others.\n\
         {RELEASED}{versions}\n"
    );
    for (version, promise) in &released {
        expected += &format!("{version}  {promise}\n");
    }
    for promise in now.iter().filter(|one| !released.iter().any(|(_, old)| old == *one)) {
        expected += &format!("{}  {promise}\n", env!("CARGO_PKG_VERSION"));
    }
    check(file, &expected);
    released
}

#[test]
fn nothing_released_was_changed() {
    let title = "Every function, callback type and number of the interface";
    let released = check_released("tests/abi.txt", title, &promises(&INTERFACE));
    for function in &INTERFACE.functions {
        let promised =
            released.iter().find(|(_, promise)| promise.contains(&opening(&function.name)));
        let version = promised.map_or(env!("CARGO_PKG_VERSION"), |(version, _)| version.as_str());
        let since = format!("@since {version}");
        assert!(function.comment.contains(&since), "{}: {since} is missing", function.name);
    }
}

#[test]
fn no_cause_that_was_released_went_or_was_renamed() {
    let codes: Vec<_> = Cause::ALL.iter().map(|cause| cause.code().to_owned()).collect();
    check_released("tests/causes.txt", "Every cause", &codes);
    let different: std::collections::HashSet<_> = codes.iter().collect();
    assert_eq!(different.len(), codes.len(), "a code stands for two causes");
}
