//! A connection, plain or TLS, that never blocks for longer than the watch allows.
//!
//! While it waits to write it also reads, so that two sides that both write cannot lock each other
//! up; what was read meanwhile goes to the `received` callback.

use crate::error::{Error, Result, Stage};
use crate::net::aside::run_aside;
use crate::net::tls::handshake_error;
use crate::net::{ServerName, Watch};
use crate::platform::{Interest, SEND_FLAGS, poll};
use rustls::{ClientConfig, ClientConnection};
use socket2::Socket;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

/// What a connection gave when it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Got {
    Bytes(usize),
    Nothing,
    End,
}

/// What came of writing without waiting.
struct Written {
    /// Bytes of the data that need not be handed over again.
    taken: usize,
    /// Whether the system took anything, also of what TLS still held.
    moved: bool,
}

/// A connected socket, with TLS on it or not.
pub(crate) struct Stream {
    socket: Socket,
    tls: Option<Box<ClientConnection>>,
    peer: SocketAddr,
    ready: Vec<bool>,
}

impl Stream {
    pub(crate) fn new(socket: Socket, peer: SocketAddr) -> Self {
        Self { socket, tls: None, peer, ready: Vec::new() }
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address of this end, for an EHLO without a name.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok().and_then(|address| address.as_socket())
    }

    /// Protocol version and cipher, and whether the session was resumed: for the transcript.
    pub(crate) fn tls_description(&self) -> Option<String> {
        let tls = self.tls.as_ref()?;
        let version = match tls.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3",
            rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2",
            _ => "TLS",
        };
        let cipher = tls.negotiated_cipher_suite()?.suite();
        let cipher = cipher.as_str().unwrap_or("unknown cipher");
        let resumed = match tls.handshake_kind() {
            Some(rustls::HandshakeKind::Resumed) => ", session resumed",
            _ => "",
        };
        Some(format!("{version}, {cipher}{resumed}"))
    }

    /// Shakes hands. Our last flight leaves with whatever is written next.
    pub(crate) fn start_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        watch: &mut Watch,
    ) -> Result<()> {
        watch.begin(Stage::Tls);
        let host = name.to_str().into_owned();
        let mut tls = ClientConnection::new(config, name)
            .map(Box::new)
            .map_err(|error| handshake_error(&error, &host))?;
        while tls.is_handshaking() {
            if tls.wants_write() {
                match tls.write_tls(&mut Sender(&self.socket)) {
                    Ok(_) => {}
                    Err(error) if would_wait(&error) => self.wait(Interest::Write, watch)?,
                    Err(error) => return Err(Error::connection_lost(Stage::Tls, error)),
                }
                continue;
            }
            self.wait(Interest::Read, watch)?;
            match tls.read_tls(&mut &self.socket) {
                Ok(0) => {
                    let how = "the server closed it (does it speak TLS on this port?)";
                    return Err(Error::connection_lost(Stage::Tls, how));
                }
                Ok(_) => {}
                Err(error) if would_wait(&error) => continue,
                Err(error) => return Err(Error::connection_lost(Stage::Tls, error)),
            }
            let processed;
            (tls, processed) = process(tls, watch, &host)?;
            if let Err(error) = processed {
                // Tell the other side why: a TLS alert, if the socket takes it at once.
                let _ = tls.write_tls(&mut Sender(&self.socket));
                return Err(handshake_error(&error, &host));
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Reads what there is, waiting until there is something. 0 is the end of the stream.
    pub(crate) fn read(&mut self, buffer: &mut [u8], watch: &mut Watch) -> Result<usize> {
        self.flush(watch)?;
        loop {
            // TLS may hold plaintext for which the socket never becomes readable again.
            if let Some(tls) = &mut self.tls
                && let Ok(Got::Bytes(n)) = got(tls.reader().read(buffer))
            {
                return Ok(n);
            }
            self.wait(Interest::Read, watch)?;
            match self.read_now(buffer).map_err(|e| lost(watch, e))? {
                Got::Bytes(n) => return Ok(n),
                Got::End => return Ok(0),
                Got::Nothing => {}
            }
        }
    }

    /// Writes all of `data`; what arrives meanwhile goes to `received`, which may end the writing
    /// by answering `false`. Tells whether all was written.
    pub(crate) fn write(
        &mut self,
        mut data: &[u8],
        watch: &mut Watch,
        received: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<bool> {
        while !data.is_empty() || self.wants_write() {
            match self.write_now(data) {
                Ok(written) => {
                    data = data.get(written.taken..).unwrap_or_default();
                    if written.moved {
                        continue;
                    }
                }
                Err(error) => {
                    // The server may have said why before it closed.
                    if self.take_arrived(received).unwrap_or(false) {
                        return Ok(false);
                    }
                    return Err(lost(watch, error));
                }
            }
            self.wait(Interest::ReadWrite, watch)?;
            if self.take_arrived(received).map_err(|e| lost(watch, e))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands what has arrived to `received`, without waiting; `true` when it asks to stop.
    pub(crate) fn take_arrived(
        &mut self,
        received: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            match self.read_now(&mut buffer)? {
                Got::Bytes(n) => {
                    if !received(buffer.get(..n).unwrap_or_default()) {
                        return Ok(true);
                    }
                }
                Got::Nothing => return Ok(false),
                Got::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Whether a connection that was left alone can be used again: the server has neither closed it
    /// nor said anything (a 421, for instance). Costs no round trip.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut buffer = [0; 64];
        matches!(self.read_now(&mut buffer), Ok(Got::Nothing))
    }

    /// Sends a last word if that needs no waiting, and closes.
    pub(crate) fn close(mut self, last_word: &[u8]) {
        // Nothing depends on it: the message was accepted or refused long ago.
        let _ = self.write_now(last_word);
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut Sender(&self.socket));
        }
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }

    fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Writes what TLS still holds.
    fn flush(&mut self, watch: &mut Watch) -> Result<()> {
        while self.wants_write() {
            if !self.write_now(&[]).map_err(|e| lost(watch, e))?.moved {
                self.wait(Interest::Write, watch)?;
            }
        }
        Ok(())
    }

    /// Writes as much as the system takes at once.
    fn write_now(&mut self, data: &[u8]) -> io::Result<Written> {
        let Some(tls) = &mut self.tls else {
            return match Sender(&self.socket).write(data) {
                Ok(taken) => Ok(Written { taken, moved: true }),
                Err(error) if would_wait(&error) => Ok(Written { taken: 0, moved: false }),
                Err(error) => Err(error),
            };
        };
        let taken = tls.writer().write(data)?;
        let mut moved = false;
        while tls.wants_write() {
            match tls.write_tls(&mut Sender(&self.socket)) {
                Ok(_) => moved = true,
                Err(error) if would_wait(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Written { taken, moved })
    }

    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        let Some(tls) = &mut self.tls else {
            return got((&self.socket).read(buffer));
        };
        loop {
            match got(tls.reader().read(buffer))? {
                Got::Nothing => {}
                got => return Ok(got),
            }
            match got(tls.read_tls(&mut &self.socket))? {
                Got::Bytes(_) => {
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                Got::Nothing => return Ok(Got::Nothing),
                Got::End => return Ok(Got::End),
            }
        }
    }

    fn wait(&mut self, interest: Interest, watch: &mut Watch) -> Result<()> {
        loop {
            let slice = watch.check()?;
            poll(&[(&self.socket, interest)], slice, &mut self.ready)
                .map_err(|error| lost(watch, error))?;
            if self.ready.contains(&true) {
                return Ok(());
            }
        }
    }
}

/// Whether a certificate check may ask the network (for missing certificates, for revocations):
/// those of Windows and of Apple's systems do, for many seconds when nobody answers.
const CHECKS_ONLINE: bool = cfg!(any(windows, target_vendor = "apple"));

/// Takes in what the handshake has read, which checks the certificate when it is there.
fn process(
    mut tls: Box<ClientConnection>,
    watch: &mut Watch,
    host: &str,
) -> Result<(Box<ClientConnection>, std::result::Result<(), rustls::Error>)> {
    let work = move || {
        let processed = tls.process_new_packets().map(|_| ());
        (tls, processed)
    };
    if !CHECKS_ONLINE {
        return Ok(work());
    }
    run_aside("postrider-tls", watch, work, |why| {
        let error = rustls::Error::General(why.into());
        handshake_error(&error, host)
    })
}

/// Writes to a socket without ever raising a signal.
struct Sender<'a>(&'a Socket);

impl Write for Sender<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.send_with_flags(data, SEND_FLAGS)
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send_vectored_with_flags(data, SEND_FLAGS)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lost(watch: &Watch, error: io::Error) -> Error {
    Error::connection_lost(watch.stage(), error)
}

fn would_wait(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn got(result: io::Result<usize>) -> io::Result<Got> {
    match result {
        Ok(0) => Ok(Got::End),
        Ok(n) => Ok(Got::Bytes(n)),
        Err(error) if would_wait(&error) => Ok(Got::Nothing),
        Err(error) => Err(error),
    }
}
