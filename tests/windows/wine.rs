//! Where the Windows files are, and running programs with them by Wine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tools;

/// 64 or 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    X64,
    X86,
}

/// A test for each width, of a function that is given the width.
macro_rules! both_widths {
    ($($test:ident,)+) => {
        $(mod $test {
            use crate::wine::Width;

            #[test]
            fn x64() {
                super::$test(Width::X64);
            }

            #[test]
            fn x86() {
                super::$test(Width::X86);
            }
        })+
    };
}
pub(crate) use both_widths;

/// The same for programs that only have to run well: `run` is given the name and the width.
macro_rules! programs {
    ($run:ident: $($program:ident)+) => {
        $(mod $program {
            use crate::wine::Width;

            #[test]
            fn x64() {
                super::$run(stringify!($program), Width::X64);
            }

            #[test]
            fn x86() {
                super::$run(stringify!($program), Width::X86);
            }
        })+
    };
}
pub(crate) use programs;

impl Width {
    /// As Windows people call it, and so the folders.
    pub fn folder(self) -> &'static str {
        match self {
            Width::X64 => "x64",
            Width::X86 => "x86",
        }
    }

    pub fn bits(self) -> &'static str {
        match self {
            Width::X64 => "64",
            Width::X86 => "32",
        }
    }

    /// A program of MinGW: `gcc`, `nm`, …
    pub fn tool(self, name: &str) -> String {
        match self {
            Width::X64 => format!("x86_64-w64-mingw32-{name}"),
            Width::X86 => format!("i686-w64-mingw32-{name}"),
        }
    }
}

/// A file of `make windows`; `None` when it was not called, which has then been said.
pub fn built(width: Width, file: &str) -> Option<PathBuf> {
    // Beside the folder that cargo gives to tests.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target");
    let file = target.join("windows").join(width.folder()).join(file);
    if !file.is_file() {
        tools::skip("run make windows");
        return None;
    }
    Some(file)
}

/// Runs a Windows program in its folder; it is ended when it hangs.
pub fn program(width: Width, path: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "300", "bash"]);
    command.arg(tools::tests_folder("windows/wine.sh")).arg(width.bits()).arg(path);
    command.current_dir(path.parent().expect("a program is in a folder"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("POSTRIDER_") {
            command.env_remove(name);
        }
    }
    command
}
