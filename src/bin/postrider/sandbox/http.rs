//! HTTP/1.1 as far as the sandbox needs it: reading one request and writing one answer per
//! connection.
//!
//! Plain HTTP is right here: the port is on 127.0.0.1, and the tokens open nothing but the
//! sandbox.

use super::form::Form;
use super::listener::close_gently;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// For whom there is no room.
pub const BUSY: &str =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

const IDLE: Duration = Duration::from_secs(10);
const LARGEST_REQUEST: u64 = 32 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

pub struct Request {
    pub method: String,
    pub path: String,
    query: String,
    /// Names in lower case.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

pub struct Answer {
    status: &'static str,
    media_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Reads one request, lets it be answered, and closes.
pub fn serve(mut stream: TcpStream, answer: impl FnOnce(&Request) -> Answer) {
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = stream.set_write_timeout(Some(IDLE));
    let answer = match Request::read(&stream) {
        Some(request) => answer(&request),
        None => Answer::invalid("the request cannot be read"),
    };
    if stream.write_all(answer.text().as_bytes()).is_ok() {
        close_gently(&mut stream);
    }
}

impl Request {
    /// Nothing when the request is not HTTP, too large, or does not say how long it is.
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream.take(LARGEST_REQUEST));
        let request_line = read_line(&mut reader)?;
        let mut words = request_line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
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
        let length = headers.get("content-length").map_or(Some(0), |text| text.parse().ok())?;
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body).ok()?;
        (body.len() as u64 == length).then_some(Request { method, path, query, headers, body })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The parameters behind the question mark.
    pub fn query(&self) -> Option<Form> {
        Form::decode(self.query.as_bytes())
    }

    /// The parameters in the body, or the answer for who sent something else.
    pub fn form(&self) -> Result<Form, Answer> {
        let content_type = self.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case(FORM) {
            return Err(Answer::invalid(
                "the Content-Type must be application/x-www-form-urlencoded",
            ));
        }
        Form::decode(&self.body)
            .ok_or_else(|| Answer::invalid("the form cannot be read, or has a parameter twice"))
    }
}

/// Without its end; nothing when the end is missing.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    Some(line.strip_suffix('\n')?.trim_end().to_owned())
}

impl Answer {
    pub fn new(status: &'static str, media_type: &'static str, body: String) -> Self {
        Answer { status, media_type, headers: Vec::new(), body }
    }

    pub fn json(status: &'static str, body: &Value) -> Self {
        Answer::new(status, "application/json", body.to_string())
    }

    /// An error as RFC 6749 §5.2 words it.
    pub fn refusal(error: &str, description: &str) -> Self {
        let body = json!({ "error": error, "error_description": description });
        Answer::json("400 Bad Request", &body)
    }

    pub fn invalid(description: &str) -> Self {
        Answer::refusal("invalid_request", description)
    }

    /// The value must not come from the network unless its characters were checked.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As it goes over the wire. Nothing may be kept by a cache: almost everything here holds a
    /// token, a code, or a state that changes.
    fn text(&self) -> String {
        let mut text = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n",
            self.status,
            self.media_type,
            self.body.len()
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text + "\r\n" + &self.body
    }
}

/// Without random numbers there are no tokens and no codes.
impl From<getrandom::Error> for Answer {
    fn from(_: getrandom::Error) -> Self {
        let body = json!({ "error": "server_error", "error_description": "no random numbers" });
        Answer::json("500 Internal Server Error", &body)
    }
}
