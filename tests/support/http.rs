//! As much HTTP as it takes to talk to the rig.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A walk through pages is answered when it is over.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Gets JSON, which must be there. `base` is `http://address:port`.
pub fn get(base: &str, target: &str) -> Value {
    let (status, json) = exchange(base, "GET", target, "", "");
    assert_eq!(status, 200, "GET {target}");
    json
}

/// Posts JSON and gets JSON, which must be there.
pub fn post_json(base: &str, path: &str, content: &Value) -> Value {
    let (status, json) = exchange(base, "POST", path, "application/json", &content.to_string());
    assert_eq!(status, 200, "POST {path}");
    json
}

/// Posts a form and returns the status and the JSON of the answer (null when there is none).
pub fn post_form(base: &str, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let form: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
        .collect();
    exchange(base, "POST", path, "application/x-www-form-urlencoded", &form.join("&"))
}

fn exchange(base: &str, method: &str, target: &str, kind: &str, content: &str) -> (u16, Value) {
    let authority = base.strip_prefix("http://").expect("a plain http address");
    let mut stream = TcpStream::connect(authority).expect("the server answers");
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    write!(
        stream,
        "{method} {target} HTTP/1.0\r\nHost: {authority}\r\nContent-Length: {}\r\n\
         Content-Type: {kind}\r\n\r\n{content}",
        content.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a whole answer");

    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let json = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(body).expect("a JSON body")
    };
    (status.expect("a status line"), json)
}

fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
