//! The rules of the interface that a machine can check.

use crate::interface::{Crossing, Interface, Routine};
use crate::{INTERFACE, root};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Words that one of the host languages reserves.
const RESERVED: &[&str] = &[
    "and",
    "array",
    "as",
    "begin",
    "byref",
    "byval",
    "case",
    "class",
    "const",
    "constructor",
    "def",
    "default",
    "del",
    "dim",
    "do",
    "end",
    "event",
    "except",
    "file",
    "finally",
    "for",
    "from",
    "function",
    "global",
    "goto",
    "if",
    "import",
    "in",
    "inherited",
    "interface",
    "internal",
    "is",
    "label",
    "lambda",
    "let",
    "lock",
    "loop",
    "mod",
    "namespace",
    "new",
    "next",
    "nil",
    "none",
    "not",
    "nothing",
    "object",
    "of",
    "on",
    "operator",
    "option",
    "or",
    "out",
    "override",
    "params",
    "pass",
    "print",
    "private",
    "procedure",
    "program",
    "property",
    "raise",
    "record",
    "ref",
    "repeat",
    "resume",
    "select",
    "set",
    "shl",
    "shr",
    "stop",
    "string",
    "sub",
    "then",
    "to",
    "try",
    "type",
    "unit",
    "until",
    "uses",
    "using",
    "var",
    "virtual",
    "wend",
    "while",
    "with",
    "xor",
    "yield",
];

#[test]
fn names_differ_in_more_than_case_and_no_language_reserves_them() {
    let mut seen = HashMap::new();
    for name in INTERFACE.names() {
        assert!(name.to_lowercase().starts_with("mail_"), "{name} does not begin with mail_");
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            panic!("{name} and {other} differ only in case");
        }
    }
    for routine in routines(&INTERFACE) {
        for (name, _) in &routine.parameters {
            let reserved = RESERVED.contains(&name.as_str()) || name.starts_with('_');
            assert!(!reserved, "{}: no name for a parameter: {name}", routine.name);
        }
    }
}

#[test]
fn every_function_is_documented_whole() {
    for routine in routines(&INTERFACE) {
        let comment = routine.comment.join("\n");
        for (name, _) in &routine.parameters {
            let named = comment.contains(&format!("@param {name} "));
            assert!(named, "{}: @param {name} is missing", routine.name);
        }
        let documented: Vec<_> = comment
            .split("@param ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next())
            .collect();
        assert_eq!(documented.len(), routine.parameters.len(), "{}: {documented:?}", routine.name);
    }
    for function in &INTERFACE.functions {
        let comment = function.comment.join("\n");
        assert!(comment.contains("@since "), "{}: @since is missing", function.name);
        let says = comment.contains("@return ") || comment.starts_with("Returns ");
        let silent = function.result == Crossing::Nothing;
        assert!(silent || says, "{}: @return is missing", function.name);
    }
}

#[test]
fn a_buffer_is_followed_by_its_size_and_a_callback_by_its_user_data() {
    for function in &INTERFACE.functions {
        for (index, (name, ty)) in function.parameters.iter().enumerate() {
            let next = function.parameters.get(index + 1).map(|(_, ty)| ty);
            let want = match ty {
                Crossing::Bytes | Crossing::ByteBuffer | Crossing::TextBuffer => Crossing::Size,
                Crossing::Callback(_) => Crossing::UserData,
                _ => continue,
            };
            assert_eq!(next, Some(&want), "{}: behind {name}", function.name);
        }
    }
}

/// The symbol table of the built library is exactly the list of functions.
#[cfg(target_os = "linux")]
#[test]
fn only_the_interface_is_exported() {
    let library = built_library();
    let listed =
        output(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library));
    let mut exported: Vec<_> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    exported.sort_unstable();
    let mut declared: Vec<_> = INTERFACE.functions.iter().map(|item| item.name.as_str()).collect();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_has_its_soname_and_stays_mapped() {
    let dynamic = output(Command::new("readelf").arg("-d").arg(built_library()));
    assert!(dynamic.contains("[libpostrider.so.1]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

#[test]
fn knowledge_of_c_and_unsafe_code_stay_where_they_belong() {
    for file in rust_files(&root().join("src")) {
        let path = file.strip_prefix(root()).expect("it is below the root").to_owned();
        let text = fs::read_to_string(&file).expect("a source can be read");
        let code = || text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let below = !path.starts_with("src/ffi") && path != Path::new("src/lib.rs");
        if below {
            assert!(
                !code().any(|line| line.contains("crate::ffi")),
                "{} names ffi",
                path.display()
            );
        }
        if below && !path.starts_with("src/platform") {
            let found = code().find(|line| line.split(' ').any(|word| word == "unsafe"));
            assert!(found.is_none(), "{}: {found:?}", path.display());
        }
        if path.starts_with("src/ffi") && !path.starts_with("src/ffi/api/types.rs") {
            let forbidden = code().find(|line| line.contains("#[unsafe(no_mangle)]"));
            let is_interface = path.starts_with("src/ffi/api");
            assert!(is_interface || forbidden.is_none(), "{}", path.display());
        }
    }
}

fn routines(interface: &Interface) -> impl Iterator<Item = &Routine> {
    interface.functions.iter().chain(&interface.callbacks)
}

/// `cargo test` refreshes the library beside the test programs, and not the one a folder up.
fn built_library() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own file");
    test.with_file_name("libpostrider.so")
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
