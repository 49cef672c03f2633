//! Which server a message goes through, and who signs in how.

use crate::account::{self, Kept};
use crate::config::Config;
use crate::output::{Failure, Result};
use crate::secret_input::Source;
use clap::ValueEnum;
use postrider::Mail;
use postrider::diagnosis::OldSettings;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Way {
    /// An account of `postrider accounts`; the only one, when no --server is given
    #[arg(long, value_name = "NAME", conflicts_with_all = ["user", "auth", "password_file"])]
    account: Option<String>,
    /// The mail server; unless given the port goes by --security: 587, 465 or 25
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// How the connection is protected; auto is STARTTLS on ports 25 and 587, else TLS
    #[arg(long, requires = "server")]
    security: Option<Security>,
    /// Who signs in at the server
    #[arg(long, value_name = "NAME", requires = "server")]
    user: Option<String>,
    /// How; by a password in the best way that the server offers, unless given
    #[arg(long, requires = "server")]
    auth: Option<Auth>,
    /// The file with the password or the token (- for standard input); it is asked for unless given
    #[arg(long, value_name = "FILE", requires = "user", visible_alias = "token-file")]
    password_file: Option<PathBuf>,
    /// Certificates (PEM) to trust besides those of the system
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// http://HOST:PORT, socks5://HOST:PORT, env, system or none
    #[arg(long)]
    proxy: Option<String>,
}

/// How a connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Security {
    Auto,
    Starttls,
    Tls,
    /// STARTTLS if the server offers it
    Opportunistic,
    /// None at all: for servers of your own network that want no sign-in
    Plain,
}

impl Security {
    /// As `--security` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Security::Auto => "auto",
            Security::Starttls => "starttls",
            Security::Tls => "tls",
            Security::Opportunistic => "opportunistic",
            Security::Plain => "plain",
        }
    }

    /// The number of `mail_security`.
    fn number(self) -> i32 {
        match self {
            Security::Plain => 0,
            Security::Auto => 1,
            Security::Starttls => 2,
            Security::Tls => 3,
            Security::Opportunistic => 4,
        }
    }

    fn port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::Plain => 25,
            _ => 587,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    Plain,
    Login,
    Xoauth2,
    Oauthbearer,
    None,
}

impl Way {
    pub fn reads_stdin(&self) -> bool {
        self.password_file.as_deref() == Some(Path::new("-"))
    }

    /// Sets server and sign-in; gives the address from which messages come unless they say otherwise.
    /// `account` is set to the name of the account that signs in.
    pub fn apply(&self, mail: &mut Mail, account: &mut Option<String>) -> Result<Option<String>> {
        if let Some(file) = &self.ca_file {
            mail.add_ca_file(file)?;
        }
        if let Some(proxy) = &self.proxy {
            mail.set_proxy(Some(proxy), None)?;
        }
        if let Some(server) = &self.server {
            set_server(mail, server, self.security)?;
        }
        match (&self.account, &self.server) {
            (None, Some(_)) => {
                self.sign_in(mail)?;
                Ok(self.user.clone())
            }
            _ => self.use_account(mail, account).map(Some),
        }
    }

    /// The same as settings of an old program: nothing is read, and nobody is asked for a password.
    pub fn old_settings(&self) -> Result<OldSettings<'_>> {
        let server = self.server.as_deref().unwrap_or_default();
        let security = self.security.unwrap_or(Security::Auto);
        let (host, port) = host_and_port(server, security)?;
        let with_password = matches!(self.auth, None | Some(Auth::Plain | Auth::Login));
        let user = self.user.as_deref().filter(|_| self.auth != Some(Auth::None));
        Ok(OldSettings { host, port, security: security.number(), user, with_password })
    }

    fn use_account(&self, mail: &mut Mail, used: &mut Option<String>) -> Result<String> {
        let config = Config::load()?;
        let (name, settings) = config.find(self.account.as_deref())?;
        *used = Some(name.to_owned());
        let store = settings.store.open()?;
        let account = account::open(settings, &Kept::load(&store, settings)?, &store)?;
        if let Some(server) = settings.server.as_ref().filter(|_| self.server.is_none()) {
            let security = settings.security.as_deref().map(|name| Security::from_str(name, false));
            set_server(mail, server, security.transpose()?)?;
        }
        if let Some(proxy) = settings.proxy.as_ref().filter(|_| self.proxy.is_none()) {
            mail.set_proxy(Some(proxy), None)?;
        }
        if let Some(file) = settings.ca_file.as_ref().filter(|_| self.ca_file.is_none()) {
            mail.add_ca_file(&file.to_string_lossy())?;
        }
        mail.set_account(&account)?;
        Ok(settings.user.clone())
    }

    fn sign_in(&self, mail: &mut Mail) -> Result<()> {
        let Some(user) = &self.user else {
            return match self.auth {
                None | Some(Auth::None) => Ok(()),
                Some(_) => Err(Failure::usage("--auth needs --user")),
            };
        };
        let is_token = matches!(self.auth, Some(Auth::Xoauth2 | Auth::Oauthbearer));
        let secret = Source {
            what: if is_token { "the access token" } else { "the password" },
            option: if is_token { "--token-file" } else { "--password-file" },
            file: self.password_file.as_deref(),
        };
        match self.auth {
            Some(Auth::None) => mail.set_auth_none(),
            Some(Auth::Xoauth2) => mail.set_auth_xoauth2(user, &secret.read()?)?,
            Some(Auth::Oauthbearer) => mail.set_auth_oauthbearer(user, &secret.read()?)?,
            Some(Auth::Login) => mail.set_auth_password(0, user, &secret.read()?)?,
            Some(Auth::Plain) => mail.set_auth_password(3, user, &secret.read()?)?,
            None => mail.set_auth_password(-1, user, &secret.read()?)?,
        }
        Ok(())
    }
}

/// Takes `HOST[:PORT]` apart; an IPv6 address with a port stands in brackets.
fn host_and_port(server: &str, security: Security) -> Result<(&str, u16)> {
    match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            let number = port.parse::<u16>().ok().filter(|number| *number != 0);
            let wrong = || Failure::usage(format_args!("{port} is no port: 1 to 65535"));
            Ok((host, number.ok_or_else(wrong)?))
        }
        _ => Ok((server, security.port())),
    }
}

fn set_server(mail: &mut Mail, server: &str, security: Option<Security>) -> Result<()> {
    let security = security.unwrap_or(Security::Auto);
    let (host, port) = host_and_port(server, security)?;
    mail.set_server(host, port.into())?;
    Ok(mail.set_security(security.number())?)
}
