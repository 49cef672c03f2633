//! The session bus of a Unix desktop, for the keyring: connect, call, wait no longer than the watch
//! allows.
//!
//! Own code, as the crates do harm in a host: libdbus (700 KB) ignores SIGPIPE for the whole process
//! and may start `dbus-launch`; the others bring an async runtime or threads, or die by SIGPIPE.

mod message;

pub(crate) use message::{Arguments, Malformed, Method};

use crate::error::Error;
use crate::net::Watch;
use crate::platform::{Interest, SEND_FLAGS, poll, user_id};
use message::{Answer, FIXED, Values};
use socket2::{Domain, SockAddr, Socket, Type};
use std::env;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A call that was not answered with a return.
pub(crate) enum Failure {
    /// The watch ended it.
    Ended(Error),
    /// There is no bus, or it broke.
    Broken(String),
    /// The bus or the service answered with an error.
    Refused { name: String, text: String },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::Broken("the answer is no proper D-Bus message".into())
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// A connection to the session bus.
pub(crate) struct Bus {
    socket: Socket,
    serial: u32,
}

/// What a call returned.
pub(crate) struct Returned {
    body: Zeroizing<Vec<u8>>,
    big_endian: bool,
}

impl Returned {
    pub(crate) fn values(&self) -> Values<'_> {
        Values::new(&self.body, self.big_endian)
    }
}

impl Bus {
    pub(crate) fn connect(watch: &mut Watch) -> Result<Self> {
        let mut bus = Self { socket: connect_to_any()?, serial: 0 };
        bus.authenticate(watch)?;
        let dbus = "org.freedesktop.DBus";
        let path = "/org/freedesktop/DBus";
        let hello = Method { destination: dbus, path, interface: dbus, member: "Hello" };
        bus.call(hello, &Arguments::new(""), watch)?;
        Ok(bus)
    }

    /// The bus sees by itself which user is at the other end of the socket ("EXTERNAL").
    fn authenticate(&mut self, watch: &mut Watch) -> Result<()> {
        let digits = user_id().to_string();
        let hex: String = digits.bytes().map(|digit| format!("{digit:02x}")).collect();
        self.write(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes(), watch)?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut octet = [0];
            self.read(&mut octet, watch)?;
            line.push(octet[0]);
            if line.len() > 512 {
                return Err(Malformed.into());
            }
        }
        if !line.starts_with(b"OK ") {
            return Err(Failure::Broken("the session bus is that of another user".into()));
        }
        self.write(b"BEGIN\r\n", watch)
    }

    /// Calls, and waits for the answer.
    pub(crate) fn call(
        &mut self,
        method: Method,
        arguments: &Arguments,
        watch: &mut Watch,
    ) -> Result<Returned> {
        self.serial += 1;
        self.write(&message::call(self.serial, method, arguments), watch)?;
        loop {
            let mut fixed = [0; FIXED];
            self.read(&mut fixed, watch)?;
            let mut message = Zeroizing::new(vec![0; message::size(&fixed)?]);
            let (begin, rest) = message.split_at_mut(FIXED);
            begin.copy_from_slice(&fixed);
            self.read(rest, watch)?;
            match message::answer(&message, self.serial)? {
                Answer::Return(body, big_endian) => return Ok(Returned { body, big_endian }),
                Answer::Error(name, text) => return Err(Failure::Refused { name, text }),
                Answer::Other => {}
            }
        }
    }

    fn write(&self, mut octets: &[u8], watch: &mut Watch) -> Result<()> {
        while !octets.is_empty() {
            match self.socket.send_with_flags(octets, SEND_FLAGS) {
                Ok(sent) => octets = &octets[sent..],
                Err(error) => self.wait(error, Interest::Write, watch)?,
            }
        }
        Ok(())
    }

    fn read(&self, mut buffer: &mut [u8], watch: &mut Watch) -> Result<()> {
        while !buffer.is_empty() {
            match (&self.socket).read(buffer) {
                Ok(0) => return Err(Failure::Broken("the session bus hung up".into())),
                Ok(got) => buffer = &mut buffer[got..],
                Err(error) => self.wait(error, Interest::Read, watch)?,
            }
        }
        Ok(())
    }

    fn wait(&self, error: io::Error, interest: Interest, watch: &mut Watch) -> Result<()> {
        match error.kind() {
            ErrorKind::WouldBlock => {
                let longest = watch.check().map_err(Failure::Ended)?;
                Ok(poll(&[(&self.socket, interest)], longest, &mut Vec::new())?)
            }
            ErrorKind::Interrupted => Ok(()),
            _ => Err(error.into()),
        }
    }
}

fn connect_to_any() -> Result<Socket> {
    let mut last = Failure::Broken("there is no session bus (DBUS_SESSION_BUS_ADDRESS)".into());
    for path in paths(env::var("DBUS_SESSION_BUS_ADDRESS").ok(), env::var_os("XDG_RUNTIME_DIR")) {
        match connect_to(&path) {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                let path = path.display();
                last = Failure::Broken(format!("the session bus {path} does not answer: {error}"));
            }
        }
    }
    Err(last)
}

fn connect_to(path: &PathBuf) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // To a local socket it succeeds or fails at once.
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket)
}

/// The sockets to try. One in the abstract namespace begins with NUL, as the system wants it.
///
/// Addresses of other kinds ("autolaunch:") would start programs or leave the computer.
fn paths(address: Option<String>, runtime: Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let default = || runtime.as_ref().map(|folder| PathBuf::from(folder).join("bus"));
    let Some(address) = address else { return default().into_iter().collect() };
    address
        .split(';')
        .filter_map(|one| one.strip_prefix("unix:"))
        .flat_map(|keys| keys.split(','))
        .filter_map(|key| match key.split_once('=')? {
            ("path", value) => Some(unescape(value)?.into()),
            ("abstract", value) => Some(format!("\0{}", unescape(value)?).into()),
            ("runtime", "yes") => default(),
            _ => None,
        })
        .collect()
}

/// "%20" → " "
fn unescape(value: &str) -> Option<String> {
    let mut parts = value.split('%');
    let mut octets = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        octets.push(u8::from_str_radix(digits, 16).ok()?);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bus_is_where_the_session_says() {
        let of = |address: Option<&str>| {
            let found = paths(address.map(str::to_owned), Some("/run/user/1".into()));
            found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(of(None), ["/run/user/1/bus"]);
        assert_eq!(of(Some("unix:path=/tmp/a%20b,guid=01")), ["/tmp/a b"]);
        assert_eq!(
            of(Some("unix:abstract=/tmp/x;unix:runtime=yes")),
            ["\0/tmp/x", "/run/user/1/bus"]
        );
        assert_eq!(of(Some("autolaunch:;tcp:host=192.0.2.1,port=1;unix:path=%zz")), [""; 0]);
    }
}
