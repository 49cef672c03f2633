//! The proxy that the environment names, by the rules that curl, Python and Go share.
//!
//! HTTPS_PROXY, then ALL_PROXY: a tunnel is what secured connections take. HTTP_PROXY is not looked
//! at: in a CGI program whoever sends the request sets it (CVE-2016-5385). Of each name the small
//! letters come first, as in curl and Python. NO_PROXY lists what is reached directly.

use super::ProxyServer;
use crate::error::{Cause, Error, Result};
use std::net::IpAddr;

const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy for a server, by the environment of this moment.
pub(super) fn choose(host: &str, port: u16) -> Result<Option<ProxyServer>> {
    choose_by(host, port, &|name| {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    })
}

fn choose_by(
    host: &str,
    port: u16,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<ProxyServer>> {
    // An empty variable is how a shell switches one off for a single command.
    let find = |names: &[&'static str]| {
        let set = |name: &&'static str| variable(name).filter(|value| !value.trim().is_empty());
        names.iter().find_map(|name| set(name).map(|value| (*name, value)))
    };
    let Some((name, proxy)) = find(&PROXIES) else { return Ok(None) };
    if find(&EXCEPTIONS).is_some_and(|(_, list)| names(&list, host, port)) {
        return Ok(None);
    }
    match ProxyServer::parse(proxy.trim()) {
        Ok(server) => Ok(Some(server)),
        Err(error) => {
            let text = format!("the environment variable {name} is of no use: {error}");
            Err(Error::proxy(Cause::ProxySettingInvalid, text))
        }
    }
}

/// Whether a NO_PROXY list names a server: `*`, domains (with what lies below them), addresses,
/// networks such as 10.0.0.0/8, each with a port if only that is meant.
fn names(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    list.split([',', ' ', '\t']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (name, only_port) = split_entry(entry);
        if only_port.is_some_and(|only| only != port) {
            return false;
        }
        match address {
            Some(address) => is_in(address, name),
            None => is_below(&host, name),
        }
    })
}

/// An entry without brackets, and its port.
fn split_entry(entry: &str) -> (&str, Option<u16>) {
    if entry.parse::<IpAddr>().is_ok() {
        return (entry, None);
    }
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

fn is_in(address: IpAddr, entry: &str) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, Some(u32::MAX)),
    };
    let (Ok(network), Some(bits)) = (network.parse::<IpAddr>(), bits) else { return false };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let differing = one.to_bits() ^ other.to_bits();
            differing.leading_zeros() >= bits.min(32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let differing = one.to_bits() ^ other.to_bits();
            differing.leading_zeros() >= bits.min(128)
        }
        _ => false,
    }
}

/// A leading dot or `*.` changes nothing: "example.org" already means what lies below it too.
fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let labels_before = host.strip_suffix(domain.as_str());
    !domain.is_empty()
        && labels_before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(host: &str, environment: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        choose_by(host, 587, &variable).unwrap().map(|server| server.to_string())
    }

    #[test]
    fn the_most_fitting_variable_wins() {
        let of = |environment: &[(&str, &str)]| chosen("smtp.test", environment);
        let url = |host: &str| Some(format!("http://{host}:80"));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("HTTPS_PROXY", "a")]), url("a"));
        assert_eq!(of(&[("HTTPS_PROXY", "a"), ("https_proxy", "b"), ("ALL_PROXY", "c")]), url("b"));
        assert_eq!(of(&[("ALL_PROXY", "c")]), url("c"));
        assert_eq!(of(&[("all_proxy", "socks5://d:1")]), Some("socks5://d:1".into()));
        assert_eq!(of(&[("https_proxy", ""), ("ALL_PROXY", "c")]), url("c"));
        assert_eq!(of(&[("HTTP_PROXY", "a"), ("http_proxy", "b")]), None);
    }

    #[test]
    fn no_proxy_makes_exceptions() {
        for (list, host, excepted) in [
            ("*", "smtp.test", true),
            ("smtp.test", "smtp.test", true),
            ("SMTP.test.", "smtp.TEST.", true),
            ("test", "smtp.test", true),
            (".test", "smtp.test", true),
            ("*.test", "smtp.test", true),
            ("p.test", "smtp.test", false),
            ("smtp.test", "mail.smtp.test", true),
            ("mail.smtp.test", "smtp.test", false),
            ("a.test, smtp.test", "smtp.test", true),
            ("a.test smtp.test", "smtp.test", true),
            ("smtp.test:587", "smtp.test", true),
            ("smtp.test:25", "smtp.test", false),
            (" , ,.", "smtp.test", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("0.1", "10.0.0.1", false),
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/9", "10.200.0.1", false),
            ("0.0.0.0/0", "10.0.0.1", true),
            ("10.0.0.0/x", "10.0.0.1", false),
            ("10.0.0.1:587", "10.0.0.1", true),
            ("10.0.0.1:25", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8::7", true),
            ("2001:db8::7", "2001:db8::7", true),
            ("[2001:db8::7]:587", "2001:db8::7", true),
            ("[2001:db8::7]", "2001:db8::7", true),
            ("10.0.0.0/8", "2001:db8::7", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ] {
            let environment = [("HTTPS_PROXY", "proxy.test"), ("NO_PROXY", list)];
            assert_eq!(chosen(host, &environment).is_none(), excepted, "{list:?}: {host}");
        }
        let small_letters =
            [("ALL_PROXY", "proxy.test"), ("no_proxy", "a.test"), ("NO_PROXY", "smtp.test")];
        assert!(chosen("smtp.test", &small_letters).is_some());
    }

    #[test]
    fn a_useless_variable_is_named_and_not_quoted() {
        let variable = |name: &str| {
            (name == "HTTPS_PROXY").then(|| "https://anna:s3cret@proxy.test".to_owned())
        };
        let error = choose_by("smtp.test", 587, &variable).unwrap_err();
        assert_eq!(error.cause(), Cause::ProxySettingInvalid);
        assert!(error.text().contains("HTTPS_PROXY"), "{error}");
        assert!(!error.text().contains("s3cret"), "{error}");
    }
}
