//! docs/errors.md: every cause with its advice, and what servers and providers say that means it.

use super::table::ROWS;
use super::{Family, Row, SignedInWith, Then};
use crate::error::{Cause, Certainty};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "\
# Errors

Every error has a cause: a stable word that a program can compare. This page lists them, with the advice that a person gets when nothing more is known;
host, mailbox and addresses take the place of the general words where they are known. It is written by `make errors` from `src/error/cause.rs` and
`src/explain/table.rs`; the second knows what servers and providers say.

Words are never changed or used again; new ones may come. `certainty` tells how sure a cause is: `sure` when the error itself or a document says so,
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
| `host`, `user` | the server and who signs in, when they are known |
| `reply` | `code`, `enhanced_code` and `text` of the server's reply, when one decided it |
| `provider` | what the OAuth provider answered, with the ids that its administrator looks for |

No secret is in it.

Sources that begin with \"O\" are sections of the collection of public documents that this project was built on.

";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Causes\n\n| cause | advice |\n|---|---|\n");
    for cause in Cause::ALL {
        let link = cause.link().map(|link| format!(" [More]({link})")).unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {}{link} |", cause.code(), cause.advice());
    }
    page.push_str(
        "\n## What mail servers say\n\nThe first row that fits counts. An empty place fits \
         everything; the text is a part of what was said.\n\n| at | code | enhanced | text | \
         cause | passes | certainty | source |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in ROWS.iter().filter(|row| !row.is_of_provider()) {
        let stages = row.stages.iter().map(|stage| stage.code()).collect::<Vec<_>>().join(", ");
        let stages = [stages.as_str(), family(row), with(row)].join(" ");
        let codes = match row.codes {
            many if many.len() > 6 => String::new(),
            codes => codes.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(
            page,
            "| {} | {codes} | {} | {} | {}",
            stages.trim(),
            row.enhanced,
            row.text,
            end(row)
        );
    }
    page.push_str(
        "\n## What OAuth providers say\n\n| of | error | number (AADSTS) | text or suberror | \
         cause | passes | certainty | source |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in ROWS.iter().filter(|row| row.is_of_provider()) {
        let numbers = row.numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let what = if row.what.is_empty() { "" } else { " for " };
        let _ = writeln!(
            page,
            "| {} | {}{what}{} | {numbers} | {}{} | {}",
            family(row),
            row.error,
            row.what,
            row.suberror,
            row.text,
            end(row)
        );
    }
    page
}

fn end(row: &Row) -> String {
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
    format!("`{}` | {passes} | {certainty} | {} |", row.cause.code(), row.source)
}

fn family(row: &Row) -> &'static str {
    match row.family {
        Some(Family::Microsoft) => "Microsoft",
        Some(Family::Google) => "Google",
        Some(Family::Other) | None => "",
    }
}

fn with(row: &Row) -> &'static str {
    match row.with {
        Some(SignedInWith::Token) => "with a token",
        Some(SignedInWith::Password) => "with a password",
        None => "",
    }
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
