//! One SMTP connection as lines in and replies out, in clear or inside TLS.
//!
//! Replies are collected and leave together when the next line has to be waited for: that is how
//! RFC 2920 wants pipelined groups to be answered. Everything is bounded: the length of a line,
//! the time between two reads, the life of the connection.

use super::listener::close_gently;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const IDLE: Duration = Duration::from_secs(120);
const LIFE: Duration = Duration::from_secs(60 * 60);

/// Larger than the largest TLS record, so that a full record needs one read.
const BUFFER: usize = 32 * 1024;

pub struct Connection {
    input: BufReader<Stream>,
    replies: String,
    /// Waited before each reply when slowness was ordered.
    pause: Duration,
    end: Instant,
}

/// Why there is no next line.
pub enum NoLine {
    TooLong,
    /// The client has said nothing for too long, or was here for too long.
    Silence,
    Lost(io::Error),
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Connection {
    pub fn new(stream: TcpStream, pause: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE))?;
        stream.set_write_timeout(Some(IDLE))?;
        Ok(Connection {
            input: BufReader::with_capacity(BUFFER, Stream::Plain(stream)),
            replies: String::new(),
            pause,
            end: Instant::now() + LIFE,
        })
    }

    pub fn is_encrypted(&self) -> bool {
        matches!(self.input.get_ref(), Stream::Tls(_))
    }

    /// True when the client has sent more than was read so far.
    pub fn has_unread_input(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    /// The handshake. The caller has made sure that the client sent nothing ahead of it.
    pub fn start_tls(&mut self, config: &Arc<ServerConfig>) -> io::Result<()> {
        let Stream::Plain(socket) = self.input.get_ref() else {
            return Err(io::Error::other("TLS inside TLS"));
        };
        let mut socket = socket.try_clone()?;
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        let stream = Stream::Tls(Box::new(StreamOwned::new(tls, socket)));
        self.input = BufReader::with_capacity(BUFFER, stream);
        Ok(())
    }

    /// The next line with its end, at most `limit` octets.
    pub fn line(&mut self, limit: usize) -> Result<Vec<u8>, NoLine> {
        let mut line = Vec::new();
        loop {
            if self.input.buffer().is_empty() {
                self.flush().map_err(NoLine::Lost)?;
                if Instant::now() > self.end {
                    return Err(NoLine::Silence);
                }
            }
            let available = match self.input.fill_buf() {
                Ok([]) => return Err(NoLine::Lost(ErrorKind::UnexpectedEof.into())),
                Ok(available) => available,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    // Unix says the one, Windows the other when a socket's time is up.
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(NoLine::Silence),
                    _ => return Err(NoLine::Lost(error)),
                },
            };
            let line_end = memchr::memchr(b'\n', available);
            let taken = line_end.map_or(available.len(), |position| position + 1);
            if line.len() + taken > limit {
                return Err(NoLine::TooLong);
            }
            line.extend_from_slice(&available[..taken]);
            self.input.consume(taken);
            if line_end.is_some() {
                return Ok(line);
            }
        }
    }

    /// Adds a reply; `text` may have several lines, each complete but for the last line's end.
    pub fn reply(&mut self, text: &str) -> io::Result<()> {
        self.replies.push_str(text);
        self.replies.push_str("\r\n");
        if self.pause.is_zero() {
            return Ok(());
        }
        thread::sleep(self.pause);
        self.flush()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        if !self.replies.is_empty() {
            let replies = std::mem::take(&mut self.replies);
            let stream = self.input.get_mut();
            stream.write_all(replies.as_bytes())?;
            stream.flush()?;
        }
        Ok(())
    }

    /// The orderly end: everything said arrives, TLS is closed as it should be.
    pub fn close(mut self) {
        let _ = self.flush();
        match self.input.get_mut() {
            Stream::Plain(socket) => close_gently(socket),
            Stream::Tls(tls) => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                close_gently(&mut tls.sock);
            }
        }
    }

    /// The rude end: what was said before arrives, then the line is dead, inside TLS without a word.
    pub fn drop_dead(mut self) {
        let _ = self.flush();
        let socket = match self.input.get_ref() {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &tls.sock,
        };
        let _ = socket.shutdown(Shutdown::Both);
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(buffer),
            Stream::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
