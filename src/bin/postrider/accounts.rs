//! `postrider accounts`: what is remembered, and whether it can still sign in.

use crate::account::plain;
use crate::config::{Config, Settings, SignIn};
use crate::output::{Exit, Result, line};
use crate::store::Choice;
use postrider::oauth::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

#[derive(clap::Args)]
#[command(after_help = "\
The states: signed_in (a token can be had without a person, as far as this computer
knows), needs_sign_in (call `postrider login ACCOUNT`), app (nobody has to sign in),
unreadable (the store cannot be read; the text says why).

  postrider accounts
  postrider accounts --json | jq -r '.[] | select(.state == \"needs_sign_in\") | .name'")]
pub struct Options {
    /// Print JSON, with times in seconds since 1970
    #[arg(long)]
    json: bool,
}

/// What there is to say about one account.
#[derive(Default)]
struct Row {
    state: &'static str,
    address: Option<String>,
    signed_in_at: Option<i64>,
    expires_at: Option<i64>,
    scopes: Vec<String>,
    why: Option<String>,
}

pub fn run(options: &Options) -> Result {
    let config = Config::load()?;
    let mut stores = Stores::new();
    let mut rows = Vec::new();
    for (name, settings) in &config.accounts {
        rows.push((name, settings, look(settings, &mut stores)));
    }
    if options.json {
        let rows: Vec<_> =
            rows.iter().map(|(name, settings, row)| as_json(name, settings, row)).collect();
        line(format_args!("{:#}", json!(rows)))?;
    } else if rows.is_empty() {
        crate::output::note("Nobody has signed in yet: see postrider login --help.");
    } else {
        as_table(&rows)?;
    }
    Ok(Exit::Done)
}

/// A keyring that has to be unlocked, or does not answer, is asked once for all accounts.
type Stores = BTreeMap<Choice, std::result::Result<Store, String>>;

fn look(settings: &Settings, stores: &mut Stores) -> Row {
    let open = || settings.store.open().map_err(|failure| failure.to_string());
    let store = stores.entry(settings.store.clone()).or_insert_with(open);
    let row = match store {
        Ok(store) => read(settings, store).map_err(|failure| failure.to_string()),
        Err(why) => Err(why.clone()),
    };
    row.unwrap_or_else(|why| Row { state: "unreadable", why: Some(why), ..Row::default() })
}

fn read(settings: &Settings, store: &Store) -> Result<Row> {
    let entry = store.load(&settings.key()?)?;
    let state = match settings.sign_in {
        SignIn::Person if plain(settings, None, store)?.is_signed_in()? => "signed_in",
        SignIn::Person => "needs_sign_in",
        _ => "app",
    };
    let Some(entry) = entry else { return Ok(Row { state, ..Row::default() }) };
    Ok(Row {
        state,
        address: entry.address,
        signed_in_at: entry.signed_in_at,
        expires_at: entry.expires_at,
        scopes: entry.scopes,
        why: None,
    })
}

fn as_json(name: &str, settings: &Settings, row: &Row) -> serde_json::Value {
    json!({
        "name": name,
        "provider": settings.provider,
        "client_id": settings.client_id,
        "tenant": settings.tenant,
        "user": settings.user,
        "address": row.address,
        "state": row.state,
        "signed_in_at": row.signed_in_at,
        "expires_at": row.expires_at,
        "scopes": row.scopes,
        "store": settings.store,
        "error": row.why,
    })
}

fn as_table(rows: &[(&String, &Settings, Row)]) -> Result<()> {
    let heads = ["NAME", "PROVIDER", "USER", "STATE", "SIGNED IN", "TOKEN ENDS"].map(str::to_owned);
    let mut cells = vec![heads];
    for (name, settings, row) in rows {
        let user = row.address.as_ref().unwrap_or(&settings.user);
        cells.push([
            (*name).clone(),
            settings.provider.clone(),
            user.clone(),
            row.state.to_owned(),
            row.signed_in_at.map_or_else(|| "-".to_owned(), date),
            row.expires_at.map_or_else(|| "-".to_owned(), date),
        ]);
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
    for row in &cells {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    for (name, _, row) in rows {
        row.why.iter().for_each(|why| crate::output::note(format_args!("{name}: {why}")));
    }
    Ok(())
}

/// In UTC, as HTTP writes it.
fn date(seconds: i64) -> String {
    let since = Duration::from_secs(seconds.try_into().unwrap_or(0));
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}
