//! A token endpoint that gives a token to everybody, and tells what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Endpoint {
    pub url: String,
    asked: JoinHandle<Vec<String>>,
}

impl Endpoint {
    /// Answers so many requests.
    pub fn start(requests: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/token", listener.local_addr().expect("an address"));
        let asked = std::thread::spawn(move || (0..requests).map(|_| answer(&listener)).collect());
        Self { url, asked }
    }

    /// The forms that came.
    pub fn asked(self) -> Vec<String> {
        self.asked.join().expect("all requests came")
    }
}

fn answer(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().expect("a client");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout");
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).expect("a form");
    let json = r#"{"access_token":"t0ken","token_type":"Bearer","expires_in":3600}"#;
    let length = json.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{json}"
    );
    reader.get_mut().write_all(answer.as_bytes()).expect("sent");
    String::from_utf8(form).expect("text")
}
