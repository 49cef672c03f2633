//! The proxy that the person has set for the whole system.
//!
//! Windows knows one (Settings → Network → Proxy, set by hand, by a script or by the
//! administrator), and its own words for it are read here. macOS keeps one too, which nothing here
//! reads yet: there, as on other Unix systems, it is the environment that counts.

use super::ProxyServer;
use crate::error::Result;
use crate::net::Watch;

#[cfg(not(windows))]
pub(super) fn choose(host: &str, port: u16, _: &mut Watch) -> Result<Option<ProxyServer>> {
    super::environment::choose(host, port)
}

/// A proxy script is fetched and run by Windows, which cannot be interrupted.
#[cfg(windows)]
pub(super) fn choose(host: &str, port: u16, watch: &mut Watch) -> Result<Option<ProxyServer>> {
    use super::address::authority;
    use crate::error::{Cause, Error, Stage};
    use crate::net::aside::run_aside;

    watch.begin(Stage::Proxy);
    let url = format!("https://{}/", authority(host, port));
    let settings = run_aside(
        "postrider-proxy",
        watch,
        move || crate::platform::system_proxy(&url),
        |why| {
            let text = format!("the proxy settings of Windows cannot be read: {why}");
            Error::proxy(Cause::ProxySettingInvalid, text)
        },
    )?;
    match settings {
        Some((proxies, bypass)) => windows::choose(&proxies, &bypass, host),
        None => Ok(None),
    }
}

/// What Windows says, in its own words.
#[cfg(any(windows, test))]
mod windows {
    use super::super::ProxyServer;
    use crate::error::{Cause, Error, Result};
    use std::net::IpAddr;

    /// `proxies` is "proxy:8080", or one for each protocol: "http=a:80;https=b:80;socks=c:1080".
    pub(super) fn choose(proxies: &str, bypass: &str, host: &str) -> Result<Option<ProxyServer>> {
        if is_bypassed(bypass, host) {
            return Ok(None);
        }
        let entries = || proxies.split([';', ' ', '\t']).filter(|entry| !entry.is_empty());
        let of = |protocol: &str| {
            entries().find_map(|entry| {
                let (key, value) = entry.split_once('=')?;
                key.eq_ignore_ascii_case(protocol).then_some(value)
            })
        };
        let for_everything = entries().find(|entry| !entry.contains('='));
        let written = match (of("https").or(for_everything), of("socks")) {
            (Some(proxy), _) => proxy.to_owned(),
            (None, Some(socks)) if socks.contains("://") => socks.to_owned(),
            (None, Some(socks)) => format!("socks5://{socks}"),
            (None, None) => return Ok(None),
        };
        match ProxyServer::parse(&written) {
            Ok(server) => Ok(Some(server)),
            Err(error) => {
                let text = format!("the proxy in the settings of Windows is of no use: {error}");
                Err(Error::proxy(Cause::ProxySettingInvalid, text))
            }
        }
    }

    /// The list names hosts, with `*` for anything, and `<local>` for names without a dot.
    fn is_bypassed(list: &str, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_local = !host.contains('.') && host.parse::<IpAddr>().is_err();
        list.split([';', ',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
            let entry = entry.to_ascii_lowercase();
            let entry = entry.split_once("://").map_or(entry.as_str(), |(_, host)| host);
            match entry {
                "<local>" => is_local,
                pattern => fits(pattern, &host),
            }
        })
    }

    fn fits(pattern: &str, host: &str) -> bool {
        let Some((beginning, rest)) = pattern.split_once('*') else { return pattern == host };
        let Some(mut left) = host.strip_prefix(beginning) else { return false };
        let mut pieces = rest.split('*').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return left.ends_with(piece);
            }
            match left.split_once(piece) {
                Some((_, behind)) => left = behind,
                None => return false,
            }
        }
        true
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_proxy_for_secured_connections_is_taken() {
            for (proxies, expected) in [
                ("proxy.test:8080", Some("http://proxy.test:8080")),
                ("http=a:1;https=b:2;socks=c:3", Some("http://b:2")),
                ("http=a:1 https=http://b:2", Some("http://b:2")),
                ("http=a:1;socks=c:3", Some("socks5://c:3")),
                ("http=a:1;ftp=d:4", None),
                ("", None),
            ] {
                let chosen = choose(proxies, "", "smtp.test").unwrap();
                assert_eq!(chosen.map(|server| server.to_string()).as_deref(), expected);
            }
            let error = choose("https=s3cret:0", "", "smtp.test").unwrap_err();
            assert_eq!(error.cause(), Cause::ProxySettingInvalid);
            assert!(!error.text().contains("s3cret"), "{error}");
        }

        #[test]
        fn the_bypass_list_makes_exceptions() {
            for (list, host, bypassed) in [
                ("", "smtp.test", false),
                ("*", "smtp.test", true),
                ("smtp.test", "SMTP.test.", true),
                ("test", "smtp.test", false),
                ("*.test", "smtp.test", true),
                ("*.test", "test", false),
                ("smtp.*;10.*", "10.1.2.3", true),
                ("s*p.*t", "smtp.test", true),
                ("s*x*t", "smtp.test", false),
                ("https://smtp.test", "smtp.test", true),
                ("<local>", "mailhub", true),
                ("<local>", "smtp.test", false),
                ("<local>", "::1", false),
            ] {
                assert_eq!(is_bypassed(list, host), bypassed, "{list:?}: {host}");
            }
        }
    }
}
