//! Proxies: which one stands between us and a server, and how it is asked to let us through.
//!
//! A [`Proxy`] is what the program has set. Before each new connection it chooses a [`ProxyServer`],
//! or none; [`open`] then connects, directly or through it. What comes out is a `net::Stream` to
//! the server in both cases, so TLS is checked for the server's name and never for the proxy's.
//!
//! - `address`      a proxy as people write it: kind, host, port and sign-in
//! - `environment`  HTTPS_PROXY, ALL_PROXY and NO_PROXY
//! - `system`       what the person has set in Windows; elsewhere the environment
//! - `tunnel`       connects and drives one of the dialogues
//! - `http`         HTTP CONNECT (RFC 9110 §9.3.6) as a dialogue without I/O
//! - `socks`        SOCKS 5 (RFC 1928, RFC 1929) as a dialogue without I/O

mod address;
mod environment;
mod http;
mod socks;
mod system;
mod tunnel;

pub(crate) use address::ProxyServer;
pub(crate) use tunnel::open;

use crate::error::{Cause, Error, Result};
use crate::net::Watch;
use crate::secret::Secret;
use std::net::IpAddr;

/// Which proxy a program wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Proxy {
    /// None: connect directly.
    #[default]
    None,
    /// This one, for every server.
    Explicit(ProxyServer),
    /// Whatever the environment names at the time of connecting; the sign-in is for a proxy that
    /// is named without one.
    Environment(Option<SignIn>),
    /// Whatever the system is set to at the time of connecting; the sign-in as before.
    System(Option<SignIn>),
}

/// User and password for a proxy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignIn {
    pub user: Secret,
    pub password: Secret,
}

impl SignIn {
    /// Never quotes what it refuses.
    pub(crate) fn new(user: &str, password: &str) -> Result<Self> {
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err(Error::argument("user is empty or contains a control character"));
        }
        if password.chars().any(char::is_control) {
            return Err(Error::argument("password contains a control character"));
        }
        Ok(Self { user: Secret::new(user), password: Secret::new(password) })
    }
}

impl Proxy {
    /// Reads "none", "env", "system", or a URL; `None` is the same as "none".
    pub(crate) fn parse(proxy: Option<&str>, sign_in: Option<(&str, &str)>) -> Result<Self> {
        let sign_in = sign_in.map(|(user, password)| SignIn::new(user, password)).transpose()?;
        match proxy.map(str::to_ascii_lowercase).as_deref() {
            // The fields of a settings dialog may still hold a user.
            None | Some("none") => Ok(Self::None),
            Some("env") => Ok(Self::Environment(sign_in)),
            Some("system") => Ok(Self::System(sign_in)),
            Some(_) => {
                let mut server = ProxyServer::parse(proxy.unwrap_or_default())?;
                if sign_in.is_some() && server.sign_in.is_some() {
                    let text = "proxy has a user, and another one was given beside it";
                    return Err(Error::argument(text));
                }
                server.sign_in_unless_set(sign_in.as_ref())?;
                Ok(Self::Explicit(server))
            }
        }
    }

    /// The proxy through which to reach a server at this moment.
    pub(crate) fn choose(
        &self,
        host: &str,
        port: u16,
        watch: &mut Watch,
    ) -> Result<Option<ProxyServer>> {
        let (found, sign_in) = match self {
            Self::None => return Ok(None),
            Self::Explicit(server) => return Ok(Some(server.clone())),
            // A proxy elsewhere would look for the server on its own computer.
            _ if is_loopback(host) => return Ok(None),
            Self::Environment(sign_in) => (environment::choose(host, port)?, sign_in),
            Self::System(sign_in) => (system::choose(host, port, watch)?, sign_in),
        };
        let Some(mut server) = found else { return Ok(None) };
        // Which kind of proxy the sign-in is for was not known when it was set.
        server.sign_in_unless_set(sign_in.as_ref()).map_err(|error| {
            Error::proxy(Cause::ProxySettingInvalid, format!("the proxy {server}: {error}"))
        })?;
        Ok(Some(server))
    }
}

/// Whether a server is on this computer: "localhost", a name below it (RFC 6761 §6.3), 127.0.0.0/8
/// or ::1.
fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn words_choose_where_the_proxy_comes_from() {
        let parse = |text| Proxy::parse(text, None).unwrap();
        assert_eq!(parse(None), Proxy::None);
        assert_eq!(parse(Some("none")), Proxy::None);
        assert_eq!(parse(Some("env")), Proxy::Environment(None));
        assert_eq!(parse(Some("System")), Proxy::System(None));
        let Proxy::Explicit(server) = parse(Some("socks5://proxy.test")) else { panic!() };
        assert_eq!(server.to_string(), "socks5://proxy.test:1080");
    }

    #[test]
    fn a_sign_in_beside_the_proxy_belongs_to_it_and_there_is_only_one() {
        let sign_in = Some(("anna", "s3cret"));
        let expected = SignIn::new("anna", "s3cret").unwrap();
        assert_eq!(
            Proxy::parse(Some("env"), sign_in).unwrap(),
            Proxy::Environment(Some(expected.clone()))
        );
        let Ok(Proxy::Explicit(server)) = Proxy::parse(Some("http://proxy.test"), sign_in) else {
            panic!()
        };
        assert_eq!(server.sign_in, Some(expected));
        let both = Proxy::parse(Some("http://bob:x@proxy.test"), sign_in).unwrap_err();
        assert_eq!(both.status(), Status::InvalidArgument);
    }

    #[test]
    fn a_sign_in_that_the_proxy_cannot_be_told_is_refused() {
        let long = "x".repeat(256);
        for (proxy, user, password) in [
            ("env", "", "x"),
            ("env", "a\nb", "x"),
            ("env", "a", "x\0"),
            // RFC 7617 §2: a colon would end the user.
            ("http://proxy.test", "a:b", "x"),
            // RFC 1929 §2: one octet for each length, and none is 0.
            ("socks5://proxy.test", &long, "x"),
            ("socks5://proxy.test", "a", &long),
            ("socks5://proxy.test", "a", ""),
        ] {
            let error = Proxy::parse(Some(proxy), Some((user, password))).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{proxy}: {error}");
            assert!(password.len() < 256 || !error.text().contains(&long));
        }
        Proxy::parse(Some("http://proxy.test"), Some(("a", ""))).unwrap();
        Proxy::parse(Some("socks5://proxy.test"), Some(("a:b", "x"))).unwrap();
    }

    #[test]
    fn this_computer_is_known_by_all_its_names() {
        for host in ["localhost", "LOCALHOST.", "smtp.localhost", "127.0.0.1", "127.8.9.1", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(is_loopback("::ffff:127.0.0.1"));
        for host in ["localhost.example", "mylocalhost", "128.0.0.1", "10.0.0.1", "::2"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
