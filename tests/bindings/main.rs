//! Writes and checks everything that is derived from `src/ffi/api`.
//!
//! `cargo test --test bindings` fails when a derived file is not current; `make bindings` rewrites
//! them. One parse of the interface serves every language, so they cannot disagree.
//!
//! - `interface`  the parse, and the closed list of types that may cross
//! - `header`     include/postrider.h
//! - `delphi`     bindings/delphi/PostriderApi.pas
//! - `python`     bindings/python/postrider/_api.py
//! - `windows`    packaging/windows/*.def
//! - `abi`        tests/abi.txt and tests/causes.txt, which only grow once something was released
//! - `rules`      names, comments, exports, and where unsafe code may be

mod abi;
mod delphi;
mod header;
mod interface;
mod python;
mod rules;
mod windows;

use interface::Interface;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

/// Parsed once: the tests run in parallel.
static INTERFACE: LazyLock<Interface> = LazyLock::new(Interface::parse);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn blessing() -> bool {
    env::var_os("POSTRIDER_BLESS").is_some()
}

/// Compares a derived file with what it should be, or rewrites it when asked to.
fn check(path: &str, expected: &str) {
    let file = root().join(path);
    if blessing() {
        fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).unwrap();
        return fs::write(file, expected).unwrap();
    }
    let actual = fs::read_to_string(&file).unwrap_or_default();
    assert!(actual == expected, "{path} is not current: run `make bindings`");
}

#[test]
fn the_header_is_current() {
    check("include/postrider.h", &INTERFACE.header);
}

#[test]
fn the_delphi_unit_is_current() {
    check("bindings/delphi/PostriderApi.pas", &delphi::unit(&INTERFACE));
}

#[test]
fn the_python_module_is_current() {
    check("bindings/python/postrider/_api.py", &python::module(&INTERFACE));
}

#[test]
fn the_definitions_of_the_import_libraries_are_current() {
    check("packaging/windows/x64.def", &windows::definition_64(&INTERFACE));
    check("packaging/windows/x86.def", &windows::definition_32(&INTERFACE));
}
