//! What the suite's secrets are and what the suite produced, for `tests/records.rs`, which compares
//! the two at the end of `make test`. Nothing is recorded unless POSTRIDER_TEST_RECORDS names a folder.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

/// Fields of requests and answers whose values are secrets.
const SECRET_FIELDS: &[&str] = &[
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "refresh_token",
    "token",
];

/// A secret that a test server gave, or was shown.
pub fn secret(text: &str) {
    append("secrets", text);
}

/// The secrets of a body: a form or JSON.
pub fn secrets_of(body: &str) {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let texts = SECRET_FIELDS.iter().filter_map(|name| json[name].as_str());
    texts.for_each(secret);
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        if SECRET_FIELDS.contains(&&*name) {
            secret(&value);
        }
    }
}

/// Something that a person may see: a log line, an error, a `Debug` text, a page, an output.
pub fn produced(text: &str) {
    append("produced", text);
}

/// A file per process, a write per text: they stay whole.
fn append(kind: &str, text: &str) {
    let Some(folder) = std::env::var_os("POSTRIDER_TEST_RECORDS") else { return };
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or(OsStr::new("test")).to_string_lossy().into_owned();
    let folder = PathBuf::from(folder).join(kind);
    fs::create_dir_all(&folder).expect("the records can be written");
    let path = folder.join(format!("{program}-{}", std::process::id()));
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()))
        .expect("the records can be written");
}
