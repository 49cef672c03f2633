//! HTTPS to the endpoints of a provider: the loop between `http_message` and `net::Stream`.
//!
//! Trust roots, extra CAs, deadline and cancellation are those of SMTP. Redirects are never
//! followed: a token endpoint has no reason to send secrets elsewhere.

use crate::error::values::Values;
use crate::error::{Cause, Error, Result, Retry, Stage, Status};
use crate::net::{Proxy, ServerName, Stream, Trust, Watch, open};
use crate::oauth::http_message::{self, Malformed, Reader, Request, Response};
use std::time::SystemTime;
use url::{Host, Url};

/// How endpoints are reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    pub trust: &'a Trust,
    pub proxy: &'a Proxy,
}

impl Client<'_> {
    /// Asks once. Every answer but a redirect is `Ok`, whatever its status.
    pub(crate) fn exchange(
        &self,
        address: &str,
        request: &Request,
        watch: &mut Watch,
    ) -> Result<Response> {
        let endpoint = Endpoint::parse(address)?;
        let response = self.exchange_with(&endpoint, request, watch).map_err(|error| {
            let (host, port) = (Some(endpoint.host.clone()), Some(endpoint.port));
            error.with_values(Values { host, port, ..Values::default() })
        })?;
        match response.status {
            300..400 => Err(moved(&endpoint, &response)),
            _ => Ok(response),
        }
    }

    fn exchange_with(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        watch: &mut Watch,
    ) -> Result<Response> {
        let mut stream = self.open(endpoint, watch)?;
        watch.begin(Stage::Token);
        let response = converse(&mut stream, endpoint, request, watch)?;
        stream.close(b"");
        Ok(response)
    }

    fn open(&self, endpoint: &Endpoint, watch: &mut Watch) -> Result<Stream> {
        let proxy = self.proxy.choose(&endpoint.host, endpoint.port, watch)?;
        let mut stream = open(&endpoint.host, endpoint.port, proxy.as_ref(), watch)?;
        if endpoint.tls {
            let name = ServerName::try_from(endpoint.host.clone())
                .map_err(|e| refused_address(&endpoint.host, &e.to_string()))?;
            stream.start_tls(self.trust.configuration()?, name, watch)?;
        }
        Ok(stream)
    }
}

fn converse(
    stream: &mut Stream,
    endpoint: &Endpoint,
    request: &Request,
    watch: &mut Watch,
) -> Result<Response> {
    let mut reader = Reader::new(SystemTime::now());
    let bytes = http_message::write(request, &endpoint.authority, &endpoint.target);
    // A server may answer, and close, before it has read all.
    let mut found = Ok(None);
    let written = stream.write(bytes.bytes(), watch, &mut |bytes| {
        found = reader.receive(bytes);
        matches!(found, Ok(None))
    });
    let mut buffer = zeroize::Zeroizing::new([0; 8192]);
    loop {
        match found {
            Ok(Some(response)) => return Ok(response),
            Err(malformed) => return Err(no_response(endpoint, malformed)),
            Ok(None) => {}
        }
        if let Err(error) = written {
            return Err(error);
        }
        let count = stream.read(buffer.as_mut_slice(), watch)?;
        found = match count {
            0 => reader.end().map(Some),
            _ => reader.receive(buffer.get(..count).unwrap_or_default()),
        };
    }
}

/// Where a request goes.
#[derive(Debug)]
struct Endpoint {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    tls: bool,
    /// For the Host field.
    authority: String,
    /// Path and query.
    target: String,
}

impl Endpoint {
    fn parse(address: &str) -> Result<Self> {
        let url = checked(address)?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(refused_address(address, "it names no host")),
        };
        let shown = url.host_str().unwrap_or_default();
        Ok(Self {
            host,
            port: url.port_or_known_default().unwrap_or(443),
            tls: url.scheme() == "https",
            authority: url.port().map_or(shown.to_owned(), |port| format!("{shown}:{port}")),
            target: url.query().map_or(url.path().to_owned(), |q| format!("{}?{q}", url.path())),
        })
    }
}

/// The address of an endpoint, when secrets may go there: https, or this computer.
pub(crate) fn checked(address: &str) -> Result<Url> {
    let url = Url::parse(address).map_err(|e| refused_address(address, &e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused_address(url.host_str().unwrap_or_default(), "it holds a user"));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(refused_address(address, "it does not begin with https://")),
    }
    Ok(url)
}

fn refused_address(address: &str, why: &str) -> Error {
    Error::argument(format!("the endpoint {address} cannot be used: {why}"))
}

fn no_response(endpoint: &Endpoint, malformed: Malformed) -> Error {
    let host = &endpoint.authority;
    let text = match malformed {
        Malformed::CutOff => {
            return Error::connection_lost(
                Stage::Token,
                "the server closed it before its answer was complete",
            );
        }
        Malformed::Head(why) => format!("what answers at {host} does not speak HTTP: {why}"),
        Malformed::Body(why) => format!("the answer of {host} cannot be read: {why}"),
        Malformed::TooLarge => format!("the answer of {host} is too large for a token endpoint"),
    };
    Error::new(Status::Token, Stage::Token, Cause::TokenResponseInvalid, text)
}

/// Login pages of networks and moved services look so. The query stays out of the text.
fn moved(endpoint: &Endpoint, response: &Response) -> Error {
    let base = Url::parse(&format!("https://{}", endpoint.authority));
    let to = response.location.as_deref().zip(base.ok()).and_then(|(to, base)| base.join(to).ok());
    let to = to.map_or("nowhere".to_owned(), |mut to| {
        to.set_query(None);
        to.set_fragment(None);
        to.into()
    });
    let text = format!(
        "{} answered with a redirect ({}) to {to}, which is not followed",
        endpoint.authority, response.status
    );
    let error = Error::new(Status::Token, Stage::Token, Cause::TokenEndpointMoved, text);
    error.with_retry(Retry::No, None)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
