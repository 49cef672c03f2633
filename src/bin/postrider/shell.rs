//! `postrider completions` and `postrider man`: what shells and people read about the command.

use crate::CommandLine;
use crate::output::{Exit, Failure, Result, bytes};
use clap::CommandFactory;
use clap_complete::Shell;

#[derive(clap::Args)]
#[command(after_help = "\
  postrider completions bash >~/.local/share/bash-completion/completions/postrider
  postrider completions zsh >~/.zfunc/_postrider
  postrider completions fish >~/.config/fish/completions/postrider.fish
  postrider completions powershell >>$PROFILE")]
pub struct CompletionOptions {
    /// Which shell
    shell: Shell,
}

#[derive(clap::Args)]
#[command(after_help = "\
  postrider man >~/.local/share/man/man1/postrider.1
  postrider man send >~/.local/share/man/man1/postrider-send.1
  postrider man | man -l -")]
pub struct ManOptions {
    /// The page of this subcommand, instead of that of the whole
    subcommand: Option<String>,
}

pub fn completions(options: &CompletionOptions) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut CommandLine::command(), "postrider", &mut script);
    bytes(&script)?;
    Ok(Exit::Done)
}

pub fn man(options: &ManOptions) -> Result {
    let mut whole = CommandLine::command();
    // Gives subcommands their full names.
    whole.build();
    let command = match &options.subcommand {
        None => whole,
        Some(name) => {
            let found = whole.find_subcommand(name).cloned();
            found.ok_or_else(|| Failure::usage(format_args!("there is no subcommand {name}")))?
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| error.to_string())?;
    // What follows the options in --help has lines of its own.
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\n", ".SH EXAMPLES\n.nf\n");
    bytes(page.as_bytes())?;
    Ok(Exit::Done)
}
