//! `make install`, tried as a user would: a program compiled against the installed copy.

mod hosts;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::tools;

const PROGRAM: &str = "#include <postrider.h>
#include <stdio.h>
int main(void) {
    mail_t *mail = mail_new();
    printf(\"%s %d\\n\", mail_library_version(), (int)mail_set_server(mail, \"localhost\", 25));
    mail_free(mail);
    return 0;
}
";

/// At most this, says the design.
const MOST_OCTETS: u64 = 3_500_000;

/// The prefix of a copy that was installed once for all tests; `None` when a tool is missing.
fn installed() -> Option<&'static Path> {
    static PREFIX: OnceLock<Option<PathBuf>> = OnceLock::new();
    let install = || {
        if !tools::require_all(&["make", "gcc"]) {
            return None;
        }
        let folder = hosts::work_folder("install");
        fs::write(folder.join("hello.c"), PROGRAM).unwrap();
        let prefix = folder.join("prefix");
        make(&["install", &format!("PREFIX={}", prefix.display())]);
        Some(prefix)
    };
    PREFIX.get_or_init(install).as_deref()
}

/// Runs make as a user would, with the crates that are already there.
fn make(arguments: &[&str]) {
    let mut command = Command::new("make");
    command.args(["--silent", "OFFLINE=--offline"]).args(arguments);
    // Without what cargo tells its tests: the crate `ring` would build itself again for it, and
    // with it everything that stands on it.
    for (name, _) in std::env::vars() {
        if name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST")
        {
            command.env_remove(name);
        }
    }
    hosts::succeed(command.current_dir(hosts::checkout(".")).env_remove("MAKEFLAGS"));
}

fn works(program: &Path, prefix: &Path) {
    let output = hosts::succeed(Command::new(program).env("LD_LIBRARY_PATH", prefix.join("lib")));
    assert_eq!(output, concat!(env!("CARGO_PKG_VERSION"), " 0\n"));
}

fn pkg_config(prefix: &Path, arguments: &[&str]) -> Vec<String> {
    let search = prefix.join("lib/pkgconfig");
    let mut command = Command::new("pkg-config");
    let output =
        hosts::succeed(command.args(arguments).arg("postrider").env("PKG_CONFIG_PATH", search));
    output.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_program_links_with_pkg_config() {
    let Some(prefix) = installed().filter(|_| tools::require("pkg-config")) else { return };
    let folder = hosts::work_folder("install-pkg-config");
    let source = prefix.with_file_name("hello.c");
    let shared = folder.join("shared");
    let flags = pkg_config(prefix, &["--cflags", "--libs"]);
    hosts::succeed(Command::new("gcc").arg(&source).args(flags).arg("-o").arg(&shared));
    works(&shared, prefix);

    let fixed = folder.join("static");
    let mut flags = pkg_config(prefix, &["--cflags", "--libs", "--static"]);
    let library = prefix.join("lib/libpostrider.a").display().to_string();
    flags.iter_mut().filter(|flag| *flag == "-lpostrider").for_each(|flag| *flag = library.clone());
    hosts::succeed(Command::new("gcc").arg(&source).args(flags).arg("-o").arg(&fixed));
    works(&fixed, Path::new("/nonexistent"));
}

#[test]
fn a_cpp_program_finds_all_headers() {
    let Some(prefix) = installed().filter(|_| tools::require("g++")) else { return };
    let source = hosts::work_folder("install-cpp").join("hello.cpp");
    fs::write(&source, "#include <postrider.hpp>\npostrider::Account account(\"google\");\n")
        .unwrap();
    let include = format!("-I{}", prefix.join("include").display());
    hosts::succeed(
        Command::new("g++").args(["-std=c++17", "-fsyntax-only", &include]).arg(&source),
    );
}

#[test]
fn a_program_links_with_cmake() {
    let Some(prefix) = installed().filter(|_| tools::require("cmake")) else { return };
    let folder = hosts::work_folder("install-cmake");
    fs::copy(prefix.with_file_name("hello.c"), folder.join("hello.c")).unwrap();
    let project = "cmake_minimum_required(VERSION 3.10)
project(hello C)
find_package(postrider 0.1 REQUIRED)
foreach(kind postrider static)
  add_executable(hello-${kind} hello.c)
  target_link_libraries(hello-${kind} postrider::${kind})
endforeach()
";
    fs::write(folder.join("CMakeLists.txt"), project).unwrap();
    let search = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    hosts::succeed(Command::new("cmake").args(["-B", "build", &search]).current_dir(&folder));
    hosts::succeed(Command::new("cmake").args(["--build", "build"]).current_dir(&folder));
    works(&folder.join("build/hello-postrider"), prefix);
    works(&folder.join("build/hello-static"), Path::new("/nonexistent"));
}

#[test]
fn the_installed_library_is_small_and_exports_the_interface_only() {
    let Some(prefix) = installed() else { return };
    let lib = prefix.join("lib");
    let real = format!("libpostrider.so.{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(fs::read_link(lib.join("libpostrider.so.1")).unwrap(), Path::new(&real));
    assert_eq!(fs::read_link(lib.join("libpostrider.so")).unwrap(), Path::new("libpostrider.so.1"));
    let library = lib.join(&real);
    let size = fs::metadata(&library).unwrap().len();
    println!("{real}: {size} bytes");
    assert!(size <= MOST_OCTETS, "{size}");

    let listed = hosts::succeed(
        Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library),
    );
    let exported: BTreeSet<_> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    let header = fs::read_to_string(prefix.join("include/postrider.h")).unwrap();
    let declared = header.split("MAIL_CALL ").filter_map(|rest| rest.split_once('('));
    let declared: BTreeSet<_> =
        declared.map(|(name, _)| name).filter(|name| name.starts_with("mail_")).collect();
    assert_eq!(exported, declared);
}

#[test]
fn the_list_of_system_libraries_is_what_rustc_says() {
    let script = fs::read_to_string(hosts::checkout("packaging/install.sh")).unwrap();
    let readme = fs::read_to_string(hosts::checkout("README.md")).unwrap();
    let line = script.lines().find_map(|line| line.strip_prefix("static_libs=\"")).unwrap();
    let listed = line.trim_end_matches('"');
    assert!(readme.contains(&format!("libpostrider.a {listed}`")), "README.md says the same");
    let empty = hosts::work_folder("native-static-libs").join("empty.rs");
    fs::write(&empty, "").unwrap();
    // An empty static library needs what std needs; ours adds nothing of its own.
    let said = hosts::succeed(
        Command::new(option_env!("RUSTC").unwrap_or("rustc"))
            .args(["--crate-type", "staticlib", "--print", "native-static-libs", "-o"])
            .arg(empty.with_extension("a"))
            .arg(&empty),
    );
    let needed = said.split("native-static-libs: ").nth(1).expect("rustc says it");
    for library in needed.split_whitespace() {
        assert!(listed.split(' ').any(|one| one == library), "{library} is missing");
    }
}

#[test]
fn a_staged_copy_tells_no_place_of_this_machine_and_uninstalls() {
    let Some(prefix) = installed() else { return };
    // A copy: the other tests need theirs. With a library folder as Debian has it.
    let stage = hosts::work_folder("install-stage");
    let places = [
        "PREFIX=/usr",
        "LIBDIR=/usr/lib/x86_64-linux-gnu",
        &format!("DESTDIR={}", stage.display()),
    ];
    make(&[&["install"], &places[..]].concat());
    let lib = stage.join("usr/lib/x86_64-linux-gnu");
    assert!(lib.join("cmake/postrider/postriderConfig.cmake").is_file());
    let config = fs::read_to_string(lib.join("pkgconfig/postrider.pc")).unwrap();
    assert!(config.contains("libdir=/usr/lib/x86_64-linux-gnu\n"), "{config}");

    // The folders of whoever built it are nobody's business.
    let home = std::env::var("HOME").unwrap();
    let cargo_home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().display().to_string();
    let files = files(&stage);
    assert!(files.len() > 10, "{files:?}");
    for file in &files {
        let octets = fs::read(stage.join(file)).unwrap();
        for place in [&home, &cargo_home, &target, env!("CARGO_MANIFEST_DIR")] {
            let place = format!("{place}/");
            let found = memchr::memmem::find(&octets, place.as_bytes());
            assert!(found.is_none() || place == "//", "{place} is in {file}");
        }
    }

    make(&[&["uninstall"], &places[..]].concat());
    assert_eq!(self::files(&stage), [""; 0], "installed as {}", prefix.display());
}

/// All files and links below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut find = Command::new("find");
    find.args([".", "!", "-type", "d"]).current_dir(folder);
    hosts::succeed(&mut find).lines().map(str::to_owned).collect()
}

#[test]
fn the_licences_of_all_that_is_inside_are_installed() {
    let Some(prefix) = installed() else { return };
    let read = |name: &str| fs::read_to_string(prefix.join("share/doc/postrider").join(name));
    assert!(read("LICENSE-MIT").unwrap().contains("Permission is hereby granted"));
    assert!(read("LICENSE-APACHE").unwrap().contains("Apache License"));
    let others = read("THIRD-PARTY-LICENSES.txt").unwrap();
    for name in ["Rust standard library", "lettre 0.11.23", "rustls 0.23", "ring 0.17"] {
        assert!(others.contains(name), "{name}");
    }
    assert!(read("SECURITY.md").unwrap().contains("Reporting"));
}
