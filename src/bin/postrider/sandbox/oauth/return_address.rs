//! Where the browser goes after the login page: the client's redirect URI, with the answer in its
//! query or in a form that the browser posts there.

use super::super::form;
use super::super::http::Answer;
use super::pages;

pub const MODES: [&str; 2] = ["query", "form_post"];

#[derive(Clone)]
pub struct ReturnAddress {
    /// Byte for byte as the client wrote it; the token endpoint compares it.
    pub uri: String,
    form_post: bool,
    state: Option<String>,
}

impl ReturnAddress {
    /// Nothing unless the address leads to a program on this computer, which RFC 8252 §7.3 lets
    /// choose its port: `http://127.0.0.1:PORT/…`, or `[::1]` or `localhost`.
    pub fn parse(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("http://")?;
        let authority = rest.split(['/', '?']).next()?;
        let port = ["127.0.0.1", "[::1]", "localhost"]
            .iter()
            .find_map(|host| authority.strip_prefix(host))?;
        let loopback = match port.strip_prefix(':') {
            Some(digits) => {
                digits.bytes().all(|byte| byte.is_ascii_digit())
                    && digits.parse::<u16>().is_ok_and(|port| port != 0)
            }
            None => port.is_empty(),
        };
        // It goes into a header: nothing may end that.
        let clean = uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let uri = uri.to_owned();
        (loopback && clean).then_some(ReturnAddress { uri, form_post: false, state: None })
    }

    /// False when there is no such response mode.
    pub fn set_mode(&mut self, mode: Option<&str>) -> bool {
        self.form_post = mode == Some("form_post");
        mode.is_none_or(|mode| MODES.contains(&mode))
    }

    pub fn set_state(&mut self, state: Option<&str>) {
        self.state = state.map(str::to_owned);
    }

    /// Host and port, for people.
    pub fn host(&self) -> &str {
        let rest = self.uri.strip_prefix("http://").unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// Takes the browser back with these parameters, the state, and the issuer (RFC 9207).
    pub fn answer(&self, issuer: &str, outcome: &[(&str, &str)]) -> Answer {
        let mut parameters = outcome.to_vec();
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        parameters.push(("iss", issuer));
        if self.form_post {
            return pages::form_post(&self.uri, &parameters);
        }
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        let location = format!("{}{separator}{}", self.uri, form::encode(&parameters));
        // 303 and not 307: the form of the login page must not go to the client (RFC 9700 §4.12).
        Answer::new("303 See Other", "text/plain", String::new())
            .with_header("Location", location)
            .with_header("Referrer-Policy", "no-referrer")
    }

    pub fn error(&self, issuer: &str, error: &str, description: &str) -> Answer {
        self.answer(issuer, &[("error", error), ("error_description", description)])
    }
}
