//! What must hold whatever servers say and hosts pass: the checks behind the fuzz targets.
//!
//! Only in the builds of cargo-fuzz (see `fuzz/`) and of the tests, which try every committed seed.
//! Each function takes any bytes, and panics when something does not hold.
//!
//! - `reply`     replies, read in pieces
//! - `explain`   what replies and texts mean
//! - `session`   a dialogue with any server
//! - `message`   lists of addresses, and messages of any texts

mod explain;
mod message;
mod reply;
mod session;

pub use explain::explanation;
pub use message::{address_list, message};
pub use reply::reply;
pub use session::session;

/// Number `index` of the digits that a case begins with: its options.
fn option(digits: &[u8], index: usize) -> u8 {
    digits.get(index).map_or(0, |digit| digit & 15)
}

/// Lines end with CRLF, and hold neither CR nor LF nor NUL otherwise.
fn check_lines(octets: &[u8], most_octets: usize) {
    let text = String::from_utf8_lossy(octets);
    assert!(octets.is_empty() || octets.ends_with(b"\r\n"), "no line end: {text:?}");
    for line in octets.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let line = line.strip_suffix(b"\r").unwrap_or_else(|| panic!("bare LF: {text:?}"));
        assert!(!line.contains(&b'\r') && !line.contains(&0), "bare CR, or NUL: {text:?}");
        assert!(line.len() <= most_octets, "{} octets: {text:?}", line.len());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_seed_holds() {
        let targets = [
            ("session", super::session as fn(&[u8])),
            ("reply", super::reply),
            ("address_list", super::address_list),
            ("message", super::message),
            ("explanation", super::explanation),
        ];
        for (target, check) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
            let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
            assert!(seeds.len() >= 5, "{target}: {} seeds", seeds.len());
            for seed in seeds {
                println!("{target}: {}", seed.file_name().display());
                check(&std::fs::read(seed.path()).unwrap());
            }
        }
    }
}
