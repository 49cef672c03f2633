//! From what is remembered to an account of the library.
//!
//! `config` has the settings; the store has, beside the tokens, what must not lie about: the client
//! secret and the password of a PFX file, in a field of the account's document. A copy of the
//! settings is there, too, so that `postrider export` takes everything along.

use crate::config::{Settings, SignIn};
use crate::output::{Failure, Result};
use crate::store::PATIENCE;
use postrider::oauth::{Account, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// The field of the account's document in the store.
const FIELD: &str = "postrider_command";

/// What that field holds; it is wiped when dropped.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept {
    /// What the account is called.
    pub name: String,
    pub settings: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pfx_password: Option<String>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.client_secret.zeroize();
        self.pfx_password.zeroize();
    }
}

impl Kept {
    /// What the store has of an account.
    pub fn load(store: &Store, settings: &Settings) -> Result<Self> {
        let entry = store.load(&settings.key()?)?;
        let Some(json) = entry.as_ref().and_then(|entry| entry.extra(FIELD)) else {
            return Ok(Self::default());
        };
        // The error would quote what stands there.
        serde_json::from_str(json)
            .map_err(|_| format!("the field {FIELD} in the store is damaged").into())
    }

    pub fn save(&self, store: &Store) -> Result<()> {
        let json = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let json = Zeroizing::new(json);
        Ok(store.set_extra(&self.settings.key()?, FIELD, Some(&json), PATIENCE)?)
    }
}

/// The account as it signs in, with everything it needs.
pub fn open(settings: &Settings, kept: &Kept, store: &Store) -> Result<Account> {
    let account = plain(settings, kept.client_secret.as_deref(), store)?;
    match &settings.sign_in {
        SignIn::Person => {}
        SignIn::App => account.use_client_credentials()?,
        SignIn::AppWithCertificate { key_file, certificate_file } => {
            account.use_client_credentials()?;
            let (key, certificate) = (read(key_file)?, read(certificate_file)?);
            account.use_certificate_pem(&key, &certificate)?;
        }
        SignIn::AppWithPfx { pfx_file } => {
            account.use_client_credentials()?;
            let password = kept.pfx_password.as_deref().unwrap_or_default();
            account.use_certificate_pfx(&read(pfx_file)?, password)?;
        }
        SignIn::ServiceAccount { key_file } => account.use_service_account(&read(key_file)?)?,
    }
    Ok(account)
}

/// The account without what an app proves itself with: enough to look at it and to sign out.
pub fn plain(settings: &Settings, secret: Option<&str>, store: &Store) -> Result<Account> {
    let account = Account::new(&settings.provider, providers(settings)?.as_deref())?;
    if !settings.client_id.is_empty() {
        account.set_client(&settings.client_id, secret)?;
    }
    if !settings.tenant.is_empty() {
        account.set_tenant(&settings.tenant)?;
    }
    account.set_user(&settings.user)?;
    for scope in &settings.scopes {
        account.add_scope(scope)?;
    }
    for parameter in &settings.parameters {
        let (name, value) = parameter.split_once('=').ok_or_else(|| {
            Failure::usage(format_args!("the parameter {parameter} is not NAME=VALUE"))
        })?;
        account.add_parameter(name, value)?;
    }
    if let Some(file) = &settings.ca_file {
        account.add_ca_pem(&read(file)?)?;
    }
    if let Some(proxy) = &settings.proxy {
        account.set_proxy(Some(proxy), None)?;
    }
    account.set_program("Postrider")?;
    account.set_store(store.clone());
    Ok(account)
}

/// What goes beside the built-in table of providers.
fn providers(settings: &Settings) -> Result<Option<String>> {
    if settings.is_issuer {
        let issuer = &settings.provider;
        let provider = json!({
            "like": "custom",
            "title": issuer,
            "issuer": issuer,
            "scopes": { "delegated": [], "app": [] },
        });
        return Ok(Some(json!({ issuer: provider }).to_string()));
    }
    let Some(file) = &settings.providers_file else { return Ok(None) };
    let text = std::fs::read_to_string(file);
    text.map(Some).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let content = std::fs::read(file);
    content.map(Zeroizing::new).map_err(|error| format!("{}: {error}", file.display()).into())
}
