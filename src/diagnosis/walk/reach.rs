//! The way to the server: addresses, connection, TLS from the first byte, and what a port speaks when
//! it is not what was expected.

use super::session::{heard, pass, tell_offer};
use super::{GLANCE, Walk, Walked, now};
use crate::diagnosis::certificate::{describe_chain, ends_soon};
use crate::diagnosis::{Step, StepName};
use crate::error::{Cause, Error, Stage, Status};
use crate::net::{Stream, Watch, connect_to, open, resolve};
use crate::transport::{Connection, Log, Security, Server, start_tls};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where servers let people submit mail, and where servers take it from each other.
const USUAL_PORTS: [u16; 3] = [587, 465, 25];

const MOST_ADDRESSES: usize = 20;

impl Walk<'_> {
    pub(super) fn connect(&mut self) -> Walked<Stream> {
        let server = self.server.clone();
        let (host, port) = (server.host.as_str(), server.port);
        let proxy = match server.proxy.choose(host, port, &mut self.watch) {
            Ok(proxy) => proxy,
            Err(error) => {
                let step = Step::begin(StepName::Connect);
                self.skip(StepName::Resolve, "no proxy could be chosen");
                return Err(self.fail(step, error));
            }
        };
        if let Some(proxy) = proxy {
            self.skip(StepName::Resolve, format!("left to the proxy {proxy}"));
            let mut step = Step::begin(StepName::Connect);
            let limit = self.patience();
            match self.watch.within(limit, |watch| open(host, port, Some(&proxy), watch)) {
                Ok(stream) => {
                    step.find(format!("by way of the proxy {proxy} ({})", stream.peer()));
                    self.end(step, None);
                    return Ok(stream);
                }
                Err(error) => {
                    step.find(format!("by way of the proxy {proxy}"));
                    return Err(self.fail(step, error));
                }
            }
        }
        let addresses = self.resolve(host, port)?;
        let mut step = Step::begin(StepName::Connect);
        let limit = self.patience();
        let tried = addresses.clone();
        match self.watch.within(limit, |watch| connect_to(tried, host, port, watch)) {
            Ok((socket, peer)) => {
                step.find(format!("connected to {peer}"));
                self.end(step, None);
                Ok(Stream::new(socket, peer))
            }
            Err(error) => {
                step.end(Some(error.clone()));
                if !self.is_over(Some(&error)) {
                    self.try_other_ports(&addresses, &mut step);
                }
                Err(self.fail(step, error))
            }
        }
    }

    fn resolve(&mut self, host: &str, port: u16) -> Walked<Vec<SocketAddr>> {
        let mut step = Step::begin(StepName::Resolve);
        let addresses = match resolve(host, port, &mut self.watch) {
            Ok(addresses) => addresses,
            Err(error) => return Err(self.fail(step, error)),
        };
        if host.parse::<IpAddr>().is_ok() {
            step.find("the server is given by its address");
        } else {
            let shown = addresses.iter().take(MOST_ADDRESSES);
            let shown: Vec<_> = shown.map(|address| address.ip().to_string()).collect();
            step.find(format!("{host} is {}", shown.join(", ")));
        }
        self.end(step, None);
        Ok(addresses)
    }

    /// Whether the host answers elsewhere: only connects, and closes again.
    fn try_other_ports(&mut self, addresses: &[SocketAddr], step: &mut Step) {
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for port in USUAL_PORTS.into_iter().filter(|port| *port != self.server.port) {
            let there = |address: &SocketAddr| SocketAddr::new(address.ip(), port);
            let addresses = addresses.iter().map(there).collect();
            let host = self.server.host.clone();
            let limit = GLANCE.min(self.watch.left() / 4);
            let tried = self.watch.within(limit, |w| connect_to(addresses, &host, port, w));
            let list = if tried.is_ok() { &mut open } else { &mut closed };
            list.push(port.to_string());
        }
        match open.as_slice() {
            [] => step.find(format!(
                "the host answers on none of the usual ports {} either",
                closed.join(", ")
            )),
            open => step.find(format!("the same host answers on port {}", open.join(" and "))),
        }
    }

    pub(super) fn implicit_tls(&mut self, stream: &mut Stream) -> Walked {
        let mut step = Step::begin(StepName::Tls);
        let (server, limit) = (self.server.clone(), self.patience());
        let shaken = self.within(limit, |watch, log| start_tls(stream, &server, watch, log));
        let Err(error) = shaken else {
            self.tell_tls(stream, &mut step);
            self.end(step, None);
            return Ok(());
        };
        self.tell_chain(&mut step);
        step.end(Some(error.clone()));
        if self.is_over(Some(&error)) {
            return Err(self.fail(step, error));
        }
        if error.status() == Status::Certificate {
            let stop = self.fail(step, error);
            return Err(self.look_behind(stop));
        }
        // What does the port speak, if not TLS?
        let Some(mut connection) = self.look(Security::Plain) else {
            return Err(self.fail(step, error));
        };
        let greeted =
            self.within(GLANCE, |watch, log| pass(&mut connection, Stage::Greeting, watch, log));
        if greeted.is_err() {
            return Err(self.fail(step, error));
        }
        let text = format!("the server speaks plain text on port {} and not TLS", server.port);
        step.find(error.to_string());
        step.find(
            "set the security to STARTTLS or automatic, or use the port for TLS (mostly 465)",
        );
        let error = Error::new(Status::Tls, Stage::Tls, Cause::TlsFailed, text);
        let stop = self.fail(step, error);
        let mut step = Step::begin(StepName::Greeting);
        step.find(format!("without TLS: {}", heard(&connection)));
        self.end(step, None);
        let look = |watch: &mut Watch, log: &Log| pass(&mut connection, Stage::Hello, watch, log);
        if self.within(GLANCE, look).is_ok() {
            let mut step = Step::begin(StepName::HelloInClear);
            tell_offer(&connection, &mut step);
            self.end(step, None);
        }
        connection.quit();
        Err(stop)
    }

    /// A connection of its own, to see what the port speaks. Any certificate will do there, for
    /// nobody signs in and no mail is begun.
    pub(super) fn look(&mut self, security: Security) -> Option<Connection> {
        let mut server = Server::clone(&self.server);
        (server.security, server.credentials, server.account) = (security, None, None);
        server.trust.accept_invalid = true;
        self.log.note(|| "one more connection, only to look".into());
        let mut stream = self.open_again()?;
        if server.is_implicit_tls() {
            let shake = |watch: &mut Watch, log: &Log| start_tls(&mut stream, &server, watch, log);
            self.within(GLANCE, shake).ok()?;
        }
        let mut connection = Connection::over(stream, &Arc::new(server), None, &self.log);
        connection.session.listens = true;
        // The server may know the secret from another time.
        if let Some(secret) = &self.secret {
            connection.session.transcript.protect(secret.clone());
        }
        Some(connection)
    }

    fn open_again(&mut self) -> Option<Stream> {
        let server = self.server.clone();
        let (host, port) = (server.host.as_str(), server.port);
        let opened = self.watch.within(GLANCE, |watch| {
            let proxy = server.proxy.choose(host, port, watch)?;
            open(host, port, proxy.as_ref(), watch)
        });
        opened.ok()
    }

    pub(super) fn tell_tls(&self, stream: &Stream, step: &mut Step) {
        step.found.extend(stream.tls_description());
        self.tell_chain(step);
        step.warnings.extend(ends_soon(&self.presented.certificates(), now()));
    }

    pub(super) fn tell_chain(&self, step: &mut Step) {
        step.found.extend(describe_chain(&self.presented.certificates()));
    }
}
