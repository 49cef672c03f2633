//! A text that somebody has from a log, such as "535 5.7.139 Authentication unsuccessful, …" or
//! "AADSTS50173: …": the facts in it, and what they mean.

use super::row::{Row, Section};
use super::{Facts, Family, SignedInWith, first, of_provider, suspects};
use crate::error::Stage;

/// Where a reply may have come.
const STEPS: [Stage; 5] =
    [Stage::SignIn, Stage::Sender, Stage::Recipients, Stage::Data, Stage::Greeting];
const FAMILIES: [Family; 3] = [Family::Other, Family::Microsoft, Family::Google];

/// What was found in a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// The code of a reply, such as 535, when there is one.
    pub code: Option<u16>,
    /// Its enhanced code, such as "5.7.8"; else empty.
    pub enhanced_code: String,
    /// What it may mean, the likeliest first.
    pub rows: Vec<Row>,
}

/// Explains a reply of a mail server or an error of an OAuth provider.
pub(crate) fn explain(text: &str) -> Found {
    if let Some(row) = number(text).or_else(|| word(text)) {
        return Found { rows: vec![row], ..Found::default() };
    }
    let Some((code, enhanced_code)) = codes(text) else { return Found::default() };
    let facts = Facts { code, enhanced: &enhanced_code, text, ..Facts::default() };
    // Nobody says with what the client signed in.
    let with = |with| the_most_exact(&Facts { with: Some(with), ..facts });
    let mut rows = with(SignedInWith::Token);
    rows.extend(with(SignedInWith::Password));
    Found { code: Some(code), enhanced_code, rows }
}

fn number(text: &str) -> Option<Row> {
    let (_, behind) = text.split_once("AADSTS")?;
    let number = behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    of_provider(&Facts {
        family: Family::Microsoft,
        number: Some(number),
        text,
        ..Facts::default()
    })
}

/// The error of a provider stands in quotes, or by itself: two words or more joined, such as
/// `invalid_grant` or `ErrorSendAsDenied`.
fn word(text: &str) -> Option<Row> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_joined = |word: &&str| {
        word.contains('_') || word.chars().skip(1).any(|letter| letter.is_ascii_uppercase())
    };
    words.filter(is_joined).find_map(|error| {
        let families = [Family::Google, Family::Other].into_iter();
        families
            .filter_map(|family| of_provider(&Facts { family, error, text, ..Facts::default() }))
            .next()
    })
}

/// Nobody says at which step it came, and whose server it was: the row that asks for most is the
/// one, the first of equals. Where no row knows it, what may be behind it.
fn the_most_exact(facts: &Facts) -> Vec<Row> {
    let places = STEPS.iter().flat_map(|stage| FAMILIES.iter().map(move |family| (stage, family)));
    let at = |(stage, family): (&Stage, &Family)| Facts {
        stage: Some(*stage),
        family: *family,
        ..*facts
    };
    let known = places.clone().filter_map(|place| first(Section::Replies, &at(place)));
    let exact = |row: &Row| row.asks("text").len() + row.asks("enhanced").len();
    let first_of_equals = |best: Row, row: Row| if exact(&row) > exact(&best) { row } else { best };
    if let Some(row) = known.reduce(first_of_equals) {
        return vec![row];
    }
    let all = places.map(|place| suspects(&at(place)).collect::<Vec<_>>());
    let exactness = |rows: &Vec<Row>| rows.iter().map(exact).max();
    let best = |best: Vec<Row>, rows: Vec<Row>| {
        if exactness(&rows) > exactness(&best) { rows } else { best }
    };
    all.reduce(best).unwrap_or_default()
}

/// The first word that can be the code of a refusal, and the enhanced code behind it; they may stand
/// behind "S:", a time, or the name of a program.
fn codes(text: &str) -> Option<(u16, String)> {
    let mut words = text.split(|c: char| c.is_whitespace() || "-:;,()[]\"'".contains(c));
    let is_code = |word: &str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let code =
        |word: &str| word.parse().ok().filter(|code| is_code(word) && (400..600).contains(code));
    let code: u16 = words.by_ref().find_map(code)?;
    let class = if code < 500 { "4." } else { "5." };
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    // Python writes the text of a reply as b'5.7.8 …'.
    let mut behind = words.filter(|word| !word.is_empty() && *word != "b");
    let enhanced = behind.next().filter(|word| {
        word.starts_with(class) && word.split('.').count() == 3 && word.split('.').all(is_number)
    });
    Some((code, enhanced.unwrap_or_default().to_owned()))
}
