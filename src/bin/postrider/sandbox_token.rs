//! `postrider token --url`: asks the token endpoint of a sandbox for an access token.
//!
//! The request travels as plain HTTP, so only the literal address 127.0.0.1 is accepted: a token
//! must not cross a network in the clear.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: u64 = 64 * 1024;

/// The request of RFC 6749 §4.4.2, as the sandbox's only client.
const FORM: &str = "grant_type=client_credentials&client_id=sandbox";

/// A token of the endpoint that the sandbox names: `http://127.0.0.1:PORT/token`.
pub fn fetch(url: &str) -> Result<String, String> {
    let (port, path) = endpoint(url)?;
    let answer = post(port, path).map_err(|error| format!("{url}: {error}"))?;
    access_token(&answer).map_err(|error| format!("{url}: {error}"))
}

/// The port and path of an `http://127.0.0.1:PORT/path` address; anything else is refused.
fn endpoint(url: &str) -> Result<(u16, &str), String> {
    let refused = || format!("--url must be http://127.0.0.1:PORT/token, not {url}");
    let rest = url.strip_prefix("http://127.0.0.1:").ok_or_else(refused)?;
    let slash = rest.find('/').ok_or_else(refused)?;
    let (port, path) = rest.split_at(slash);
    let clean = path.bytes().all(|byte| byte.is_ascii_graphic());
    match port.parse() {
        Ok(port) if port != 0 && clean => Ok((port, path)),
        _ => Err(refused()),
    }
}

fn post(port: u16, path: &str) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{FORM}",
        FORM.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(LARGEST_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The token in an HTTP answer, or what the endpoint said instead.
fn access_token(answer: &str) -> Result<String, String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("that is not an HTTP answer")?;
    let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    if let Some(token) = json["access_token"].as_str() {
        return Ok(token.to_owned());
    }
    let status_line = head.lines().next().unwrap_or_default();
    match (json["error"].as_str(), json["error_description"].as_str()) {
        (Some(error), Some(description)) => Err(format!("{error}: {description}")),
        (Some(error), None) => Err(error.to_owned()),
        _ => Err(format!("no token in the answer ({status_line})")),
    }
}
