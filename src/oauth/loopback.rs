//! Waits for the browser to come back from the provider (RFC 8252 §7.3).
//!
//! The program opens a [`Loopback`], sends the browser to the provider with its
//! [`redirect_uri`](Loopback::redirect_uri), and waits, or looks in from its event loop. What comes
//! out are the parameters of the first request that knows the state; `code` judges them. The page is
//! answered by then, so the person does not wait for the token.
//!
//! Anybody on this computer can connect, and any web page can make the browser do so: so host, path
//! and state are checked, and nothing that is not the answer ends the wait.

use crate::error::{Error, Result, Stage};
use crate::net::{Heard, Limits, Listener, Step, Watch};
use crate::oauth::page::{Page, answer};
use crate::oauth::redirect::{MOST_BYTES, Method, Parameters, Reading, Request, read};
use crate::secret::Secret;
use std::time::Duration;
use subtle::ConstantTimeEq;

const LIMITS: Limits = Limits { bytes: MOST_BYTES, time: Duration::from_secs(15), connections: 12 };

/// How many times `poll` looks whether there is more: a bound, for callers that must go on.
const LOOKS: usize = 64;

/// The listener for one sign-in.
pub(crate) struct Loopback {
    listener: Listener<Parameters>,
    expected: Expected,
}

/// What the answer is known by.
struct Expected {
    port: u16,
    /// As it stands in the redirect address; empty or from the first slash on.
    path: String,
    state: Secret,
    program: Option<String>,
}

impl Loopback {
    /// Opens `port`, or any free one, for the answer with this state. The path is empty or begins
    /// with a slash; it has to be what is registered with the provider.
    pub(crate) fn open(port: Option<u16>, path: &str, state: Secret) -> Result<Self> {
        Self::open_with(port, path, state, LIMITS)
    }

    fn open_with(port: Option<u16>, path: &str, state: Secret, limits: Limits) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if !(path.is_empty() || path.starts_with('/')) || !path.bytes().all(plain) {
            let rule =
                "it must be empty or begin with a slash, and have only letters, digits, /-._~";
            return Err(Error::argument(format!("the path of the redirect address: {rule}")));
        }
        if state.bytes().is_empty() {
            return Err(Error::internal("a sign-in without a state"));
        }
        let listener = Listener::on_loopback(port.filter(|port| *port != 0), limits)?;
        let (port, path) = (listener.port(), path.to_owned());
        Ok(Self { listener, expected: Expected { port, path, state, program: None } })
    }

    /// The name that the pages call the program.
    pub(crate) fn set_program(&mut self, name: &str) {
        self.expected.program = Some(name.to_owned()).filter(|name| !name.is_empty());
    }

    pub(crate) fn port(&self) -> u16 {
        self.expected.port
    }

    /// Waits for the answer; the watch sets the limit, and whoever may cancel.
    pub(crate) fn wait(&mut self, watch: &mut Watch) -> Result<Parameters> {
        watch.begin(Stage::Authorize);
        loop {
            let slice = watch.check()?;
            if let Step::Found(parameters) = self.step(slice)? {
                return Ok(parameters);
            }
        }
    }

    /// Does what can be done without waiting. The answer comes once; while it has not come, this
    /// has to be called several times a second, since the browser waits meanwhile.
    pub(crate) fn poll(&mut self) -> Result<Option<Parameters>> {
        for _ in 0..LOOKS {
            match self.step(Duration::ZERO)? {
                Step::Found(parameters) => return Ok(Some(parameters)),
                Step::Worked => {}
                Step::Idle => break,
            }
        }
        Ok(None)
    }

    fn step(&mut self, most: Duration) -> Result<Step<Parameters>> {
        if self.listener.is_over() {
            return Err(Error::internal("the browser's answer was taken before"));
        }
        let expected = &self.expected;
        self.listener.step(most, &mut |bytes| expected.hear(bytes))
    }
}

impl Expected {
    fn hear(&self, bytes: &[u8]) -> Heard<Parameters> {
        match read(bytes) {
            Reading::Unfinished => Heard::More,
            Reading::Malformed => self.answer(Page::Malformed),
            Reading::TooLarge => self.answer(Page::TooLarge),
            Reading::Request(request) => self.judge(&request),
        }
    }

    fn judge(&self, request: &Request) -> Heard<Parameters> {
        // A page of the web that has its name point to 127.0.0.1 sends that name (DNS rebinding).
        if !request.host.is_some_and(|host| self.is_our_name(host)) {
            return self.answer(Page::Malformed);
        }
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let sent = match request.method {
            _ if request.path != path => None,
            Method::Get => Some(request.query),
            Method::Post => request.form,
            Method::Head | Method::Other => None,
        };
        let Some(sent) = sent else {
            let with_body = request.method != Method::Head;
            return Heard::Answer(answer(Page::NotFound, self.program.as_deref(), with_body));
        };
        let parameters = Parameters::read(sent).filter(|p| p.is_answer() && self.is_our_state(p));
        let Some(parameters) = parameters else { return self.answer(Page::Foreign) };
        let page = match parameters.text("error") {
            Some(code) => Page::Failed(code),
            None => Page::Done,
        };
        Heard::Last(answer(page, self.program.as_deref(), true), parameters)
    }

    fn answer(&self, page: Page) -> Heard<Parameters> {
        Heard::Answer(answer(page, self.program.as_deref(), true))
    }

    /// The names under which a browser on this computer finds us.
    fn is_our_name(&self, host: &[u8]) -> bool {
        let Ok(host) = std::str::from_utf8(host) else { return false };
        let port = self.port;
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
    }

    /// In a time that tells nothing about how much of it is right.
    fn is_our_state(&self, parameters: &Parameters) -> bool {
        parameters.get("state").is_some_and(|state| state.bytes().ct_eq(self.state.bytes()).into())
    }
}

#[cfg(test)]
#[path = "loopback_tests.rs"]
mod tests;
