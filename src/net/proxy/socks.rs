//! SOCKS 5 (RFC 1928) with user and password (RFC 1929), as a dialogue without I/O.
//!
//! The server's name goes to the proxy as it is: a computer behind a proxy often cannot look it up.
//! Every answer says how long it is before its end, so nothing behind it is ever read.

use super::address::{ProxyServer, authority};
use super::tunnel::{Dialogue, Next};
use crate::error::{Cause, Error, Result};
use crate::secret::Secret;
use std::net::IpAddr;

const VERSION: u8 = 5;
const NO_SIGN_IN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;

pub(super) struct Socks5 {
    proxy: ProxyServer,
    host: String,
    port: u16,
    state: State,
    /// What of the awaited answer is there.
    answer: Vec<u8>,
}

/// What is to be said next, or which part of an answer is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    SayMethods,
    Method,
    SaySignIn,
    SignedIn,
    SayRequest,
    /// Version and reply code.
    Reply,
    /// A reserved octet, the kind of the address, and its first octet.
    AddressKind,
    /// The rest of an address that does not matter to us, and a port.
    Address(usize),
    Open,
}

impl Socks5 {
    pub(super) fn new(proxy: &ProxyServer, host: &str, port: u16) -> Self {
        Self {
            proxy: proxy.clone(),
            host: host.to_owned(),
            port,
            state: State::SayMethods,
            answer: Vec::new(),
        }
    }

    /// RFC 1928 §3.
    fn methods(&self) -> Secret {
        Secret::new(match self.proxy.sign_in {
            None => [VERSION, 1, NO_SIGN_IN].as_slice(),
            Some(_) => [VERSION, 2, NO_SIGN_IN, USER_AND_PASSWORD].as_slice(),
        })
    }

    /// RFC 1929 §2.
    fn sign_in(&self) -> Secret {
        let Some(sign_in) = &self.proxy.sign_in else { return Secret::new([]) };
        let (user, password) = (sign_in.user.bytes(), sign_in.password.bytes());
        // Checked when they were set: 255 octets at most.
        let (of_user, of_password) = ([user.len() as u8], [password.len() as u8]);
        Secret::concat(&[&[1], &of_user, user, &of_password, password])
    }

    /// RFC 1928 §4.
    fn request(&self) -> Secret {
        let port = self.port.to_be_bytes();
        let connect = [VERSION, 1, 0];
        match self.host.parse() {
            Ok(IpAddr::V4(ip)) => Secret::concat(&[&connect, &[1], &ip.octets(), &port]),
            Ok(IpAddr::V6(ip)) => Secret::concat(&[&connect, &[4], &ip.octets(), &port]),
            Err(_) => {
                // Checked when it was set: a host name has 253 octets at most.
                let length = [self.host.len() as u8];
                Secret::concat(&[&connect, &[3], &length, self.host.as_bytes(), &port])
            }
        }
    }

    /// Takes in an answer that is complete.
    fn take(&mut self, answer: &[u8]) -> Result<State> {
        match (self.state, answer) {
            (State::Method, [VERSION, method]) => self.take_method(*method),
            (State::SignedIn, [_, 0]) => Ok(State::SayRequest),
            (State::SignedIn, _) => {
                Err(self.error(Cause::ProxySignInRefused, "refused user and password"))
            }
            (State::Reply, [VERSION, 0]) => Ok(State::AddressKind),
            (State::Reply, [VERSION, code]) => Err(self.refusal(*code)),
            (State::AddressKind, [_, 1, _]) => Ok(State::Address(3 + 2)),
            (State::AddressKind, [_, 4, _]) => Ok(State::Address(15 + 2)),
            (State::AddressKind, [_, 3, length]) => Ok(State::Address(usize::from(*length) + 2)),
            (State::Address(_), _) => Ok(State::Open),
            (State::Method, [b'H', b'T']) => {
                Err(self.error(Cause::ProxyProtocol, "speaks HTTP and not SOCKS 5"))
            }
            _ => Err(self.error(Cause::ProxyProtocol, "does not speak SOCKS 5")),
        }
    }

    fn take_method(&self, method: u8) -> Result<State> {
        let signs_in = self.proxy.sign_in.is_some();
        match method {
            NO_SIGN_IN => Ok(State::SayRequest),
            USER_AND_PASSWORD if signs_in => Ok(State::SaySignIn),
            NO_ACCEPTABLE_METHOD if signs_in => {
                let what = "wants a sign-in other than with user and password";
                Err(self.error(Cause::ProxySignInUnsupported, what))
            }
            NO_ACCEPTABLE_METHOD => Err(self.error(Cause::ProxySignInRequired, "wants a sign-in")),
            _ => Err(self.error(Cause::ProxyProtocol, "chose a sign-in that was not offered")),
        }
    }

    /// RFC 1928 §6.
    fn refusal(&self, code: u8) -> Error {
        let (cause, why) = match code {
            1 => (Cause::ProxyCannotConnect, "general failure"),
            2 => (Cause::ProxyRefused, "not allowed by its rules"),
            3 => (Cause::ProxyCannotConnect, "network unreachable"),
            4 => (Cause::ProxyCannotConnect, "host unreachable"),
            5 => (Cause::ProxyCannotConnect, "connection refused"),
            6 => (Cause::ProxyCannotConnect, "the time ran out"),
            7 => (Cause::ProxyRefused, "it connects nobody"),
            8 => (Cause::ProxyRefused, "it takes no such address"),
            _ => (Cause::ProxyRefused, "unknown code"),
        };
        let target = authority(&self.host, self.port);
        self.error(cause, &format!("did not connect to {target}: {why} (reply {code})"))
    }

    fn error(&self, cause: Cause, what: &str) -> Error {
        Error::proxy(cause, format!("the proxy {} {what}", self.proxy))
    }
}

impl State {
    /// Octets of the awaited answer; 0 when none is awaited.
    fn awaits(self) -> usize {
        match self {
            State::Method | State::SignedIn | State::Reply => 2,
            State::AddressKind => 3,
            State::Address(octets) => octets,
            State::SayMethods | State::SaySignIn | State::SayRequest | State::Open => 0,
        }
    }
}

impl Dialogue for Socks5 {
    fn next(&mut self) -> Next {
        let (said, then) = match self.state {
            State::Open => return Next::Done,
            State::SayMethods => (self.methods(), State::Method),
            State::SaySignIn => (self.sign_in(), State::SignedIn),
            State::SayRequest => (self.request(), State::Reply),
            awaiting => {
                return Next::Read(awaiting.awaits().saturating_sub(self.answer.len()));
            }
        };
        self.state = then;
        Next::Write(said)
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<()> {
        self.answer.extend_from_slice(bytes);
        if self.answer.len() >= self.state.awaits() {
            let answer = std::mem::take(&mut self.answer);
            self.state = self.take(&answer)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::proxy::tunnel::tests::{said_and_left, talk};

    const OPEN: &str = "socks5://p.test";
    const KNOWN: &str = "socks5://anna:s3cret@p.test";
    const GRANTED: [u8; 10] = [5, 0, 0, 1, 127, 0, 0, 1, 0, 25];

    fn socks(url: &str, host: &str) -> Socks5 {
        Socks5::new(&ProxyServer::parse(url).unwrap(), host, 587)
    }

    #[test]
    fn the_proxy_is_given_the_name_of_the_server() {
        let replies = [[5, 0].as_slice(), &GRANTED].concat();
        let (said, _) = said_and_left(&mut socks(OPEN, "smtp.test"), &replies);
        assert_eq!(said, "\x05\x01\x00\x05\x01\x00\x03\x09smtp.test\x02\x4b");
        for (host, address) in [
            ("10.1.2.3", "\x01\x0a\x01\x02\x03"),
            ("::1", "\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
        ] {
            let (said, _) = said_and_left(&mut socks(OPEN, host), &replies);
            assert_eq!(said, format!("\x05\x01\x00\x05\x01\x00{address}\x02\x4b"));
        }
    }

    #[test]
    fn user_and_password_are_given_only_when_asked_for() {
        let replies = [[5, 2, 1, 0].as_slice(), &GRANTED].concat();
        let (said, _) = said_and_left(&mut socks(KNOWN, "smtp.test"), &replies);
        assert!(said.starts_with("\x05\x02\x00\x02\x01\x04anna\x06s3cret\x05\x01"), "{said:?}");
        let replies = [[5, 0].as_slice(), &GRANTED].concat();
        let (said, _) = said_and_left(&mut socks(KNOWN, "smtp.test"), &replies);
        assert!(!said.contains("anna"), "{said:?}");
    }

    #[test]
    fn nothing_behind_the_reply_is_read() {
        for address in [
            [1, 1, 2, 3, 4, 0, 25].as_slice(),
            &[3, 2, b'a', b'b', 0, 25],
            &[3, 0, 0, 25],
            &[4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 25],
        ] {
            let replies = [&[5, 0, 5, 0, 0], address, b"220 smtp.test\r\n"].concat();
            let (_, left) = said_and_left(&mut socks(OPEN, "smtp.test"), &replies);
            assert_eq!(left, b"220 smtp.test\r\n", "{address:?}");
        }
    }

    #[test]
    fn each_refusal_has_its_cause() {
        let cases: &[(&str, &[u8], Cause)] = &[
            (OPEN, &[5, 0xff], Cause::ProxySignInRequired),
            (KNOWN, &[5, 0xff], Cause::ProxySignInUnsupported),
            (KNOWN, &[5, 2, 1, 1], Cause::ProxySignInRefused),
            (OPEN, &[5, 2], Cause::ProxyProtocol),
            (KNOWN, &[5, 1], Cause::ProxyProtocol),
            (OPEN, &[5, 0, 5, 2], Cause::ProxyRefused),
            (OPEN, &[5, 0, 5, 5], Cause::ProxyCannotConnect),
            (OPEN, &[5, 0, 5, 99], Cause::ProxyRefused),
            (OPEN, &[5, 0, 4, 0], Cause::ProxyProtocol),
            (OPEN, &[5, 0, 5, 0, 0, 2, 0], Cause::ProxyProtocol),
            (OPEN, &[4, 90], Cause::ProxyProtocol),
            (OPEN, b"HTTP/1.1 400 Bad Request\r\n\r\n", Cause::ProxyProtocol),
        ];
        for (url, replies, cause) in cases {
            let error = talk(&mut socks(url, "smtp.test"), replies).unwrap_err();
            assert_eq!(error.cause(), *cause, "{url} {replies:?}: {error}");
            assert_eq!(error.stage(), crate::error::Stage::Proxy);
            assert!(!error.text().contains("anna") && !error.text().contains("s3cret"));
        }
    }
}
