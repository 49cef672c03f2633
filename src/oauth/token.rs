//! The token that a provider gave (RFC 6749 §5.1), read leniently: `expires_in` as a number or a
//! text, no refresh token, no scope, further fields.

use crate::error::{Cause, Error, Result, Status};
use crate::oauth::http_message::Response;
use crate::oauth::response::{Asked, refusal, seconds_of, text_of, without_mark};
use crate::oauth::scope;
use crate::secret::Secret;
use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// When the provider does not say: an hour, as nearly everywhere, with a margin.
const ASSUMED_LIFETIME: u64 = 3300;

/// Longer ones are mistakes, and must not end in an overflow.
const LONGEST_LIFETIME: u64 = 10 * 365 * 86_400;

/// What came of a grant. Never shown: `Debug` has no secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub access: Secret,
    /// None: the one that was used stays good (RFC 6749 §6).
    pub refresh: Option<Secret>,
    pub id_token: Option<Secret>,
    /// By the clock of this computer.
    pub obtained_at: SystemTime,
    pub expires_at: SystemTime,
    /// When the provider wants to be asked for the next one (`refresh_in`, Microsoft).
    pub refresh_at: Option<SystemTime>,
    /// When the refresh token ends (`refresh_token_expires_in`, Google's time-based access).
    pub refresh_expires_at: Option<SystemTime>,
    /// What was granted; what was asked for when the provider does not say (RFC 6749 §5.1).
    pub scopes: Vec<String>,
    /// How far the clock of the provider is ahead of ours, in seconds.
    pub clock_difference: Option<i64>,
}

/// The answer as it stands there. Texts that are secrets go from the body into a `Secret` at once.
#[derive(serde::Deserialize)]
struct Fields {
    access_token: Option<Text>,
    refresh_token: Option<Text>,
    id_token: Option<Text>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
    refresh_in: Option<Value>,
    refresh_token_expires_in: Option<Value>,
    scope: Option<Value>,
}

impl Token {
    /// Reads the answer to a request for these scopes.
    pub(crate) fn read(
        response: &Response,
        asked: &Asked,
        scopes: &[String],
        now: SystemTime,
    ) -> Result<Self> {
        let bytes = without_mark(&response.body);
        let good = (200..300).contains(&response.status);
        let fields = serde_json::from_slice::<Fields>(bytes).ok().filter(|_| good);
        let Some((access, fields)) = fields.and_then(|mut fields| {
            let access = fields.access_token.take().and_then(|text| text.0)?;
            Some((access, fields))
        }) else {
            // Without an access token there is nothing secret in it.
            let json = serde_json::from_slice::<Value>(bytes).ok();
            return Err(refusal(response, json.as_ref(), asked));
        };
        let kind = fields.token_type.as_ref().and_then(text_of);
        if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            let text = format!("the answer to the request for {} is no bearer token", asked.what);
            let cause = Cause::TokenResponseInvalid;
            return Err(Error::new(Status::Token, asked.stage, cause, text));
        }
        let after = |value: &Option<Value>| {
            let seconds = value.as_ref().and_then(seconds_of)?;
            now.checked_add(Duration::from_secs(seconds.min(LONGEST_LIFETIME)))
        };
        let assumed = now + Duration::from_secs(ASSUMED_LIFETIME);
        let granted = fields.scope.as_ref().and_then(text_of).map(|text| scope::split(&text));
        Ok(Self {
            access,
            refresh: fields.refresh_token.and_then(|text| text.0),
            id_token: fields.id_token.and_then(|text| text.0),
            obtained_at: now,
            expires_at: after(&fields.expires_in).unwrap_or(assumed),
            refresh_at: after(&fields.refresh_in),
            refresh_expires_at: after(&fields.refresh_token_expires_in),
            scopes: granted.filter(|g| !g.is_empty()).unwrap_or_else(|| scopes.to_vec()),
            clock_difference: response.date.map(|date| difference(date, now)),
        })
    }
}

fn difference(there: SystemTime, here: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match there.duration_since(here) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

/// A text that is a secret; nothing when it is empty or no text.
struct Text(Option<Secret>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Text, E> {
        Ok(Text((!text.is_empty()).then(|| Secret::new(text))))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_unit<E>(self) -> std::result::Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Text, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(
        self,
        mut entries: A,
    ) -> std::result::Result<Text, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
