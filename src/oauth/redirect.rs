//! What the browser brings back: the HTTP request that carries it, and the parameters in it.
//!
//! Bytes of a connection → [`read`] → a [`Request`] → `loopback` judges it → [`Parameters`]. All of it is
//! pure, and takes whatever bytes somebody on this computer sends.

use crate::secret::Secret;
use std::fmt;
use zeroize::Zeroizing;

/// Head and body together: a code is at most some 2 KB, and a whole 16 KiB is only reached by the
/// cookies that other programs on this computer have set for `localhost`.
pub(crate) const MOST_BYTES: usize = 16 * 1024;

const MOST_HEADERS: usize = 100;

/// More parameters than any provider sends.
const MOST_PARAMETERS: usize = 50;

/// What the bytes that have come so far are.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading<'a> {
    Unfinished,
    /// No HTTP, or none that a browser sends to us.
    Malformed,
    TooLarge,
    Request(Request<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Head,
    Other,
}

/// A whole request. The borrowed parts may hold secrets: they are not printed.
#[derive(PartialEq)]
pub(crate) struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [u8],
    /// The Host field, when there is exactly one.
    pub host: Option<&'a [u8]>,
    /// The body, when it is a form.
    pub form: Option<&'a [u8]>,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Reads a request (RFC 9112) from all that a connection has sent.
pub(crate) fn read(bytes: &[u8]) -> Reading<'_> {
    let unfinished = if bytes.len() < MOST_BYTES { Reading::Unfinished } else { Reading::TooLarge };
    let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut fields);
    let body = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => bytes.get(length..).unwrap_or_default(),
        Ok(httparse::Status::Partial) => return unfinished,
        Err(httparse::Error::TooManyHeaders) => return Reading::TooLarge,
        Err(_) => return Reading::Malformed,
    };
    let (Some(method), Some(target)) = (head.method, head.path) else { return Reading::Malformed };
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "HEAD" => Method::Head,
        _ => Method::Other,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let host = match one(head.headers, "host") {
        Ok(host) => host,
        Err(Twice) => return Reading::Malformed,
    };
    let mut form = None;
    if method == Method::Post {
        let Some(length) = body_length(head.headers) else { return Reading::Malformed };
        let head_length = bytes.len() - body.len();
        if length > MOST_BYTES - head_length.min(MOST_BYTES) {
            return Reading::TooLarge;
        }
        let Some(body) = body.get(..length) else { return unfinished };
        if is_form(head.headers) {
            form = Some(body);
        }
    }
    Reading::Request(Request { method, path, query: query.as_bytes(), host, form })
}

/// A field that may only be there once.
struct Twice;

fn one<'a>(
    fields: &[httparse::Header<'a>],
    name: &str,
) -> std::result::Result<Option<&'a [u8]>, Twice> {
    let mut values = fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (found, None) => Ok(found.map(|field| field.value)),
        _ => Err(Twice),
    }
}

/// The length of a body that says it; browsers send forms no other way.
fn body_length(fields: &[httparse::Header]) -> Option<usize> {
    if !matches!(one(fields, "transfer-encoding"), Ok(None)) {
        return None;
    }
    let length = std::str::from_utf8(one(fields, "content-length").ok()??).ok()?;
    // parse() alone would also take "+1".
    length.bytes().all(|digit| digit.is_ascii_digit()).then(|| length.parse().ok())?
}

fn is_form(fields: &[httparse::Header]) -> bool {
    let Ok(Some(value)) = one(fields, "content-type") else { return false };
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The parameters of an authorization response (RFC 6749 §4.1.2) as they came: nobody but
/// `loopback`, which knows the state, has looked at them.
#[derive(Clone, PartialEq)]
pub(crate) struct Parameters(Vec<(String, Secret)>);

impl Parameters {
    /// Reads application/x-www-form-urlencoded; nothing when it is no such text, or when a
    /// parameter is there twice (RFC 6749 §3.1): which one counts would be anybody's guess.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut found: Vec<(String, Secret)> = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(middle);
            let name = String::from_utf8(decode(name)?.to_vec()).ok()?;
            let value = decode(value.strip_prefix(b"=").unwrap_or_default())?;
            std::str::from_utf8(&value).ok()?;
            if found.len() == MOST_PARAMETERS || found.iter().any(|(other, _)| *other == name) {
                return None;
            }
            found.push((name, Secret::new(&*value)));
        }
        Some(Self(found))
    }

    /// As a query again.
    pub(crate) fn encoded(&self) -> Zeroizing<String> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            query.append_pair(name, value.text().unwrap_or_default());
        }
        Zeroizing::new(query.finish())
    }

    /// Whether a provider may have sent them: they hold a code or an error.
    pub(crate) fn is_answer(&self) -> bool {
        self.get("code").is_some() || self.get("error").is_some()
    }

    /// A parameter; an empty one counts as missing (RFC 6749 §3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value).filter(|value| !value.bytes().is_empty())
    }

    /// A parameter as text: all of them are UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?.bytes()).ok()
    }
}

/// Names that we know, and how many others there are: even a name can be a secret when somebody
/// mixes them up.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = ["code", "state", "iss", "error", "error_description"];
        let mut set = f.debug_set();
        set.entries(known.iter().filter(|name| self.get(name).is_some()));
        set.finish()
    }
}

/// `+` and `%41`; nothing when a `%` has no two digits behind it.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high << 4 | low).ok()?
            }
            other => *other,
        });
    }
    Some(decoded)
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
