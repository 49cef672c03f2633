//! The dialogue for people: what was sent, received and done, line by line, without secrets.

use crate::secret::Secret;
use std::borrow::Cow;

/// A secret that a server echoes is recognised from this many bytes on.
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

    /// The text with every echo of a secret, also a cut one, replaced by ***.
    pub(crate) fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| match hide(&text, secret) {
            Some(hidden) => Cow::Owned(hidden),
            None => text,
        })
    }
}

fn hide(text: &str, secret: &Secret) -> Option<String> {
    let secret = secret.bytes();
    let beginning = secret.get(..secret.len().min(RECOGNISED)).filter(|b| !b.is_empty())?;
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), beginning) {
        let echoed = rest.as_bytes().get(at..).unwrap_or_default();
        let same = echoed.iter().zip(secret).take_while(|(a, b)| a == b).count();
        // Both ends may lie within a character when the echo was cut there.
        let from = (0..=at).rev().find(|from| rest.is_char_boundary(*from))?;
        let to = (at + same..=rest.len()).find(|to| rest.is_char_boundary(*to))?;
        shown.push_str(rest.get(..from)?);
        shown.push_str("***");
        rest = rest.get(to..)?;
    }
    (!shown.is_empty()).then(|| shown + rest)
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
        let lines = transcript.take();
        assert_eq!(lines, ["S: 500 what is AUTH XOAUTH2 ***?", "S: 500 line cut: ***"]);
    }
}
