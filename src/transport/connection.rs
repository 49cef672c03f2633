//! An open SMTP session: the loop between `smtp::Session` and `net::Stream`, and the connection
//! that a handle keeps between sends.

use crate::error::{Error, Outcome, Result, Stage, Status};
use crate::message::{Carrier, Content, Prepared};
use crate::net::{Stream, Watch, open};
use crate::smtp::{Credentials, Envelope, Next, Options, Session, Transaction, Transcript};
use crate::transport::log::Log;
use crate::transport::server::{Server, is_ehlo_name};
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Firewalls forget silent connections without telling anybody: a send over one would only find out
/// by its deadline.
const MOST_IDLE: Duration = Duration::from_secs(120);

/// How far a send is, for the progress callback.
#[derive(Default)]
pub(crate) struct Progress {
    pub sent: Cell<u64>,
    pub total: Cell<u64>,
}

/// The connection that a handle keeps between sends.
#[derive(Clone, Default)]
pub(crate) struct KeptConnection(Arc<Mutex<Option<Connection>>>);

impl KeptConnection {
    /// The kept connection, if it leads where it should and the server has left it alone.
    pub(crate) fn take(&self, server: &Arc<Server>) -> Option<Connection> {
        let mut connection = self.0.lock().take()?;
        if connection.leads_to(server) && connection.is_alive() {
            return Some(connection);
        }
        connection.quit();
        None
    }

    pub(crate) fn put(&self, mut connection: Connection) {
        connection.last_used = Instant::now();
        let previous = self.0.lock().replace(connection);
        // Two sends at once: the connection that was there first makes room.
        if let Some(previous) = previous {
            previous.quit();
        }
    }

    pub(crate) fn close(&self) {
        let connection = self.0.lock().take();
        if let Some(connection) = connection {
            connection.quit();
        }
    }
}

impl std::fmt::Debug for KeptConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptConnection")
    }
}

/// Why a transaction did not end well, and how far it had come.
pub(crate) struct Broken {
    pub error: Error,
    pub transaction: Transaction,
    /// Nothing of the content was sent: nothing can be delivered twice.
    pub before_content: bool,
}

/// A connected, introduced and signed-in session.
pub(crate) struct Connection {
    server: Arc<Server>,
    pub stream: Stream,
    pub session: Session,
    chunk: Vec<u8>,
    last_used: Instant,
    reached: Reached,
    /// The step whose time is running.
    timed: Option<Stage>,
}

/// How far the content of the current message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    Envelope,
    Content,
    FinalDot,
}

impl Connection {
    /// Connects, starts TLS and signs in.
    pub(crate) fn open(
        server: &Arc<Server>,
        credentials: Option<Credentials>,
        watch: &mut Watch,
        log: &Log,
    ) -> Result<Self> {
        log.note(|| format!("connecting to {}:{}", server.host, server.port));
        let proxy = server.proxy.choose(&server.host, server.port, watch)?;
        if let Some(proxy) = &proxy {
            log.note(|| format!("by way of the proxy {proxy}"));
        }
        let mut stream = open(&server.host, server.port, proxy.as_ref(), watch)?;
        log.note(|| match &proxy {
            Some(_) => format!("connected by the proxy at {}", stream.peer()),
            None => format!("connected to {}", stream.peer()),
        });
        if server.is_implicit_tls() {
            start_tls(&mut stream, server, watch, log)?;
        }
        let mut connection = Self::over(stream, server, credentials, log);
        match connection.run(None, watch, log) {
            Ok(()) => Ok(connection),
            Err(error) => {
                if error.reply().is_some() {
                    connection.quit();
                }
                Err(error)
            }
        }
    }

    /// A session that is about to begin over a stream, on which TLS is when it has to be there from
    /// the first byte.
    pub(crate) fn over(
        stream: Stream,
        server: &Arc<Server>,
        credentials: Option<Credentials>,
        log: &Log,
    ) -> Self {
        let options = Options {
            host: server.host.clone(),
            port: server.port,
            ehlo_name: ehlo_name(server, &stream),
            starttls: server.starttls(),
            tls: server.is_implicit_tls(),
            credentials,
            allow_plaintext_auth: server.allow_plaintext_auth,
        };
        Self {
            server: server.clone(),
            stream,
            session: Session::new(options, Transcript::new(log.is_wanted())),
            chunk: Vec::new(),
            last_used: Instant::now(),
            reached: Reached::Envelope,
            timed: None,
        }
    }

    fn leads_to(&self, server: &Arc<Server>) -> bool {
        Arc::ptr_eq(&self.server, server) || self.server == *server
    }

    fn is_alive(&mut self) -> bool {
        self.last_used.elapsed() < MOST_IDLE && !self.session.has_unread() && self.stream.is_quiet()
    }

    /// Sends one message. What only concerns the message is in the transaction; `Err` means that
    /// the connection is of no use any more.
    pub(crate) fn transact(
        &mut self,
        prepared: &Prepared,
        all_or_none: bool,
        progress: &Progress,
        watch: &mut Watch,
        log: &Log,
    ) -> std::result::Result<Transaction, Box<Broken>> {
        self.reached = Reached::Envelope;
        let result = self.compose(prepared, all_or_none).and_then(|content| {
            progress.total.set(content.size());
            self.run(Some((&content, progress)), watch, log)
        });
        let transaction = self.session.take_transaction();
        match result {
            Ok(()) => Ok(transaction),
            Err(error) => {
                // Without a reply nobody knows whether the server took a complete content.
                let unknown = self.reached == Reached::FinalDot && error.reply().is_none();
                let error = if unknown { error.with_outcome(Outcome::Unknown) } else { error };
                let before_content = self.reached == Reached::Envelope;
                Err(Box::new(Broken { error, transaction, before_content }))
            }
        }
    }

    /// Lays the message out for what this server offers, and begins its transaction.
    fn compose(&mut self, prepared: &Prepared, all_or_none: bool) -> Result<Content> {
        let eight_bit = self.session.capabilities().eight_bit_mime;
        let content = prepared.compose(Carrier { eight_bit })?;
        let envelope = Envelope { all_or_none, ..envelope(prepared, &content) };
        self.session.begin(Transaction::new(envelope));
        Ok(content)
    }

    /// Does what the session asks for until it is ready for the next transaction.
    fn run(
        &mut self,
        content: Option<(&Content, &Progress)>,
        watch: &mut Watch,
        log: &Log,
    ) -> Result<()> {
        self.timed = None;
        while self.step(content, watch, log)? != Next::Ready {}
        Ok(())
    }

    /// Does the next thing that the session asks for; gives what it was.
    pub(crate) fn step(
        &mut self,
        content: Option<(&Content, &Progress)>,
        watch: &mut Watch,
        log: &Log,
    ) -> Result<Next> {
        // The host may set or remove its callback at any time.
        self.session.transcript.enable(log.is_wanted());
        let next = self.session.next();
        log.write(self.session.transcript.take());
        let next = next?;
        if self.timed != Some(self.session.stage()) {
            self.timed = Some(self.session.stage());
            watch.begin(self.session.stage());
        }
        match next {
            Next::Ready => {}
            Next::Write => self.write_output(watch)?,
            Next::Read => self.read(watch)?,
            Next::StartTls => {
                start_tls(&mut self.stream, &self.server, watch, log)?;
                self.session.tls_started();
            }
            Next::SendContent => match content {
                Some((content, progress)) => self.send_content(content, progress, watch)?,
                None => return Err(Error::internal("a content was asked for before its time")),
            },
        }
        Ok(next)
    }

    fn write_output(&mut self, watch: &mut Watch) -> Result<()> {
        let output = self.session.take_output();
        let session = &mut self.session;
        // A server that sends without end stops the writing; the session then says so.
        let written = self.stream.write(&output, watch, &mut |bytes| session.receive(bytes));
        self.session.output_written(output);
        match written {
            Ok(_) => Ok(()),
            // A server that closes has often said why: that is worth more than how it ended.
            Err(lost) if lost.status() == Status::ConnectionLost => {
                Err(self.session.next().err().unwrap_or(lost))
            }
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, watch: &mut Watch) -> Result<()> {
        let mut buffer = [0; 8192];
        let count = self.stream.read(&mut buffer, watch)?;
        if count == 0 {
            return Err(Error::connection_lost(self.session.stage(), "the server closed it"));
        }
        self.session.receive(buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    fn send_content(
        &mut self,
        content: &Content,
        progress: &Progress,
        watch: &mut Watch,
    ) -> Result<()> {
        self.reached = Reached::Content;
        let mut reader = content.for_the_wire();
        loop {
            self.chunk.clear();
            let more = reader.next_chunk(&mut self.chunk)?;
            // Each chunk has the time of a step, not only the first.
            watch.begin(Stage::Data);
            watch.check()?;
            let session = &mut self.session;
            let mut received = |bytes: &[u8]| {
                session.receive(bytes);
                // Whatever comes before the end is a refusal: no need to send the rest.
                false
            };
            let mut written = self.stream.write(&self.chunk, watch, &mut received)?;
            progress.sent.set(reader.given());
            if written && more {
                let stopped = self.stream.take_arrived(&mut received);
                let lost = |error| Error::connection_lost(Stage::Data, error);
                written = !stopped.map_err(lost)?;
            }
            if !written {
                return Ok(());
            }
            if !more {
                self.reached = Reached::FinalDot;
                self.session.content_sent();
                return Ok(());
            }
        }
    }

    /// The step that the session is in.
    pub(crate) fn stage(&self) -> Stage {
        self.session.stage()
    }

    /// Whether it can carry another message.
    pub(crate) fn is_reusable(&self) -> bool {
        self.session.is_ready()
    }

    /// Says goodbye without waiting for the answer, and closes.
    pub(crate) fn quit(mut self) {
        let last_word = self.session.quit();
        self.stream.close(last_word);
    }
}

/// What goes around this content.
pub(crate) fn envelope(prepared: &Prepared, content: &Content) -> Envelope {
    Envelope {
        return_path: prepared.return_path().to_owned(),
        recipients: prepared.recipients(),
        size: content.size(),
        eight_bit: content.eight_bit(),
        utf8: prepared.needs_utf8(),
        ..Envelope::default()
    }
}

/// Shakes hands, as far as this server is trusted.
pub(crate) fn start_tls(
    stream: &mut Stream,
    server: &Server,
    watch: &mut Watch,
    log: &Log,
) -> Result<()> {
    stream.start_tls(server.trust.configuration()?, server.name()?, watch)?;
    log.note(|| match stream.tls_description() {
        Some(description) => format!("TLS is on: {description}"),
        None => "TLS is on".into(),
    });
    Ok(())
}

/// The name that was set, else that of this computer, else the address of this end.
fn ehlo_name(server: &Server, stream: &Stream) -> String {
    let own_name = || crate::platform::host_name().filter(|name| is_ehlo_name(name));
    let literal = || match stream.local_address().map(|address| address.ip()) {
        Some(std::net::IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        Some(std::net::IpAddr::V4(ip)) => format!("[{ip}]"),
        None => "[127.0.0.1]".into(),
    };
    server.ehlo_name.clone().or_else(own_name).unwrap_or_else(literal)
}
