//! Which server, how it is reached, and how far it is trusted.

use crate::error::{Error, Result};
use crate::net::{Proxy, ServerName, Trust, check_host};
use crate::oauth::Account;
use crate::smtp::{Credentials, StartTls};

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    /// STARTTLS on 25 and 587, TLS from the first byte on every other port.
    #[default]
    Auto,
    Starttls,
    Tls,
    StarttlsIfOffered,
}

impl Security {
    /// By the numbers of `mail_security`.
    pub(crate) fn from_number(number: i32) -> Result<Self> {
        Ok(match number {
            0 => Security::Plain,
            1 => Security::Auto,
            2 => Security::Starttls,
            3 => Security::Tls,
            4 => Security::StarttlsIfOffered,
            _ => return Err(Error::argument("security must be 0 to 4")),
        })
    }
}

/// Everything that one connection depends on: two sends can share it when this is the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Server {
    /// Empty until it is set.
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub proxy: Proxy,
    pub ehlo_name: Option<String>,
    pub trust: Trust,
    pub credentials: Option<Credentials>,
    /// Gives the credentials of each new connection.
    pub account: Option<Account>,
    pub allow_plaintext_auth: bool,
}

impl Server {
    pub(crate) fn set(&mut self, host: &str, port: i32) -> Result<()> {
        let port = u16::try_from(port).ok().filter(|port| *port != 0);
        let port = port.ok_or_else(|| Error::argument("port must be 1 to 65535"))?;
        self.host = check_host(host)?;
        self.port = port;
        Ok(())
    }

    pub(crate) fn set_ehlo_name(&mut self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name
            && !is_ehlo_name(name)
        {
            let text = "name is neither a host name nor an address literal such as [192.0.2.1]";
            return Err(Error::argument(text));
        }
        self.ehlo_name = name.map(str::to_owned);
        Ok(())
    }

    /// TLS from the first byte.
    pub(crate) fn is_implicit_tls(&self) -> bool {
        match self.security {
            Security::Tls => true,
            Security::Auto => !matches!(self.port, 25 | 587),
            _ => false,
        }
    }

    pub(crate) fn starttls(&self) -> StartTls {
        match self.security {
            Security::Plain | Security::Tls => StartTls::No,
            Security::Auto if self.is_implicit_tls() => StartTls::No,
            Security::Auto | Security::Starttls => StartTls::Required,
            Security::StarttlsIfOffered => StartTls::IfOffered,
        }
    }

    /// The name that the certificate must have.
    pub(crate) fn name(&self) -> Result<ServerName<'static>> {
        let name = self.host.trim_end_matches('.').to_owned();
        ServerName::try_from(name).map_err(|_| Error::argument("host is not a host name"))
    }
}

/// A domain or an address literal (RFC 5321 §4.1.1.1): nothing else may follow EHLO.
pub(crate) fn is_ehlo_name(name: &str) -> bool {
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let inner = literal.unwrap_or(name);
    let allowed = |b: u8| match literal {
        Some(_) => b.is_ascii_alphanumeric() || b".:-".contains(&b),
        None => b.is_ascii_alphanumeric() || b".-_".contains(&b),
    };
    (1..=255).contains(&inner.len()) && inner.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_security_goes_by_the_port() {
        let server = |port| Server { port, ..Server::default() };
        for port in [25, 587] {
            assert_eq!(server(port).starttls(), StartTls::Required);
            assert!(!server(port).is_implicit_tls());
        }
        for port in [465, 2525, 443] {
            assert_eq!(server(port).starttls(), StartTls::No);
            assert!(server(port).is_implicit_tls());
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        let set = |host: &str, port| Server::default().set(host, port);
        for good in
            ["smtp.example.org", "localhost", "127.0.0.1", "::1", "[::1]", "a.b.", "bücher.example"]
        {
            assert!(set(good, 587).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a\r\nb", "smtp://x", "user@host", "a/b", "[]"] {
            assert!(set(bad, 587).is_err(), "{bad:?}");
        }
        for port in [0, -1, 70_000] {
            assert!(set("localhost", port).is_err(), "{port}");
        }
    }

    #[test]
    fn an_ehlo_name_is_no_way_into_the_dialogue() {
        for good in ["pc-7", "pc.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert!(is_ehlo_name(good), "{good}");
        }
        for bad in ["", "a b", "a\r\nMAIL", "[1", "ä", "[]", "a>"] {
            assert!(!is_ehlo_name(bad), "{bad:?}");
        }
    }
}
