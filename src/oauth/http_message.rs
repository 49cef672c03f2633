//! HTTP/1.1 as far as a token endpoint needs it, without I/O: a request as bytes, and a response
//! from bytes, however they are cut.
//!
//! `httparse` reads the heads; the framing of the body (RFC 9112 §6) is done here. Crates that do
//! it all (ureq, and `ureq-proto` below it) write every byte they move to the `log` crate, which
//! would show tokens to a host that logs at TRACE.

use crate::secret::Secret;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// More than any token endpoint sends: the longest heads have policies of a few kilobytes.
const MOST_HEAD: usize = 64 * 1024;
const MOST_BODY: usize = 256 * 1024;
const MOST_HEADERS: usize = 128;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Request {
    /// With a body it is a POST, else a GET.
    pub body: Option<Secret>,
    /// The value of the Authorization field.
    pub authorization: Option<Secret>,
}

/// What came back. The body of a good answer is a secret.
pub(crate) struct Response {
    pub status: u16,
    pub content_type: String,
    /// Where a redirect leads to.
    pub location: Option<String>,
    pub retry_after: Option<Duration>,
    /// The time at the server.
    pub date: Option<SystemTime>,
    pub body: Zeroizing<Vec<u8>>,
}

/// Without the body, which may hold tokens.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, content_type, body, .. } = self;
        write!(f, "Response({status}, {content_type:?}, {} octets)", body.len())
    }
}

/// Why bytes are no response that we take.
#[derive(Debug, PartialEq)]
pub(crate) enum Malformed {
    /// Not HTTP, or not by its rules.
    Head(String),
    /// The framing of the body is broken.
    Body(&'static str),
    TooLarge,
    /// The connection ended before the response did.
    CutOff,
}

/// The bytes of a request for the target (path and query) at the host.
pub(crate) fn write(request: &Request, host: &str, target: &str) -> Secret {
    let method = if request.body.is_some() { "POST" } else { "GET" };
    // `Connection: close`: refreshes are an hour apart, nobody keeps a connection that long.
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         User-Agent: postrider/{}\r\nConnection: close\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let empty = Secret::new("");
    let (field, value, end) = match &request.authorization {
        Some(value) => ("Authorization: ", value, "\r\n"),
        None => ("", &empty, ""),
    };
    let (framing, body) = match &request.body {
        Some(body) => (
            format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
                body.bytes().len()
            ),
            body,
        ),
        None => ("\r\n".to_owned(), &empty),
    };
    Secret::concat(&[
        head.as_bytes(),
        field.as_bytes(),
        value.bytes(),
        end.as_bytes(),
        framing.as_bytes(),
        body.bytes(),
    ])
}

/// How the end of the body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Takes bytes until they are a response.
pub(crate) struct Reader {
    /// What has arrived and is not part of the body yet.
    input: Buffer,
    head: Option<(Response, Framing)>,
    now: SystemTime,
}

impl Reader {
    /// `now` is what a Retry-After with a date counts from.
    pub(crate) fn new(now: SystemTime) -> Self {
        Self { input: Buffer::default(), head: None, now }
    }

    /// Takes what has arrived; the response when it is complete.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<Option<Response>, Malformed> {
        self.input.append(bytes);
        while self.head.is_none() {
            match read_head(self.input.unread(), self.now)? {
                // 100 and its kin announce the response (RFC 9110 §15.2).
                Some((used, (head, _))) if (100..200).contains(&head.status) => {
                    self.input.consume(used);
                }
                Some((used, head)) => {
                    self.input.consume(used);
                    self.head = Some(head);
                }
                None if self.input.unread().len() > MOST_HEAD => return Err(Malformed::TooLarge),
                None => return Ok(None),
            }
        }
        self.read_body(false)
    }

    /// Whether the end of the connection is the end of the response.
    pub(crate) fn end(&mut self) -> Result<Response, Malformed> {
        self.read_body(true)?.ok_or(Malformed::CutOff)
    }

    fn read_body(&mut self, ended: bool) -> Result<Option<Response>, Malformed> {
        let Some((_, framing)) = &self.head else { return Ok(None) };
        let unread = self.input.unread();
        let body = match *framing {
            Framing::Length(length) if length > MOST_BODY => return Err(Malformed::TooLarge),
            Framing::Length(length) => {
                unread.get(..length).map(|body| Zeroizing::new(body.to_vec()))
            }
            Framing::Chunked => join_chunks(unread)?,
            Framing::UntilClose => ended.then(|| Zeroizing::new(unread.to_vec())),
        };
        // Chunks have heads of their own, but not as long as all that.
        if unread.len() > 2 * MOST_BODY || body.as_ref().is_some_and(|b| b.len() > MOST_BODY) {
            return Err(Malformed::TooLarge);
        }
        let too_long_so_far = *framing == Framing::UntilClose && unread.len() > MOST_BODY;
        if too_long_so_far {
            return Err(Malformed::TooLarge);
        }
        Ok(body.and_then(|body| self.head.take().map(|(head, _)| Response { body, ..head })))
    }
}

/// Bytes that are wiped, also when there come to be more of them than fit.
#[derive(Default)]
struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    read: usize,
}

impl Buffer {
    fn append(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > self.bytes.capacity() {
            let needed = self.bytes.len() + bytes.len();
            let mut larger = Zeroizing::new(Vec::with_capacity((2 * needed).max(8192)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.read += count;
    }
}

type Head = (Response, Framing);

/// The head of a response and its length, when it is complete.
fn read_head(bytes: &[u8], now: SystemTime) -> Result<Option<(usize, Head)>, Malformed> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let used = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Malformed::Head(error.to_string())),
    };
    let values = |name: &str| {
        let fields = parsed.headers.iter().filter(move |f| f.name.eq_ignore_ascii_case(name));
        fields
            .map(|field| String::from_utf8_lossy(field.value).trim().to_owned())
            .collect::<Vec<_>>()
    };
    let value = |name: &str| values(name).into_iter().next();
    let status = parsed.code.unwrap_or_default();
    let lengths = values("Content-Length");
    let framing = if matches!(status, 100..200 | 204 | 304) {
        Framing::Length(0)
    } else if let Some(coding) = values("Transfer-Encoding").last() {
        match coding.eq_ignore_ascii_case("chunked") {
            true => Framing::Chunked,
            false => return Err(Malformed::Body("its transfer encoding is unknown")),
        }
    } else if let Some(length) = lengths.first() {
        // Several that differ: somebody tries to smuggle (RFC 9112 §6.3).
        match length.parse() {
            Ok(number) if lengths.iter().all(|other| other == length) => Framing::Length(number),
            _ => return Err(Malformed::Body("its length is no number")),
        }
    } else {
        Framing::UntilClose
    };
    let head = Response {
        status,
        content_type: value("Content-Type").unwrap_or_default(),
        location: value("Location"),
        retry_after: value("Retry-After").and_then(|text| retry_after(&text, now)),
        date: value("Date").and_then(|text| httpdate::parse_http_date(&text).ok()),
        body: Zeroizing::default(),
    };
    Ok(Some((used, (head, framing))))
}

/// Seconds or a date (RFC 9110 §10.2.3).
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The content of the chunks when the last one is there (RFC 9112 §7.1); trailers are ignored.
fn join_chunks(bytes: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Malformed> {
    const BROKEN: Malformed = Malformed::Body("its chunks are broken");
    let mut joined = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut rest = bytes;
    loop {
        let (used, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(BROKEN),
        };
        if size == 0 {
            return Ok(Some(joined));
        }
        let size = usize::try_from(size).ok().filter(|size| *size <= MOST_BODY);
        let size = size.ok_or(Malformed::TooLarge)?;
        let after_head = rest.get(used..).unwrap_or_default();
        let Some((chunk, after)) = after_head.split_at_checked(size) else { return Ok(None) };
        let Some(end) = after.get(..2) else { return Ok(None) };
        if end != b"\r\n" {
            return Err(BROKEN);
        }
        joined.extend_from_slice(chunk);
        rest = after.get(2..).unwrap_or_default();
    }
}

#[cfg(test)]
#[path = "http_message_tests.rs"]
mod tests;
