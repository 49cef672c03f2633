use super::*;
use crate::oauth::test_keys::{keys, mutated, run};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A PFX file that openssl makes of the keys, and their key and certificate as they should come out.
fn made(options: &str, password: &str) -> Option<(TempDir, Vec<u8>)> {
    let keys = keys()?;
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("password"), format!("{password}\n")).unwrap();
    let (key, certificate) = (keys.join("rsa.pem"), keys.join("rsa.crt"));
    let inputs = format!("-inkey {} -in {}", key.display(), certificate.display());
    run(
        here.path(),
        &format!("pkcs12 -export {inputs} -passout file:password {options} -out a.pfx"),
    );
    let file = fs::read(here.path().join("a.pfx")).unwrap();
    Some((here, file))
}

fn der(folder: &Path, arguments: &str) -> Vec<u8> {
    let here = tempfile::tempdir().unwrap();
    let out = here.path().join("out");
    run(folder, &format!("{arguments} -outform DER -out {}", out.display()));
    fs::read(out).unwrap()
}

/// What Windows, Java, the Azure portal and old and new openssl write.
const WAYS: &[&str] = &[
    "",
    "-legacy",
    "-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES",
    "-legacy -certpbe PBE-SHA1-RC2-128",
    "-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512",
    "-certpbe NONE -keypbe NONE",
    "-nomac",
    "-macalg sha384 -iter 5",
    "-macalg sha224",
    "-noiter -nomaciter",
    "-keypbe DES-EDE3-CBC",
];

#[test]
fn files_of_all_common_programs_are_read() {
    for password in ["pässwörd 🔑", "x", ""] {
        for options in WAYS {
            let Some((_here, file)) = made(options, password) else { return };
            let read = read(&file, password)
                .map_err(|why| format!("{why:?}: {options:?} {password:?}"))
                .unwrap();
            let folder = keys().unwrap();
            assert_eq!(read.keys.len(), 1, "{options}");
            let key = der(folder, "pkcs8 -topk8 -nocrypt -in rsa.pem");
            assert_eq!(*read.keys[0], key, "{options}");
            assert_eq!(read.certificates, [der(folder, "x509 -in rsa.crt")], "{options}");
        }
    }
}

#[test]
fn a_wrong_password_is_told_from_a_damaged_file() {
    for options in ["", "-legacy", "-macalg sha512"] {
        let Some((_here, file)) = made(options, "right") else { return };
        for password in ["wrong", "", "right "] {
            assert_eq!(read(&file, password).err(), Some(Failure::WrongPassword), "{options}");
        }
        assert_eq!(read(&file[..file.len() - 1], "right").err(), Some(Failure::Malformed));
    }
    for text in [&b""[..], b"-----BEGIN PKCS12-----", &[0x30, 0], &[0x30, 3, 2, 1, 4]] {
        assert_eq!(read(text, "").err(), Some(Failure::Malformed));
    }
}

#[test]
fn the_work_that_a_file_asks_for_is_bounded() {
    assert_eq!(rounds(Some(MOST_ROUNDS)).map(NonZeroU32::get), Ok(MOST_ROUNDS));
    assert_eq!(rounds(Some(MOST_ROUNDS + 1)), Err(Failure::Unsupported));
    assert_eq!(rounds(Some(0)), Err(Failure::Malformed));
}

#[test]
fn any_file_is_read_without_harm() {
    let Some((_here, file)) = made("-noiter -nomac -certpbe NONE -keypbe NONE", "x") else {
        return;
    };
    for turn in 0..20_000 {
        let _ = read(&mutated(&file, turn), "x").map(|read| read.keys.len());
    }
    let Some((_here, file)) = made("-nomac -iter 1 -legacy", "x") else { return };
    for turn in 0..2_000 {
        // What is changed into a large number of rounds only costs time: bounded, but not here.
        let changed = mutated(&file, turn);
        if changed.windows(3).all(|octets| octets != [INTEGER, 3, 0]) {
            let _ = read(&changed, "x").map(|read| read.keys.len());
        }
    }
}
