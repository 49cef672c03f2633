//! Headers, bodies and attachments.

use crate::output::{Failure, Result};
use postrider::Mail;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Content {
    /// Who it is from: an address, or 'Name <address>'; the user who signs in unless given
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Who gets it: addresses with commas between them, or the option again
    #[arg(long, value_name = "ADDRESSES")]
    to: Vec<String>,
    /// Who gets a copy
    #[arg(long, value_name = "ADDRESSES")]
    cc: Vec<String>,
    /// Who gets a copy without the others seeing it
    #[arg(long, value_name = "ADDRESSES")]
    bcc: Vec<String>,
    /// Where answers shall go
    #[arg(long, value_name = "ADDRESS")]
    reply_to: Option<String>,
    /// What it is about
    #[arg(long)]
    subject: Option<String>,
    /// The text
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// A file with the text, in UTF-8 (- for standard input)
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// The text as HTML; beside a text, readers choose
    #[arg(long, value_name = "HTML", conflicts_with = "html_file")]
    html: Option<String>,
    /// A file with the HTML, in UTF-8 (- for standard input)
    #[arg(long, value_name = "FILE")]
    html_file: Option<PathBuf>,
    /// A file to attach; may be given several times
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// A further header field: 'X-Name: value'; may be given several times
    #[arg(long, value_name = "FIELD")]
    header: Vec<String>,
}

impl Content {
    pub fn reads_stdin(&self) -> bool {
        self.stdin_readers() > 0
    }

    fn stdin_readers(&self) -> usize {
        let files = [&self.body_file, &self.html_file];
        files.iter().filter(|file| file.as_deref() == Some(Path::new("-"))).count()
    }

    /// Puts everything into the message. `user` is who signs in.
    pub fn apply(&self, mail: &mut Mail, user: Option<&str>) -> Result<()> {
        if self.stdin_readers() > 1 {
            return Err(Failure::usage("only one thing can come from standard input"));
        }
        if let Some(from) = self.from.as_deref().or(user) {
            let (name, address) = mailbox(from);
            mail.set_from(name.as_deref(), address)?;
        }
        if let Some(reply_to) = &self.reply_to {
            let (name, address) = mailbox(reply_to);
            mail.set_reply_to(name.as_deref(), Some(address))?;
        }
        // By the numbers of `mail_kind`.
        for (kind, lists) in (0..).zip([&self.to, &self.cc, &self.bcc]) {
            for list in lists {
                mail.add_recipients(list, kind)?;
            }
        }
        if let Some(subject) = &self.subject {
            mail.set_subject(subject)?;
        }
        if let Some(text) = text(&self.body, &self.body_file)? {
            mail.set_text(Some(&text));
        }
        if let Some(html) = text(&self.html, &self.html_file)? {
            mail.set_html(Some(&html));
        }
        for file in &self.attach {
            let path = file.to_str().ok_or_else(|| {
                Failure::usage(format_args!("{}: the name is not UTF-8", file.display()))
            })?;
            mail.add_attachment_file(path, None, None)?;
        }
        for field in &self.header {
            let (name, value) = field.split_once(':').ok_or_else(|| {
                Failure::usage(format_args!("{field} is no header field: NAME: VALUE"))
            })?;
            mail.add_header(name.trim_end(), value.trim())?;
        }
        Ok(())
    }
}

/// `Anna <anna@example.org>` → name and address; the library checks both.
fn mailbox(text: &str) -> (Option<String>, &str) {
    let parts = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let Some((name, address)) = parts else { return (None, text.trim()) };
    let name = name.trim();
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let name = quoted.map_or_else(|| name.to_owned(), |name| name.replace("\\\"", "\""));
    (Some(name), address)
}

/// What an option says, or its file.
fn text(given: &Option<String>, file: &Option<PathBuf>) -> Result<Option<String>> {
    let Some(file) = file else { return Ok(given.clone()) };
    let mut text = String::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().read_to_string(&mut text).map(drop),
        false => std::fs::read_to_string(file).map(|read| text = read),
    };
    read.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::mailbox;

    #[test]
    fn a_mailbox_is_an_address_with_or_without_a_name() {
        let name = |name: &str| Some(name.to_owned());
        for (text, expected) in [
            ("anna@example.org", (None, "anna@example.org")),
            (" Anna <anna@example.org> ", (name("Anna"), "anna@example.org")),
            ("<anna@example.org>", (name(""), "anna@example.org")),
            (
                r#""Anna \"A\" < B" <anna@example.org>"#,
                (name(r#"Anna "A" < B"#), "anna@example.org"),
            ),
        ] {
            assert_eq!(mailbox(text), expected);
        }
    }
}
