//! For tests: a server on loopback that does what a test tells it, and answers as texts.

use crate::net::{Canceller, Trust, Watch};
use crate::oauth::http_message::Response;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;
use zeroize::Zeroizing;

/// A server that takes one connection.
pub(crate) struct Server<T> {
    /// `http://127.0.0.1:port/token`
    pub address: String,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Server<T> {
    pub(crate) fn start(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || serve(listener.accept().unwrap().0));
        Self { address, thread }
    }

    /// What the script found.
    pub(crate) fn end(self) -> T {
        self.thread.join().unwrap()
    }
}

/// Answers a request with this text, and gives the request.
pub(crate) fn answering(text: impl Into<String>) -> Server<String> {
    let text = text.into();
    Server::start(move |mut stream| {
        let request = read_request(&stream);
        stream.write_all(text.as_bytes()).unwrap();
        request
    })
}

/// Head and body of a request.
pub(crate) fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut request).unwrap() > 0, "the whole head comes: {request}");
    }
    let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    crate::oauth::support::records::secrets_of(&body);
    request + &body
}

/// Waits until the other side has closed.
pub(crate) fn read_to_end(mut stream: &TcpStream) {
    // It may also reset the connection.
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Runs `work` with this much time.
pub(crate) fn watched<T>(total: Duration, work: impl FnOnce(&mut Watch) -> T) -> T {
    let mut tick = || true;
    work(&mut Watch::new(total, Canceller::default().watch(), &mut tick))
}

pub(crate) fn trust() -> Trust {
    Trust::default()
}

/// An answer as a value.
pub(crate) fn response(status: u16, content_type: &str, body: &str) -> Response {
    Response {
        status,
        content_type: content_type.into(),
        location: None,
        retry_after: None,
        date: None,
        body: Zeroizing::new(body.as_bytes().to_vec()),
    }
}

pub(crate) fn json(status: u16, body: &str) -> Response {
    response(status, "application/json", body)
}
