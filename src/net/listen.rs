//! Listening on the loopback interface for the one answer that somebody on this computer brings.
//!
//! `oauth::loopback` says what the bytes mean; here are the sockets: both loopback addresses on one
//! port, several connections at once, and limits that keep a silent, slow or talkative one from
//! getting into the way of the others. No call blocks for longer than it is told.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::platform::{Interest, SEND_FLAGS, claim_address, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// Free ports of IPv4 that are tried until the same port is free in IPv6.
const PORTS_TO_TRY: usize = 20;

/// How long we wait for a peer to take our last bytes and to close its end.
const PARTING: Duration = Duration::from_secs(2);

/// How long we leave the listening sockets alone when the system has no more descriptors: they stay
/// readable meanwhile, and would turn every wait into a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of what it sends.
    pub bytes: usize,
    /// From its beginning to its answer.
    pub time: Duration,
    /// At once; the oldest silent one makes room. With the two listening sockets at most 16, which
    /// is what `platform::poll` takes.
    pub connections: usize,
}

/// What to do about what a connection has sent so far.
pub(crate) enum Heard<T> {
    /// Not all of it is here.
    More,
    /// Answer and go on listening.
    Answer(Vec<u8>),
    /// Answer, and listen no more: this is what we were waiting for.
    Last(Vec<u8>, T),
}

/// What a step brought.
pub(crate) enum Step<T> {
    Found(T),
    Worked,
    Idle,
}

/// The listening sockets and their connections.
pub(crate) struct Listener<T> {
    /// None any more once the last answer was found.
    sockets: Vec<Socket>,
    port: u16,
    limits: Limits,
    /// The oldest first.
    connections: Vec<Connection>,
    found: Option<T>,
    accept_from: Instant,
}

struct Connection {
    socket: Socket,
    ends: Instant,
    state: State,
}

enum State {
    /// The buffer has its full size from the start: one that grows leaves pieces behind.
    Reading {
        buffer: Zeroizing<Vec<u8>>,
        filled: usize,
    },
    Writing {
        answer: Vec<u8>,
        written: usize,
        last: bool,
    },
    /// What still comes is read and dropped: closing a socket with unread bytes resets the
    /// connection, and then the browser may never show our page.
    Parting,
}

/// What became of a connection that was served.
#[derive(PartialEq, Eq)]
enum Served {
    Open,
    Over,
    LastTaken,
}

impl<T> Listener<T> {
    /// Opens a port, or a free one, on 127.0.0.1 and, where there is IPv6, on ::1.
    pub(crate) fn on_loopback(port: Option<u16>, limits: Limits) -> Result<Self> {
        let (sockets, port) = open(port).map_err(|error| {
            let which = port.map_or("a port".into(), |port| format!("port {port}"));
            let text = format!("{which} cannot be opened for the answer of the browser: {error}");
            Error::new(Status::Token, Stage::Authorize, Cause::LoopbackUnavailable, text)
        })?;
        let (connections, accept_from) = (Vec::new(), Instant::now());
        Ok(Self { sockets, port, limits, connections, found: None, accept_from })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the last answer was found: nothing will come any more.
    pub(crate) fn is_over(&self) -> bool {
        self.sockets.is_empty() && self.found.is_none()
    }

    /// Waits for something to happen, no longer than `most`, and does what can be done without
    /// waiting; `hear` is asked about all that a connection has sent so far.
    pub(crate) fn step(
        &mut self,
        most: Duration,
        hear: &mut dyn FnMut(&[u8]) -> Heard<T>,
    ) -> Result<Step<T>> {
        let now = Instant::now();
        let next_end = self.connections.iter().map(|c| c.ends).min();
        let most = next_end.map_or(most, |end| most.min(end.saturating_duration_since(now)));
        let listening = if now < self.accept_from { &[] } else { self.sockets.as_slice() };
        let listeners = listening.len();
        let mut waited_for: Vec<_> = listening.iter().map(|s| (s, Interest::Read)).collect();
        waited_for.extend(self.connections.iter().map(|c| (&c.socket, c.interest())));
        if waited_for.is_empty() {
            // Windows does not wait for nothing.
            std::thread::sleep(most);
            return Ok(Step::Idle);
        }
        let mut ready = Vec::new();
        poll(&waited_for, most, &mut ready)
            .map_err(|error| Error::connection_lost(Stage::Authorize, error))?;

        let mut worked = false;
        let now = Instant::now();
        let mut ready = ready.into_iter();
        let accepting = ready.by_ref().take(listeners).filter(|ready| *ready).count() > 0;
        let mut kept = Vec::with_capacity(self.limits.connections);
        for mut connection in std::mem::take(&mut self.connections) {
            let is_ready = ready.next().unwrap_or(false);
            worked |= is_ready;
            let served = match is_ready {
                true => connection.serve(hear, &mut self.found),
                false => Served::Open,
            };
            match served {
                Served::Open if now < connection.ends => kept.push(connection),
                // Better no page for the person than a sign-in that hangs on it.
                Served::Open if connection.carries_last() => return Ok(self.finish()),
                Served::Open | Served::Over => {}
                Served::LastTaken => return Ok(self.finish()),
            }
            if self.found.is_some() {
                // One shot: only the connection that gets the answer goes on.
                self.sockets.clear();
                kept.retain(Connection::carries_last);
                if kept.is_empty() {
                    return Ok(self.finish());
                }
                break;
            }
        }
        self.connections = kept;
        if accepting && !self.sockets.is_empty() {
            self.accept(now);
            worked = true;
        }
        Ok(if worked { Step::Worked } else { Step::Idle })
    }

    fn finish(&mut self) -> Step<T> {
        self.sockets.clear();
        self.connections.clear();
        self.found.take().map_or(Step::Idle, Step::Found)
    }

    fn accept(&mut self, now: Instant) {
        for listening in &self.sockets {
            for _ in 0..BACKLOG {
                let socket = match listening.accept() {
                    Ok((socket, _)) => socket,
                    Err(error) if passes(&error) => break,
                    Err(_) => {
                        self.accept_from = now + ACCEPT_PAUSE;
                        break;
                    }
                };
                // A connection that cannot be used is dropped here.
                let Ok(connection) = Connection::begin(socket, now, self.limits) else { continue };
                if self.connections.len() >= self.limits.connections {
                    let silent = self.connections.iter().position(Connection::is_silent);
                    self.connections.remove(silent.unwrap_or(0));
                }
                self.connections.push(connection);
            }
        }
    }
}

impl Connection {
    fn begin(socket: Socket, now: Instant, limits: Limits) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let buffer = Zeroizing::new(vec![0; limits.bytes]);
        let state = State::Reading { buffer, filled: 0 };
        Ok(Self { socket, ends: now + limits.time, state })
    }

    fn interest(&self) -> Interest {
        match self.state {
            State::Writing { .. } => Interest::Write,
            State::Reading { .. } | State::Parting => Interest::Read,
        }
    }

    /// Browsers open connections before they need them.
    fn is_silent(&self) -> bool {
        matches!(self.state, State::Reading { filled: 0, .. } | State::Parting)
    }

    fn carries_last(&self) -> bool {
        matches!(self.state, State::Writing { last: true, .. })
    }

    /// Does what can be done without waiting.
    fn serve<T>(
        &mut self,
        hear: &mut dyn FnMut(&[u8]) -> Heard<T>,
        found: &mut Option<T>,
    ) -> Served {
        loop {
            let done = match &mut self.state {
                State::Reading { buffer, filled } => {
                    let free = buffer.get_mut(*filled..).unwrap_or_default();
                    // More than it may send; `hear` had its chance to say so.
                    if free.is_empty() {
                        return Served::Over;
                    }
                    (&self.socket).read(free).map(|n| *filled += n).map(|()| *filled)
                }
                State::Writing { answer, written, .. } => {
                    let rest = answer.get(*written..).unwrap_or_default();
                    self.socket.send_with_flags(rest, SEND_FLAGS).map(|n| *written += n).map(|()| 1)
                }
                State::Parting => (&self.socket).read(&mut [0; 1024]),
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Served::Open,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) if self.carries_last() => return Served::LastTaken,
                Err(_) => return Served::Over,
                Ok(_) => {}
            }
            let ended = matches!(done, Ok(0));
            match &mut self.state {
                // It ended before it had said what it wanted.
                State::Reading { .. } if ended => return Served::Over,
                State::Reading { buffer, filled } => {
                    let (answer, last) = match hear(buffer.get(..*filled).unwrap_or_default()) {
                        Heard::More => continue,
                        Heard::Answer(answer) => (answer, false),
                        Heard::Last(answer, what) => {
                            *found = Some(what);
                            (answer, true)
                        }
                    };
                    self.state = State::Writing { answer, written: 0, last };
                }
                State::Writing { answer, written, last } if *written >= answer.len() => {
                    let last = *last;
                    let _ = self.socket.shutdown(Shutdown::Write);
                    self.state = State::Parting;
                    self.ends = self.ends.min(Instant::now() + PARTING);
                    if last {
                        // Takes in what has arrived behind the request.
                        while matches!((&self.socket).read(&mut [0; 1024]), Ok(1..)) {}
                        return Served::LastTaken;
                    }
                }
                State::Writing { .. } => {}
                State::Parting if ended => return Served::Over,
                State::Parting => {}
            }
        }
    }
}

/// Errors of accept() that concern one connection and not the listening socket.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
}

fn open(wanted: Option<u16>) -> io::Result<(Vec<Socket>, u16)> {
    let mut tries = if wanted.is_some() { 1 } else { PORTS_TO_TRY };
    loop {
        tries -= 1;
        match open_both(wanted.unwrap_or(0)) {
            Err(error) if tries > 0 && is_taken(&error) => {}
            done => return done,
        }
    }
}

/// The same port on both addresses. A browser may look for `localhost` at either, and whoever else
/// holds the other one would get our answer: so a port that is taken there is no free port.
fn open_both(port: u16) -> io::Result<(Vec<Socket>, u16)> {
    let four = listen((Ipv4Addr::LOCALHOST, port).into())?;
    let address = four.local_addr()?.as_socket();
    let port = address.ok_or(io::ErrorKind::AddrNotAvailable)?.port();
    match listen((Ipv6Addr::LOCALHOST, port).into()) {
        Ok(six) => Ok((vec![four, six], port)),
        Err(error) if is_taken(&error) => Err(error),
        // No IPv6 on this computer.
        Err(_) => Ok((vec![four], port)),
    }
}

fn is_taken(error: &io::Error) -> bool {
    // Windows says "access denied" when somebody holds the address exclusively.
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn listen(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    claim_address(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
