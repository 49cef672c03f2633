//! `postrider login`: somebody signs in, or an app shows that it can, and the account is remembered.
//!
//! - `new_account`  the options of an account that is not known yet → its settings and secrets
//! - `person`       a person signs in: in the browser, with a pasted address, with a device code

mod new_account;
mod person;

use crate::account::{self, Kept};
use crate::config::{Config, Settings, SignIn};
use crate::output::{Exit, Failure, Result, note};
use crate::secret_input::Source;
use new_account::NewAccount;
use postrider::oauth::{Account, Store};
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Options {
    /// Sign in again: an account of `postrider accounts`, with its settings
    #[arg(value_name = "ACCOUNT", conflicts_with = "NewAccount")]
    account: Option<String>,
    #[command(flatten)]
    new: NewAccount,
    /// Show a code to be entered on any other device, and wait
    #[arg(long, conflicts_with = "no_browser")]
    device: bool,
    /// Print the address of the sign-in page, and take that of the last page from standard input
    #[arg(long)]
    no_browser: bool,
    /// Take a refresh token that came from elsewhere (- for standard input) instead of a sign-in
    #[arg(long, value_name = "FILE", conflicts_with_all = ["device", "no_browser"])]
    refresh_token_file: Option<PathBuf>,
    /// How long to wait for the person
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
}

const HELP: &str = "\
Sign in once; from then on `postrider send --account` and `postrider token` have
a fresh token whenever they need one. docs/accounts tells how to get a client id.

A person, in the browser (the client id is that of your own app registration):
  postrider login --provider microsoft --client-id ID --user anna@example.org
Google wants a client secret, too. It is read from a file, or typed (-):
  postrider login --provider google --client-id ID --client-secret-file - \\
      --user anna@example.org
On a computer without a browser: a code for another device, or an address to paste:
  postrider login --provider microsoft --client-id ID --user anna@example.org --device
  postrider login --provider microsoft --client-id ID --user anna@example.org --no-browser
Your own server with OpenID Connect:
  postrider login --issuer https://login.example.org/realms/mail --client-id ID \\
      --scope 'openid email offline_access' --user anna@example.org \\
      --server mail.example.org:465
An app without a person, with a certificate or a secret:
  postrider login --provider microsoft --tenant TENANT --client-id ID --app \\
      --certificate-file app-cert.pem --key-file app-key.pem --user box@example.org
A service account of Google Workspace:
  postrider login --provider google --service-account key.json --user anna@example.org
Again, when the sign-in has ended:
  postrider login anna@example.org

Secrets are never taken from the command line. Client secrets and the password of
a PFX file are kept in the store, as the tokens are. Key files stay where they are.";

pub fn run(options: &Options) -> Result {
    let config = Config::load()?;
    let (mut kept, store) = match &options.account {
        Some(name) => again(&config, name)?,
        None => begin(&config, &options.new)?,
    };
    let account = account::open(&kept.settings, &kept, &store)?;
    let name = kept.name.clone();
    let given = options.refresh_token_file.as_deref().map(|file| Source {
        what: "the refresh token",
        option: "--refresh-token-file",
        file: Some(file),
    });
    match (&kept.settings.sign_in, given) {
        (SignIn::Person, None) => sign_in(options, &account)?,
        (SignIn::Person, Some(token)) => account.set_refresh_token(&token.read()?)?,
        (_, Some(_)) => return Err(Failure::usage("an app has no refresh token")),
        // It has no sign-in: that it gets a token is the proof.
        (_, None) => drop(account.access_token()?),
    }
    // With the sign-in, so that the one is never there without the other for long.
    kept.save(&store)?;
    // Another sign-in may have been remembered while this one took its time.
    let mut config = Config::load()?;
    config.accounts.insert(name.clone(), std::mem::take(&mut kept.settings));
    config.save()?;
    report(&name, &config.accounts[&name], &account, &store)
}

/// An account that is known.
fn again(config: &Config, name: &str) -> Result<(Kept, Store)> {
    let (name, settings) = config.find(Some(name))?;
    let store = settings.store.open()?;
    let mut kept = Kept::load(&store, settings)?;
    kept.name = name.to_owned();
    kept.settings = settings.clone();
    Ok((kept, store))
}

/// An account that is not known yet, or one that gets other settings.
fn begin(config: &Config, new: &NewAccount) -> Result<(Kept, Store)> {
    let settings = new.settings()?;
    let name = new.name.as_ref().unwrap_or(&settings.user).clone();
    check_name(config, &name, &settings)?;
    // Before anybody is asked for anything: without a store it would be for nothing.
    let store = settings.store.open()?;
    let (client_secret, pfx_password) = new.secrets(&settings)?;
    Ok((Kept { name, settings, client_secret, pfx_password }, store))
}

/// A name means one account, and an account has one name.
fn check_name(config: &Config, name: &str, settings: &Settings) -> Result<()> {
    if name.is_empty() || name.starts_with('-') || name.contains(char::is_control) {
        return Err(Failure::usage("an account cannot be called so").advise("Choose a --name."));
    }
    let key = settings.key()?;
    for (known, other) in &config.accounts {
        let is_same = other.key()? == key && other.store == settings.store;
        let (text, advice) = match (known == name, is_same) {
            (true, false) => (
                format!("{name} is the name of another account: {}", other.key()?),
                format!("Choose another --name, or call: postrider logout {name}"),
            ),
            (false, true) => {
                (format!("{key} is known as {known}"), format!("Call: postrider login {known}"))
            }
            _ => continue,
        };
        return Err(Failure::usage(text).advise(advice));
    }
    Ok(())
}

fn sign_in(options: &Options, account: &Account) -> Result<()> {
    let timeout = Duration::from_secs(options.timeout.into());
    if options.device {
        person::with_device(account, timeout)
    } else if options.no_browser || account.is_completed_by_hand() {
        person::with_pasted_address(account, timeout)
    } else {
        person::with_browser(account, timeout)
    }
}

/// Says who signed in, and what to do with it.
fn report(name: &str, settings: &Settings, account: &Account, store: &Store) -> Result {
    // A refresh token from elsewhere is kept in any case; whether it is any good shows here.
    account.access_token().map_err(|error| {
        Failure::from(error)
            .introduced_by(format_args!("{name} is kept, but it gives no access token"))
    })?;
    let entry = store.load(&settings.key()?)?;
    let address = entry.and_then(|entry| entry.address);
    note(format_args!("Signed in as {}.", address.as_deref().unwrap_or(&settings.user)));
    if let Some(address) = address.filter(|address| !address.eq_ignore_ascii_case(&settings.user)) {
        note(format_args!(
            "That is not {}, which was named. If the mail server refuses it, call\n  \
             postrider logout {name}\nand sign in with --user {address}.",
            settings.user
        ));
    }
    note(format_args!("Now try: postrider send --account {name} --to ADDRESS --subject Hello"));
    Ok(Exit::Done)
}
