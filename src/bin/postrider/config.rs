//! What the command remembers of each account: `accounts.json` in the user's configuration folder
//! (docs/command.md). Names, ids and paths; the secrets are in the account's store.

use crate::output::{Failure, Result};
use crate::store;
use postrider::oauth::AccountKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

const FORMAT: &str = "postrider-command";
const VERSION: u32 = 1;

/// The settings of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A name of the table of providers, or the issuer of one that is not in it.
    pub provider: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_issuer: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub providers_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    pub user: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// NAME=VALUE
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// HOST[:PORT], when it is not the provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<String>,
    pub sign_in: SignIn,
    /// `keyring` or `file:FOLDER`
    pub store: store::Choice,
}

/// Who signs in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    #[default]
    Person,
    App,
    AppWithCertificate {
        key_file: PathBuf,
        certificate_file: PathBuf,
    },
    AppWithPfx {
        pfx_file: PathBuf,
    },
    ServiceAccount {
        key_file: PathBuf,
    },
}

impl Settings {
    /// Under which the store keeps the account.
    pub fn key(&self) -> Result<AccountKey> {
        Ok(AccountKey::new(&self.provider, &self.client_id, &self.tenant, &self.user)?)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    accounts: BTreeMap<String, Settings>,
}

/// All accounts that the command knows, by their names.
pub struct Config {
    file: PathBuf,
    pub accounts: BTreeMap<String, Settings>,
}

impl Config {
    pub fn load() -> Result<Self> {
        let file = folder()?.join("accounts.json");
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { file, accounts: BTreeMap::new() });
            }
            text => text.map_err(|error| failed(&file, "cannot be read", error))?,
        };
        let document: Document = serde_json::from_str(&text)
            .map_err(|error| failed(&file, "is not what this program has written", error))?;
        if document.format != FORMAT || document.version != VERSION {
            let why = format_args!("its format is {} {}", document.format, document.version);
            return Err(failed(&file, "was written by another version", why));
        }
        Ok(Self { file, accounts: document.accounts })
    }

    /// Writes aside and renames: the old file or the new one is there, whole.
    pub fn save(&self) -> Result<()> {
        let document =
            Document { format: FORMAT.into(), version: VERSION, accounts: self.accounts.clone() };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| failed(&self.file, "cannot be written", error))?;
        let aside = self.file.with_extension(format!("{}.new", std::process::id()));
        let written = self
            .file
            .parent()
            .map_or(Ok(()), make_folder)
            .and_then(|()| create_private(&aside))
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.write_all(b"\n")?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&aside, &self.file));
        written.map_err(|error| {
            let _ = fs::remove_file(&aside);
            failed(&self.file, "cannot be written", error)
        })
    }

    /// The account of this name, or of this user; without a name the only one.
    pub fn find(&self, name: Option<&str>) -> Result<(&str, &Settings)> {
        let known = || {
            let names: Vec<_> = self.accounts.keys().map(String::as_str).collect();
            match names.is_empty() {
                true => "Nobody has signed in yet: see postrider login --help.".to_owned(),
                false => format!("Known are: {}.", names.join(", ")),
            }
        };
        let fits = |(account, settings): &(&String, &Settings)| {
            name.is_none_or(|name| *account == name || settings.user.eq_ignore_ascii_case(name))
        };
        let exact = name.and_then(|name| self.accounts.get_key_value(name));
        let mut found = self.accounts.iter().filter(fits);
        match (exact, found.next(), found.next()) {
            (Some((name, settings)), _, _) | (None, Some((name, settings)), None) => {
                Ok((name, settings))
            }
            (None, None, _) => {
                let text = match name {
                    Some(name) => format!("there is no account {name}"),
                    None => "there is no account".to_owned(),
                };
                Err(Failure::usage(text).advise(known()))
            }
            _ => Err(Failure::usage("say which account is meant").advise(known())),
        }
    }
}

/// Where the command keeps what it remembers.
pub fn folder() -> Result<PathBuf> {
    let variable =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_vendor = "apple") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))
    };
    let base = base.ok_or_else(|| "the user's configuration folder is not known".to_owned())?;
    Ok(base.join("postrider"))
}

/// For the user alone, where the system has permissions.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file that nobody else may read.
pub fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn failed(file: &Path, what: &str, why: impl std::fmt::Display) -> Failure {
    format!("{} {what}: {why}", file.display()).into()
}
