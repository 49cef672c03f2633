//! Starts the built `postrider sandbox` and talks to it over raw sockets and rustls.
//!
//! Nothing of the library takes part. A sandbox ends when its `Sandbox` value is dropped, and by
//! itself after two minutes or when the test process dies (its standard input ends then).

use crate::records;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

pub const USER: &str = "anna@example.org";
const PATIENCE: Duration = Duration::from_secs(60);

pub fn postrider() -> Command {
    Command::new(env!("CARGO_BIN_EXE_postrider"))
}

pub struct Sandbox {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub start_text: String,
    pub ready: Value,
    folder: tempfile::TempDir,
}

impl Sandbox {
    pub fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), options)
    }

    /// Waits until the sandbox says that it is ready; `sandbox.json` is there by then.
    pub fn start_in(folder: tempfile::TempDir, options: &[&str]) -> Self {
        let mut child = postrider()
            .args(["sandbox", "--until-eof", "--for", "120", "--folder"])
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the built command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut start_text = String::new();
        while !start_text.contains("Stops when") {
            let read = stdout.read_line(&mut start_text).expect("text");
            assert_ne!(read, 0, "it ended instead of starting: {start_text}");
        }
        let json = std::fs::read(folder.path().join("sandbox.json")).expect("sandbox.json");
        let ready = serde_json::from_slice(&json).expect("JSON");
        records::produced(&start_text);
        Sandbox { child, stdout, start_text, ready, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Ends its standard input; gives how it ended and what it printed since the start text.
    pub fn stop(&mut self) -> (ExitStatus, String) {
        drop(self.child.stdin.take());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("text");
        records::produced(&printed);
        (self.child.wait().expect("its status"), printed)
    }

    fn connect(&self, port: &str) -> TcpStream {
        let port = self.ready[port].as_u64().expect("a port") as u16;
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("timeout");
        stream
    }

    /// A connection to the STARTTLS port of which nothing has been read.
    pub fn plain(&self) -> Client {
        Client(Some(Line::Plain(BufReader::new(self.connect("smtp_port")))))
    }

    /// A connection to the TLS port, likewise.
    pub fn tls(&self) -> Client {
        Client(Some(self.secured(self.connect("smtps_port"))))
    }

    /// TLS that trusts the sandbox's `ca.pem` and nothing else, and checks the name localhost.
    fn secured(&self, socket: TcpStream) -> Line {
        let ca_file = self.ready["ca_file"].as_str().expect("ca_file");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca_file).expect("PEM")).expect("a CA");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        Line::Tls(Box::new(BufReader::new(StreamOwned::new(tls, socket))))
    }

    /// Answers 220 to STARTTLS must have been read.
    pub fn secure(&self, client: &mut Client) {
        let Some(Line::Plain(plain)) = client.0.take() else { panic!("not a plain connection") };
        assert!(plain.buffer().is_empty(), "something follows the 220");
        client.0 = Some(self.secured(plain.into_inner()));
    }

    /// Greeted under TLS, not signed in.
    pub fn greeted(&self) -> Client {
        let mut client = self.tls();
        client.expect("220");
        client.ask("EHLO client.example.org", "250");
        client
    }

    pub fn signed_in(&self) -> Client {
        let mut client = self.greeted();
        let response = xoauth2(USER, &self.access_token());
        client.ask(&format!("AUTH XOAUTH2 {response}"), "235");
        client
    }

    pub fn access_token(&self) -> String {
        let (status, answer) =
            self.request_token("grant_type=client_credentials&client_id=sandbox");
        assert_eq!(status, 200, "{}", answer["error"]);
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Posts a form to the token endpoint; gives the HTTP status and the JSON.
    pub fn request_token(&self, form: &str) -> (u16, Value) {
        let page = self.post("/token", form);
        (page.status, page.json())
    }

    pub fn http(&self, request: &str) -> (u16, Value) {
        let page = self.fetch(request);
        (page.status, page.json())
    }

    /// The address of everything that speaks HTTP.
    pub fn issuer(&self) -> &str {
        self.ready["issuer"].as_str().expect("issuer")
    }

    pub fn get(&self, target: &str) -> Page {
        self.fetch(&format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host()))
    }

    pub fn post(&self, path: &str, form: &str) -> Page {
        self.fetch(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
            self.host(),
            form.len()
        ))
    }

    pub fn host(&self) -> &str {
        self.issuer().strip_prefix("http://").expect("a URL")
    }

    pub fn fetch(&self, request: &str) -> Page {
        let mut stream = TcpStream::connect(self.host()).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let is_form = request.contains("application/x-www-form-urlencoded");
        // A page that carries the code back to the program (form_post) holds one by right.
        match head.contains("Content-Type: text/html") {
            true if !body.contains("name=\"code\"") => records::produced(body),
            _ => records::secrets_of(body),
        }
        if let Some((_, form)) = request.split_once("\r\n\r\n").filter(|_| is_form) {
            records::secrets_of(form);
        }
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }
}

/// An answer over HTTP.
pub struct Page {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Page {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The `error` of a JSON answer.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The value of an input, as it stands in the HTML.
    pub fn input(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\""))?;
        let tag = rest.split('>').next()?;
        tag.split_once("value=\"")?.1.split('"').next()
    }

    /// A parameter of the address that the browser is sent to.
    pub fn sent_back(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("Location")?.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.replace("%3A", ":").replace("%2F", "/").replace("%20", " "))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

pub struct Client(Option<Line>);

enum Line {
    Plain(BufReader<TcpStream>),
    Tls(Box<BufReader<StreamOwned<ClientConnection, TcpStream>>>),
}

impl Client {
    pub fn send(&mut self, bytes: &[u8]) {
        let writer: &mut dyn Write = match self.0.as_mut().expect("a connection") {
            Line::Plain(stream) => stream.get_mut(),
            Line::Tls(stream) => stream.get_mut(),
        };
        // A server that has hung up is noticed when its reply is read.
        let _ = writer.write_all(bytes).and_then(|()| writer.flush());
    }

    /// The next reply, all its lines; nothing when the connection has ended instead.
    pub fn reply(&mut self) -> Option<String> {
        let reader: &mut dyn BufRead = match self.0.as_mut().expect("a connection") {
            Line::Plain(stream) => stream,
            Line::Tls(stream) => stream,
        };
        let mut reply = String::new();
        loop {
            let start = reply.len();
            match reader.read_line(&mut reply) {
                Ok(0) => return None,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("no reply came in time")
                }
                Err(_) => return None,
                Ok(_) if reply.as_bytes().get(start + 3) == Some(&b'-') => {}
                Ok(_) => return Some(reply),
            }
        }
    }

    /// True when the server ends the connection now and does so in order, TLS included.
    pub fn is_closed_in_order(&mut self) -> bool {
        let reader: &mut dyn BufRead = match self.0.as_mut().expect("a connection") {
            Line::Plain(stream) => stream,
            Line::Tls(stream) => stream,
        };
        // rustls makes an end without close_notify an error.
        reader.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    /// The next reply, which must begin like this.
    pub fn expect(&mut self, beginning: &str) -> String {
        let reply = self.reply().unwrap_or_else(|| panic!("hung up instead of {beginning}"));
        assert!(reply.starts_with(beginning), "{reply:?} instead of {beginning}");
        reply
    }

    pub fn ask(&mut self, command: &str, beginning: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.expect(beginning)
    }

    /// Sends one message whose content is given as it stands on the wire, without the final dot.
    pub fn deliver(&mut self, recipient: &str, stuffed: &[u8]) -> String {
        self.ask(&format!("MAIL FROM:<{USER}>"), "250");
        self.ask(&format!("RCPT TO:<{recipient}>"), "250");
        self.ask("DATA", "354");
        self.send(&[stuffed, b".\r\n"].concat());
        self.expect("250")
    }
}

pub fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

pub fn from_base64(text: &str) -> String {
    use base64::Engine;
    let decoded = base64::engine::general_purpose::STANDARD.decode(text.trim()).expect("base64");
    String::from_utf8(decoded).expect("text")
}

pub fn xoauth2(user: &str, token: &str) -> String {
    base64(&format!("user={user}\x01auth=Bearer {token}\x01\x01"))
}

pub fn oauthbearer(user: &str, token: &str) -> String {
    base64(&format!("n,a={user},\x01host=localhost\x01port=465\x01auth=Bearer {token}\x01\x01"))
}
