//! A diagnosis, and an explanation, as JSON: docs/diagnosis.md says what each field means.

use super::{Diagnosis, Explanation, Step, advice};
use crate::error::{Error, Retry};
use serde::Serialize;

/// Goes up when a field changes its meaning or goes away; further fields may come at any time.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    postrider: &'static str,
    state: &'static str,
    status: i32,
    summary: String,
    took_ms: u128,
    steps: Vec<JsonStep<'a>>,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    name: &'static str,
    state: &'static str,
    took_ms: u128,
    found: &'a [String],
    warnings: &'a [String],
    error: Option<JsonError<'a>>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    status: i32,
    stage: i32,
    cause: &'static str,
    text: &'a str,
    advice: String,
    retry: bool,
    reply: Option<JsonReply<'a>>,
}

#[derive(Serialize)]
struct JsonReply<'a> {
    code: u16,
    enhanced: String,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonExplanation<'a> {
    version: u32,
    code: Option<u16>,
    enhanced_code: &'a str,
    causes: Vec<JsonCause<'a>>,
    certainty: &'static str,
    source: &'a str,
}

#[derive(Serialize)]
struct JsonCause<'a> {
    cause: &'static str,
    advice: &'a str,
    link: Option<&'static str>,
}

pub(super) fn of(diagnosis: &Diagnosis) -> String {
    let document = Document {
        version: VERSION,
        postrider: env!("CARGO_PKG_VERSION"),
        state: diagnosis.state().word(),
        status: diagnosis.status().code(),
        summary: diagnosis.summary(),
        took_ms: diagnosis.took.as_millis(),
        steps: diagnosis.steps.iter().map(of_step).collect(),
    };
    // Texts and numbers: there is nothing in it that could fail.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

impl Explanation {
    /// As JSON (docs/diagnosis.md).
    pub fn to_json(&self) -> String {
        let causes = self.causes.iter().map(|possible| JsonCause {
            cause: possible.cause.code(),
            advice: &possible.advice,
            link: possible.link,
        });
        let document = JsonExplanation {
            version: VERSION,
            code: self.code,
            enhanced_code: &self.enhanced_code,
            causes: causes.collect(),
            certainty: self.certainty.code(),
            source: self.causes.first().map_or("", |likeliest| likeliest.source),
        };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }
}

fn of_step(step: &Step) -> JsonStep<'_> {
    JsonStep {
        name: step.name.word(),
        state: step.state.word(),
        took_ms: step.took.as_millis(),
        found: &step.found,
        warnings: &step.warnings,
        error: step.error.as_ref().map(of_error),
    }
}

fn of_error(error: &Error) -> JsonError<'_> {
    JsonError {
        status: error.status().code(),
        stage: error.stage() as i32,
        cause: error.cause().code(),
        text: error.text(),
        advice: advice(error),
        retry: error.retry() == Retry::Later,
        reply: error.reply().map(|reply| JsonReply {
            code: reply.code(),
            enhanced: reply.enhanced_code(),
            text: reply.text(),
        }),
    }
}
