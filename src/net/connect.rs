//! Connecting by Happy Eyeballs (RFC 8305): attempts overlap, 250 ms apart, the first one wins.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::Watch;
use crate::net::resolve::resolve;
use crate::platform::{Interest, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Time from one attempt to the next while none has failed (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// More would only hold resources: the slowest of these has had seconds when the next is due.
const MOST_ATTEMPTS_AT_ONCE: usize = 8;

/// Connects to `host`; the socket does not block and sends at once (TCP_NODELAY).
pub(crate) fn connect(host: &str, port: u16, watch: &mut Watch) -> Result<(Socket, SocketAddr)> {
    let addresses = resolve(host, port, watch)?;
    connect_to(addresses, host, port, watch)
}

/// Connects to one of the addresses of `host`.
pub(crate) fn connect_to(
    addresses: Vec<SocketAddr>,
    host: &str,
    port: u16,
    watch: &mut Watch,
) -> Result<(Socket, SocketAddr)> {
    watch.begin(Stage::Connect);
    let mut waiting = addresses.into_iter();
    let mut running: Vec<(Socket, SocketAddr)> = Vec::new();
    let mut failures = Failures::default();
    let mut next_attempt = Instant::now();
    let mut ready = Vec::new();
    loop {
        let now = Instant::now();
        let due = now >= next_attempt || running.is_empty();
        if due && running.len() < MOST_ATTEMPTS_AT_ONCE {
            match waiting.next() {
                Some(address) => match start(address) {
                    Ok(socket) => {
                        running.push((socket, address));
                        next_attempt = now + ATTEMPT_DELAY;
                    }
                    Err(error) => {
                        failures.add(address, error);
                        continue;
                    }
                },
                None if running.is_empty() => return Err(failures.into_error(host, port)),
                None => {}
            }
        }
        let mut slice = watch.check()?;
        if waiting.len() > 0 && running.len() < MOST_ATTEMPTS_AT_ONCE {
            slice = slice.min(next_attempt.saturating_duration_since(now));
        }
        let sockets: Vec<_> = running.iter().map(|(socket, _)| (socket, Interest::Write)).collect();
        poll(&sockets, slice, &mut ready).map_err(|e| Error::connection_lost(Stage::Connect, e))?;
        for index in (0..ready.len()).rev().filter(|index| ready[*index]) {
            let (socket, address) = running.swap_remove(index);
            match socket.take_error() {
                Ok(None) => return Ok((socket, address)),
                Ok(Some(error)) | Err(error) => failures.add(address, error),
            }
            // A failed attempt lets the next one start at once.
            next_attempt = now;
        }
    }
}

/// Begins to connect without waiting.
fn start(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => Ok(socket),
        Err(error) if is_in_progress(&error) => Ok(socket),
        Err(error) => Err(error),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    let in_progress = error.raw_os_error() == Some(libc::EINPROGRESS);
    #[cfg(not(unix))]
    let in_progress = false;
    in_progress || error.kind() == io::ErrorKind::WouldBlock
}

/// What went wrong at each address.
#[derive(Default)]
struct Failures {
    texts: Vec<String>,
    refused: usize,
}

impl Failures {
    fn add(&mut self, address: SocketAddr, error: io::Error) {
        self.refused += usize::from(error.kind() == io::ErrorKind::ConnectionRefused);
        self.texts.push(format!("{address}: {error}"));
    }

    fn into_error(self, host: &str, port: u16) -> Error {
        let all_refused = self.refused == self.texts.len();
        let cause = if all_refused { Cause::ConnectionRefused } else { Cause::Unreachable };
        let text = format!("no connection to {host}:{port} ({})", self.texts.join("; "));
        Error::new(Status::Connect, Stage::Connect, cause, text)
    }
}
