//! Keys and files for tests, made by `openssl` when they run: none is committed.

#![cfg_attr(not(unix), allow(dead_code))]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder with `rsa.pem` (PKCS#8), `rsa1.pem` (PKCS#1), `rsa.crt`, `ec.pem`, `ec.crt`, `rsa.pub`,
/// `ec.pub`. Nothing where there is no openssl: then the test says so and ends.
static FOLDER: LazyLock<Option<TempDir>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    if Command::new("openssl").arg("version").output().is_err() {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(!in_ci, "may not be skipped in CI: install openssl");
        eprintln!("skipped: install openssl");
        return None;
    }
    run(path, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    run(path, "rsa -in rsa.pem -traditional -out rsa1.pem");
    run(path, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    for key in ["rsa", "ec"] {
        run(path, &format!("req -x509 -key {key}.pem -subj /CN=app -days 30 -out {key}.crt"));
        run(path, &format!("pkey -in {key}.pem -pubout -out {key}.pub"));
    }
    Some(folder)
});

/// The folder of the keys.
pub(super) fn keys() -> Option<&'static Path> {
    FOLDER.as_ref().map(TempDir::path)
}

/// Runs openssl in a folder. The configuration of the system must not matter.
pub(super) fn run(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
}

/// Changes a text a little, in a way that depends on `turn` alone: for parsers that must take
/// whatever comes.
pub(super) fn mutated(text: &[u8], turn: u64) -> Vec<u8> {
    let mut changed = text.to_vec();
    // SplitMix64.
    let mut state = turn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = |below: usize| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % below.max(1)
    };
    for _ in 0..=next(4) {
        let place = next(changed.len());
        match next(5) {
            0 => changed.truncate(place),
            1 => changed.insert(place, next(256) as u8),
            2 if !changed.is_empty() => drop(changed.remove(place)),
            3 => changed.extend_from_within(place..),
            _ => {
                if let Some(octet) = changed.get_mut(place) {
                    *octet ^= 1 << next(8);
                }
            }
        }
        changed.truncate(64 * 1024);
    }
    changed
}
