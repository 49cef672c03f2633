//! The `postrider` command: signs in, sends and looks after accounts through the library's Rust
//! interface, and has a sandbox server for trying all of it without an account or the internet.
//!
//! Each subcommand is a module. They share `config` (what is remembered of accounts), `store` and
//! `account` (from there to the library's objects), `secret_input` and `output`.
//!
//! The sandbox uses nothing of the library: a fault in `smtp/` must not be hidden by a server that
//! shares it.

#![forbid(unsafe_code)]

mod account;
mod accounts;
mod admin_kit;
mod bundle;
mod config;
mod doctor;
mod login;
mod logout;
mod output;
mod sandbox;
mod sandbox_token;
mod secret_input;
mod send;
mod shell;
mod store;
mod token;

use clap::{Parser, Subcommand};
use output::{Exit, Failure};
use std::process::ExitCode;

/// Sends e-mail with OAuth2: sign in once, then send.
#[derive(Parser)]
#[command(name = "postrider", version, after_help = HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Begin with an account:
  postrider login --provider microsoft --client-id ID --user anna@example.org
  postrider send --account anna@example.org --to bob@example.org --subject Hello --body Hi
or try everything on this computer:
  postrider sandbox

`postrider SUBCOMMAND --help` shows examples of each. Exit codes: 0 done, 1 accepted for
some recipients, 2 the command line is wrong, 3 failed, 4 try again later, 5 sign in
first, 6 the message may have been accepted.";

#[derive(Subcommand)]
enum Command {
    /// Sign in to an account, once
    Login(Box<login::Options>),
    /// Send a message
    Send(Box<send::Options>),
    /// Say what works and what does not on the way of a message, without sending one
    Doctor(Box<doctor::Options>),
    /// List the accounts, and whether they can still sign in
    Accounts(accounts::Options),
    /// Print a fresh access token
    Token(token::Options),
    /// Sign out of an account and forget it
    Logout(logout::Options),
    /// Write accounts into an encrypted file, to take them to another computer
    Export(bundle::ExportOptions),
    /// Take accounts from such a file
    Import(bundle::ImportOptions),
    /// Print what an administrator of Microsoft 365 runs, so that an app may send without a person
    AdminKit(admin_kit::Options),
    /// Run a mail server on this computer for trying things: it takes mail and keeps it in a folder
    Sandbox(sandbox::Options),
    /// Print a script with which a shell completes this command
    Completions(shell::CompletionOptions),
    /// Print a manual page
    Man(shell::ManOptions),
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Login(options) => login::run(&options),
        Command::Send(options) => send::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Accounts(options) => accounts::run(&options),
        Command::Token(options) => token::run(&options),
        Command::Logout(options) => logout::run(&options),
        Command::Export(options) => bundle::export(&options),
        Command::Import(options) => bundle::import(&options),
        Command::AdminKit(options) => admin_kit::run(&options),
        Command::Sandbox(options) => {
            sandbox::run(options).map(|()| Exit::Done).map_err(Failure::from)
        }
        Command::Completions(options) => shell::completions(&options),
        Command::Man(options) => shell::man(&options),
    };
    let exit = result.unwrap_or_else(|failure| {
        failure.show();
        failure.exit()
    });
    exit.into()
}
