//! A proxy as people write it: `http://user:password@host:port` or `socks5://…`.
//!
//! Nothing of what is refused is ever quoted: there may be a password in it.

use super::SignIn;
use crate::error::{Error, Result};
use crate::net::check_host;
use std::fmt;
use zeroize::Zeroizing;

/// How a proxy is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTTP CONNECT (RFC 9110 §9.3.6).
    Http,
    /// SOCKS 5 (RFC 1928).
    Socks5,
}

/// One proxy: where it is and who we are there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProxyServer {
    pub kind: Kind,
    pub host: String,
    pub port: u16,
    pub sign_in: Option<SignIn>,
}

impl ProxyServer {
    /// Reads a URL; without a scheme it is an HTTP proxy, as curl has it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (kind, rest) = match text.split_once("://") {
            None => (Kind::Http, text),
            Some((scheme, rest)) => (kind_of(scheme)?, rest),
        };
        // The last one: people forget to encode an @ in a password.
        let (user_info, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((user_info, place)) => (Some(user_info), place),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = split_port(place)?;
        let port = match port {
            Some(port) => port,
            None if kind == Kind::Socks5 => 1080,
            None => 80,
        };
        let host = check_host(host)
            .map_err(|_| Error::argument("proxy names no valid host name or IP address"))?;
        let mut server = Self { kind, host, port, sign_in: None };
        if let Some(user_info) = user_info {
            let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
            let sign_in = percent_decoded(user)
                .and_then(|user| SignIn::new(&user, &percent_decoded(password)?))
                .and_then(|sign_in| server.sign_in_unless_set(Some(&sign_in)));
            sign_in.map_err(|error| Error::argument(format!("proxy: its {error}")))?;
        }
        Ok(server)
    }

    /// Signs in there, unless the proxy was named with a sign-in.
    pub(super) fn sign_in_unless_set(&mut self, sign_in: Option<&SignIn>) -> Result<()> {
        if let (None, Some(sign_in)) = (&self.sign_in, sign_in) {
            self.kind.check(sign_in)?;
            self.sign_in = Some(sign_in.clone());
        }
        Ok(())
    }
}

impl Kind {
    /// Whether this kind of proxy can be told this user and password.
    fn check(self, sign_in: &SignIn) -> Result<()> {
        let (user, password) = (sign_in.user.bytes(), sign_in.password.bytes());
        match self {
            // RFC 7617 §2: the first colon ends the user.
            Kind::Http if user.contains(&b':') => {
                Err(Error::argument("user contains a colon, which HTTP proxies cannot be told"))
            }
            // RFC 1929 §2.
            Kind::Socks5 if user.len() > 255 => {
                Err(Error::argument("user has more than the 255 octets that SOCKS can hold"))
            }
            Kind::Socks5 if !(1..=255).contains(&password.len()) => {
                Err(Error::argument("password must have 1 to 255 octets for a SOCKS proxy"))
            }
            _ => Ok(()),
        }
    }
}

/// Without the sign-in.
impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}", authority(&self.host, self.port))
    }
}

/// Host and port as URLs and CONNECT have them: an IPv6 address stands in brackets.
pub(super) fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn kind_of(scheme: &str) -> Result<Kind> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(Kind::Http),
        // GNOME writes "socks". With the "h" curl lets the proxy look the name up; we always do.
        "socks5" | "socks5h" | "socks" => Ok(Kind::Socks5),
        "https" => {
            let text = "proxy: a proxy that is itself reached by TLS (https://) is not supported; \
                        most proxies are http://, also for secured connections";
            Err(Error::argument(text))
        }
        _ => Err(Error::argument("proxy must begin with http:// or socks5://")),
    }
}

/// Host and port; the port may be missing. An IPv6 address needs its brackets: without them nobody
/// knows where it ends.
fn split_port(place: &str) -> Result<(&str, Option<u16>)> {
    let after_host = place.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match place.get(after_host..).and_then(|rest| rest.find(':')) {
        Some(colon) => place.split_at(after_host + colon),
        None => return Ok((place, None)),
    };
    let number = port.get(1..).and_then(|port| port.parse::<u16>().ok()).filter(|port| *port != 0);
    let number = number.ok_or_else(|| Error::argument("proxy: its port must be 1 to 65535"))?;
    Ok((host, Some(number)))
}

/// RFC 3986 §2.1. A percent sign that encodes nothing stands for itself.
fn percent_decoded(text: &str) -> Result<Zeroizing<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let digit = |at: usize| others.get(at).and_then(|byte| (*byte as char).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                // Both are below 16.
                bytes.push((high * 16 + low) as u8);
                rest = others.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Error::argument("user or password is not UTF-8 once percent-decoded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Kind, String, u16, Option<(String, String)>) {
        let server = ProxyServer::parse(text).unwrap();
        let text =
            |secret: &crate::secret::Secret| String::from_utf8(secret.bytes().into()).unwrap();
        let sign_in = server.sign_in.map(|s| (text(&s.user), text(&s.password)));
        (server.kind, server.host, server.port, sign_in)
    }

    #[test]
    fn kind_host_and_port_are_read() {
        for (text, kind, host, port) in [
            ("http://proxy.test:3128", Kind::Http, "proxy.test", 3128),
            ("HTTP://proxy.test:3128/", Kind::Http, "proxy.test", 3128),
            ("http://proxy.test", Kind::Http, "proxy.test", 80),
            ("proxy.test:8080", Kind::Http, "proxy.test", 8080),
            ("socks5://10.0.0.1", Kind::Socks5, "10.0.0.1", 1080),
            ("socks5h://[::1]:9050", Kind::Socks5, "::1", 9050),
            ("socks://[::1]/", Kind::Socks5, "::1", 1080),
            ("http://bücher.test:1", Kind::Http, "xn--bcher-kva.test", 1),
        ] {
            assert_eq!(parts(text), (kind, host.to_owned(), port, None), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        for (text, user, password) in [
            ("http://anna:s3cret@proxy.test:1", "anna", "s3cret"),
            ("http://DOM%5Canna:p%40ss%3a%2f%25@proxy.test:1", "DOM\\anna", "p@ss:/%"),
            ("http://anna:p@ss@proxy.test:1", "anna", "p@ss"),
            ("http://anna:100%@proxy.test:1", "anna", "100%"),
            ("http://anna:a%zz+b@proxy.test:1", "anna", "a%zz+b"),
            ("http://j%C3%B6rg:gr%c3%bcn@proxy.test:1", "jörg", "grün"),
            ("http://anna@proxy.test:1", "anna", ""),
        ] {
            let expected = Some((user.to_owned(), password.to_owned()));
            assert_eq!(parts(text).3, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_and_not_quoted() {
        for text in [
            "",
            "http://",
            "http://:3128",
            "http://s3cret:s3cret@",
            "http://anna:s3cret@proxy.test:0",
            "http://anna:s3cret@proxy.test:s3cret",
            "http://anna:s3cret@proxy.test:70000",
            "http://anna:s3cret@proxy.test/s3cret",
            "http://anna:s3cret@proxy s3cret",
            "http://anna:s3cret%0d%0aX-Evil:@proxy.test",
            "http://%ff:s3cret@proxy.test",
            "https://anna:s3cret@proxy.test",
            "socks4://anna:s3cret@proxy.test",
            "s3cret://proxy.test",
            "socks5://anna@proxy.test",
            "http://::1:3128",
            "http://::1",
            "http://proxy.test::3128",
        ] {
            let error = ProxyServer::parse(text).map(|server| server.to_string()).unwrap_err();
            assert_eq!(error.status(), crate::error::Status::InvalidArgument, "{text}");
            assert!(!error.text().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn user_and_password_are_never_shown() {
        let server = ProxyServer::parse("http://anna:s3cret@proxy.test:3128").unwrap();
        assert_eq!(server.to_string(), "http://proxy.test:3128");
        let shown = format!("{server:?}");
        assert!(!shown.contains("anna") && !shown.contains("s3cret"), "{shown}");
    }
}
