//! The message as a stream of known size: literals as they are, attachments in base64 as they are
//! read. Memory stays flat whatever the size of the attachments.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::message::part::{OpenFile, Opened};
use crate::message::text::ENCODED_LINE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use std::io::{Read, Seek, SeekFrom};

/// Octets of a base64 line before encoding.
const RAW_LINE: usize = ENCODED_LINE / 4 * 3;

/// Read from a file at once: whole lines, and about what a socket takes at once.
const RAW_CHUNK: usize = RAW_LINE * 1024;

/// Octets of literals that are handed over at once.
const LITERAL_CHUNK: usize = 64 * 1024;

/// One stretch of a message.
#[derive(Debug)]
pub(crate) enum Piece {
    Literal(Vec<u8>),
    Base64(Opened),
}

impl Piece {
    fn size(&self) -> u64 {
        match self {
            Piece::Literal(octets) => octets.len() as u64,
            Piece::Base64(source) => match source.size().div_ceil(3) * 4 {
                0 => 0,
                encoded => encoded + (encoded - 1) / ENCODED_LINE as u64 * 2,
            },
        }
    }
}

/// A composed message.
#[derive(Debug)]
pub(crate) struct Content {
    pieces: Vec<Piece>,
    size: u64,
    eight_bit: bool,
}

impl Content {
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        let size = pieces.iter().map(Piece::size).sum();
        let eight_bit = pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Literal(octets) if !octets.is_ascii()));
        Self { pieces, size, eight_bit }
    }

    /// Octets of the message, before dot-stuffing.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether it has octets above 127.
    pub(crate) fn eight_bit(&self) -> bool {
        self.eight_bit
    }

    /// The message as it goes over the wire: dot-stuffed, with the final dot.
    pub(crate) fn for_the_wire(&self) -> Reader<'_> {
        Reader::new(&self.pieces, Some(DotStuffer::default()))
    }

    /// The message as it is.
    pub(crate) fn plain(&self) -> Reader<'_> {
        Reader::new(&self.pieces, None)
    }
}

/// Gives a message in chunks.
pub(crate) struct Reader<'a> {
    pieces: std::slice::Iter<'a, Piece>,
    current: Option<Current<'a>>,
    stuffer: Option<DotStuffer>,
    raw: Vec<u8>,
    encoded: Vec<u8>,
    given: u64,
}

enum Current<'a> {
    Literal(&'a [u8]),
    Base64 { source: &'a Opened, at: u64 },
}

impl<'a> Reader<'a> {
    fn new(pieces: &'a [Piece], stuffer: Option<DotStuffer>) -> Self {
        let (raw, encoded) = (Vec::new(), Vec::new());
        Self { pieces: pieces.iter(), current: None, stuffer, raw, encoded, given: 0 }
    }

    /// Octets of the message that were given so far, before dot-stuffing.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Adds the next octets to `out`, which should be empty; `false` when these were the last.
    ///
    /// Small pieces come together, the last one with the final dot: one write for most messages.
    pub(crate) fn next_chunk(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        loop {
            match self.current.take().or_else(|| self.pieces.next().map(Current::of)) {
                None => {
                    if let Some(stuffer) = &self.stuffer {
                        stuffer.finish(out);
                    }
                    return Ok(false);
                }
                Some(Current::Literal(octets)) => {
                    let room = LITERAL_CHUNK.saturating_sub(out.len()).max(1);
                    let (now, later) = octets.split_at(octets.len().min(room));
                    self.give(now, out);
                    if !later.is_empty() {
                        self.current = Some(Current::Literal(later));
                        return Ok(true);
                    }
                }
                Some(Current::Base64 { source, at }) => {
                    self.current = self.encode(source, at, out)?;
                }
            }
            if out.len() >= LITERAL_CHUNK {
                return Ok(true);
            }
        }
    }

    fn give(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.given += octets.len() as u64;
        match &mut self.stuffer {
            Some(stuffer) => stuffer.push(octets, out),
            None => out.extend_from_slice(octets),
        }
    }

    /// Encodes one chunk of a source; what is left of it comes back.
    fn encode(
        &mut self,
        source: &'a Opened,
        at: u64,
        out: &mut Vec<u8>,
    ) -> Result<Option<Current<'a>>> {
        let left = source.size() - at;
        let wanted = left.min(RAW_CHUNK as u64) as usize;
        let raw = match source {
            Opened::Bytes(bytes) => {
                let from = at as usize;
                bytes.get(from..from + wanted).unwrap_or_default()
            }
            Opened::File(open) => {
                self.raw.resize(wanted, 0);
                read_chunk(open, at, &mut self.raw)?;
                self.raw.as_slice()
            }
        };
        self.encoded.resize(wanted.div_ceil(3) * 4, 0);
        let written = STANDARD.encode_slice(raw, &mut self.encoded).map_err(Error::internal)?;
        let before = out.len();
        out.reserve(written + written / ENCODED_LINE * 2 + 2);
        let lines = self.encoded.get(..written).unwrap_or_default().chunks(ENCODED_LINE);
        for (number, line) in lines.enumerate() {
            if at > 0 || number > 0 {
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(line);
        }
        // Base64 has no dots: it goes past the stuffer, which only learns how it ends.
        self.given += (out.len() - before) as u64;
        if let Some(stuffer) = &mut self.stuffer
            && wanted > 0
        {
            stuffer.line = Line::Within;
        }
        let at = at + wanted as u64;
        Ok((at < source.size()).then_some(Current::Base64 { source, at }))
    }
}

impl<'a> Current<'a> {
    fn of(piece: &'a Piece) -> Self {
        match piece {
            Piece::Literal(octets) => Current::Literal(octets),
            Piece::Base64(source) => Current::Base64 { source, at: 0 },
        }
    }
}

/// Fills the buffer from the file, and at its end looks whether it is still the file it was.
fn read_chunk(open: &OpenFile, at: u64, buffer: &mut [u8]) -> Result<()> {
    let error = |cause, what: &str, why: &dyn std::fmt::Display| {
        let text = format!("the file {} {what}{why}", open.path.display());
        Error::new(Status::File, Stage::Compose, cause, text)
    };
    let unreadable = |why| error(Cause::FileUnreadable, "cannot be read: ", &why);
    let mut file = &open.file;
    if at == 0 {
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    }
    file.read_exact(buffer).map_err(|why| match why.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            error(Cause::FileChanged, "became shorter while it was being sent", &"")
        }
        _ => unreadable(why),
    })?;
    if at + buffer.len() as u64 == open.size {
        let now = file.metadata().map_err(unreadable)?;
        if now.len() != open.size || now.modified().ok() != open.modified {
            return Err(error(Cause::FileChanged, "changed while it was being sent", &""));
        }
    }
    Ok(())
}

/// Where in a line the octets so far have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Start,
    Within,
    AfterCr,
}

/// Doubles dots at the beginning of lines (RFC 5321 §4.5.2).
#[derive(Debug, Default)]
struct DotStuffer {
    line: Line,
}

impl DotStuffer {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        match (self.line, octets) {
            (Line::Start, [b'.', ..]) => out.push(b'.'),
            (Line::AfterCr, [b'\n', b'.', behind @ ..]) => {
                out.extend_from_slice(b"\n..");
                rest = behind;
            }
            _ => {}
        }
        while let Some(at) = memmem::find(rest, b"\r\n.") {
            let (line, behind) = rest.split_at(at + 3);
            out.extend_from_slice(line);
            out.push(b'.');
            rest = behind;
        }
        out.extend_from_slice(rest);
        self.line = match octets {
            [] => self.line,
            [.., b'\r', b'\n'] => Line::Start,
            [b'\n'] if self.line == Line::AfterCr => Line::Start,
            [.., b'\r'] => Line::AfterCr,
            _ => Line::Within,
        };
    }

    fn finish(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.line == Line::Start { b".\r\n" } else { b"\r\n.\r\n" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(content: &Content) -> Vec<u8> {
        let mut reader = content.for_the_wire();
        let mut all = Vec::new();
        loop {
            let mut chunk = Vec::new();
            let more = reader.next_chunk(&mut chunk).unwrap();
            all.extend(chunk);
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn dots_are_doubled_wherever_the_octets_are_cut() {
        let text = b".a\r\n.\r\n..b\r\nc.d\r\n.\r\n";
        let want = b"..a\r\n..\r\n...b\r\nc.d\r\n..\r\n.\r\n";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let pieces = pieces.map(|piece| Piece::Literal(piece.to_vec())).into();
                assert_eq!(wire(&Content::new(pieces)), want, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn the_size_is_known_beforehand_for_every_length() {
        for length in (0..400).chain([RAW_CHUNK - 1, RAW_CHUNK, RAW_CHUNK + 1, 3 * RAW_CHUNK + 5]) {
            let data: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
            let content = Content::new(vec![
                Piece::Literal(b"head\r\n\r\n".to_vec()),
                Piece::Base64(Opened::Bytes(data.clone().into())),
                Piece::Literal(b"\r\ntail\r\n".to_vec()),
            ]);
            let wire = wire(&content);
            assert_eq!(content.size(), wire.len() as u64 - 3, "{length}");
            let body = &wire[8..wire.len() - 11];
            assert!(body.split(|b| *b == b'\n').all(|line| line.len() <= 77));
            let joined: Vec<u8> = body.iter().copied().filter(|b| !b"\r\n".contains(b)).collect();
            assert_eq!(STANDARD.decode(joined).unwrap(), data);
        }
    }

    #[test]
    fn large_literals_come_in_chunks() {
        let content = Content::new(vec![Piece::Literal(b"line\r\n.\r\n".repeat(50_000))]);
        let mut reader = content.for_the_wire();
        let mut chunk = Vec::new();
        assert!(reader.next_chunk(&mut chunk).unwrap());
        assert!(chunk.len() < 2 * LITERAL_CHUNK);
        assert_eq!(reader.given(), LITERAL_CHUNK as u64);
    }
}
