//! One connection of the scripted server: lines and bytes, under TLS or not, and all the ways to
//! end it badly.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

/// No test waits this long unless it has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How the server hands its bytes to the network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Whole,
    /// Each byte alone.
    Drip,
    /// Two pieces, cut at this byte of everything that the connection says.
    CutAt(usize),
}

enum Line {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

pub struct Wire {
    /// `None` once it was reset.
    line: Option<Line>,
    manner: Manner,
    buffer: Vec<u8>,
    pub said: usize,
    /// The client stayed silent for longer than any test takes.
    pub timed_out: bool,
}

impl Wire {
    pub fn new(socket: TcpStream, manner: Manner) -> Self {
        socket.set_nodelay(true).expect("no delay");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let line = Some(Line::Plain(socket));
        Self { line, manner, buffer: Vec::new(), said: 0, timed_out: false }
    }

    fn socket(&self) -> Option<&TcpStream> {
        match self.line.as_ref()? {
            Line::Plain(socket) => Some(socket),
            Line::Tls(tls) => Some(&tls.sock),
        }
    }

    pub fn is_tls(&self) -> bool {
        matches!(self.line, Some(Line::Tls(_)))
    }

    /// Waits for the first byte of the client's handshake.
    pub fn await_handshake(&mut self) -> Option<()> {
        assert!(self.buffer.is_empty(), "the client sent more after STARTTLS");
        let mut first = [0];
        self.socket()?.peek(&mut first).ok().filter(|count| *count > 0).map(|_| ())
    }

    pub fn start_tls(&mut self, config: Arc<ServerConfig>) -> Option<()> {
        let Some(Line::Plain(mut socket)) = self.line.take() else { return None };
        let mut tls = ServerConnection::new(config).expect("a server");
        let handshake = tls.complete_io(&mut socket);
        self.line = Some(match handshake {
            Ok(_) => Line::Tls(Box::new(StreamOwned::new(tls, socket))),
            Err(_) => Line::Plain(socket),
        });
        self.is_tls().then_some(())
    }

    /// Says bytes in the server's manner; the client may be gone.
    pub fn say(&mut self, bytes: &[u8]) {
        let cut = match self.manner {
            Manner::CutAt(at) => {
                at.checked_sub(self.said).filter(|at| (1..bytes.len()).contains(at))
            }
            _ => None,
        };
        self.said += bytes.len();
        match (self.manner, cut) {
            (Manner::Drip, _) => bytes.chunks(1).for_each(|byte| self.say_at_once(byte)),
            (_, Some(cut)) => {
                self.say_at_once(&bytes[..cut]);
                // The client wakes up meanwhile, mostly.
                std::thread::yield_now();
                self.say_at_once(&bytes[cut..]);
            }
            _ => self.say_at_once(bytes),
        }
    }

    fn say_at_once(&mut self, bytes: &[u8]) {
        let _ = match &mut self.line {
            Some(Line::Plain(socket)) => socket.write_all(bytes),
            Some(Line::Tls(tls)) => tls.write_all(bytes).and_then(|()| tls.flush()),
            None => Ok(()),
        };
    }

    /// The next line without its end; `None` at the end of the connection.
    pub fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer) {
                let line: Vec<u8> = self.buffer.drain(..=at).collect();
                let line = line.strip_suffix(b"\r\n").expect("the client ends lines with CRLF");
                return Some(String::from_utf8_lossy(line).into_owned());
            }
            self.read_more()?;
        }
    }

    /// Moves what comes next to the end of `content`, through its final dot at most; `true` when
    /// the final dot was in it.
    pub fn read_content(&mut self, content: &mut Vec<u8>) -> Option<bool> {
        if self.buffer.is_empty() {
            self.read_more()?;
        }
        // The final dot may lie across two reads.
        let from = content.len().saturating_sub(4);
        content.append(&mut self.buffer);
        let end = match content.as_slice() {
            [b'.', b'\r', b'\n', ..] => Some(3),
            _ => memchr::memmem::find(&content[from..], b"\r\n.\r\n").map(|at| from + at + 5),
        };
        if let Some(end) = end {
            self.buffer = content.split_off(end);
        }
        Some(end.is_some())
    }

    fn read_more(&mut self) -> Option<()> {
        let mut chunk = [0; 16 * 1024];
        let read = match self.line.as_mut()? {
            Line::Plain(socket) => socket.read(&mut chunk),
            Line::Tls(tls) => tls.read(&mut chunk),
        };
        let late =
            |e: &io::Error| matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        self.timed_out |= read.as_ref().is_err_and(late);
        let count = read.ok().filter(|count| *count > 0)?;
        self.buffer.extend_from_slice(&chunk[..count]);
        Some(())
    }

    /// Reads what still comes, whatever it is.
    pub fn drain(&mut self) {
        while self.read_more().is_some() {
            self.buffer.clear();
        }
    }

    /// Whether the client has sent more than was read (known only without TLS).
    pub fn has_more(&mut self) -> bool {
        assert!(!self.is_tls());
        let mut byte = [0];
        let Some(socket) = self.socket() else { return false };
        socket.set_nonblocking(true).expect("a socket");
        let waiting = socket.peek(&mut byte).is_ok_and(|count| count > 0);
        socket.set_nonblocking(false).expect("a socket");
        waiting || !self.buffer.is_empty()
    }

    /// Waits until the client's system has everything that was said. Linux tells; elsewhere
    /// loopback has handed it over by the time that the call which sends comes back.
    pub fn wait_until_taken(&self) {
        #[cfg(target_os = "linux")]
        if let Some(socket) = self.socket() {
            let began = Instant::now();
            let waiting = || linux::unacknowledged(socket) > 0 && !linux::is_gone(socket);
            while waiting() && began.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
        }
    }

    /// FIN: nothing more is said; what comes is still read.
    pub fn close(&mut self) {
        if let Some(socket) = self.socket() {
            let _ = socket.shutdown(Shutdown::Write);
        }
        self.wait_until_taken();
    }

    /// RST.
    pub fn reset(&mut self) {
        if let Some(socket) = self.socket() {
            SockRef::from(socket).set_linger(Some(Duration::ZERO)).expect("linger");
        }
        self.line = None;
        self.buffer.clear();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::net::TcpStream;
    use std::os::fd::AsRawFd;

    /// Whether the connection has ended: nothing will be acknowledged any more.
    pub fn is_gone(socket: &TcpStream) -> bool {
        let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events: 0, revents: 0 };
        // SAFETY: `entry` is one valid entry; the call does not wait.
        unsafe { libc::poll(&raw mut entry, 1, 0) };
        entry.revents & (libc::POLLHUP | libc::POLLERR) != 0
    }

    /// Octets of ours that the other system has not acknowledged yet.
    pub fn unacknowledged(socket: &TcpStream) -> libc::c_int {
        let mut octets = 0;
        // SAFETY: TIOCOUTQ writes one int.
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut octets) };
        octets
    }
}
