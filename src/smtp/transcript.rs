//! The dialogue for people: what was sent, received and done, line by line, without secrets.

use crate::secret::Secret;
use memchr::memmem;
use std::borrow::Cow;

/// A secret that a server echoes is recognised from this many bytes on.
const RECOGNISED: usize = 8;

/// From anywhere within a secret it is recognised from this many bytes on: a server that cuts a long
/// line may take the rest of it for a command, and quote that.
const RECOGNISED_WITHIN: usize = 16;

/// Collects lines until the driver takes them; does nothing when nobody listens.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    enabled: bool,
    lines: Vec<String>,
    /// What must never be shown, in every form in which it crosses the wire.
    secrets: Vec<Secret>,
    /// Also pieces from within a secret are looked for, which takes its time.
    thorough: bool,
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

    /// While a server may quote what it was just given to sign in.
    pub(crate) fn look_thoroughly(&mut self, thorough: bool) {
        self.thorough = thorough;
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
        self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| {
            match hide(&text, secret.bytes(), self.thorough) {
                Some(hidden) => Cow::Owned(hidden),
                None => text,
            }
        })
    }
}

fn hide(text: &str, secret: &[u8], thorough: bool) -> Option<String> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((at, length)) = find_echo(rest.as_bytes(), secret, thorough) {
        // Both ends may lie within a character when the echo was cut there.
        let from = (0..=at).rev().find(|from| rest.is_char_boundary(*from))?;
        let to = (at + length..=rest.len()).find(|to| rest.is_char_boundary(*to))?;
        shown.push_str(rest.get(..from)?);
        shown.push_str("***");
        rest = rest.get(to..)?;
    }
    (!shown.is_empty()).then(|| shown + rest)
}

/// Where in the text a secret, or a piece of it, is, and how much of it.
fn find_echo(text: &[u8], secret: &[u8], thorough: bool) -> Option<(usize, usize)> {
    let beginning = secret.get(..secret.len().min(RECOGNISED)).filter(|b| !b.is_empty())?;
    let echo = |at: usize, from: usize| {
        let same = text.iter().skip(at).zip(secret.iter().skip(from));
        (at, same.take_while(|(a, b)| a == b).count())
    };
    let whole = memmem::find(text, beginning).map(|at| echo(at, 0));
    if !thorough {
        return whole;
    }
    let pieces = text.windows(RECOGNISED_WITHIN).enumerate();
    let mut found = pieces.filter_map(|(at, piece)| Some(echo(at, memmem::find(secret, piece)?)));
    // The first one: what is before it is shown.
    whole.into_iter().chain(found.next()).min_by_key(|(at, _)| *at)
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

    #[test]
    fn a_piece_from_within_a_secret_is_taken_out_while_signing_in() {
        let mut transcript = Transcript::new(true);
        transcript.protect(Secret::new("dXNlcj1hbm5hQGV4YW1wbGUub3Jn"));
        transcript.look_thoroughly(true);
        transcript.received("500 what is hbm5hQGV4YW1wbGUub3Jn, ähbm5hQGV4YW1wbGUÜ?".as_bytes());
        transcript.received(b"535 no such user: hbm5hQ");
        let lines = transcript.take();
        assert_eq!(lines, ["S: 500 what is ***, ä***Ü?", "S: 535 no such user: hbm5hQ"]);
    }
}
