//! A scripted SMTP server: polite by itself, and as bad as a test wants at the moments that the
//! test chooses. It writes down everything that it received.
//!
//! At each [`Moment`] it has read what comes before, has not answered yet, and asks the script what
//! to [`Do`]. A connection is read to its end whatever went wrong on it, so the [`Record`] tells
//! for certain what a client has given away.

#[path = "certificate.rs"]
mod certificate;
#[path = "wire.rs"]
mod wire;

pub use certificate::ca_pem;
use certificate::tls_config;
pub use wire::{Manner, PATIENCE, Wire};

use parking_lot::{Condvar, Mutex};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Plain,
    Starttls,
    Tls,
}

/// What the server is about to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The first bytes of the client's handshake are there.
    Handshake,
    Greeting,
    Ehlo,
    Helo,
    Starttls,
    /// The AUTH command.
    Auth,
    /// A line of the client after a 334.
    AuthResponse,
    Reset,
    Mail,
    /// The recipient with this number, from 0.
    Rcpt(usize),
    Data,
    /// Some of the content is there.
    Content,
    /// The final dot is there.
    FinalReply,
    /// The final reply was said.
    Idle,
    Quit,
}

pub struct Moment<'a> {
    pub at: At,
    /// From 1.
    pub connection: usize,
    /// Number of MAIL commands on this connection so far.
    pub transaction: usize,
    pub line: &'a str,
}

pub enum Do {
    /// Answer as a good server does.
    Usual,
    /// Say this instead, and go on by its code.
    Say(Vec<u8>),
    SayAndClose(Vec<u8>),
    /// FIN
    Close,
    /// RST
    Reset,
    /// Say and read nothing until [`Server::release`]; then read to the end.
    Stall,
}

pub fn say(text: impl AsRef<[u8]>) -> Do {
    Do::Say(text.as_ref().to_vec())
}

/// Everything that the server received.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub connections: usize,
    /// Each with the number of its connection.
    pub commands: Vec<(usize, String)>,
    /// Complete contents, as they came.
    pub contents: Vec<Content>,
    pub broken_off_contents: usize,
    /// Octets that the server said.
    pub said: usize,
    timeouts: usize,
}

#[derive(Clone, Debug)]
pub struct Content {
    pub recipients: Vec<String>,
    /// With stuffed dots and the final one.
    pub wire: Vec<u8>,
}

impl Record {
    /// Complete contents for at least one recipient.
    pub fn deliveries(&self) -> usize {
        self.contents.iter().filter(|content| !content.recipients.is_empty()).count()
    }

    /// The first words of the commands of a connection, without QUIT: nobody waits for that.
    pub fn verbs(&self, connection: usize) -> Vec<&str> {
        let lines = self.commands.iter().filter(|(number, _)| *number == connection);
        let verbs = lines.map(|(_, line)| line.split(' ').next().unwrap_or_default());
        verbs.filter(|verb| *verb != "QUIT").collect()
    }

    /// The commands that begin so.
    pub fn commands(&self, beginning: &str) -> Vec<&str> {
        let lines = self.commands.iter().map(|(_, line)| line.as_str());
        lines.filter(|line| line.starts_with(beginning)).collect()
    }
}

type Script = dyn Fn(&Moment, &mut Wire) -> Do + Send + Sync;

struct Setup {
    security: Security,
    extensions: Vec<String>,
    manner: Manner,
    script: Box<Script>,
}

#[derive(Default)]
struct Shared {
    record: Mutex<Record>,
    gate: Mutex<Gate>,
    changed: Condvar,
    ending: AtomicBool,
}

#[derive(Default)]
struct Gate {
    stalled: bool,
    released: bool,
}

/// Runs until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    security: Security,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<Vec<JoinHandle<()>>>>,
}

impl Server {
    /// A server that offers these extensions and always behaves.
    pub fn polite(security: Security, extensions: &[&str]) -> Self {
        Self::start(security, extensions, |_, _| Do::Usual)
    }

    pub fn start(
        security: Security,
        extensions: &[&str],
        script: impl Fn(&Moment, &mut Wire) -> Do + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(security, extensions, Manner::Whole, script)
    }

    pub fn start_with(
        security: Security,
        extensions: &[&str],
        manner: Manner,
        script: impl Fn(&Moment, &mut Wire) -> Do + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self::on(listener, security, extensions, manner, script)
    }

    pub fn on(
        listener: TcpListener,
        security: Security,
        extensions: &[&str],
        manner: Manner,
        script: impl Fn(&Moment, &mut Wire) -> Do + Send + Sync + 'static,
    ) -> Self {
        // So little is taken from a client at once that a stalled server stops it soon.
        socket2::SockRef::from(&listener).set_recv_buffer_size(16 * 1024).expect("a buffer");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let extensions = extensions.iter().map(|line| (*line).to_owned()).collect();
        let setup = Arc::new(Setup { security, extensions, manner, script: Box::new(script) });
        let accepting = Some(std::thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &setup, &shared)
        }));
        Self { address, security, shared, accepting }
    }

    pub fn port(&self) -> i32 {
        self.address.port().into()
    }

    pub fn security(&self) -> Security {
        self.security
    }

    /// What was received until now.
    pub fn record(&self) -> Record {
        self.shared.record.lock().clone()
    }

    /// Waits until a script has answered with [`Do::Stall`].
    pub fn wait_until_stalled(&self) {
        let mut gate = self.shared.gate.lock();
        while !gate.stalled {
            let waited = self.shared.changed.wait_for(&mut gate, PATIENCE);
            assert!(!waited.timed_out(), "the server was never brought to stall");
        }
    }

    /// Whether a script has answered with [`Do::Stall`].
    pub fn has_stalled(&self) -> bool {
        self.shared.gate.lock().stalled
    }

    /// Ends every stall.
    pub fn release(&self) {
        self.shared.gate.lock().released = true;
        self.shared.changed.notify_all();
    }

    /// Waits until every connection has ended; kept ones must have been closed.
    pub fn stop(mut self) -> Record {
        self.end();
        let record = self.record();
        assert_eq!(record.timeouts, 0, "a client was silent for too long: {record:?}");
        record
    }

    fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.release();
        self.shared.ending.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        for connection in accepting.join().unwrap_or_default() {
            let panicked = connection.join().is_err();
            assert!(!panicked || std::thread::panicking(), "the script panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept(listener: &TcpListener, setup: &Arc<Setup>, shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
    let mut connections = Vec::new();
    loop {
        let (socket, _) = listener.accept().expect("a connection");
        if shared.ending.load(Ordering::SeqCst) {
            return connections;
        }
        let connection = {
            let mut record = shared.record.lock();
            record.connections += 1;
            record.connections
        };
        let conversation = Conversation {
            wire: Wire::new(socket, setup.manner),
            setup: setup.clone(),
            shared: shared.clone(),
            connection,
            transaction: 0,
            asked: 0,
            recipients: Vec::new(),
            content: None,
        };
        connections.push(std::thread::spawn(move || conversation.run()));
    }
}

struct Conversation {
    wire: Wire,
    setup: Arc<Setup>,
    shared: Arc<Shared>,
    connection: usize,
    transaction: usize,
    /// Number of RCPT commands in this transaction.
    asked: usize,
    /// The accepted ones.
    recipients: Vec<String>,
    /// The content that is coming.
    content: Option<Vec<u8>>,
}

impl Conversation {
    fn run(mut self) {
        let _ = self.talk();
        // Nothing is answered any more, but everything is written down.
        if self.content.is_some() && self.read_content(false).is_none() {
            self.shared.record.lock().broken_off_contents += 1;
        }
        while self.read_command().is_some() {}
        let mut record = self.shared.record.lock();
        record.said += self.wire.said;
        record.timeouts += usize::from(self.wire.timed_out);
    }

    /// `None` when the script has ended it, or the client has.
    fn talk(&mut self) -> Option<()> {
        if self.setup.security == Security::Tls {
            self.start_tls()?;
        }
        self.answer(At::Greeting, "", "220 scripted.test ESMTP\r\n")?;
        loop {
            let line = self.read_command()?;
            let word = line.split(' ').next().unwrap_or_default();
            match word {
                "EHLO" => {
                    let offer = self.offer();
                    self.answer(At::Ehlo, &line, &offer)?;
                }
                "HELO" => _ = self.answer(At::Helo, &line, "250 scripted.test\r\n")?,
                "STARTTLS" => {
                    if self.answer(At::Starttls, &line, "220 2.0.0 go ahead\r\n")? == 220 {
                        self.start_tls()?;
                    }
                }
                "AUTH" => self.sign_in(&line)?,
                "RSET" => _ = self.answer(At::Reset, &line, "250 2.0.0 ok\r\n")?,
                "MAIL" => {
                    self.transaction += 1;
                    self.asked = 0;
                    self.recipients.clear();
                    self.answer(At::Mail, &line, "250 2.1.0 ok\r\n")?;
                }
                "RCPT" => {
                    let at = At::Rcpt(self.asked);
                    self.asked += 1;
                    if self.answer(at, &line, "250 2.1.5 ok\r\n")? / 100 == 2 {
                        let address = line.trim_start_matches("RCPT TO:<").trim_end_matches('>');
                        self.recipients.push(address.to_owned());
                    }
                }
                "DATA" => self.take_content(&line)?,
                "QUIT" => {
                    self.answer(At::Quit, &line, "221 2.0.0 bye\r\n")?;
                    self.wire.close();
                    return None;
                }
                _ => self.wire.say(b"500 5.5.1 unknown command\r\n"),
            }
        }
    }

    fn read_command(&mut self) -> Option<String> {
        let line = self.wire.read_line()?;
        self.shared.record.lock().commands.push((self.connection, line.clone()));
        Some(line)
    }

    fn offer(&self) -> String {
        let offers_starttls = self.setup.security == Security::Starttls && !self.wire.is_tls();
        let mut lines = vec!["scripted.test".to_owned()];
        lines.extend(offers_starttls.then(|| "STARTTLS".into()));
        lines.extend_from_slice(&self.setup.extensions);
        let last = lines.len() - 1;
        let line = |(number, text): (usize, &String)| {
            format!("250{}{text}\r\n", if number == last { ' ' } else { '-' })
        };
        lines.iter().enumerate().map(line).collect()
    }

    /// Does what the script wants; gives the code that was said.
    fn answer(&mut self, at: At, line: &str, usual: &str) -> Option<u16> {
        let moment =
            Moment { at, connection: self.connection, transaction: self.transaction, line };
        let (said, end) = match (self.setup.script)(&moment, &mut self.wire) {
            Do::Usual => (usual.as_bytes().to_vec(), false),
            Do::Say(bytes) => (bytes, false),
            Do::SayAndClose(bytes) => (bytes, true),
            Do::Close => (Vec::new(), true),
            Do::Reset => {
                self.wire.reset();
                return None;
            }
            Do::Stall => {
                self.stall();
                return None;
            }
        };
        self.wire.say(&said);
        if end {
            self.wire.close();
            return None;
        }
        let digits = said.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        Some(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0))
    }

    fn stall(&self) {
        let mut gate = self.shared.gate.lock();
        gate.stalled = true;
        self.shared.changed.notify_all();
        while !gate.released {
            let waited = self.shared.changed.wait_for(&mut gate, PATIENCE);
            assert!(!waited.timed_out(), "the stall was never released");
        }
    }

    fn start_tls(&mut self) -> Option<()> {
        self.wire.await_handshake()?;
        let usual = self.answer(At::Handshake, "", "");
        let done = usual.filter(|said| *said == 0).and_then(|_| self.wire.start_tls(tls_config()));
        if done.is_none() {
            // What comes is no SMTP.
            self.wire.drain();
        }
        done
    }

    fn sign_in(&mut self, line: &str) -> Option<()> {
        let with_response = line.split(' ').count() > 2;
        let usual = if with_response { "235 2.7.0 welcome\r\n" } else { "334 \r\n" };
        let mut said = self.answer(At::Auth, line, usual)?;
        while said == 334 {
            let response = self.read_command()?;
            said = self.answer(At::AuthResponse, &response, "235 2.7.0 welcome\r\n")?;
        }
        Some(())
    }

    fn take_content(&mut self, line: &str) -> Option<()> {
        let usual = match self.recipients.len() {
            0 => "554 5.5.1 no valid recipients\r\n",
            _ => "354 go ahead\r\n",
        };
        if self.answer(At::Data, line, usual)? != 354 {
            return Some(());
        }
        self.content = Some(Vec::new());
        let interrupted = self.read_content(true)?;
        if !interrupted {
            let usual = match self.recipients.len() {
                0 => "554 5.5.1 no valid recipients\r\n",
                _ => "250 2.0.0 kept\r\n",
            };
            self.answer(At::FinalReply, "", usual)?;
            self.answer(At::Idle, "", "")?;
        }
        Some(())
    }

    /// Reads to the final dot; tells whether the script said something before it came.
    fn read_content(&mut self, ask: bool) -> Option<bool> {
        let mut interrupted = None;
        loop {
            let content = self.content.as_mut()?;
            let complete = self.wire.read_content(content)?;
            if ask && interrupted.is_none() && !complete {
                interrupted = Some(self.answer(At::Content, "", "")? != 0);
            }
            if complete {
                let wire = self.content.take()?;
                let recipients = self.recipients.clone();
                self.shared.record.lock().contents.push(Content { recipients, wire });
                return Some(interrupted.unwrap_or(false));
            }
        }
    }
}
