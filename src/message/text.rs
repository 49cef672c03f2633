//! Text bodies: line ends, and the transfer encoding (RFC 2045 §6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::ContentTransferEncoding as Encoding;
use memchr::memchr2_iter;

/// RFC 5322 §2.1.1, without the CRLF.
const MOST_LINE_OCTETS: usize = 998;

/// Base64 lines, and the longest lines of quoted-printable.
pub(crate) const ENCODED_LINE: usize = 76;

/// A text with every line end as CRLF: CR and LF alone never reach the wire.
pub(crate) fn with_crlf(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 2);
    let mut from = 0;
    for at in memchr2_iter(b'\r', b'\n', bytes) {
        if at < from {
            continue; // the LF of a CRLF
        }
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
        let crlf = bytes.get(at..at + 2) == Some(b"\r\n");
        from = at + if crlf { 2 } else { 1 };
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}

/// A body ready for the wire, and what it is encoded in.
pub(crate) struct EncodedText {
    pub octets: Vec<u8>,
    pub encoding: Encoding,
}

/// Encodes a text as little as the way allows: as it is, else quoted-printable, or base64 when most
/// of it is not ASCII.
pub(crate) fn encode(text: &str, eight_bit_way: bool) -> EncodedText {
    let octets = with_crlf(text);
    let ascii = octets.is_ascii();
    let as_it_is = (ascii || eight_bit_way) && is_within_lines(&octets) && !octets.contains(&0);
    if as_it_is {
        let encoding = if ascii { Encoding::SevenBit } else { Encoding::EightBit };
        return EncodedText { octets, encoding };
    }
    let foreign = octets.iter().filter(|octet| !octet.is_ascii()).count();
    if foreign > octets.len() / 3 {
        return EncodedText { octets: base64_lines(&octets), encoding: Encoding::Base64 };
    }
    let octets = quoted_printable::encode(&octets);
    EncodedText { octets, encoding: Encoding::QuotedPrintable }
}

fn is_within_lines(octets: &[u8]) -> bool {
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', octets) {
        // The CR before it does not count.
        if at - from > MOST_LINE_OCTETS + 1 {
            return false;
        }
        from = at + 1;
    }
    octets.len() - from <= MOST_LINE_OCTETS
}

fn base64_lines(octets: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(octets);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / ENCODED_LINE * 2);
    for line in encoded.as_bytes().chunks(ENCODED_LINE) {
        if !out.is_empty() {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_becomes_crlf() {
        for (text, wire) in [
            ("a\nb", "a\r\nb"),
            ("a\rb", "a\r\nb"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("\n\r\r\n\n", "\r\n\r\n\r\n\r\n"),
            ("", ""),
            ("\r", "\r\n"),
        ] {
            assert_eq!(with_crlf(text), wire.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn text_is_encoded_only_as_far_as_needed() {
        let encoding = |text: &str, eight_bit| encode(text, eight_bit).encoding;
        assert_eq!(encoding("plain\n", false), Encoding::SevenBit);
        assert_eq!(encoding("Grüße aus Köln\n", true), Encoding::EightBit);
        assert_eq!(encoding("Grüße aus Köln\n", false), Encoding::QuotedPrintable);
        assert_eq!(encoding("Привет, мир\n", false), Encoding::Base64);
        assert_eq!(encoding(&"x".repeat(998), false), Encoding::SevenBit);
        assert_eq!(encoding(&"x".repeat(999), true), Encoding::QuotedPrintable);
        assert_eq!(encoding("nul\0\n", true), Encoding::QuotedPrintable);
    }

    #[test]
    fn no_line_is_too_long_and_no_line_end_is_bare() {
        for text in
            ["x".repeat(5000), "ü ".repeat(3000), "я".repeat(3000), "a\rb\nc\r\n.".repeat(99)]
        {
            for eight_bit in [false, true] {
                let octets = encode(&text, eight_bit).octets;
                assert!(is_within_lines(&octets));
                let without_crlf = String::from_utf8(octets).unwrap().replace("\r\n", "");
                assert!(!without_crlf.contains(['\r', '\n']));
            }
        }
    }
}
