//! Reads `table.txt`. Its rows are looked through where they stand: nothing is kept, since what they
//! say is wanted only when something has failed.

use super::sign::Sign;
use super::{Facts, Then};
use crate::error::{Cause, Certainty, Words};

pub(super) const TABLE: &str = include_str!("table.txt");

/// A part of the table, by its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Replies,
    Providers,
    /// What no server said.
    Own,
    /// What it may be when no row fits.
    Suspects,
}

impl Section {
    fn heading(self) -> &'static str {
        match self {
            Section::Replies => "\n[replies]\n",
            Section::Providers => "\n[providers]\n",
            Section::Own => "\n[own]\n",
            Section::Suspects => "\n[suspects]\n",
        }
    }

    /// Those that fit, in their order.
    pub(super) fn fitting(self, facts: &Facts) -> impl Iterator<Item = Row> {
        // What a row means is read only when it fits.
        let fits = |(line, _): &(&str, Words)| {
            line.split_once(" => ").is_some_and(|(asked, _)| fit(asked, facts))
        };
        self.lines().filter(fits).filter_map(move |(line, words)| Row::parse(self, line, words))
    }

    #[cfg(test)]
    pub(super) fn rows(self) -> impl Iterator<Item = Row> {
        self.lines().map_while(move |(line, words)| Row::parse(self, line, words))
    }

    /// Each with what stands on lines of its own below.
    fn lines(self) -> impl Iterator<Item = (&'static str, Words)> {
        let body = TABLE.split_once(self.heading()).map_or("", |(_, behind)| behind);
        let body = body.split_once("\n[").map_or(body, |(section, _)| section);
        let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let mut lines = body.lines().filter(is_row).peekable();
        std::iter::from_fn(move || {
            let line = lines.next()?;
            let mut words = Words::default();
            while let Some(more) = lines.next_if(|line| line.starts_with(' ')).map(str::trim) {
                let place = match more.starts_with("https://") {
                    true => &mut words.link,
                    false => &mut words.advice,
                };
                *place = Some(more);
            }
            Some((line, words))
        })
    }
}

/// One thing that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub section: Section,
    conditions: &'static str,
    pub cause: Cause,
    pub then: Then,
    pub certainty: Certainty,
    /// Say more than those of the cause; the advice of a suspect is a part of a sentence.
    pub words: Words,
    /// Where it was found: a section of the project's reference, or a standard.
    pub source: &'static str,
}

impl Row {
    fn parse(section: Section, line: &'static str, words: Words) -> Option<Self> {
        let (conditions, meaning) = line.split_once(" => ")?;
        let (meaning, source) = meaning.split_once(" | ")?;
        let mut meanings = meaning.split(", ");
        let cause = Cause::of_code(meanings.next()?)?;
        let (mut then, mut certainty) = (Then::Change, Certainty::Sure);
        for word in meanings {
            match word {
                "sign in" => then = Then::SignIn,
                "passes" => then = Then::Wait,
                "passes 24 h" => then = Then::WaitHours(24),
                "likely" => certainty = Certainty::Likely,
                _ => return None,
            }
        }
        Some(Self { section, conditions, cause, then, certainty, words, source })
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        parted(self.conditions)
    }

    /// The values of a condition as they stand there; empty when it does not ask for that.
    pub(super) fn asks(&self, key: &str) -> &'static str {
        self.conditions().find(|(found, _)| *found == key).map_or("", |(_, values)| values)
    }
}

fn fit(conditions: &str, facts: &Facts) -> bool {
    parted(conditions).all(|(key, values)| meets(facts, key, values))
}

/// The conditions, each with its values, which are not parted yet.
fn parted(mut conditions: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        let (key, behind) = conditions.trim_start().split_once('=')?;
        let values;
        (values, conditions) = match behind.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`')?,
            None => behind.split_once(' ').unwrap_or((behind, "")),
        };
        Some((key, values))
    })
}

fn meets(facts: &Facts, key: &str, values: &str) -> bool {
    let each = || values.split(',');
    let is_one = |word: &str| each().any(|value| value == word);
    let is_number = |number: u32| each().any(|value| value.parse() == Ok(number));
    let has = |word: &str| Sign::of_word(word).is_some_and(|sign| facts.signs.has(sign));
    match key {
        "of" => is_one(facts.family.code()),
        "at" => facts.stage.is_some_and(|stage| is_one(stage.code())),
        "with" => facts.with.is_some_and(|with| is_one(with.code())),
        "code" => is_number(facts.code.into()),
        "enhanced" => is_one(facts.enhanced),
        "text" => contains(facts.text, values),
        "error" => is_one(facts.error),
        "suberror" => is_one(facts.suberror),
        "aadsts" => facts.number.is_some_and(is_number),
        "http" => is_number(facts.http_status.into()),
        "asked" => facts.asked.contains(values),
        "was" => facts.was.is_some_and(|cause| is_one(cause.code())),
        "knows" => each().all(has),
        "without" => !each().any(has),
        _ => false,
    }
}

/// Whether the text has the part, whatever the case of its letters.
fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}
