//! Programs that a test needs and a machine may lack.
//!
//! In CI (`CI` is set) a missing one is a failure. Elsewhere the test says which package to
//! install and is skipped. `tests/rig/tools.txt` knows which package brings what.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const TOOLS: &str = include_str!("../rig/tools.txt");

/// True when `tool` can be run; otherwise the test is to return at once.
pub fn require(tool: &str) -> bool {
    require_all(&[tool])
}

/// True when all of `tools` can be run; otherwise the test is to return at once.
pub fn require_all(tools: &[&str]) -> bool {
    let missing: Vec<_> = tools.iter().filter(|tool| find(tool).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let packages: Vec<_> = missing.iter().map(|tool| package(tool)).collect();
    skip(&format!("install {}", packages.join(" ")));
    false
}

/// Where the program is: on PATH, or where Debian keeps servers, which is not on everybody's PATH.
pub fn find(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(tool).with_extension(env::consts::EXE_EXTENSION))
        .find(|file| file.is_file())
}

/// Says visibly that the running test proves nothing here, and what would change that.
///
/// # Panics
/// In CI, where nothing may be skipped.
pub fn skip(remedy: &str) {
    let in_ci = env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!in_ci, "may not be skipped in CI: {remedy}");
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    // Not `eprintln!`, which the test harness would swallow; one write, so that lines stay whole.
    let _ = io::stderr().write_all(format!("skipped: {remedy} ({name})\n").as_bytes());
}

/// `tests/<path>`, wherever the checkout is.
pub fn tests_folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn package(tool: &str) -> &str {
    TOOLS
        .lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .find(|(check, _)| *check == tool)
        .map_or(tool, |(_, package)| package.trim())
}
