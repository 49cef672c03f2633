//! The token endpoint: `POST /token` over HTTP/1.1, with the grants `client_credentials` and
//! `refresh_token` of RFC 6749, for the one client `sandbox` (any secret, or none).
//!
//! One request per connection. Plain HTTP is right here: the port is on 127.0.0.1, and the tokens
//! open nothing but the sandbox.

use super::listener::close_gently;
use super::tokens::{Grant, Tokens};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub const CLIENT_ID: &str = "sandbox";

/// For whom there is no room.
pub const BUSY: &str =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

const IDLE: Duration = Duration::from_secs(10);
const LARGEST_REQUEST: u64 = 32 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

struct Request {
    method: String,
    path: String,
    /// Names in lower case.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    body: Value,
}

pub fn serve(mut stream: TcpStream, tokens: &Mutex<Tokens>) {
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = stream.set_write_timeout(Some(IDLE));
    let answer = match read_request(&stream) {
        Some(request) => answer(&request, tokens),
        None => invalid("the request cannot be read"),
    };
    let body = answer.body.to_string();
    let text = format!(
        "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        answer.status,
        body.len()
    );
    if stream.write_all(text.as_bytes()).is_ok() {
        close_gently(&mut stream);
    }
}

/// Nothing when the request is not HTTP, too large, or does not say how long it is.
fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.take(LARGEST_REQUEST));
    let request_line = read_line(&mut reader)?;
    let mut words = request_line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    let mut headers = HashMap::new();
    loop {
        let line = read_line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("transfer-encoding") {
        return None;
    }
    let length: u64 = headers.get("content-length").map_or(Some(0), |text| text.parse().ok())?;
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    (body.len() as u64 == length).then_some(Request { method, path, headers, body })
}

/// Without its end; nothing when the end is missing.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    Some(line.strip_suffix('\n')?.trim_end().to_owned())
}

fn answer(request: &Request, tokens: &Mutex<Tokens>) -> Answer {
    if request.path != "/token" {
        return Answer { status: "404 Not Found", body: json!({ "error": "not_found" }) };
    }
    if request.method != "POST" {
        return Answer {
            status: "405 Method Not Allowed\r\nAllow: POST",
            body: json!({ "error": "invalid_request", "error_description": "use POST" }),
        };
    }
    let content_type = request.headers.get("content-type").map_or("", String::as_str);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(FORM) {
        return invalid("the Content-Type must be application/x-www-form-urlencoded");
    }
    let Some(form) = decode_form(&request.body) else {
        return invalid("the form cannot be read, or has a parameter twice");
    };
    let client_in_header = request.headers.get("authorization").and_then(|text| basic_user(text));
    let client = client_in_header.as_deref().or(form.get("client_id").map(String::as_str));
    match client {
        Some(CLIENT_ID) => {}
        Some(_) => return refusal("invalid_client", "the only client is called sandbox"),
        None => return invalid("client_id is missing"),
    }
    let mut tokens = tokens.lock();
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some("refresh_token") => match form.get("refresh_token") {
            Some(token) if tokens.spend(token) => {}
            Some(_) => {
                return refusal(
                    "invalid_grant",
                    "this refresh token is unknown, or was used before",
                );
            }
            None => return invalid("refresh_token is missing"),
        },
        Some(_) => {
            let grants = "the grants are client_credentials and refresh_token";
            return refusal("unsupported_grant_type", grants);
        }
        None => return invalid("grant_type is missing"),
    }
    match tokens.issue() {
        Ok(grant) => granted(&grant),
        Err(_) => Answer {
            status: "500 Internal Server Error",
            body: json!({ "error": "server_error", "error_description": "no random numbers" }),
        },
    }
}

/// RFC 6749 §5.1.
fn granted(grant: &Grant) -> Answer {
    let body = json!({
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": grant.expires_in,
        "refresh_token": grant.refresh_token,
        "scope": "mail",
    });
    Answer { status: "200 OK", body }
}

/// RFC 6749 §5.2.
fn refusal(error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description });
    Answer { status: "400 Bad Request", body }
}

fn invalid(description: &str) -> Answer {
    refusal("invalid_request", description)
}

/// The user of `Basic base64(user:password)`; a client may name itself so (RFC 6749 §2.3.1).
fn basic_user(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok()?;
    let user = decoded.split(|byte| *byte == b':').next()?;
    scheme.eq_ignore_ascii_case("Basic").then(|| form_text(user)).flatten()
}

/// Nothing when a parameter comes twice, which RFC 6749 §3.2 forbids.
fn decode_form(body: &[u8]) -> Option<HashMap<String, String>> {
    let mut form = HashMap::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let value = form_text(pair.get(equals + 1..).unwrap_or_default())?;
        if form.insert(form_text(&pair[..equals])?, value).is_some() {
            return None;
        }
    }
    Some(form)
}

/// `+` is a space, `%41` an A.
fn form_text(encoded: &[u8]) -> Option<String> {
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
