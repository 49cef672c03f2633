//! Shows the sign-in page in the person's own browser (RFC 8252 §4).
//!
//! No shell sees the address, nothing is waited for, and nothing of ours stays open in the browser.
//! Where nobody would see a window, or nothing can open one, there is an error with the cause
//! `no_browser`: then the program shows the address itself. It should do so in any case: what was
//! started may fail later, and nobody tells us.

use crate::error::{Cause, Error, Result, Stage, Status};
use std::ffi::OsString;

/// Windows takes 2,083 characters; nobody needs more than this.
const LONGEST_ADDRESS: usize = 8 * 1024;

/// How the environment is read: tests have one of their own.
type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Opens an http or https address in the system's browser.
pub(crate) fn open(address: &str) -> Result<()> {
    open_in(address, &|name| std::env::var_os(name))
}

fn open_in(address: &str, environment: Environment) -> Result<()> {
    if !is_plain(address) {
        return Err(Error::argument(
            "the address for the browser is not a plain http or https URL",
        ));
    }
    if let Some(why) = nobody_would_see_it(environment) {
        return Err(none(why));
    }
    start(address, environment)
}

fn none(why: impl std::fmt::Display) -> Error {
    let text = format!("no browser can be opened: {why}");
    Error::new(Status::NeedsSignIn, Stage::Authorize, Cause::NoBrowser, text)
}

/// Whether it is an address that no program takes for an option, a file or a command.
fn is_plain(address: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| address.strip_prefix(scheme));
    let begins =
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'`\\<>^{|}".contains(&byte);
    begins && address.len() <= LONGEST_ADDRESS && address.bytes().all(plain)
}

fn is_set(environment: Environment, name: &str) -> bool {
    environment(name).is_some_and(|value| !value.is_empty())
}

/// Over SSH a window would open at the other computer, or nowhere.
fn is_remote(environment: Environment) -> bool {
    ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| is_set(environment, name))
}

#[cfg(windows)]
fn nobody_would_see_it(environment: Environment) -> Option<&'static str> {
    if crate::platform::is_service() {
        return Some("the program runs as a service");
    }
    is_remote(environment).then_some("the program runs in an SSH session")
}

#[cfg(windows)]
fn start(address: &str, _environment: Environment) -> Result<()> {
    crate::platform::open_url(address).map_err(none)
}

#[cfg(target_vendor = "apple")]
fn nobody_would_see_it(environment: Environment) -> Option<&'static str> {
    is_remote(environment).then_some("the program runs in an SSH session")
}

#[cfg(target_vendor = "apple")]
fn start(address: &str, _environment: Environment) -> Result<()> {
    let mut command = std::process::Command::new("/usr/bin/open");
    crate::platform::launch(command.arg(address)).map_err(none)
}

#[cfg(all(unix, not(target_vendor = "apple")))]
use unix::{nobody_would_see_it, start};

#[cfg(all(unix, not(target_vendor = "apple")))]
mod unix {
    use super::{Environment, is_remote, is_set, none};
    use crate::error::Result;
    use crate::platform::launch;
    use std::path::Path;
    use std::process::Command;

    /// They need a terminal, and it is the host's.
    const IN_A_TERMINAL: &[&str] = &["elinks", "links", "links2", "lynx", "w3m", "www-browser"];

    /// Who knows which browser the person likes, in the order in which they are asked.
    const OPENERS: &[&[&str]] =
        &[&["xdg-open"], &["gio", "open"], &["x-www-browser"], &["gnome-open"], &["kde-open"]];

    /// Windows's browser, from Linux within Windows. (`explorer.exe` would take the address for an
    /// option as soon as there is a comma in it.)
    const OPENERS_IN_WSL: &[&[&str]] =
        &[&["wslview"], &["rundll32.exe", "url.dll,FileProtocolHandler"]];

    pub(super) fn nobody_would_see_it(environment: Environment) -> Option<&'static str> {
        // Who sets it knows what it does: Visual Studio Code's opens a window on the near side.
        if !wished(environment).is_empty() {
            return None;
        }
        if is_remote(environment) {
            return Some("the program runs in an SSH session");
        }
        let has_screen =
            ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| is_set(environment, name));
        (!has_screen && !is_in_wsl(environment)).then_some("there is no screen (no DISPLAY)")
    }

    pub(super) fn start(address: &str, environment: Environment) -> Result<()> {
        let in_wsl = if is_in_wsl(environment) { OPENERS_IN_WSL } else { &[] };
        let known = in_wsl.iter().chain(OPENERS);
        let known = known.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        let mut failure = None;
        for words in wished(environment).into_iter().chain(known) {
            match launch(&mut command(&words, address)) {
                Ok(()) => return Ok(()),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(match failure {
            Some(error) => none(format_args!("nothing that opens one was found ({error})")),
            None => none("nothing that opens one is known"),
        })
    }

    /// The command lines of $BROWSER: several with colons between them, each a list of words.
    pub(super) fn wished(environment: Environment) -> Vec<Vec<String>> {
        let wish = environment("BROWSER").and_then(|wish| wish.into_string().ok());
        let lines = wish.iter().flat_map(|wish| wish.split(':'));
        let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
        words
            .filter(|words: &Vec<String>| words.first().is_some_and(|w| !is_for_terminals(w)))
            .collect()
    }

    fn is_for_terminals(program: &str) -> bool {
        let name = Path::new(program).file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| IN_A_TERMINAL.contains(&name))
    }

    /// The address takes the place of `%s`, or comes last.
    pub(super) fn command(words: &[String], address: &str) -> Command {
        let mut words = words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        let mut placed = false;
        for word in words {
            placed |= word.contains("%s");
            command.arg(word.replace("%s", address));
        }
        if !placed {
            command.arg(address);
        }
        command
    }

    fn is_in_wsl(environment: Environment) -> bool {
        is_set(environment, "WSL_INTEROP") || is_set(environment, "WSL_DISTRO_NAME")
    }
}

#[cfg(test)]
#[path = "browser_tests.rs"]
mod tests;
