//! docs/errors.md: every cause with its advice, and what servers and providers say that means it.

use super::Then;
use super::row::{Row, Section};
use crate::error::values::{Values, fill};
use crate::error::{Cause, Certainty};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "\
# Errors

Every error has a cause: a stable word that a program can compare. This page lists them, with the advice that a person gets when nothing more is known;
host, mailbox and addresses take the place of the general words where they are known. It is written by `make errors` from `src/error/cause.rs` and
`src/explain/table.txt`; the second knows what servers and providers say.

Words are never changed or used again, new ones may come; `tests/causes.txt` lists those of each version. `certainty` tells how sure a cause is: `sure` when the error itself or a document says so,
`likely` when it was seen to mean that or what is known points there, `unknown` when nobody says what a reply means.

## As JSON

`mail_last_error_json` and its kin give one document in one line:

| field | what it is |
|---|---|
| `format` | 1; it rises when a field changes its meaning |
| `library` | name and version |
| `text` | one line that says what went wrong |
| `status`, `status_text` | the number that the call returned, and its meaning |
| `stage` | the step: `resolve`, `connect`, `tls`, `sign_in`, `token`, … |
| `cause`, `certainty`, `advice`, `link` | as on this page; `link` only where there is one |
| `outcome` | `not_sent`, `accepted` or `unknown` |
| `retry`, `retry_after` | whether the same may succeed unchanged, and after how many seconds, when that is known |
| `suspects` | what may be behind a reply that nobody explains, the likeliest first; the advice tells them apart |
| `host`, `user`, `tenant`, `offered` | the server, who signs in, the organization, and the mechanisms that the server offered, when they are known |
| `reply` | `code`, `enhanced_code` and `text` of the server's reply, when one decided it |
| `provider` | what the OAuth provider answered, with the ids that its administrator looks for |

No secret is in it.

Sources that begin with \"O\" or \"F\" are sections of the collection of public documents that this project was built on.

";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Causes\n\n| cause | advice |\n|---|---|\n");
    for cause in Cause::ALL {
        let (code, advice, link) = (cause.code(), cause.advice(), link(cause.link()));
        let _ = writeln!(page, "| `{code}` | {advice}{link} |");
    }
    page.push_str(
        "\n## What it means\n\nThe first row that fits counts. An empty place fits everything; texts \
         are a part of what was said. What a send knows besides stands in the second column: the \
         claims of the token, the age of the sign-in, the settings.\n",
    );
    for (section, title) in [
        (Section::Replies, "What mail servers say"),
        (Section::Providers, "What OAuth providers and mail interfaces over HTTP say"),
        (Section::Own, "What no server says"),
        (Section::Suspects, "What may be behind a reply that no row knows, the likeliest first"),
    ] {
        let _ = write!(
            page,
            "\n### {title}\n\n| at, of | known | said | cause | passes | certainty | source |\n\
             |---|---|---|---|---|---|---|\n"
        );
        section.rows().for_each(|row| page.push_str(&line(&row)));
    }
    page
}

fn link(link: Option<&str>) -> String {
    link.map(|link| format!(" [More]({link})")).unwrap_or_default()
}

fn line(row: &Row) -> String {
    let column = |keys: &[&str]| {
        let asked = row.conditions().filter(|(key, _)| keys.contains(key));
        let words = asked.map(|(key, values)| {
            let list = values.replace(',', ", ");
            match key {
                "with" => format!("with a {list}"),
                "without" => format!("not {list}"),
                "was" => format!("cause was {list}"),
                "text" => format!("\"{values}\""),
                "http" => format!("HTTP {list}"),
                "aadsts" => format!("AADSTS {list}"),
                "asked" => format!("for {list}"),
                "enhanced" if values.is_empty() => "no enhanced code".into(),
                _ => list,
            }
        });
        words.collect::<Vec<_>>().join("; ")
    };
    let passes = match row.then {
        Then::SignIn => "after a sign-in".to_owned(),
        Then::Change => String::new(),
        Then::Wait => "yes".to_owned(),
        Then::WaitHours(hours) => format!("after {hours} h"),
    };
    let certainty = match row.certainty {
        Certainty::Sure => "",
        other => other.code(),
    };
    let advice = row.words.advice.map(|advice| format!(": {}", fill(advice, &Values::default())));
    let advice = advice.unwrap_or_default() + &link(row.words.link);
    format!(
        "| {} | {} | {} | `{}`{advice} | {passes} | {certainty} | {} |\n",
        column(&["of", "at"]),
        column(&["with", "knows", "without", "was"]),
        column(&["code", "enhanced", "text", "error", "suberror", "aadsts", "http", "asked"]),
        row.cause.code(),
        row.source,
    )
}

#[test]
fn the_page_of_errors_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = page();
    if std::env::var_os("POSTRIDER_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/errors.md is not what `make errors` writes");
}
