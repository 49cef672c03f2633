//! The whole error as one JSON document, without secrets: to paste into a ticket.

use super::{Error, Outcome, Retry, Stage};
use crate::oauth::ErrorResponse;
use crate::smtp::Reply;
use serde_json::{Map, Value, json};

/// It rises when a field changes its meaning; fields may be added without.
const FORMAT: u32 = 1;

impl Error {
    /// Everything that is known, as JSON in one line (docs/errors.md).
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut fields = json!({
            "format": FORMAT,
            "library": concat!("postrider ", env!("CARGO_PKG_VERSION")),
            "text": self.text(),
            "status": self.status().code(),
            "status_text": self.status().text(),
            "stage": self.stage().code(),
            "cause": self.cause().code(),
            "certainty": self.certainty().code(),
            "advice": self.advice(),
            "outcome": outcome(self.outcome()),
            "retry": self.retry() == Retry::Later,
        });
        if let Some(fields) = fields.as_object_mut() {
            self.add_optional(fields);
        }
        fields
    }

    fn add_optional(&self, fields: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Option<Value>| {
            value.into_iter().for_each(|value| {
                fields.insert(name.to_owned(), value);
            });
        };
        let suspects: Vec<_> = self.suspects().iter().map(|cause| cause.code()).collect();
        add("suspects", (!suspects.is_empty()).then(|| suspects.into()));
        add("link", self.link().map(Value::from));
        add("retry_after", self.retry_after().map(|after| after.as_secs().into()));
        add("host", self.values().host.clone().map(Value::from));
        add("user", self.values().user.clone().map(Value::from));
        add("tenant", self.values().tenant.clone().map(Value::from));
        add("offered", self.values().offered.clone().map(Value::from));
        add("reply", self.reply().map(reply));
        add("provider", self.response().map(provider));
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "not_sent",
        Outcome::Accepted => "accepted",
        Outcome::Unknown => "unknown",
    }
}

fn reply(reply: &Reply) -> Value {
    json!({ "code": reply.code(), "enhanced_code": reply.enhanced_code(), "text": reply.text() })
}

/// What the provider said, with what an administrator looks for in its logs.
fn provider(response: &ErrorResponse) -> Value {
    json!({
        "http_status": response.http_status,
        "error": response.error,
        "suberror": response.suberror,
        "description": response.description,
        "number": response.number,
        "correlation_id": response.correlation_id,
        "trace_id": response.trace_id,
        "timestamp": response.timestamp,
    })
}

impl Stage {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Stage::Argument => "argument",
            Stage::Compose => "compose",
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Tls => "tls",
            Stage::Greeting => "greeting",
            Stage::Hello => "hello",
            Stage::Starttls => "starttls",
            Stage::SignIn => "sign_in",
            Stage::Sender => "sender",
            Stage::Recipients => "recipients",
            Stage::Data => "data",
            Stage::Proxy => "proxy",
            Stage::Store => "store",
            Stage::Authorize => "authorize",
            Stage::Token => "token",
        }
    }
}
