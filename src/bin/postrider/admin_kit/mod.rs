//! `postrider admin-kit`: what an administrator of Microsoft 365 has to run before an app may send
//! without a person. The scripts are those of docs/accounts/microsoft-app-only.md, with the ids
//! filled in; a test keeps the two equal.

use crate::output::{Exit, Failure, Result, line};
use clap::ValueEnum;

const MAILBOX: &str = include_str!("mailbox.ps1");
const RBAC: &str = include_str!("rbac.ps1");
const CONSENT: &str = "https://login.microsoftonline.com/{tenant}/v2.0/adminconsent\
    ?client_id={client_id}&redirect_uri=http://localhost\
    &scope=https://outlook.office365.com/.default";

#[derive(clap::Args)]
#[command(after_help = "\
What is not given stays as a word in braces, to be filled in by hand. The script is
for PowerShell and an Exchange administrator; docs/accounts/microsoft-app-only.md
explains both ways.

  postrider admin-kit rbac --tenant 11111111-2222-3333-4444-555555555555 \\
      --client-id ID --object-id ID --display-name Mailer --mailbox box@example.org \\
      >mailer.ps1
  postrider admin-kit consent --tenant example.org --client-id ID")]
pub struct Options {
    /// What to print
    part: Part,
    /// The organization: its id, or a domain
    #[arg(long)]
    tenant: Option<String>,
    /// The application (client) id of the app registration
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The object id under "Enterprise applications"; the one under "App registrations" is another
    #[arg(long, value_name = "ID")]
    object_id: Option<String>,
    /// What administrators shall call the app
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The address of the mailbox from which the app sends
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The script for RBAC for Applications: the app may send from the mailbox, and nothing else
    Rbac,
    /// The script for the mailbox permission, which opens the whole mailbox; it needs the consent
    Mailbox,
    /// The address at which an administrator consents
    Consent,
}

pub fn run(options: &Options) -> Result {
    let given = [
        ("{tenant}", &options.tenant, is_id as fn(&str) -> bool),
        ("{client_id}", &options.client_id, is_id),
        ("{object_id}", &options.object_id, is_id),
        ("{display_name}", &options.display_name, is_name),
        ("{mailbox}", &options.mailbox, is_address),
    ];
    let template = match options.part {
        Part::Rbac => RBAC,
        Part::Mailbox => MAILBOX,
        Part::Consent => CONSENT,
    };
    let mut values = Vec::new();
    for (place, value, is_good) in given {
        let Some(value) = value else { continue };
        if !is_good(value) {
            let option = place.trim_matches(['{', '}']).replace('_', "-");
            let text = format!("--{option} has a character that does not belong there");
            return Err(Failure::usage(text));
        }
        values.push((place, quoted(value)));
    }
    line(filled(template, &values).trim_end())?;
    Ok(Exit::Done)
}

/// In one pass: a value that looks like a place is left alone.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let found = values.iter().find(|(place, _)| from.starts_with(place));
        let (value, length) = found.map_or(("{", 1), |(place, value)| (value, place.len()));
        text.push_str(value);
        rest = &from[length..];
    }
    text + rest
}

/// For a text between single quotes: PowerShell takes typographic ones for the same.
fn quoted(value: &str) -> String {
    let is_quote = |c: &char| matches!(c, '\'' | '\u{2018}'..='\u{201B}');
    value.chars().flat_map(|c| std::iter::once(c).chain(Some(c).filter(is_quote))).collect()
}

fn is_id(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

fn is_name(value: &str) -> bool {
    !value.is_empty() && !value.contains(char::is_control)
}

/// It stands in a filter between double quotes, where `$` and a backtick mean something, and typographic
/// quotes end what they should not.
fn is_address(value: &str) -> bool {
    let is_bad = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '"' | '$' | '`' | '\u{2018}'..='\u{201F}')
    };
    value.contains('@') && !value.contains(is_bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_the_text_that_it_stands_in() {
        assert_eq!(quoted("Anna's \u{2019}x"), "Anna''s \u{2019}\u{2019}x");
        for bad in [
            "a@b.example\"",
            "a$x@b.example",
            "a`n@b.example",
            "a b@c.example",
            "a\u{201D}@b.example",
            "x",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address("o'neil@example.org") && is_address("büro+1@example.org"));
        for bad in ["", "a'b", "a b", "a/b", "a&b", "a\nb"] {
            assert!(!is_id(bad), "{bad}");
        }
        assert!(!is_name("a\nb") && is_name("Anna's (mail)"));
    }

    #[test]
    fn a_value_is_not_filled_in_again() {
        let values = [("{a}", "{b}".to_owned()), ("{b}", "x".to_owned())];
        assert_eq!(filled("{a} {b} {c} {", &values), "{b} x {c} {");
    }
}
