//! Replies (RFC 5321 §4.2): lenient where real servers are careless, bounded against bad ones.

use crate::error::{Cause, Error, Result, Stage, Status};
use std::fmt;

/// RFC 5321 §4.5.3.1.5 says 512; real servers pass it with long texts.
const MOST_LINE_OCTETS: usize = 4096;
const MOST_LINES: usize = 256;
const MOST_REPLY_OCTETS: usize = 64 * 1024;

/// Room for the replies to tens of thousands of pipelined recipients.
const MOST_UNREAD_OCTETS: usize = 16 * 1024 * 1024;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<(u8, u16, u16)>,
    text: String,
}

impl Reply {
    /// The three digits, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code such as "5.7.3" (RFC 3463); empty when there is none.
    pub fn enhanced_code(&self) -> String {
        match self.enhanced {
            Some((class, subject, detail)) => format!("{class}.{subject}.{detail}"),
            None => String::new(),
        }
    }

    /// The text without the codes; lines joined by LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 2yz: done as asked.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: refused for now.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.code >= 400
    }

    /// Replaces the text, to take secrets out that a server echoes.
    pub(crate) fn map_text(mut self, change: impl FnOnce(String) -> String) -> Self {
        self.text = change(self.text);
        self
    }

    #[cfg(test)]
    pub(crate) fn of(code: u16, text: &str) -> Self {
        Self { code, enhanced: None, text: text.into() }
    }
}

/// On one line, as the server sent it: for error texts.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if self.enhanced.is_some() {
            write!(f, " {}", self.enhanced_code())?;
        }
        for line in self.text.split('\n').filter(|line| !line.is_empty()) {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

/// Collects bytes and gives whole replies.
#[derive(Debug, Default)]
pub(crate) struct ReplyBuffer {
    bytes: Vec<u8>,
    /// Everything before it has been read.
    at: usize,
    /// More came than is kept: a server that talks while it takes nothing in.
    flooded: bool,
}

impl ReplyBuffer {
    /// Takes bytes; `false` when they are too many, which [`ReplyBuffer::next`] will say.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.flooded |= self.bytes.len() + bytes.len() > MOST_UNREAD_OCTETS;
        if !self.flooded {
            self.bytes.extend_from_slice(bytes);
        }
        !self.flooded
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next reply, when it is there whole; its lines go to `line` for the transcript.
    pub(crate) fn next(
        &mut self,
        stage: Stage,
        line: &mut dyn FnMut(&[u8]),
    ) -> Result<Option<Reply>> {
        if self.flooded {
            return Err(Error::protocol(stage, "the server sent more than anybody asked for"));
        }
        let pending = self.bytes.get(self.at..).unwrap_or_default();
        let Some(parsed) = parse(pending, stage)? else {
            return Ok(None);
        };
        for one in lines(pending.get(..parsed.octets).unwrap_or_default()) {
            line(one);
        }
        self.at += parsed.octets;
        Ok(Some(parsed.reply))
    }
}

struct Parsed {
    reply: Reply,
    octets: usize,
}

fn parse(pending: &[u8], stage: Stage) -> Result<Option<Parsed>> {
    let mut text = String::new();
    let mut enhanced = None;
    let mut octets = 0;
    for (number, line) in lines(pending).enumerate() {
        let rest = pending.get(octets..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            // Even a part of a line shows whether it can become a reply.
            if rest.len() > MOST_LINE_OCTETS {
                return Err(Error::protocol(stage, "the server sent a line without end"));
            }
            check_beginning(line, stage)?;
            return Ok(None);
        };
        octets += end + 1;
        if end > MOST_LINE_OCTETS || octets > MOST_REPLY_OCTETS || number >= MOST_LINES {
            return Err(Error::protocol(stage, "the server sent a reply that is too long"));
        }
        let Some(parsed) = parse_line(line) else {
            return Err(not_smtp(line, stage));
        };
        if number > 0 {
            text.push('\n');
        }
        text.push_str(&parsed.text);
        enhanced = enhanced.or(parsed.enhanced);
        if parsed.last {
            let reply = Reply { code: parsed.code, enhanced, text };
            return Ok(Some(Parsed { reply, octets }));
        }
    }
    Ok(None)
}

/// The lines of `bytes` without their ends (CRLF, or a bare LF), the last one perhaps unfinished.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

struct Line {
    code: u16,
    enhanced: Option<(u8, u16, u16)>,
    text: String,
    last: bool,
}

/// "250-text", "250 text", and "250" alone, which some servers send.
fn parse_line(line: &[u8]) -> Option<Line> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !digits.iter().all(u8::is_ascii_digit) || !(200..600).contains(&code) {
        return None;
    }
    let (last, text) = match rest.split_first() {
        None => (true, &[][..]),
        Some((b' ' | b'\t', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    // Some servers answer in the code page of their country.
    let text = String::from_utf8_lossy(text);
    let (enhanced, text) = split_enhanced(&text, code);
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Some(Line { code, enhanced, text, last })
}

/// "5.7.3 text" when its class is that of the reply (RFC 2034 §4).
fn split_enhanced(text: &str, code: u16) -> (Option<(u8, u16, u16)>, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut numbers = word.split('.').map(|n| {
        (n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit())).then(|| n.parse::<u16>().ok())?
    });
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(class)), Some(Some(subject)), Some(Some(detail)), None)
            if class == code / 100 && matches!(class, 2 | 4 | 5) =>
        {
            (Some((class as u8, subject, detail)), rest)
        }
        _ => (None, text),
    }
}

/// Refuses early what can never become a reply: a server that waits for us to speak would else be
/// waited for until the deadline.
fn check_beginning(line: &[u8], stage: Stage) -> Result<()> {
    let plausible = line.iter().take(3).all(u8::is_ascii_digit)
        && matches!(line.first(), None | Some(b'2'..=b'5'))
        && matches!(line.get(3), None | Some(b' ' | b'-' | b'\t' | b'\r'));
    if plausible { Ok(()) } else { Err(not_smtp(line, stage)) }
}

fn not_smtp(line: &[u8], stage: Stage) -> Error {
    let shown: String = String::from_utf8_lossy(line)
        .chars()
        .take(60)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    if stage == Stage::Greeting {
        let text = format!("the server does not speak SMTP: it sent \"{shown}\"");
        Error::new(Status::Protocol, stage, Cause::NotSmtp, text)
    } else {
        Error::protocol(stage, format!("the server sent what is no SMTP reply: \"{shown}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Reply>> {
        let mut buffer = ReplyBuffer::default();
        buffer.push(bytes);
        buffer.next(Stage::Hello, &mut |_| {})
    }

    fn reply(bytes: &[u8]) -> Reply {
        read(bytes).unwrap().unwrap()
    }

    #[test]
    fn codes_and_texts_are_taken_apart() {
        let it = reply(b"550-5.1.1 <x@y.test>:\r\n550 5.1.1 User unknown\r\n");
        assert_eq!((it.code(), it.enhanced_code().as_str()), (550, "5.1.1"));
        assert_eq!(it.text(), "<x@y.test>:\nUser unknown");
        assert_eq!(it.to_string(), "550 5.1.1 <x@y.test>: User unknown");
    }

    #[test]
    fn careless_servers_are_understood() {
        assert_eq!(reply(b"250\r\n"), Reply::of(250, ""));
        assert_eq!(reply(b"250 \r\n"), Reply::of(250, ""));
        assert_eq!(reply(b"220 bare line feed\n").text(), "bare line feed");
        assert_eq!(reply(b"550 \xd3\xca\xcf\xe4\r\n").code(), 550);
        assert_eq!(reply(b"250 2.x.1 odd\r\n").text(), "2.x.1 odd");
        assert_eq!(reply(b"250 5.0.0 class of another\r\n").enhanced_code(), "");
    }

    #[test]
    fn a_reply_may_be_split_at_every_byte() {
        let whole = b"250-first\r\n250-second\r\n250 third\r\nrest";
        for cut in 0..whole.len() {
            let mut buffer = ReplyBuffer::default();
            buffer.push(&whole[..cut]);
            let early = buffer.next(Stage::Hello, &mut |_| {}).unwrap();
            assert_eq!(early.is_some(), cut >= 34, "cut at {cut}");
            if early.is_none() {
                buffer.push(&whole[cut..34]);
                let late = buffer.next(Stage::Hello, &mut |_| {}).unwrap().unwrap();
                assert_eq!(late.text(), "first\nsecond\nthird");
                assert!(buffer.is_empty());
            }
        }
    }

    #[test]
    fn endless_and_foreign_answers_are_refused() {
        let endless = [b"250 ".as_slice(), &[b'x'; 5000]].concat();
        assert!(read(&endless).is_err());
        assert!(read(&b"250-x\r\n".repeat(300)).is_err());
        let long_line = b"250-".iter().chain(&[b'x'; 4000]).chain(b"\r\n").copied();
        assert!(read(&long_line.collect::<Vec<_>>().repeat(20)).is_err());
        for foreign in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"SSH-2.0",
            b"250/x\r\n",
            b"999 x\r\n",
            b"\x15\x03",
        ] {
            assert!(read(foreign).is_err(), "{foreign:?}");
        }
    }

    #[test]
    fn a_flood_takes_no_more_memory_than_it_is_given() {
        let mut buffer = ReplyBuffer::default();
        buffer.push(b"25");
        for _ in 0..100 {
            buffer.push(b"0 ok\r\n25");
            assert!(buffer.next(Stage::Hello, &mut |_| {}).unwrap().is_some());
            assert!(buffer.bytes.len() < 32);
        }
        buffer = ReplyBuffer::default();
        let long = format!("250 {}\r\n", "x".repeat(4000)).repeat(1000);
        let taken = (0..10).take_while(|_| buffer.push(long.as_bytes())).count();
        assert_eq!(taken, 4);
        assert!(buffer.bytes.len() <= MOST_UNREAD_OCTETS);
        let error = buffer.next(Stage::Hello, &mut |_| {}).unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
    }

    #[test]
    fn control_characters_never_reach_a_log() {
        assert_eq!(reply(b"250 a\x1b[31mb\0c\r\n").text(), "a [31mb c");
    }
}
