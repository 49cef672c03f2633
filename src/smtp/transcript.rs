//! The dialogue for people: what was sent, received and done, line by line, without secrets.

use crate::secret::Secret;
use std::borrow::Cow;

/// A secret that a server echoes, or any piece of it, is recognised from this many bytes on.
const RECOGNISED: usize = 8;

/// Collects lines until the driver takes them; does nothing when nobody listens.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    enabled: bool,
    lines: Vec<String>,
    /// What must never be shown, in every form in which it crosses the wire.
    secrets: Vec<Secret>,
}

impl Transcript {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, ..Self::default() }
    }

    pub(crate) fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    pub(crate) fn protect(&mut self, secret: Secret) {
        self.secrets.push(secret);
    }

    pub(crate) fn sent(&mut self, command: &str) {
        if self.enabled {
            self.lines.push(format!("C: {command}"));
        }
    }

    pub(crate) fn received(&mut self, line: &[u8]) {
        if self.enabled {
            let line = String::from_utf8_lossy(line);
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let line = format!("S: {}", self.without_secrets(&line));
            self.lines.push(line);
        }
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if self.enabled {
            let line = format!("-- {}", self.without_secrets(&text()));
            self.lines.push(line);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// The text with every echo of a secret, also of a piece of it, replaced by ***.
    pub(crate) fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| match hide(&text, secret) {
            Some(hidden) => Cow::Owned(hidden),
            None => text,
        })
    }
}

fn hide(text: &str, secret: &Secret) -> Option<String> {
    let (octets, secret) = (text.as_bytes(), secret.bytes());
    let recognised = secret.len().clamp(1, RECOGNISED);
    // Tokens and base64 have no spaces: most words of a reply are too short to be looked at.
    let in_words = memchr::memchr(b' ', secret).is_none();
    let (mut shown, mut from, mut at) = (String::new(), 0, 0);
    while let Some(window) = octets.get(at..at + recognised) {
        let space = window.iter().rposition(|octet| *octet <= b' ').filter(|_| in_words);
        if let Some(space) = space {
            at += space + 1;
            continue;
        }
        let Some(place) = memchr::memmem::find(secret, window) else {
            at += 1;
            continue;
        };
        let behind = secret.get(place..).unwrap_or_default();
        let echoed = octets.get(at..).unwrap_or_default();
        let same = echoed.iter().zip(behind).take_while(|(a, b)| a == b).count();
        // Both ends may lie within a character when the echo was cut there.
        let begin = (from..=at).rev().find(|begin| text.is_char_boundary(*begin))?;
        at = (at + same..=text.len()).find(|end| text.is_char_boundary(*end))?;
        shown.push_str(text.get(from..begin)?);
        shown.push_str("***");
        from = at;
    }
    (from > 0).then(|| shown + text.get(from..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_secrets_are_taken_out_whole_and_in_part() {
        let mut transcript = Transcript::new(true);
        transcript.protect(Secret::new("dXNlcj1hbm5hQGV4YW1wbGUub3Jn"));
        transcript.received(b"500 what is AUTH XOAUTH2 dXNlcj1hbm5hQGV4YW1wbGUub3Jn?");
        transcript.received(b"500 line cut: dXNlcj1hbm5h");
        transcript.received(b"500-wrapped: dXNlcj1hbm5h");
        transcript.received(b"500 QGV4YW1wbGUub3Jn, that is");
        transcript.received("500 dXNlcj1hbm5\u{e4} QGV4YW1w\u{e4}".as_bytes());
        let lines = transcript.take();
        assert_eq!(
            lines,
            [
                "S: 500 what is AUTH XOAUTH2 ***?",
                "S: 500 line cut: ***",
                "S: 500-wrapped: ***",
                "S: 500 ***, that is",
                "S: 500 ***\u{e4} ***\u{e4}"
            ]
        );
    }

    #[test]
    fn short_and_spaced_passwords_are_taken_out_too() {
        let mut transcript = Transcript::new(true);
        for secret in ["abc", "my own pass", ""] {
            transcript.protect(Secret::new(secret));
        }
        transcript.received(b"535 abc or my own pass or ab");
        assert_eq!(transcript.take(), ["S: 535 *** or *** or ab"]);
    }
}
