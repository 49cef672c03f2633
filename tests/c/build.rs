//! Compiles the programs of this folder and links them with the library that cargo built for these
//! tests.

use std::env;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::support::tools;

/// What the static library needs besides itself, as `cargo rustc --lib --crate-type staticlib --
/// --print native-static-libs` says it; the README quotes it.
pub const STATIC_LIBRARIES: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";

const STRICT_C99: &[&str] =
    &["-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-pthread"];

const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Any error of memory and any leak ends with code 99. What lives as long as the process is no leak:
/// the panic hook, and the cache of trust roots and TLS sessions. valgrind calls a part of it
/// "possibly lost", for a hash table is only pointed at in its middle.
const VALGRIND: &[&str] = &[
    "valgrind",
    "--quiet",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect",
    "--show-leak-kinds=definite,indirect",
    "--error-exitcode=99",
];

/// Seconds: several times what the slowest takes on a busy machine. Only what hangs gets there.
const RUN_LIMIT: &str = "300";

/// A built program, to be run in a folder of its own.
pub struct Program {
    /// Runs it; what it is to know can be added to the environment.
    pub command: Command,
    folder: TempDir,
}

/// As a user builds it.
pub fn plain(name: &str) -> Option<Program> {
    tools::require("gcc").then(|| Program::new(name, &[], &[], Link::Shared))
}

/// Watched by valgrind.
pub fn valgrind(name: &str) -> Option<Program> {
    tools::require_all(&["gcc", "valgrind"])
        .then(|| Program::new(name, &[], VALGRIND, Link::Shared))
}

/// Watched by valgrind but for undefined values: it takes what ring's assembler leaves for one, and
/// with it everything that was encrypted.
pub fn valgrind_of_tls(name: &str) -> Option<Program> {
    let runner = [VALGRIND, &["--undef-value-errors=no"]].concat();
    tools::require_all(&["gcc", "valgrind"]).then(|| Program::new(name, &[], &runner, Link::Shared))
}

/// With the sanitizers for addresses, leaks and undefined behaviour.
pub fn sanitizers(name: &str) -> Option<Program> {
    tools::require("gcc").then(|| Program::new(name, SANITIZERS, &[], Link::Shared))
}

/// With the library inside the program.
pub fn against_the_static_library(name: &str) -> Option<Program> {
    tools::require("gcc").then(|| Program::new(name, &[], &[], Link::Static))
}

enum Link {
    Shared,
    Static,
}

impl Program {
    fn new(name: &str, flags: &[&str], runner: &[&str], link: Link) -> Self {
        let folder = TempDir::new().expect("a folder for the program");
        let program = folder.path().join(name);
        let mut gcc = Command::new("gcc");
        gcc.args(STRICT_C99).args(flags).arg("-I").arg(include_folder());
        gcc.arg(tools::tests_folder(&format!("c/{name}.c"))).arg("-o").arg(&program);
        match link {
            Link::Shared => {
                // The names that an installation has: for the linker, and for the loader (soname).
                for file in ["libpostrider.so", "libpostrider.so.1"] {
                    symlink(built("libpostrider.so"), folder.path().join(file)).expect("a link");
                }
                gcc.arg("-L").arg(folder.path()).arg("-lpostrider").arg("-Wl,-rpath,$ORIGIN");
            }
            Link::Static => {
                gcc.arg(built("libpostrider.a")).args(STATIC_LIBRARIES.split(' '));
            }
        }
        run(gcc.arg("-lm"));

        let mut command = Command::new("timeout");
        command.arg(RUN_LIMIT).args(runner).arg(program).current_dir(folder.path());
        Self { command, folder }
    }

    /// Runs it to a good end; returns what it printed.
    ///
    /// # Panics
    /// With what the program said, when it fails.
    pub fn run(mut self) -> String {
        let said = run(&mut self.command);
        self.folder.close().expect("the folder can be removed");
        said
    }
}

/// Runs a command that must succeed; returns what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command can be run");
    assert!(
        output.status.success(),
        "{}: {}\n{}{}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn include_folder() -> PathBuf {
    tools::tests_folder("../include")
}

/// The library that cargo built for this test, which is beside it.
fn built(file: &str) -> PathBuf {
    env::current_exe().expect("a test has a path").with_file_name(file)
}
