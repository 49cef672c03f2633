//! The encoding of forms and queries, `application/x-www-form-urlencoded`: taking apart what
//! clients and browsers send, and writing what goes back in a redirect.

use std::collections::HashMap;

/// Parameters by name; there is no name twice, which RFC 6749 §3.1 and §3.2 forbid.
pub struct Form(HashMap<String, String>);

impl Form {
    /// Nothing when it cannot be read or has a parameter twice.
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let mut form = HashMap::new();
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = decode_text(pair.get(equals + 1..).unwrap_or_default())?;
            if form.insert(decode_text(&pair[..equals])?, value).is_some() {
                return None;
            }
        }
        Some(Form(form))
    }

    /// A parameter without a value counts as left out (RFC 6749 §3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// `+` is a space, `%41` an A.
pub fn decode_text(encoded: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => 16 * hex_digit(rest.next()?)? + hex_digit(rest.next()?)?,
            byte => *byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).map(|digit| digit as u8)
}

/// `a=1&b=2`, with all but the unreserved characters of RFC 3986 as `%41`.
pub fn encode(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encode_text(name), encode_text(value)))
        .collect();
    pairs.join("&")
}

fn encode_text(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
