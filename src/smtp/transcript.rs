//! The dialogue for people: what was sent, received and done, line by line, without secrets.

use crate::secret::Secret;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// A secret that a server echoes, or any piece of it, is recognised from this many bytes on.
const RECOGNISED: usize = 8;

/// How echoes are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// In what a server says when all is well: costs next to nothing.
    Beginnings,
    /// In refusals and while signing in: a server that cuts a long line takes the rest of it for a
    /// command, and quotes that.
    Pieces,
}

impl Search {
    /// For a line of a reply.
    pub(crate) fn of(first_digit: Option<u8>, signing_in: bool) -> Self {
        let well = matches!(first_digit, Some(b'2' | b'3')) && !signing_in;
        if well { Search::Beginnings } else { Search::Pieces }
    }
}

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

    pub(crate) fn received(&mut self, line: &[u8], search: Search) {
        if self.enabled {
            let line = String::from_utf8_lossy(line);
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let line = format!("S: {}", self.without_secrets(&line, search));
            self.lines.push(line);
        }
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if self.enabled {
            let line = format!("-- {}", self.without_secrets(&text(), Search::Pieces));
            self.lines.push(line);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// The text with every echo of a secret, also of a piece of it, replaced by ***.
    pub(crate) fn without_secrets<'t>(&self, text: &'t str, search: Search) -> Cow<'t, str> {
        self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| {
            match hide(&text, secret.bytes(), search) {
                Some(hidden) => Cow::Owned(hidden),
                None => text,
            }
        })
    }
}

fn hide(text: &str, secret: &[u8], search: Search) -> Option<String> {
    let (mut shown, mut from, mut at) = (String::new(), 0, 0);
    while let Some(echo) = find_echo(text.as_bytes().get(at..)?, secret, search) {
        // Both ends may lie within a character when the echo was cut there.
        let begin = at + echo.start;
        let begin = (from..=begin).rev().find(|begin| text.is_char_boundary(*begin))?;
        at = (at + echo.end..=text.len()).find(|end| text.is_char_boundary(*end))?;
        shown.push_str(text.get(from..begin)?);
        shown.push_str("***");
        from = at;
    }
    (from > 0).then(|| shown + text.get(from..).unwrap_or_default())
}

/// Where in the text the first echo is.
fn find_echo(text: &[u8], secret: &[u8], search: Search) -> Option<Range<usize>> {
    let echo = |at: usize, place: usize| {
        let same = text.iter().skip(at).zip(secret.iter().skip(place));
        at..at + same.take_while(|(a, b)| a == b).count()
    };
    let beginning = secret.get(..secret.len().min(RECOGNISED)).filter(|b| !b.is_empty())?;
    let whole = memmem::find(text, beginning).map(|at| echo(at, 0));
    if search == Search::Beginnings {
        return whole;
    }
    // Byte by byte, and not by a search with wide registers: those would be left on the stack.
    let place_of = |piece: &[u8; RECOGNISED]| {
        secret.windows(RECOGNISED).position(|window| window.first_chunk() == Some(piece))
    };
    let pieces = text.windows(RECOGNISED).map(|window| window.first_chunk());
    let piece = pieces.enumerate().find_map(|(at, piece)| Some(echo(at, place_of(piece?)?)));
    whole.into_iter().chain(piece).min_by_key(|echo| echo.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_secrets_are_taken_out_whole_and_in_part() {
        let mut transcript = Transcript::new(true);
        transcript.protect(Secret::new("dXNlcj1hbm5hQGV4YW1wbGUub3Jn"));
        transcript
            .received(b"500 what is AUTH XOAUTH2 dXNlcj1hbm5hQGV4YW1wbGUub3Jn?", Search::Pieces);
        transcript.received(b"500 line cut: dXNlcj1hbm5h", Search::Pieces);
        transcript.received(b"500-wrapped: dXNlcj1hbm5h", Search::Pieces);
        transcript.received(b"500 QGV4YW1wbGUub3Jn, that is", Search::Pieces);
        transcript.received("500 dXNlcj1hbm5\u{e4} QGV4YW1w\u{e4}".as_bytes(), Search::Pieces);
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
        transcript.received(b"535 abc or my own pass or ab", Search::Pieces);
        assert_eq!(transcript.take(), ["S: 535 *** or *** or ab"]);
    }
}
