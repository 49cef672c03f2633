//! The rules of the interface that a machine can check.

use crate::interface::{Crossing, Interface, Routine};
use crate::{INTERFACE, root};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Words that a host language reserves: a binding could not use the names of our parameters.
const RESERVED: [&str; 4] = [
    // Pascal
    "and array as asm begin case class const constructor destructor dispinterface div do downto \
     else end except exports file finalization finally for function goto if implementation in \
     inherited initialization inline interface is label library mod nil not object of on operator \
     or out packed procedure program property raise record repeat resourcestring result self set \
     shl shr string then threadvar to try type unit until uses var while with xor",
    // Visual Basic
    "addressof alias any attribute boolean byref byte byval call case close const currency debug \
     declare dim do double each else elseif empty end enum erase error event exit explicit false \
     for friend function get global gosub goto if implements in input integer is let lib like \
     lock long loop lset me mod new next not nothing null on open option optional or paramarray \
     preserve print private property public put raiseevent redim rem resume return rset seek \
     select set single static step stop string sub then to true type until variant wend while \
     with withevents write xor",
    // Python
    "and as assert async await break class continue def del elif else except false finally for \
     from global if import in is lambda none nonlocal not or pass raise return self true try \
     while with yield",
    // C#
    "abstract as base bool break byte case catch char checked class const continue decimal \
     default delegate do double else enum event explicit extern false finally fixed float for \
     foreach goto if implicit in int interface internal is lock long namespace new null object \
     operator out override params private protected public readonly ref return sbyte sealed \
     short sizeof stackalloc static string struct switch this throw true try typeof uint ulong \
     unchecked unsafe ushort using virtual void volatile while",
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
            let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
            let reserved = RESERVED.iter().any(|words| words.split(' ').any(|word| word == name));
            assert!(plain && !reserved, "{}: no name for a parameter: {name}", routine.name);
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
#[cfg(all(target_os = "linux", feature = "capi"))]
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

#[cfg(all(target_os = "linux", feature = "capi"))]
#[test]
fn the_library_has_its_soname_and_stays_mapped() {
    let dynamic = output(Command::new("readelf").arg("-d").arg(built_library()));
    assert!(dynamic.contains("[libpostrider.so.1]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

#[test]
fn knowledge_of_c_and_unsafe_code_stay_where_they_belong() {
    for file in rust_files(&root().join("src")) {
        let path = file.strip_prefix(root()).expect("it is below the root");
        let text = fs::read_to_string(&file).expect("a source can be read");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join("\n").replace("std::ffi", "");
        let says = |wanted: &str| {
            code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == wanted)
        };
        let in_root = path == Path::new("src/lib.rs");
        let in_ffi = path.starts_with("src/ffi");
        let in_platform = path.starts_with("src/platform");
        let path = path.display();
        assert!(in_root || in_ffi || !says("ffi"), "{path} names ffi");
        assert!(in_ffi || in_platform || !says("unsafe"), "{path} has unsafe code");
        let exports = says("no_mangle") || says("export_name");
        assert!(!exports || path.to_string().starts_with("src/ffi/api"), "{path} exports a symbol");
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
