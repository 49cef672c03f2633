//! Device authorization (RFC 8628): a person signs in on another device while this one asks at
//! intervals. A state machine; time is passed in.

use crate::error::{Cause, Error, Result, Retry, Stage, Status};
use crate::net::Watch;
use crate::oauth::form::Form;
use crate::oauth::http::Client;
use crate::oauth::http_message::Response;
use crate::oauth::provider::Quirk;
use crate::oauth::request::{Asking, Grant};
use crate::oauth::response::{Asked, read_json, seconds_of, text_of};
use crate::oauth::scope;
use crate::oauth::token::Token;
use crate::secret::Secret;
use serde_json::Value;
use std::time::{Duration, Instant};

/// RFC 8628 §3.2: when the provider says nothing (oidc-provider does not).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// For a provider that says 0: asking without a pause is of no use to anybody.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// RFC 8628 §3.5: what `slow_down` adds, for good.
const SLOWER: Duration = Duration::from_secs(5);

/// The longest interval that failures of the network lead to.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// RFC 8628 §3.2 demands `expires_in`; this is Microsoft's.
const USUAL_LIFETIME: u64 = 900;

/// A day: more would only be a mistake.
const LONGEST_LIFETIME: u64 = 86_400;

/// What to show to the person, and what to ask with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeviceAuthorization {
    pub device_code: Secret,
    /// What the person types on the page.
    pub user_code: String,
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// A sentence that says it all (Microsoft).
    pub message: Option<String>,
    pub expires_in: Duration,
    pub interval: Duration,
}

impl DeviceAuthorization {
    /// The fields of the request (§3.1).
    pub(crate) fn form(asking: &Asking, scopes: &[String]) -> Form {
        let mut form = Form::default();
        asking.identify(&mut form);
        form.set("scope", scopes.join(" "));
        form
    }

    /// Understands the answer (§3.2).
    pub(crate) fn read(response: &Response, asked: &Asked) -> Result<Self> {
        let json = read_json(response, asked)?;
        let text = |name: &str| json.get(name).and_then(text_of).filter(|text| !text.is_empty());
        let seconds = |name: &str| json.get(name).and_then(seconds_of);
        // Google's name for it came before the RFC.
        let address = text("verification_uri").or_else(|| text("verification_url"));
        let (Some(device_code), Some(user_code), Some(verification_uri)) =
            (json.get("device_code").and_then(Value::as_str), text("user_code"), address)
        else {
            let text =
                format!("the answer to the request for {} holds no code to show", asked.what);
            let cause = Cause::TokenResponseInvalid;
            return Err(Error::new(Status::Token, asked.stage, cause, text));
        };
        let lifetime = seconds("expires_in").unwrap_or(USUAL_LIFETIME).min(LONGEST_LIFETIME);
        let interval =
            seconds("interval").map(|seconds| Duration::from_secs(seconds.min(LONGEST_LIFETIME)));
        Ok(Self {
            device_code: Secret::new(device_code),
            user_code,
            verification_uri,
            verification_uri_complete: text("verification_uri_complete")
                .or_else(|| text("verification_url_complete")),
            message: text("message"),
            expires_in: Duration::from_secs(lifetime),
            interval: interval.unwrap_or(USUAL_INTERVAL).max(SHORTEST_INTERVAL),
        })
    }

    /// Asks for it.
    pub(crate) fn begin(
        asking: &Asking,
        scopes: &[String],
        client: Client,
        watch: &mut Watch,
    ) -> Result<Self> {
        let provider = asking.provider;
        if provider.has(Quirk::NoDeviceFlowForMail) {
            let text = format!(
                "{} gives no permission to send mail by device code; sign in with a browser, on \
                 this or another computer",
                provider.title
            );
            return Err(Error::new(
                Status::Unsupported,
                Stage::Argument,
                Cause::FlowNotOffered,
                text,
            ));
        }
        scope::check(provider, scopes)?;
        let endpoint = provider.needs(&provider.endpoints.device, "signing in by device code")?;
        let form = Self::form(asking, scopes);
        let response = client.exchange(&endpoint, &asking.request(&form), watch)?;
        Self::read(&response, &asking.asked("a device code", &form))
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Ask when this moment has come.
    Wait(Instant),
    /// Ask for the token now, and hand the answer to [`Polling::answered`].
    Ask,
    Done(Box<Token>),
}

/// Asking at intervals until the person has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Polling {
    device_code: Secret,
    interval: Duration,
    next: Instant,
    expires: Instant,
}

impl Polling {
    pub(crate) fn new(authorization: &DeviceAuthorization, now: Instant) -> Self {
        Self {
            device_code: authorization.device_code.clone(),
            interval: authorization.interval,
            next: now + authorization.interval,
            expires: now + authorization.expires_in,
        }
    }

    /// What to ask a token with.
    pub(crate) fn grant(&self) -> Grant {
        Grant::DeviceCode(self.device_code.clone())
    }

    pub(crate) fn next(&self, now: Instant) -> Result<Next> {
        if now >= self.expires {
            let text = "the device code expired before anybody signed in with it";
            let cause = Cause::SignInTimedOut;
            return Err(Error::new(Status::NeedsSignIn, Stage::Authorize, cause, text));
        }
        Ok(if now >= self.next { Next::Ask } else { Next::Wait(self.next.min(self.expires)) })
    }

    /// Takes what came of asking; an error ends the sign-in.
    pub(crate) fn answered(&mut self, answer: Result<Token>, now: Instant) -> Result<Next> {
        let error = match answer {
            Ok(token) => return Ok(Next::Done(Box::new(token))),
            Err(error) => error,
        };
        let said = error.response().map(|response| response.error.as_str()).unwrap_or_default();
        let mut pause = self.interval;
        match said {
            "authorization_pending" => {}
            "slow_down" => {
                self.interval += SLOWER;
                pause = self.interval;
            }
            // §3.5: a network that fails is asked less and less often, until it works again.
            _ if error.retry() == Retry::Later => {
                self.interval = (2 * self.interval).min(LONGEST_INTERVAL.max(self.interval));
                pause = self.interval;
            }
            _ => return Err(error),
        }
        let pause = error.retry_after().unwrap_or_default().max(pause);
        self.next = now.checked_add(pause).unwrap_or(self.expires);
        self.next(now)
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
