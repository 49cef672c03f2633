//! Gives the shared library its soname (or install name) and keeps it mapped after `dlclose`; gives
//! Windows files their version; writes the table of media types.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    std::fs::write(Path::new(&variable("OUT_DIR")).join("media_types.txt"), media_types())
        .expect("OUT_DIR can be written");
    let link_arg = |arg: &str| println!("cargo::rustc-cdylib-link-arg={arg}");
    match variable("CARGO_CFG_TARGET_OS").as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => {
            link_arg("-Wl,-soname,libpostrider.so.1");
            // Rust's thread-locals register destructors that must outlive a dlclose().
            link_arg("-Wl,-z,nodelete");
        }
        "macos" => link_arg("-Wl,-install_name,@rpath/libpostrider.1.dylib"),
        "windows" if variable("CARGO_CFG_TARGET_ENV") == "gnu" => {
            link_arg(&version_resource("postrider.dll", "VFT_DLL"));
            let command = version_resource("postrider.exe", "VFT_APP");
            println!("cargo::rustc-link-arg-bins={command}");
        }
        _ => {}
    }
}

/// A line for each extension of file names: "pdf application/pdf".
fn media_types() -> String {
    let extensions = mime_guess::get_extensions("*", "*").unwrap_or_default();
    // It names an extension once for each of its types.
    let extensions = extensions.iter().collect::<std::collections::BTreeSet<_>>();
    let line = |extension| {
        mime_guess::from_ext(extension).first_raw().map(|first| format!("{extension} {first}\n"))
    };
    extensions.into_iter().filter_map(|extension| line(extension)).collect()
}

/// Compiles packaging/windows/version.rc for a file; gives the object to link.
fn version_resource(name: &str, kind: &str) -> String {
    const SOURCE: &str = "packaging/windows/version.rc";
    println!("cargo::rerun-if-changed={SOURCE}");
    let folder = Path::new(&variable("OUT_DIR")).join(name);
    let (header, object) = (folder.join("version.h"), folder.join("version.o"));
    let mut definitions = format!("#define KIND {kind}\n#define NAME {name:?}\n");
    for part in ["MAJOR", "MINOR", "PATCH"] {
        let number = variable(&format!("CARGO_PKG_VERSION_{part}"));
        definitions += &format!("#define {part} {number}\n");
    }
    for text in ["VERSION", "DESCRIPTION", "LICENSE"] {
        let value = variable(&format!("CARGO_PKG_{text}"));
        definitions += &format!("#define {text} {value:?}\n");
    }
    std::fs::create_dir_all(&folder).expect("OUT_DIR can be written");
    std::fs::write(header, definitions).expect("OUT_DIR can be written");
    let mut windres = Command::new(windres());
    windres.args(["-O", "coff", "-I"]).arg(&folder).arg(SOURCE).arg(&object);
    let done = windres.status().unwrap_or_else(|error| panic!("{windres:?}: {error}"));
    assert!(done.success(), "{windres:?}: {done}");
    object.display().to_string()
}

/// MinGW's resource compiler for the target.
fn windres() -> String {
    env::var("WINDRES").unwrap_or_else(|_| {
        if cfg!(windows) {
            return "windres".into();
        }
        match variable("CARGO_CFG_TARGET_ARCH").as_str() {
            "x86" => "i686-w64-mingw32-windres".into(),
            arch => format!("{arch}-w64-mingw32-windres"),
        }
    })
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}
