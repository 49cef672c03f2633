//! What must always be true of the project itself: licences, versions, and what no file may hold.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use support::tools;

/// Licences that ask for no more than their text and the names of the authors.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Nothing that starts threads, brings a runtime or needs OpenSSL is loaded into a host.
const UNWANTED: &[&str] =
    &["async-std", "native-tls", "openssl", "openssl-sys", "rayon", "smol", "tokio"];

const THIRD_PARTY: &str = "packaging/THIRD-PARTY-LICENSES.txt";
/// Written by hand: cargo knows nothing of the crates within std.
const STANDARD_LIBRARY: &str = "packaging/rust-standard-library.txt";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

struct Package {
    name: String,
    version: String,
    license: String,
    rust_version: Option<(u32, u32)>,
    folder: PathBuf,
    /// Part of the library as it is shipped.
    shipped: bool,
}

static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(packages);

/// The systems for which there are libraries.
const SYSTEMS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "x86_64-win7-windows-gnu", "i686-win7-windows-gnu"];

/// Every package of the dependency graph on these systems.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(SYSTEMS.iter().flat_map(|system| ["--filter-platform", system]))
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let nodes = &metadata["resolve"]["nodes"];
    let own = metadata["resolve"]["root"].as_str().expect("there is a root package");

    let mut shipped = BTreeSet::from([own]);
    let mut open = vec![own];
    while let Some(id) = open.pop() {
        let node = list(nodes).find(|node| node["id"] == id).expect("every package has a node");
        for dependency in list(&node["deps"]) {
            // src/build.rs writes a part of the library from what it depends on.
            let is_shipped = |kind: &Value| kind.is_null() || id == own && kind == "build";
            let counts = list(&dependency["dep_kinds"]).any(|kind| is_shipped(&kind["kind"]));
            let package = dependency["pkg"].as_str().expect("an id");
            if counts && shipped.insert(package) {
                open.push(package);
            }
        }
    }
    let all: BTreeSet<_> = list(nodes).filter_map(|node| node["id"].as_str()).collect();
    list(&metadata["packages"])
        .filter(|package| package["id"].as_str().is_some_and(|id| all.contains(id) && id != own))
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            license: text(&package["license"]),
            rust_version: package["rust_version"].as_str().map(minor_version),
            folder: Path::new(&text(&package["manifest_path"])).parent().unwrap().to_owned(),
            shipped: shipped.contains(package["id"].as_str().unwrap_or_default()),
        })
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn minor_version(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn every_licence_is_one_that_users_can_live_with() {
    for package in PACKAGES.iter() {
        let allowed = package.license.split(" AND ").all(|part| {
            let choices = part.trim_matches(['(', ')']).split(" OR ").flat_map(|c| c.split('/'));
            choices
                .map(|choice| choice.trim_matches(['(', ')', ' ']))
                .any(|c| LICENCES.contains(&c.split(" WITH ").next().unwrap_or_default()))
        });
        // cbindgen only runs in our tests: nothing of it is shipped.
        assert!(allowed || package.name == "cbindgen", "{}: {}", package.name, package.license);
    }
}

/// `make fuzz` builds with it as it is, and only at the end of a run in CI.
#[test]
fn the_lock_file_of_the_fuzz_targets_is_current() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--manifest-path"])
        .arg(root().join("fuzz/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_runtime_and_no_openssl_comes_along() {
    for package in PACKAGES.iter().filter(|package| package.shipped) {
        assert!(!UNWANTED.contains(&package.name.as_str()), "{}", package.name);
    }
}

#[test]
fn the_minimum_rust_version_is_that_of_the_dependencies() {
    let stated = minor_version(env!("CARGO_PKG_RUST_VERSION"));
    let newest = PACKAGES.iter().filter(|p| p.shipped).max_by_key(|p| p.rust_version);
    let newest = newest.expect("there are dependencies");
    assert_eq!(Some(stated), newest.rust_version, "as {} says", newest.name);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&format!("Rust {}.{}", stated.0, stated.1)), "README.md names it");
}

/// The texts that must go with the library; `make licences` rewrites the file.
#[test]
fn the_licences_of_the_dependencies_are_current() {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut out = String::from(
        "Postrider contains these packages. `make licences` writes this file from their own.\n\n",
    );
    for package in PACKAGES.iter().filter(|package| package.shipped) {
        let name = format!("{} {}", package.name, package.version);
        writeln!(out, "{name}: {}", package.license).unwrap();
        let own = licence_texts(&package.folder);
        assert!(!own.is_empty(), "{name} comes without the text of its licence");
        for text in own {
            texts.entry(text).or_default().push(name.clone());
        }
    }
    let standard = fs::read_to_string(root().join(STANDARD_LIBRARY)).unwrap();
    write!(out, "\n{}\n{standard}", "=".repeat(78)).unwrap();
    for (text, packages) in texts {
        writeln!(out, "\n{}\n{}\n\n{text}", "=".repeat(78), packages.join(", ")).unwrap();
    }
    let file = root().join(THIRD_PARTY);
    if std::env::var_os("POSTRIDER_BLESS").is_some() {
        return fs::write(file, out).unwrap();
    }
    let current = fs::read_to_string(file).unwrap_or_default() == out;
    assert!(current, "{THIRD_PARTY} is not current: run `make licences`");
}

fn licence_texts(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("cargo has unpacked the package")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            path.is_file()
                && ["LICEN", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|b| name.starts_with(b))
        })
        .collect();
    files.sort();
    let read = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let lines = |text: String| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    files.iter().map(read).map(|text| lines(text).trim().to_owned()).collect()
}

/// Every file that git knows; `None` in an unpacked archive, and then it says so.
fn tracked_files() -> Option<Vec<PathBuf>> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        tools::skip("work in a git checkout, and install git");
        return None;
    };
    let names = String::from_utf8(listed.stdout).expect("our paths are ASCII");
    let files: Vec<_> = names.split('\0').filter(|n| !n.is_empty()).map(PathBuf::from).collect();
    assert!(files.len() > 100, "the list is right");
    Some(files)
}

#[test]
fn no_file_names_a_machine_or_a_registry_or_leaves_work_open() {
    let Some(files) = tracked_files() else { return };
    // Joined here, so that this file does not hold them itself.
    let forbidden: Vec<String> = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["registry.np", "mjs"],
        ["py", "pi.org"],
        ["deb.deb", "ian.org"],
        ["static.crat", "es.io"],
        ["index.crat", "es.io"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["dbg", "!("],
        ["#[ign", "ore]"],
    ]
    .map(|parts| parts.concat())
    .into();
    for file in files {
        let generated = ["Cargo.lock", "LICENSE-APACHE", THIRD_PARTY];
        if generated.iter().any(|name| file.ends_with(name)) {
            continue;
        }
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for word in &forbidden {
            let found = text.lines().find(|line| line.contains(word.as_str()));
            assert!(found.is_none(), "{}: {found:?}", file.display());
        }
    }
}

#[test]
fn test_accounts_live_where_nobody_does() {
    let Some(files) = tracked_files() else { return };
    let reserved = ["example", "test", "invalid", "localhost"];
    for file in &files {
        // Licences name their authors; npm writes package@version.
        if file.ends_with(THIRD_PARTY) || file.ends_with("package-lock.json") {
            continue;
        }
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        for (at, _) in text.match_indices('@') {
            let domain: String = text[at + 1..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || ".-".contains(*c))
                .collect();
            let local = text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
            let domain_lower = domain.to_ascii_lowercase();
            let labels: Vec<_> = domain_lower.trim_matches('.').split('.').collect();
            if !local || labels.len() < 2 || labels.iter().all(|l| l.parse::<u32>().is_ok()) {
                continue;
            }
            let placeholder = domain.bytes().all(|b| !b.is_ascii_lowercase());
            let fine = placeholder || labels.iter().any(|label| reserved.contains(label));
            assert!(fine, "{}: @{domain}", file.display());
        }
    }
}

#[test]
fn every_target_of_the_makefile_explains_itself() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    let phony: BTreeSet<_> = phony.split(' ').collect();
    let explained = makefile.lines().filter(|line| !line.starts_with('\t') && line.contains("## "));
    let explained: BTreeSet<_> = explained.filter_map(|l| l.split_once(':')).map(|l| l.0).collect();
    assert_eq!(phony, explained);
    // No target is hidden from the list.
    let targets = makefile.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()));
    let targets: BTreeSet<_> = targets.filter_map(|l| l.split_once(':')).map(|l| l.0).collect();
    assert_eq!(phony, targets);
}

#[test]
fn docs_interface_explains_every_code() {
    let interface = read("docs/interface.md");
    for status in postrider::Status::ALL {
        let row = format!("| {} | `MAIL_STATUS_", status.code());
        assert_eq!(interface.matches(&row).count(), 1, "docs/interface.md: {status:?}");
        assert!(interface.contains(&format!("` | {} |", status.text())), "{status:?}");
    }
    let mut codes = BTreeSet::new();
    for cause in postrider::Cause::ALL {
        assert!(codes.insert(cause.code()), "{} stands twice", cause.code());
    }
    let header = read("include/postrider.h");
    for group in ["MAIL_STATUS_", "MAIL_STAGE_", "MAIL_OUTCOME_"] {
        assert_eq!(words(&interface, group), words(&header, group));
    }
}

/// The names that begin so.
fn words<'a>(text: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(beginning) && word.len() > beginning.len())
        .collect()
}

/// Every document of ours, as a path from the root.
fn documents() -> Vec<String> {
    let folders = ["", "docs", "docs/accounts", "bindings", "bindings/python"];
    let inside = |folder: &str| -> Vec<String> {
        fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| Path::new(folder).join(entry.unwrap().file_name()).display().to_string())
            .filter(|path| path.ends_with(".md"))
            .collect()
    };
    folders.into_iter().flat_map(inside).collect()
}

#[test]
fn every_link_leads_somewhere_and_every_document_is_linked() {
    let mut linked = BTreeSet::from([root().join("README.md").canonicalize().unwrap()]);
    let documents = documents();
    assert!(documents.len() > 7, "{documents:?}");
    for document in &documents {
        let text = read(document);
        for (target, _) in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = target.split('#').next().unwrap_or_default();
            let file = root().join(document).parent().unwrap().join(file).canonicalize();
            linked.insert(file.unwrap_or_else(|error| panic!("{document}: {target}: {error}")));
        }
    }
    for document in &documents {
        let path = root().join(document).canonicalize().unwrap();
        assert!(linked.contains(&path), "nothing links {document}");
    }
}

#[test]
fn functions_and_commands_that_a_document_names_exist() {
    let header = read("include/postrider.h");
    let makefile = read("Makefile");
    for document in documents() {
        let text = read(&document);
        for name in words(&text, "mail_") {
            // "mail_last_*" names a family.
            let known =
                header.contains(&format!("{name}(")) || header.contains(&format!("{name};"));
            let family = text.contains(&format!("{name}*")) && header.contains(name);
            assert!(known || family, "{document} names {name}");
        }
        let commands =
            text.split("`make ").skip(1).filter_map(|rest| rest.split(['`', ' ']).next());
        for target in commands {
            assert!(makefile.contains(&format!("\n{target}:")), "{document}: make {target}");
        }
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("include/postrider.h").contains(&format!("MAIL_VERSION \"{version}\"")));
    assert!(read("bindings/python/pyproject.toml").contains(&format!("version = \"{version}\"")));
    assert!(read("CHANGELOG.md").contains(version), "CHANGELOG.md");
}

/// Above this a file is better split.
const MOST_LINES: usize = 600;
/// Written by programs, and lists of others.
const LONG: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "THIRD-PARTY-LICENSES.txt",
    "postrider.h",
    "PostriderApi.pas",
    "abi.txt",
];

#[test]
fn files_are_short() {
    let Some(files) = tracked_files() else { return };
    for file in files.iter().filter(|file| !LONG.iter().any(|name| file.ends_with(name))) {
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        assert!(text.lines().count() <= MOST_LINES, "{}", file.display());
    }
}
