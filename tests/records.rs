//! The last step of `make test`: no token, code, verifier, secret or assertion that the suite's
//! servers gave or were shown is in anything that the suite produced.
//!
//! `tests/support/records.rs` says what is recorded. The output of `postrider token` and the files
//! of stores are not: they hold tokens by right.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Shorter ones are words that tests made up, and may stand anywhere.
const SHORTEST: usize = 12;

#[test]
fn no_secret_of_the_suite_is_in_anything_that_it_produced() {
    let Some(folder) = std::env::var_os("POSTRIDER_TEST_RECORDS").map(PathBuf::from) else {
        eprintln!("skipped: run `make test`, which records what the suite produces");
        return;
    };
    let secrets: BTreeSet<String> = files(&folder.join("secrets"))
        .iter()
        .flat_map(|(_, content)| {
            String::from_utf8_lossy(content).lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|secret| secret.len() >= SHORTEST && !is_a_word(secret))
        .collect();
    let produced = files(&folder.join("produced"));
    let octets: usize = produced.iter().map(|(_, content)| content.len()).sum();
    eprintln!("{} secrets against {octets} octets of {} files", secrets.len(), produced.len());
    assert!(!secrets.is_empty() && octets > 0, "nothing was recorded in {}", folder.display());

    let mut needles: HashMap<Vec<u8>, Vec<(Vec<u8>, &str)>> = HashMap::new();
    for secret in &secrets {
        for form in forms(secret).into_iter().filter(|form| form.len() >= SHORTEST) {
            needles.entry(form[..SHORTEST].to_vec()).or_default().push((form, secret));
        }
    }
    // Few windows begin like a secret: the others need no look-up.
    let begins = |window: &[u8]| usize::from(window[0]) << 8 | usize::from(window[1]);
    let mut may_begin = vec![false; 1 << 16];
    needles.keys().for_each(|needle| may_begin[begins(needle)] = true);
    let mut found = BTreeSet::new();
    for (path, content) in &produced {
        let windows = content.windows(SHORTEST).enumerate();
        for (at, window) in windows.filter(|(_, window)| may_begin[begins(window)]) {
            for (form, secret) in needles.get(window).into_iter().flatten() {
                if content[at..].starts_with(form) {
                    found.insert(format!(
                        "{}…, {} octets, in {}",
                        &secret[..4],
                        secret.len(),
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(found.is_empty(), "secrets are shown: {found:#?}");
}

/// Such as the name of a field, which tests of wrong requests send in place of a value.
fn is_a_word(secret: &str) -> bool {
    secret.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
}

/// As it is, percent-encoded, and in Base64 wherever in the encoded text it begins.
fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = BTreeSet::from([secret.as_bytes().to_vec(), percent.into_bytes()]);
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for (before, touched) in [(0, 0), (1, 2), (2, 3)] {
            let encoded = engine.encode([&vec![0; before], secret.as_bytes()].concat());
            // The last character may hold a part of what follows.
            let whole = (before + secret.len()) % 3 == 0;
            let end = encoded.len() - usize::from(!whole);
            forms.insert(encoded[touched..end].as_bytes().to_vec());
        }
    }
    forms
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let content = fs::read(&path).expect("a file");
            (path, content)
        })
        .collect()
}

#[test]
fn a_secret_is_found_in_each_form() {
    let secret = "kYr-3_wq/ZZ+81~end?";
    let hidden = forms(secret);
    let found = |text: &[u8]| {
        hidden.iter().any(|form| text.windows(form.len()).any(|window| window == form))
    };
    for before in ["", "u", "us", "use"] {
        let pair = format!("{before}{secret}\x01");
        assert!(found(STANDARD_NO_PAD.encode(&pair).as_bytes()), "{before}");
        assert!(found(URL_SAFE_NO_PAD.encode(&pair).as_bytes()), "{before}");
    }
    assert!(found(b"token=kYr-3_wq%2FZZ%2B81%7Eend%3F&x") && found(secret.as_bytes()));
    assert!(!found(b"kYr-3_wq/ZZ+81~en"));
}
