//! `make install`, tried as a user would: a program compiled against the installed copy.

mod hosts;
mod support;

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
        hosts::succeed(
            Command::new("make")
                .args(["--silent", "install"])
                .arg(format!("PREFIX={}", prefix.display()))
                .current_dir(hosts::checkout("."))
                // Without what cargo tells its tests: the build is to be as a user's.
                .env_remove("CARGO_MANIFEST_DIR")
                .env_remove("MAKEFLAGS"),
        );
        Some(prefix)
    };
    PREFIX.get_or_init(install).as_deref()
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
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    let header = fs::read_to_string(prefix.join("include/postrider.h")).unwrap();
    for name in names {
        assert!(header.contains(&format!("MAIL_CALL {name}(")), "{name} is not in the header");
    }
    // The folders of whoever built it are nobody's business.
    let octets = fs::read(&library).unwrap();
    for place in [std::env::var("HOME").unwrap(), env!("CARGO_MANIFEST_DIR").to_owned()] {
        let place = format!("{place}/");
        assert!(memchr::memmem::find(&octets, place.as_bytes()).is_none(), "{place} is in it");
    }
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
fn uninstall_leaves_nothing() {
    let Some(prefix) = installed() else { return };
    let folder = hosts::work_folder("uninstall");
    // A copy: the other tests need theirs.
    let copy = folder.join("stage");
    fs::create_dir_all(&copy).unwrap();
    let make = |target: &str| {
        let mut command = Command::new("make");
        command.args(["--silent", target, "PREFIX=/usr"]);
        command.arg(format!("DESTDIR={}", copy.display()));
        hosts::succeed(command.current_dir(hosts::checkout(".")).env_remove("MAKEFLAGS"));
    };
    make("install");
    assert!(copy.join("usr/lib/pkgconfig/postrider.pc").is_file());
    let config = fs::read_to_string(copy.join("usr/lib/pkgconfig/postrider.pc")).unwrap();
    assert!(!config.contains(&folder.display().to_string()), "DESTDIR is not part of it");
    make("uninstall");
    let left = hosts::succeed(Command::new("find").arg(&copy).args(["!", "-type", "d"]));
    assert_eq!(left, "", "installed as {}", prefix.display());
}
