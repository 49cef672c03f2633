//! `postrider export` and `postrider import`: sign in on a desktop, send from a server.
//!
//! A bundle is that of the library: whole accounts, encrypted with a passphrase. The command's
//! settings travel inside, in a field of each account.

use crate::account::Kept;
use crate::config::{Config, Settings, create_private};
use crate::output::{Exit, Failure, Result, bytes, note};
use crate::secret_input::Source;
use crate::store::{Choice, PATIENCE};
use postrider::oauth::{AccountKey, Existing, Store};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = "\
The file holds everything that is needed to send as these accounts, encrypted with the
passphrase; only key files (--key-file, --pfx-file, --service-account) must be taken
along by hand. Where a provider replaces refresh tokens at each use, only one of the
two computers can go on: remove the account from the other.

  postrider export bundle --account anna@example.org")]
pub struct ExportOptions {
    /// The file to make (- for standard output); one that is there is not overwritten
    file: PathBuf,
    /// Which accounts, if not all; may be given several times
    #[arg(long)]
    account: Vec<String>,
    /// The file with the passphrase (- for standard input); it is asked for unless given
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(after_help = "\
  postrider import bundle --store file:/var/lib/mailer/accounts")]
pub struct ImportOptions {
    /// The file that `postrider export` has made (- for standard input)
    file: PathBuf,
    /// Where the sign-ins are kept here: keyring, or file:FOLDER
    #[arg(long, default_value = "keyring")]
    store: Choice,
    /// Replace accounts that are there already, instead of leaving them
    #[arg(long)]
    replace: bool,
    /// The file with the passphrase (- for standard input); it is asked for unless given
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

fn passphrase(file: Option<&Path>) -> Source<'_> {
    Source { what: "the passphrase", option: "--passphrase-file", file }
}

pub fn export(options: &ExportOptions) -> Result {
    let config = Config::load()?;
    let chosen: Vec<(&str, &Settings)> = match options.account.as_slice() {
        [] => config.accounts.iter().map(|(name, settings)| (name.as_str(), settings)).collect(),
        names => names.iter().map(|name| config.find(Some(name))).collect::<Result<_>>()?,
    };
    let Some((_, first)) = chosen.first() else {
        return Err(Failure::usage("there is no account to export"));
    };
    if chosen.iter().any(|(_, settings)| settings.store != first.store) {
        let text = "these accounts are kept in different stores";
        return Err(Failure::usage(text).advise("Export those of one store at a time: --account."));
    }
    let store = first.store.open()?;
    let keys = chosen.iter().map(|(_, settings)| settings.key()).collect::<Result<Vec<_>>>()?;
    let passphrase = passphrase(options.passphrase_file.as_deref()).read_new()?;
    let bundle = store.export(Some(&keys), &passphrase)?;
    if options.file == Path::new("-") {
        bytes(&bundle)?;
    } else {
        create_private(&options.file)
            .and_then(|mut file| file.write_all(&bundle).and_then(|()| file.sync_all()))
            .map_err(|error| format!("{}: {error}", options.file.display()))?;
    }
    let names: Vec<_> = chosen.iter().map(|(name, _)| *name).collect();
    note(format_args!("Exported: {}", names.join(", ")));
    Ok(Exit::Done)
}

pub fn import(options: &ImportOptions) -> Result {
    let both = [Some(options.file.as_path()), options.passphrase_file.as_deref()];
    if both.iter().all(|file| *file == Some(Path::new("-"))) {
        return Err(Failure::usage("only one of the two can come from standard input"));
    }
    let mut config = Config::load()?;
    let store = options.store.open()?;
    let bundle = read(&options.file)?;
    let passphrase = passphrase(options.passphrase_file.as_deref()).read()?;
    let existing = if options.replace { Existing::Replace } else { Existing::Keep };
    let keys = store.import(&bundle, &passphrase, existing, PATIENCE)?;
    if keys.is_empty() {
        note("Nothing was imported: the store has these accounts already (--replace).");
    }
    for key in &keys {
        let name = remember(&mut config, key, &store, &options.store)?;
        note(format_args!("Imported: {name}"));
    }
    config.save()?;
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().read_to_end(&mut content).map(drop),
        false => std::fs::read(file).map(|read| content = read),
    };
    read.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(content)
}

/// Notes the settings of an imported account; gives its name.
fn remember(
    config: &mut Config,
    key: &AccountKey,
    store: &Store,
    choice: &Choice,
) -> Result<String> {
    let bare = Settings {
        provider: key.provider().to_owned(),
        client_id: key.client_id().to_owned(),
        tenant: key.tenant().to_owned(),
        user: key.user().to_owned(),
        store: choice.clone(),
        ..Settings::default()
    };
    let mut kept = Kept::load(store, &bare)?;
    // An account that another program has made has no settings of ours.
    let settings = match kept.name.is_empty() {
        true => bare,
        false => Settings { store: choice.clone(), ..std::mem::take(&mut kept.settings) },
    };
    let wanted = if kept.name.is_empty() { &settings.user } else { &kept.name };
    let is_free = |name: &str| {
        let known = config.accounts.get(name);
        known.is_none_or(|known| {
            known.store == settings.store && known.key().ok().as_ref() == Some(key)
        })
    };
    let numbered = (2..1000).map(|number| format!("{wanted}-{number}"));
    let name = std::iter::once(wanted.clone()).chain(numbered).find(|name| is_free(name));
    let name = name.ok_or_else(|| format!("there are too many accounts called {wanted}"))?;
    config.accounts.insert(name.clone(), settings);
    Ok(name)
}
