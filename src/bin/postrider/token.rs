//! `postrider token`: prints a fresh access token, of an account or of a sandbox.
//!
//! That is the whole purpose of the command; nothing else of Postrider ever prints a token.

use crate::account::{self, Kept};
use crate::config::Config;
use crate::output::{Exit, Failure, Result, line};
use crate::sandbox_token;

#[derive(clap::Args)]
#[command(after_help = "\
The token is the only line on standard output, so that a script can take it into a
variable or a pipe. Do not put it on another program's command line: other users of
the computer can read those.

  TOKEN=$(postrider token anna@example.org)
  postrider token --url http://127.0.0.1:41885/token     that of a running sandbox")]
pub struct Options {
    /// An account of `postrider accounts`; not needed when there is only one
    account: Option<String>,
    /// Ask the token endpoint of a sandbox instead: http://127.0.0.1:PORT/token
    #[arg(long, conflicts_with = "account")]
    url: Option<String>,
}

pub fn run(options: &Options) -> Result {
    if let Some(url) = &options.url {
        line(sandbox_token::fetch(url)?)?;
        return Ok(Exit::Done);
    }
    let config = Config::load()?;
    let (name, settings) = config.find(options.account.as_deref())?;
    let store = settings.store.open()?;
    let account = account::open(settings, &Kept::load(&store, settings)?, &store)?;
    let token = account.access_token().map_err(|error| Failure::from(error).of_account(name))?;
    line(token.text())?;
    Ok(Exit::Done)
}
