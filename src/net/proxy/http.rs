//! HTTP CONNECT (RFC 9110 §9.3.6), with Basic sign-in (RFC 7617), as a dialogue without I/O.
//!
//! One request, one reply, and no second try: a proxy that answers 407 for ever is asked once.

use super::address::{ProxyServer, authority};
use super::tunnel::{Dialogue, Next};
use crate::error::{Cause, Error, Result};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// All reply heads together, those of interim replies (1xx) too.
const MOST_HEAD: usize = 16 * 1024;

/// What is quoted of the proxy's words.
const MOST_QUOTED: usize = 80;

pub(super) struct Connect {
    proxy: String,
    target: String,
    /// Base64 of user and password, and the two themselves: never to be quoted.
    secrets: Vec<Secret>,
    asked: bool,
    head: Vec<u8>,
    /// Octets of interim replies.
    interim: usize,
    is_open: bool,
}

impl Connect {
    pub(super) fn new(proxy: &ProxyServer, host: &str, port: u16) -> Self {
        let secrets = proxy.sign_in.iter().flat_map(|sign_in| {
            let (user, password) = (&sign_in.user, &sign_in.password);
            let pair = Secret::concat(&[user.bytes(), b":", password.bytes()]);
            let encoded = zeroize::Zeroizing::new(STANDARD.encode(pair.bytes()));
            [Secret::new(encoded.as_bytes()), user.clone(), password.clone()]
        });
        Self {
            proxy: proxy.to_string(),
            target: authority(host, port),
            secrets: secrets.collect(),
            asked: false,
            head: Vec::new(),
            interim: 0,
            is_open: false,
        }
    }

    fn request(&self) -> Secret {
        let target = self.target.as_bytes();
        let mut parts: Vec<&[u8]> = vec![b"CONNECT ", target, b" HTTP/1.1\r\nHost: ", target];
        if let Some(basic) = self.secrets.first() {
            parts.extend([b"\r\nProxy-Authorization: Basic ".as_slice(), basic.bytes()]);
        }
        parts.push(b"\r\n\r\n");
        Secret::concat(&parts)
    }

    /// Judges a complete head.
    fn take_head(&mut self) -> Result<()> {
        let head = std::mem::take(&mut self.head);
        let text = String::from_utf8_lossy(&head);
        let mut lines = text.lines();
        let status_line = lines.next().unwrap_or_default();
        let (code, reason) = status_of(status_line).ok_or_else(|| self.no_http())?;
        match code {
            // RFC 9110 §15.2: any number of them may come before the reply.
            100..=199 => {
                self.interim += head.len();
                Ok(())
            }
            200..=299 => {
                self.is_open = true;
                Ok(())
            }
            // Tinyproxy 1.11 says 401 to a wrong password.
            401 | 407 => Err(self.sign_in_error(lines, code, reason)),
            500..=599 => {
                Err(self.error(Cause::ProxyCannotConnect, "could not connect", code, reason))
            }
            _ => Err(self.error(Cause::ProxyRefused, "refused to connect", code, reason)),
        }
    }

    fn sign_in_error<'a>(
        &self,
        headers: impl Iterator<Item = &'a str>,
        code: u16,
        reason: &str,
    ) -> Error {
        let schemes: Vec<_> = headers
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("Proxy-Authenticate"))
            .flat_map(|(_, value)| value.split(','))
            .filter_map(|challenge| challenge.split_whitespace().next())
            .collect();
        // One that says nothing of what it wants breaks RFC 9110 §15.5.8, and mostly means Basic.
        let offers_basic =
            schemes.is_empty() || schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("Basic"));
        let (cause, what) = match (offers_basic, self.secrets.is_empty()) {
            (false, _) => (
                Cause::ProxySignInUnsupported,
                "wants a sign-in other than with user and password (Basic), and did not connect",
            ),
            (true, true) => (Cause::ProxySignInRequired, "wants a sign-in, and did not connect"),
            (true, false) => {
                (Cause::ProxySignInRefused, "refused the sign-in, and did not connect")
            }
        };
        self.error(cause, what, code, reason)
    }

    fn error(&self, cause: Cause, what: &str, code: u16, reason: &str) -> Error {
        let quoted = self.quotable(reason);
        let gap = if quoted.is_empty() { "" } else { " " };
        let text =
            format!("the proxy {} {what} to {}: {code}{gap}{quoted}", self.proxy, self.target);
        Error::proxy(cause, text)
    }

    /// A few of the proxy's words; nothing when it throws our secrets back at us.
    fn quotable(&self, words: &str) -> String {
        let holds = |secret: &Secret| {
            !secret.bytes().is_empty()
                && memchr::memmem::find(words.as_bytes(), secret.bytes()).is_some()
        };
        if self.secrets.iter().any(holds) {
            return String::new();
        }
        words.chars().filter(|c| !c.is_control()).take(MOST_QUOTED).collect()
    }

    fn no_http(&self) -> Error {
        let what = match self.head.first() {
            // The version with which every answer of SOCKS 5 begins.
            Some(5) => "speaks SOCKS 5 and not HTTP",
            _ => "does not speak HTTP",
        };
        let text = format!("the proxy {} {what}", self.proxy);
        Error::proxy(Cause::ProxyProtocol, text)
    }
}

impl Dialogue for Connect {
    fn next(&mut self) -> Next {
        if !self.asked {
            self.asked = true;
            return Next::Write(self.request());
        }
        if self.is_open {
            return Next::Done;
        }
        // What follows the head is the server's already: "\n\n" or "\n\r\n" may begin at the next
        // octet, or end with it.
        Next::Read(if self.head.ends_with(b"\n") || self.head.ends_with(b"\n\r") { 1 } else { 2 })
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<()> {
        self.head.extend_from_slice(bytes);
        let expected = b"HTTP/1.";
        let so_far = self.head.len().min(expected.len());
        if self.head.get(..so_far) != expected.get(..so_far) {
            return Err(self.no_http());
        }
        if self.interim + self.head.len() > MOST_HEAD {
            let text = format!("the reply of the proxy {} is longer than 16 KiB", self.proxy);
            return Err(Error::proxy(Cause::ProxyProtocol, text));
        }
        // RFC 9112 §2.2: a line may end with LF alone.
        if self.head.ends_with(b"\n\r\n") || self.head.ends_with(b"\n\n") {
            self.take_head()?;
        }
        Ok(())
    }
}

/// Code and reason of a status line (RFC 9112 §4).
fn status_of(line: &str) -> Option<(u16, &str)> {
    let (_, rest) = line.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| code.parse().ok()).flatten().map(|code| (code, reason.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::proxy::tunnel::tests::{said_and_left, talk};

    fn connect(url: &str) -> Connect {
        Connect::new(&ProxyServer::parse(url).unwrap(), "smtp.test", 587)
    }

    /// The cause of the error, and its text.
    fn refused(url: &str, reply: &str) -> (Cause, String) {
        let error = talk(&mut connect(url), reply.as_bytes()).unwrap_err();
        assert_eq!(error.stage(), crate::error::Stage::Proxy);
        (error.cause(), error.text().to_owned())
    }

    #[test]
    fn the_request_names_the_server_and_signs_in_at_once() {
        let reply = b"HTTP/1.1 200 OK\r\n\r\n";
        let (said, _) = said_and_left(&mut connect("http://p.test:3128"), reply);
        assert_eq!(said, "CONNECT smtp.test:587 HTTP/1.1\r\nHost: smtp.test:587\r\n\r\n");
        let (said, _) = said_and_left(&mut connect("http://Aladdin:open%20sesame@p.test"), reply);
        let line = "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
        assert!(said.ends_with(line), "{said}");
        let mut six = Connect::new(&ProxyServer::parse("p.test").unwrap(), "2001:db8::1", 25);
        assert!(said_and_left(&mut six, reply).0.starts_with("CONNECT [2001:db8::1]:25 HTTP/1.1"));
    }

    #[test]
    fn nothing_behind_the_head_is_read() {
        for head in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200\r\nVia: x\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\nVia: x\n\n",
            "HTTP/1.1 299 \nVia: x\r\n\n",
            "HTTP/1.1 200 OK\r\nVia: x\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n",
        ] {
            let all = format!("{head}220 smtp.test ESMTP\r\n");
            let (_, left) = said_and_left(&mut connect("http://p.test"), all.as_bytes());
            assert_eq!(left, b"220 smtp.test ESMTP\r\n", "{head:?}");
        }
    }

    #[test]
    fn each_refusal_has_its_cause() {
        let (open, known) = ("http://p.test:3128", "http://anna:s3cret@p.test:3128");
        let basic = "HTTP/1.1 407 Sign in\r\nproxy-authenticate: NTLM, Basic realm=\"x\"\r\n\r\n";
        let other = "HTTP/1.1 407 Sign in\r\nProxy-Authenticate: Negotiate\r\n\
                     Proxy-Authenticate: NTLM\r\n\r\n";
        for (url, reply, cause) in [
            (open, "HTTP/1.1 403 Forbidden\r\n\r\n", Cause::ProxyRefused),
            (open, "HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n", Cause::ProxyRefused),
            (open, "HTTP/1.1 503 Service Unavailable\r\n\r\n", Cause::ProxyCannotConnect),
            (open, basic, Cause::ProxySignInRequired),
            (known, basic, Cause::ProxySignInRefused),
            (known, "HTTP/1.1 407 Sign in\r\n\r\n", Cause::ProxySignInRefused),
            (known, "HTTP/1.0 401 Unauthorized\r\n\r\n", Cause::ProxySignInRefused),
            (open, other, Cause::ProxySignInUnsupported),
            (known, other, Cause::ProxySignInUnsupported),
            (open, "220 smtp.test ESMTP\r\n\r\n", Cause::ProxyProtocol),
            (open, "HTTP/2 200 OK\r\n\r\n", Cause::ProxyProtocol),
            (open, "HTTP/1.1 20 OK\r\n\r\n", Cause::ProxyProtocol),
            (open, "HTTP/1.1 +20 OK\r\n\r\n", Cause::ProxyProtocol),
            (open, "\x05\x00", Cause::ProxyProtocol),
        ] {
            assert_eq!(refused(url, reply).0, cause, "{url} {reply:?}");
        }
        let (_, text) = refused(open, "HTTP/1.1 403 Forbidden\r\n\r\n");
        let expected = "the proxy http://p.test:3128 refused to connect to smtp.test:587: \
                        403 Forbidden";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_head_is_bounded_also_in_pieces() {
        for piece in ["X: y\r\n", "\r\nHTTP/1.1 100 Continue\r\n"] {
            let endless = format!("HTTP/1.1 100 Continue\r\n{}", piece.repeat(MOST_HEAD));
            let mut connect = connect("http://p.test");
            let error = talk(&mut connect, endless.as_bytes()).unwrap_err();
            assert_eq!(error.cause(), Cause::ProxyProtocol);
            assert!(error.text().contains("16 KiB"), "{error}");
            assert!(connect.head.capacity() <= 2 * MOST_HEAD);
        }
    }

    #[test]
    fn the_proxys_words_are_cut_and_give_no_secret_away() {
        let long = format!("HTTP/1.1 403 {}\r\n\r\n", "x".repeat(5000));
        assert!(refused("http://p.test", &long).1.len() < 200);
        let url = "http://anna:s3cret@p.test";
        for echo in ["YW5uYTpzM2NyZXQ=", "hello anna", "not s3cret"] {
            let (_, text) = refused(url, &format!("HTTP/1.1 403 {echo}\r\n\r\n"));
            assert!(!text.contains(echo) && text.ends_with(": 403"), "{text}");
        }
    }
}
