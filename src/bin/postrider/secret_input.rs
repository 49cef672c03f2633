//! Passwords, tokens and secrets: from a file, from standard input, or typed without being shown.
//! Never from the command line, which every user of the computer can read.

use crate::output::{Failure, Result};
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Text that is wiped when dropped.
pub type Secret = Zeroizing<String>;

/// No token is as long; a bound for what a wrong file makes us read.
const MOST_OCTETS: u64 = 64 * 1024;

/// What an option that names a file with a secret got: a file, or `-`.
pub struct Source<'a> {
    /// For people: "the client secret".
    pub what: &'a str,
    /// The option with which to say where it is.
    pub option: &'a str,
    pub file: Option<&'a Path>,
}

impl Source<'_> {
    /// The secret. Without a file, and with `-`, it is typed on the terminal; where there is none,
    /// `-` is standard input.
    pub fn read(&self) -> Result<Secret> {
        let text = match self.file {
            Some(file) if file != Path::new("-") => {
                let opened = File::open(file);
                let text = opened.and_then(read_all);
                text.map_err(|error| self.unreadable(&format!("{}: {error}", file.display())))?
            }
            _ if std::io::stdin().is_terminal() => {
                let typed = rpassword::prompt_password(format!("Type {}: ", self.what));
                Zeroizing::new(typed.map_err(|error| self.unreadable(&error.to_string()))?)
            }
            Some(_) => read_all(std::io::stdin())
                .map_err(|error| self.unreadable(&format!("standard input: {error}")))?,
            None => {
                let text = format!("{} is needed, and there is no terminal to ask on", self.what);
                let advice =
                    format!("Name its file with {}, or - for standard input.", self.option);
                return Err(Failure::usage(text).advise(advice));
            }
        };
        // Editors and `echo` end the line.
        let line = text.trim_end_matches(['\r', '\n']);
        match line.is_empty() {
            true => Err(Failure::usage(format_args!("{} is empty", self.what))),
            false => Ok(Zeroizing::new(line.to_owned())),
        }
    }

    /// Typed twice, when it is typed.
    pub fn read_new(&self) -> Result<Secret> {
        let first = self.read()?;
        let is_typed = self.file.is_none_or(|file| file == Path::new("-"));
        if is_typed && std::io::stdin().is_terminal() {
            let again = Source { what: &format!("{} again", self.what), ..*self };
            if again.read()? != first {
                return Err(Failure::usage("the two are not the same"));
            }
        }
        Ok(first)
    }

    fn unreadable(&self, why: &str) -> Failure {
        format!("{} cannot be read: {why}", self.what).into()
    }
}

fn read_all(source: impl Read) -> std::io::Result<Secret> {
    // A text that grows would leave pieces behind.
    let mut text = Zeroizing::new(String::with_capacity(MOST_OCTETS as usize + 1));
    let read = source.take(MOST_OCTETS + 1).read_to_string(&mut text)?;
    match read as u64 > MOST_OCTETS {
        true => Err(std::io::Error::other("it is too long to be one")),
        false => Ok(text),
    }
}
