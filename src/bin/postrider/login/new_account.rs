//! The options of an account that is not known yet.

use crate::config::{Settings, SignIn};
use crate::output::{Failure, Result};
use crate::secret_input::Source;
use crate::send::Security;
use crate::store::Choice;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct NewAccount {
    /// Who it is with: microsoft, google, yahoo and so on (docs/accounts)
    #[arg(long, value_name = "NAME", conflicts_with = "issuer")]
    provider: Option<String>,
    /// Who it is with: the issuer of a server with OpenID Connect or RFC 8414
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// JSON with more providers for --provider, or changes to the known ones
    #[arg(long, value_name = "JSON", requires = "provider")]
    providers_file: Option<PathBuf>,
    /// The id of your app registration
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The secret of the app registration, if it has one (- to type it, or standard input)
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The organization at Microsoft: its id, or a domain
    #[arg(long)]
    tenant: Option<String>,
    /// The address of the mailbox
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
    /// What to call the account; its address unless given
    #[arg(long)]
    pub name: Option<String>,
    /// A further permission to ask for; several with blanks between them, or the option again
    #[arg(long)]
    scope: Vec<String>,
    /// A further parameter of the requests to the provider
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// The mail server, when it is not the provider's
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// How the connection to the mail server is protected
    #[arg(long, requires = "server")]
    security: Option<Security>,
    /// Certificates (PEM) to trust besides those of the system
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// http://HOST:PORT, socks5://HOST:PORT, env, system or none
    #[arg(long)]
    proxy: Option<String>,
    /// Where the sign-in is kept: keyring, or file:FOLDER
    #[arg(long, default_value = "keyring")]
    store: Choice,
    /// The app itself signs in, and no person (client credentials)
    #[arg(long)]
    app: bool,
    /// The certificate of the app (PEM), in place of a secret
    #[arg(long, value_name = "FILE", requires_all = ["app", "key_file"])]
    certificate_file: Option<PathBuf>,
    /// The private key that belongs to it (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
    /// Both in one PFX (PKCS#12) file
    #[arg(long, value_name = "FILE", requires = "app", conflicts_with = "certificate_file")]
    pfx_file: Option<PathBuf>,
    /// The password of the PFX file (- for standard input); it is asked for unless given
    #[arg(long, value_name = "FILE", requires = "pfx_file")]
    pfx_password_file: Option<PathBuf>,
    /// A service account of Google Workspace signs in: the JSON file of its key
    #[arg(long, value_name = "FILE", conflicts_with = "app")]
    service_account: Option<PathBuf>,
}

impl NewAccount {
    pub fn settings(&self) -> Result<Settings> {
        let needed = |option: &Option<String>, name: &str, why: &str| {
            option.clone().ok_or_else(|| Failure::usage(format_args!("{name} is missing: {why}")))
        };
        let sign_in = self.sign_in()?;
        let provider = match (&self.issuer, &sign_in) {
            (Some(issuer), _) => issuer.clone(),
            (None, SignIn::ServiceAccount { .. }) => {
                self.provider.clone().unwrap_or_else(|| "google".to_owned())
            }
            (None, _) => {
                needed(&self.provider, "--provider", "or --issuer, or the name of a known account")?
            }
        };
        let client_id = match &sign_in {
            SignIn::ServiceAccount { .. } => self.client_id.clone().unwrap_or_default(),
            _ => needed(&self.client_id, "--client-id", "docs/accounts tells how to get one")?,
        };
        if self.issuer.is_some() && self.scope.is_empty() && sign_in == SignIn::Person {
            return Err(Failure::usage(
                "--scope is missing: the mail server's administrator knows it",
            ));
        }
        if self.proxy.as_ref().is_some_and(|proxy| proxy.contains('@')) {
            let text = "a user and a password do not belong on the command line";
            let advice = "Put the proxy into the variable HTTPS_PROXY, and say --proxy env.";
            return Err(Failure::usage(text).advise(advice));
        }
        Ok(Settings {
            provider,
            is_issuer: self.issuer.is_some(),
            providers_file: self.providers_file.as_deref().map(absolute).transpose()?,
            client_id,
            tenant: self.tenant.clone().unwrap_or_default(),
            user: needed(&self.user, "--user", "the address of the mailbox")?,
            scopes: self.scope.clone(),
            parameters: self.parameter.clone(),
            ca_file: self.ca_file.as_deref().map(absolute).transpose()?,
            proxy: self.proxy.clone(),
            server: self.server.clone(),
            security: self.security.map(|security| security.name().to_owned()),
            sign_in,
            store: self.store.clone(),
        })
    }

    fn sign_in(&self) -> Result<SignIn> {
        let files = (&self.service_account, &self.pfx_file, &self.key_file, &self.certificate_file);
        Ok(match files {
            (Some(key_file), ..) => SignIn::ServiceAccount { key_file: absolute(key_file)? },
            (_, Some(pfx_file), ..) => SignIn::AppWithPfx { pfx_file: absolute(pfx_file)? },
            (_, _, Some(key), Some(certificate)) => SignIn::AppWithCertificate {
                key_file: absolute(key)?,
                certificate_file: absolute(certificate)?,
            },
            _ if self.app => SignIn::App,
            _ => SignIn::Person,
        })
    }

    /// The client secret and the password of the PFX file.
    pub fn secrets(&self, settings: &Settings) -> Result<(Option<String>, Option<String>)> {
        let client_secret = Source {
            what: "the client secret",
            option: "--client-secret-file",
            file: self.client_secret_file.as_deref(),
        };
        let is_needed = client_secret.file.is_some() || settings.sign_in == SignIn::App;
        let client_secret = is_needed.then(|| client_secret.read()).transpose()?;
        let pfx_password = Source {
            what: "the password of the PFX file",
            option: "--pfx-password-file",
            file: self.pfx_password_file.as_deref(),
        };
        let is_needed = self.pfx_file.is_some();
        let pfx_password = is_needed.then(|| pfx_password.read()).transpose()?;
        let text = |secret: Option<crate::secret_input::Secret>| secret.map(|s| String::clone(&s));
        Ok((text(client_secret), text(pfx_password)))
    }
}

/// What is remembered must hold wherever the command is called next.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
