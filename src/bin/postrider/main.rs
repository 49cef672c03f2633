//! The `postrider` command: a sandbox server for trying the library without an account or the
//! internet, and a small client for its token endpoint.
//!
//! Each subcommand is a module. Nothing here uses the library's own protocol code: a fault in
//! `smtp/` must not be hidden by a server that shares it.

#![forbid(unsafe_code)]

mod fetch_token;
mod sandbox;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Tools around the Postrider mail library.
#[derive(Parser)]
#[command(name = "postrider", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a mail server on this computer for trying things: it takes mail and keeps it in a folder.
    Sandbox(sandbox::Options),
    /// Fetch an access token from a sandbox and print it on standard output.
    Token(fetch_token::Options),
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Sandbox(options) => sandbox::run(options),
        Command::Token(options) => fetch_token::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("postrider: {message}");
            ExitCode::FAILURE
        }
    }
}
