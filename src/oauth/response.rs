//! What a provider answered: JSON read leniently, and an error response (RFC 6749 §5.2) made into
//! an [`Error`].

use crate::error::{Cause, Error, Result, Retry, Stage, Status};
use crate::explain::{Signs, Then};
use crate::oauth::form::Form;
use crate::oauth::http_message::Response;
use crate::oauth::provider::Family;
use crate::oauth::refusals::{Refusal, judge};
use crate::secret::Secret;
use serde_json::Value;

/// More of a provider's text helps nobody.
const MOST_TEXT: usize = 600;
const MOST_EXCERPT: usize = 120;

/// A provider's error, as it stands in its answer; secrets that were sent are replaced by `***`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorResponse {
    /// The status of the HTTP answer; 0 when the error came by way of the browser.
    pub http_status: u16,
    /// `error`: the code of RFC 6749, such as `invalid_grant`. Empty when there was none.
    pub error: String,
    /// `error_description`, for people; providers change these texts.
    pub description: String,
    /// `suberror` (Microsoft), `error_subtype` (Google) or `error_subcode`.
    pub suberror: String,
    /// The number behind AADSTS (Microsoft).
    pub number: Option<u32>,
    /// What an administrator searches the sign-in logs for (Microsoft).
    pub correlation_id: Option<String>,
    /// The same.
    pub trace_id: Option<String>,
    /// When it happened, as the provider writes it (Microsoft).
    pub timestamp: Option<String>,
    /// What has to go into the next authorization request as its parameter `claims` (Microsoft).
    pub claims: Option<String>,
}

/// What was asked, as far as it helps to understand the answer.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub family: Family,
    pub stage: Stage,
    /// As a part of a sentence, with the grant type in it.
    pub what: &'a str,
    /// What was sent, with the secrets that an answer must not echo into our texts.
    pub form: &'a Form,
    /// What is known besides.
    pub signs: Signs,
}

impl ErrorResponse {
    /// From a field by its name, wherever it comes from.
    pub(crate) fn from_fields(http_status: u16, field: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| field(name)).unwrap_or_default();
        let description = first(&["error_description", "message"]);
        Self {
            http_status,
            // Google's device endpoint names it so when it is asked too often.
            error: first(&["error", "error_code"]),
            suberror: first(&["suberror", "error_subtype", "error_subcode"]),
            number: field("error_codes")
                .and_then(|n| n.parse().ok())
                .or_else(|| aadsts(&description)),
            description,
            correlation_id: field("correlation_id"),
            trace_id: field("trace_id"),
            timestamp: field("timestamp"),
            claims: field("claims"),
        }
    }

    fn from_json(http_status: u16, json: &Value) -> Self {
        Self::from_fields(http_status, |name| {
            let value = json.get(name)?;
            text_of(value.as_array().and_then(|all| all.first()).unwrap_or(value))
        })
    }

    /// The error that it is.
    pub(crate) fn into_error(mut self, asked: &Asked, response: Option<&Response>) -> Error {
        self.hide_secrets(asked.form);
        let Refusal { cause, then, certainty, words } = judge(&self, asked);
        let mut text = format!("the provider refused {}", asked.what);
        for (before, part, after) in
            [(": ", &self.error, ""), (" (", &self.suberror, ")"), (": ", &self.description, "")]
        {
            if !part.is_empty() {
                text.extend([before, part, after]);
            }
        }
        let (status, retry) = match then {
            Then::SignIn => (Status::NeedsSignIn, Retry::No),
            Then::Change => (Status::Token, Retry::No),
            Then::Wait | Then::WaitHours(_) => (Status::Token, Retry::Later),
        };
        let after = response.and_then(|response| response.retry_after);
        let error = Error::new(status, asked.stage, cause, text).meaning(cause, certainty, words);
        error.with_response(self).with_retry(retry, after)
    }

    fn hide_secrets(&mut self, form: &Form) {
        let texts = [&mut self.error, &mut self.description, &mut self.suberror];
        let ids = [&mut self.correlation_id, &mut self.trace_id, &mut self.timestamp];
        for text in texts.into_iter().chain(ids.into_iter().flatten()) {
            *text = one_line(&form.without_secrets(text), MOST_TEXT);
        }
    }
}

/// The number of Microsoft's text: "AADSTS65004: The resource owner …".
fn aadsts(description: &str) -> Option<u32> {
    let (_, behind) = description.split_once("AADSTS")?;
    behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A text, also of what should be one and is a number.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Seconds, also as a text or with a fraction (oauth.md §5.7: all of them were seen).
pub(crate) fn seconds_of(value: &Value) -> Option<u64> {
    let seconds: f64 = text_of(value)?.trim().parse().ok()?;
    // A negative one saturates at 0: expired.
    seconds.is_finite().then_some(seconds as u64)
}

/// The JSON of a good answer; an error response, a page or another status is an error.
///
/// For answers that hold secrets see `token`: this one copies their text.
pub(crate) fn read_json(response: &Response, asked: &Asked) -> Result<Value> {
    let bytes = without_mark(&response.body);
    let json = serde_json::from_slice(bytes).ok().filter(Value::is_object);
    match json {
        // GitHub answers errors with 200.
        Some(json) if (200..300).contains(&response.status) && !json_is_error(&json) => Ok(json),
        json => Err(refusal(response, json.as_ref(), asked)),
    }
}

fn json_is_error(json: &Value) -> bool {
    json.get("error").is_some_and(|error| !error.is_null())
}

/// The error that an answer is, which is not the good one.
pub(crate) fn refusal(response: &Response, json: Option<&Value>, asked: &Asked) -> Error {
    let read = json.map(|json| ErrorResponse::from_json(response.status, json));
    if let Some(error) = read.filter(|read| !read.error.is_empty()) {
        return error.into_error(asked, Some(response));
    }
    let status = response.status;
    let excerpt = asked.form.without_secrets(&excerpt(response));
    let quote = if excerpt.is_empty() { "nothing".into() } else { format!("\"{excerpt}\"") };
    let text =
        format!("no proper answer to the request for {}, but {quote} (HTTP {status})", asked.what);
    let (cause, retry) = match status {
        429 => (Cause::TooManyTokenRequests, Retry::Later),
        408 | 500.. => (Cause::ProviderBusy, Retry::Later),
        _ => (Cause::TokenResponseInvalid, Retry::No),
    };
    let answer = ErrorResponse { http_status: status, ..ErrorResponse::default() };
    let error = Error::new(Status::Token, asked.stage, cause, text);
    error.with_response(answer).with_retry(retry, response.retry_after)
}

/// A few words of what is no JSON: the title of a page, or how a text begins. Nothing of a good
/// answer, which may hold a token.
fn excerpt(response: &Response) -> String {
    if (200..300).contains(&response.status) && !response.content_type.contains("html") {
        return format!(
            "{} octets of {}",
            response.body.len(),
            one_line(&response.content_type, 40)
        );
    }
    let text = String::from_utf8_lossy(&response.body);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + "<title>".len()).and_then(|begin| {
        let end = begin + lower.get(begin..)?.find('<')?;
        text.get(begin..end)
    });
    one_line(title.unwrap_or(&text), MOST_EXCERPT)
}

fn one_line(text: &str, most: usize) -> String {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Without the byte order mark that some servers put in front.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Microsoft shows id and value of a client secret side by side; the id is a GUID, the value never.
pub(crate) fn looks_like_an_id(secret: &Secret) -> bool {
    let bytes = secret.bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
