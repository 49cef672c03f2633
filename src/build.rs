//! Gives the shared library its soname (or install name) and keeps it mapped after `dlclose`.

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let link_arg = |arg: &str| println!("cargo::rustc-cdylib-link-arg={arg}");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly") => {
            link_arg("-Wl,-soname,libpostrider.so.1");
            // Rust's thread-locals register destructors that must outlive a dlclose().
            link_arg("-Wl,-z,nodelete");
        }
        Ok("macos") => link_arg("-Wl,-install_name,@rpath/libpostrider.1.dylib"),
        _ => {}
    }
}
