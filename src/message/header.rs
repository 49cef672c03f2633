//! Header fields: what may be set, and how it is encoded (RFC 5322 §2.2, RFC 2047, RFC 2231).
//!
//! lettre encodes and folds; what it would let through (names with line ends, several fields of one
//! name, words of more than 998 octets) is caught or written here.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue, Headers};
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

/// A word that is longer could not be folded within 998 octets (RFC 5322 §2.1.1).
const MOST_WORD_OCTETS: usize = 900;

/// A header field of 1 MB is an accident.
const MOST_VALUE_OCTETS: usize = 64 * 1024;

/// Fields that have a function of their own, or that belong to the MIME structure or to servers.
const RESERVED: &[&str] = &[
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "return-path",
    "received",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "x-priority",
    "importance",
    "disposition-notification-to",
];

/// Refuses what would end a header line or a command.
pub(crate) fn check_one_line(text: &str, argument: &str) -> Result<()> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::argument(format!(
            "{argument} contains a line end or another control character"
        )));
    }
    if text.len() > MOST_VALUE_OCTETS {
        return Err(Error::argument(format!(
            "{argument} is longer than {MOST_VALUE_OCTETS} bytes"
        )));
    }
    Ok(())
}

/// A field that has no function of its own.
#[derive(Clone, Debug)]
pub(crate) struct ExtraHeader {
    name: String,
    value: String,
}

impl ExtraHeader {
    pub(crate) fn new(name: &str, value: &str) -> Result<Self> {
        // RFC 5322 §3.6.8: printable ASCII without the colon; 76 is lettre's limit.
        let proper = (1..=76).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if !proper {
            return Err(Error::argument("name is not a header field name"));
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(Error::argument(format!("name: {name} is set by a function of its own")));
        }
        check_one_line(value, "value")?;
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }

    pub(crate) fn write(&self, out: &mut String) {
        write_unstructured(&self.name, &self.value, out);
    }
}

/// Writes a field whose value is free text.
pub(crate) fn write_unstructured(name: &str, value: &str, out: &mut String) {
    let too_long = |word: &str| word.len() > MOST_WORD_OCTETS;
    if looks_encoded(value) || value.split(' ').any(too_long) {
        let _ = write!(out, "{name}: {}\r\n", encoded_words(value));
        return;
    }
    let Ok(field) = HeaderName::new_from_ascii(name.to_owned()) else { return };
    let mut headers = Headers::new();
    headers.insert_raw(HeaderValue::new(field, value.to_owned()));
    let _ = write!(out, "{headers}");
}

/// Whether a reader could take a part of the text for an encoded word and decode it.
pub(crate) fn looks_encoded(text: &str) -> bool {
    text.contains("=?")
}

/// The whole text in encoded words, a line each: for what cannot be left as it is, or cannot be
/// folded between words.
pub(crate) fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(45);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (word, behind) = rest.split_at(end);
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(word)));
        rest = behind;
    }
    words.join("\r\n ")
}

/// A date with its time zone (RFC 5322 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    unix_seconds: i64,
    offset_minutes: i32,
}

impl Date {
    pub(crate) fn new(unix_seconds: i64, offset_minutes: i32) -> Result<Self> {
        if !(0..=253_402_300_799).contains(&unix_seconds) {
            let text = "unix_seconds must be 0 to 253402300799 (the years 1970 to 9999)";
            return Err(Error::argument(text));
        }
        if !(-1439..=1439).contains(&offset_minutes) {
            return Err(Error::argument("offset_minutes must be -1439 to 1439"));
        }
        Ok(Self { unix_seconds, offset_minutes })
    }

    /// Now, in the local time zone.
    pub(crate) fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_seconds = i64::try_from(since.as_secs()).unwrap_or_default();
        let offset_minutes = crate::platform::local_utc_offset_minutes(unix_seconds);
        Self { unix_seconds, offset_minutes }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let local = self.unix_seconds + i64::from(self.offset_minutes) * 60;
        // Both ends of the range are cut to what the formatter knows.
        let local = Duration::from_secs(local.clamp(0, 253_402_300_799).unsigned_abs());
        let date = httpdate::fmt_http_date(UNIX_EPOCH + local);
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (self.offset_minutes.abs() / 60, self.offset_minutes.abs() % 60);
        write!(f, "{} {sign}{hours:02}{minutes:02}", date.trim_end_matches(" GMT"))
    }
}

/// `<left@right>`, from a text with or without the angle brackets.
pub(crate) fn check_message_id(id: &str) -> Result<String> {
    let inner = id.trim_matches(' ');
    let inner = inner.strip_prefix('<').and_then(|i| i.strip_suffix('>')).unwrap_or(inner);
    let proper = inner.len() <= 500
        && inner.bytes().all(|b| b.is_ascii_graphic() && !b"<>()\"\\,;: ".contains(&b))
        && inner.split('@').count() == 2
        && inner.split('@').all(|side| !side.is_empty());
    if proper {
        Ok(format!("<{inner}>"))
    } else {
        Err(Error::argument("message_id is not of the form left@right"))
    }
}

/// Values of the Importance field (RFC 2156).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Importance {
    Low,
    Normal,
    High,
}

impl Importance {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Importance::Low => "low",
            Importance::Normal => "normal",
            Importance::High => "high",
        }
    }
}

/// X-Priority as mail programs write it.
pub(crate) fn priority_text(priority: u8) -> &'static str {
    match priority {
        1 => "1 (Highest)",
        2 => "2 (High)",
        4 => "4 (Low)",
        5 => "5 (Lowest)",
        _ => "3 (Normal)",
    }
}

/// The parameter of Content-Type: a name in ASCII, for programs such as old Outlook that do not know
/// RFC 2231.
pub(crate) fn name_parameter(name: &str) -> String {
    format!(";\r\n name=\"{}\"", in_ascii(name))
}

/// The parameter of Content-Disposition: the true name, after RFC 2231 where it is needed.
///
/// Never both `filename` and `filename*`: mail programs differ in which of two they believe (Python
/// the first or the last, according to its policy).
pub(crate) fn file_name_parameter(name: &str) -> String {
    let ascii = in_ascii(name);
    if name == ascii {
        return format!(";\r\n filename=\"{ascii}\"");
    }
    let mut text = String::new();
    write_extended_parameter("filename", name, &mut text);
    text
}

fn in_ascii(name: &str) -> String {
    let fitting = |c: &char| (c.is_ascii_graphic() || *c == ' ') && !matches!(c, '"' | '\\');
    name.chars().map(|c| if fitting(&c) { c } else { '_' }).collect()
}

/// RFC 2231: in one piece, which most programs read, unless that would make the line too long.
fn write_extended_parameter(parameter: &str, value: &str, out: &mut String) {
    let mut pieces = vec![String::new()];
    for byte in value.bytes() {
        if pieces.last().is_some_and(|piece| piece.len() >= MOST_WORD_OCTETS) {
            pieces.push(String::new());
        }
        let Some(piece) = pieces.last_mut() else { continue };
        // RFC 5987's attr-char, which RFC 2231 allows too.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            piece.push(char::from(byte));
        } else {
            let _ = write!(piece, "%{byte:02X}");
        }
    }
    let single = pieces.len() == 1;
    for (number, piece) in pieces.iter().enumerate() {
        let section = if single { String::new() } else { format!("*{number}") };
        let charset = if number == 0 { "utf-8''" } else { "" };
        let _ = write!(out, ";\r\n {parameter}{section}*={charset}{piece}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unstructured(name: &str, value: &str) -> String {
        let mut out = String::new();
        write_unstructured(name, value, &mut out);
        out
    }

    #[test]
    fn no_field_name_smuggles_another_field_in() {
        for bad in ["X-A\r\nBcc", "X A", "X:A", "", "Ä", "\0", "Bcc", "subject", "Content-Type"] {
            assert!(ExtraHeader::new(bad, "x").is_err(), "{bad:?}");
        }
        for bad in ["a\r\nBcc: x@y.test", "a\n", "a\0b", "a\rb"] {
            assert!(ExtraHeader::new("X-A", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_line_passes_998_octets() {
        for value in ["x".repeat(5000), "ä".repeat(5000), format!("a {}", "y".repeat(2000))] {
            let field = unstructured("Subject", &value);
            assert!(field.lines().all(|line| line.len() <= 998), "{}", value.len());
            assert!(field.ends_with("\r\n"));
        }
    }

    #[test]
    fn dates_have_their_time_zone() {
        let date = |seconds, offset| Date::new(seconds, offset).unwrap().to_string();
        assert_eq!(date(0, 0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_790_000_000, 150), "Mon, 21 Sep 2026 16:43:20 +0230");
        assert_eq!(date(1_790_000_000, -480), "Mon, 21 Sep 2026 06:13:20 -0800");
        assert!(Date::new(-1, 0).is_err() && Date::new(0, 1440).is_err());
    }

    #[test]
    fn message_ids_are_of_the_form_left_at_right() {
        assert_eq!(check_message_id("a.1@example.org").unwrap(), "<a.1@example.org>");
        assert_eq!(check_message_id("<a@b>").unwrap(), "<a@b>");
        for bad in ["", "a", "a@", "@b", "a@b@c", "a b@c", "<a@b>\r\nX: y", "a@b\n"] {
            assert!(check_message_id(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn file_names_are_readable_by_old_and_new_programs() {
        assert_eq!(name_parameter("a b.pdf"), ";\r\n name=\"a b.pdf\"");
        assert_eq!(file_name_parameter("a b.pdf"), ";\r\n filename=\"a b.pdf\"");
        let name = "Übersicht \"1\".pdf";
        assert_eq!(name_parameter(name), ";\r\n name=\"_bersicht _1_.pdf\"");
        assert_eq!(
            file_name_parameter(name),
            ";\r\n filename*=utf-8''%C3%9Cbersicht%20%221%22.pdf"
        );
    }

    #[test]
    fn text_that_looks_like_an_encoded_word_stays_text() {
        let field = unstructured("Subject", "what is =?utf-8?q?this?=");
        assert!(!field.contains("?q?"), "{field}");
    }
}
