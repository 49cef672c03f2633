//! Names to addresses, without ever blocking the caller for longer than its watch allows.
//!
//! The system's look-up cannot be interrupted, so it runs aside and holds nothing but the name.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::aside::run_aside;
use crate::net::{ServerName, Watch};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// The addresses of `host`, in the order in which to try them: families take turns, beginning with
/// the one that the system prefers (RFC 8305 §4).
pub(crate) fn resolve(host: &str, port: u16, watch: &mut Watch) -> Result<Vec<SocketAddr>> {
    watch.begin(Stage::Resolve);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let look_up = move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
    let found = run_aside("postrider-resolve", watch, look_up, |why| not_found(host, why))?;
    match found {
        Ok(addresses) if addresses.is_empty() => Err(not_found(host, "it has no address")),
        Ok(addresses) => Ok(take_turns(addresses)),
        Err(error) => Err(not_found(host, error)),
    }
}

/// The host in the form that is looked up: A-labels, and no brackets around an address.
pub(crate) fn check_host(host: &str) -> Result<String> {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(Error::argument("host is empty"));
    }
    let bad = || {
        Error::argument(
            "host is not a host name or IP address (the port and a scheme such as smtp:// do not belong to it)",
        )
    };
    if host.parse::<IpAddr>().is_ok() {
        return Ok(host.to_owned());
    }
    let host = if host.is_ascii() {
        host.to_owned()
    } else {
        idna::domain_to_ascii(host).map_err(|_| bad())?
    };
    ServerName::try_from(host.trim_end_matches('.')).map_err(|_| bad())?;
    Ok(host)
}

fn not_found(host: &str, why: impl std::fmt::Display) -> Error {
    let text = format!("the server name {host} cannot be resolved: {why}");
    Error::new(Status::Resolve, Stage::Resolve, Cause::HostNotFound, text)
}

fn take_turns(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    let Some(first) = addresses.first().copied() else { return addresses };
    let (preferred, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    let mut ordered = Vec::new();
    loop {
        match (preferred.next(), others.next()) {
            (None, None) => return ordered,
            (one, other) => ordered.extend(one.into_iter().chain(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let of = |text: &str| SocketAddr::new(text.parse().unwrap(), 25);
        let (a, b, c, d) = (of("::1"), of("::2"), of("127.0.0.1"), of("127.0.0.2"));
        assert_eq!(take_turns(vec![a, b, a, c, d]), [a, c, b, d]);
        assert_eq!(take_turns(vec![c, d, c]), [c, d]);
    }
}
