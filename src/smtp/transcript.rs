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
    let sieve = (search == Search::Pieces).then(|| Sieve::of(secret));
    let (mut shown, mut from, mut at) = (String::new(), 0, 0);
    while let Some(echo) = find_echo(text.as_bytes().get(at..)?, secret, sieve.as_ref()) {
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

/// Where in the text the first echo is; with a sieve, also of a piece from within the secret.
fn find_echo(text: &[u8], secret: &[u8], sieve: Option<&Sieve>) -> Option<Range<usize>> {
    let echo = |at: usize, place: usize| {
        let same = text.iter().skip(at).zip(secret.iter().skip(place));
        at..at + same.take_while(|(a, b)| a == b).count()
    };
    let beginning = secret.get(..secret.len().min(RECOGNISED)).filter(|b| !b.is_empty())?;
    let whole = memmem::find(text, beginning).map(|at| echo(at, 0));
    let Some(sieve) = sieve else { return whole };
    // Piece by piece, and not by a search with wide registers: those would be left on the stack.
    let place_of = |piece: &Piece| {
        secret.windows(RECOGNISED).position(|window| window.first_chunk() == Some(piece))
    };
    let pieces = text.windows(RECOGNISED).map(|window| window.first_chunk().copied());
    let piece = pieces.enumerate().find_map(|(at, piece)| {
        let piece = piece.filter(|piece| sieve.passes(piece))?;
        Some(echo(at, place_of(&piece)?))
    });
    whole.into_iter().chain(piece).min_by_key(|echo| echo.start)
}

type Piece = [u8; RECOGNISED];

/// Says at once of nearly every piece of a text that it is none of a secret, so that a server cannot
/// keep us busy with long refusals. Holds a bit for each value of a hash: nothing of the secret.
struct Sieve(Vec<u64>);

impl Sieve {
    const HASH_BITS: u32 = 18;

    fn of(secret: &[u8]) -> Self {
        let mut bits = vec![0; 1 << (Self::HASH_BITS - u64::BITS.ilog2())];
        for piece in secret.windows(RECOGNISED).filter_map(|window| window.first_chunk()) {
            let (word, bit) = Self::place(piece);
            bits[word] |= bit;
        }
        Self(bits)
    }

    fn passes(&self, piece: &Piece) -> bool {
        let (word, bit) = Self::place(piece);
        self.0[word] & bit != 0
    }

    /// Fibonacci hashing: the upper bits of a product with 2^64 divided by the golden ratio.
    fn place(piece: &Piece) -> (usize, u64) {
        let product = u64::from_le_bytes(*piece).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (product >> (u64::BITS - Self::HASH_BITS)) as usize;
        (hash / 64, 1 << (hash % 64))
    }
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

    #[test]
    fn an_echo_at_the_end_of_a_long_refusal_is_taken_out() {
        let letters = |n: usize| (0..n).map(|i| b'a' + (i * i / 7 % 26) as u8).collect::<Vec<_>>();
        let mut transcript = Transcript::new(true);
        transcript.protect(Secret::new(letters(4000)));
        let text = String::from_utf8(letters(200)).unwrap();
        let long = "no such user here ".repeat(200_000) + &text;
        let shown = transcript.without_secrets(&long, Search::Pieces).into_owned();
        assert!(shown.ends_with("here ***"));
    }
}
