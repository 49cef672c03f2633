//! `postrider logout`: ends a sign-in, at the provider too where that is possible, and forgets it.

use crate::account::{self, Kept};
use crate::config::Config;
use crate::output::{Exit, Failure, Result, note};
use postrider::Stage;

#[derive(clap::Args)]
#[command(after_help = "\
The tokens are removed from the store, the settings from the list, and the provider is
told (RFC 7009) if it has an address for that; Microsoft has none. If only the provider
could not be told, the account is forgotten nevertheless, and the exit code says so.
At Google this ends every sign-in of the person with the whole project.

  postrider logout anna@example.org")]
pub struct Options {
    /// An account of `postrider accounts`
    account: String,
}

pub fn run(options: &Options) -> Result {
    let config = Config::load()?;
    let (name, settings) = config.find(Some(&options.account))?;
    let name = name.to_owned();
    let store = settings.store.open()?;
    let kept = Kept::load(&store, settings).unwrap_or_default();
    // A key file that is gone does not keep anybody from signing out.
    let account = account::open(settings, &kept, &store)
        .or_else(|_| account::plain(settings, kept.client_secret.as_deref(), &store))?;
    let ended = account.sign_out();
    if let Err(error) = &ended
        && error.stage() == Stage::Store
    {
        return Err(Failure::from(error.clone()));
    }
    let mut config = Config::load()?;
    config.accounts.remove(&name);
    config.save()?;
    ended.map_err(|error| {
        Failure::from(error).introduced_by(format_args!(
            "{name} is forgotten here, but the provider could not be told"
        ))
    })?;
    note(format_args!("{name} is signed out."));
    Ok(Exit::Done)
}
