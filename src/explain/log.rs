//! A text that somebody has from a log, such as "535 5.7.139 Authentication unsuccessful, …" or
//! "AADSTS50173: …": the facts in it, and what they mean.

use super::{Facts, Family, Row, look_up};
use crate::error::Stage;

/// Where a reply may have come.
const STEPS: [Stage; 5] =
    [Stage::SignIn, Stage::Sender, Stage::Recipients, Stage::Data, Stage::Greeting];
const FAMILIES: [Family; 3] = [Family::Other, Family::Microsoft, Family::Google];

/// Explains a reply of a mail server or an error of an OAuth provider, such as
/// "535 5.7.139 Authentication unsuccessful, …" or "AADSTS50173: …". `None` when nobody knows.
pub(crate) fn explain(text: &str) -> Option<&'static Row> {
    of_provider(text).or_else(|| of_server(text))
}

fn of_provider(text: &str) -> Option<&'static Row> {
    let number = text.split_once("AADSTS").and_then(|(_, behind)| leading_number(behind));
    if number.is_some() {
        let found = Facts { family: Family::Microsoft, number, text, ..Facts::default() };
        if let Some(row) = look_up(&found) {
            return Some(row);
        }
    }
    // The word of RFC 6749 stands in quotes, or by itself.
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.contains('_')).find_map(|error| {
        [Family::Google, Family::Other]
            .iter()
            .find_map(|family| look_up(&Facts { family: *family, error, text, ..Facts::default() }))
    })
}

fn of_server(text: &str) -> Option<&'static Row> {
    let words = || text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let code = words().find_map(code)?;
    let enhanced = words().find(|word| is_enhanced(word)).unwrap_or_default();
    let facts = Facts { code, enhanced, text, ..Facts::default() };
    let rows = STEPS.iter().flat_map(|stage| {
        let stage = Some(*stage);
        FAMILIES
            .iter()
            .filter_map(move |family| look_up(&Facts { stage, family: *family, ..facts }))
    });
    // Nobody says at which step it came: the row that asks for most is the one. The first of equals.
    rows.rev().max_by_key(|row| row.text.len())
}

fn leading_number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn code(word: &str) -> Option<u16> {
    let code = word.parse().ok().filter(|code| (400..600).contains(code));
    code.filter(|_| word.len() == 3)
}

fn is_enhanced(word: &str) -> bool {
    let mut parts = word.split('.');
    let class = matches!(parts.next(), Some("4" | "5"));
    let digits =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    class && parts.clone().count() == 2 && parts.all(digits)
}
