//! What can be said about settings without any connection: whether they fit together, and whether
//! they are those of years ago. Facts about providers are those of `providers.json`.

use super::{Step, StepName};
use crate::error::Result;
use crate::oauth::provider::{self, Family, Provider, Providers};
use crate::smtp::{Credentials, StartTls};
use crate::transport::{Security, Server};

/// Hosts of Microsoft for high volumes, which still take passwords (features.md (e)).
const TAKES_PASSWORDS: [&str; 2] = ["smtp.hve.mx.microsoft", "smtp-hve.office365.com"];

/// How somebody signs in, as far as settings can be wrong about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignIn {
    None,
    Password,
    XOAuth2,
    OAuthBearer,
}

/// The settings of an old program. Nothing is connected to; a password is not needed.
#[derive(Clone, Copy, Debug, Default)]
pub struct OldSettings<'a> {
    /// Such as "smtp.live.com".
    pub host: &'a str,
    /// Such as 25.
    pub port: u16,
    /// A number of `mail_security`.
    pub security: i32,
    /// Who signs in, if anybody does.
    pub user: Option<&'a str>,
    /// Whether that is by a password.
    pub with_password: bool,
}

/// Says what of it fails today (warnings), and what to use instead.
pub fn look_at_old_settings(old: &OldSettings) -> Result<Step> {
    let mut server = Server::default();
    server.set(old.host, old.port.into())?;
    server.security = Security::from_number(old.security)?;
    let sign_in = match (old.user, old.with_password) {
        (None, _) => SignIn::None,
        (Some(_), true) => SignIn::Password,
        (Some(_), false) => SignIn::XOAuth2,
    };
    let mut step = Step::begin(StepName::Settings);
    step.find(describe(&server));
    look_at(&server, sign_in, &mut step)?;
    match Providers::of_host(&server.host) {
        Some(provider) => recommend(&provider, old, &mut step),
        None if step.warnings.is_empty() => {
            step.find("Nothing about these settings is known to fail.")
        }
        None => {}
    }
    step.end(None);
    step.judge();
    Ok(step)
}

/// What the provider's users do today.
fn recommend(provider: &Provider, old: &OldSettings, step: &mut Step) {
    let Some(smtp) = &provider.smtp else { return };
    let security = match smtp.security {
        provider::Security::Tls => "TLS from the first byte",
        provider::Security::Starttls => "STARTTLS",
    };
    step.find(format!("{}: use {}, port {}, {security}.", provider.title, smtp.host, smtp.port));
    if let (Some(user), true) = (old.user, old.with_password) {
        step.find(format!(
            "Sign in once: postrider login --provider {} --user {user}",
            provider.name
        ));
    }
}

/// The first step of a diagnosis, without what depends on the message.
pub(super) fn look_at_server(
    server: &Server,
    old_name: Option<&str>,
    step: &mut Step,
) -> Result<()> {
    let sign_in = match (&server.credentials, &server.account) {
        (_, Some(account)) if account.uses_oauthbearer() => SignIn::OAuthBearer,
        (_, Some(_)) | (Some(Credentials::XOAuth2 { .. }), _) => SignIn::XOAuth2,
        (Some(Credentials::OAuthBearer { .. }), _) => SignIn::OAuthBearer,
        (Some(Credentials::Password { .. }), _) => SignIn::Password,
        (None, None) => SignIn::None,
    };
    step.find(describe(server));
    if let Some(old) = old_name {
        step.warn(format!("{old} is an old name: {} is used instead; set that.", server.host));
    }
    step.find(match (&server.credentials, &server.account) {
        (_, Some(_)) => "signs in with a token of the account".into(),
        (Some(Credentials::XOAuth2 { user, .. }), _) => format!("signs in as {user} (XOAUTH2)"),
        (Some(Credentials::OAuthBearer { user, .. }), _) => {
            format!("signs in as {user} (OAUTHBEARER)")
        }
        (Some(Credentials::Password { user, .. }), _) => {
            format!("signs in as {user} with a password")
        }
        (None, None) => "does not sign in".into(),
    });
    if server.trust.accept_invalid {
        step.warn("Any certificate is accepted: anybody on the way can read along. Add the CA that issued the server's as a CA file instead.");
    }
    if server.allow_plaintext_auth {
        step.warn(
            "Sign-in without TLS is allowed: anybody on the way can read the password or token.",
        );
    }
    look_at(server, sign_in, step)
}

fn describe(server: &Server) -> String {
    let security = match (server.security, server.starttls()) {
        (Security::Plain, _) => "no TLS",
        (Security::StarttlsIfOffered, _) => "STARTTLS if it is offered",
        (_, StartTls::Required) => "STARTTLS",
        _ => "TLS from the first byte",
    };
    format!("server {}, port {}, {security}", server.host, server.port)
}

/// Warns of what does not fit together, or no more.
fn look_at(server: &Server, sign_in: SignIn, step: &mut Step) -> Result<()> {
    let provider = Providers::of_host(&server.host);
    let Server { host, port, security, .. } = server;
    if let Some(provider) = &provider {
        if let Some(today) =
            provider.host_today(host).filter(|today| !today.eq_ignore_ascii_case(host))
        {
            step.warn(format!("{host} is an old name of {}: use {today}.", provider.title));
        }
        look_at_provider(provider, server, sign_in, step);
    }
    match (port, security) {
        (465, Security::Starttls | Security::StarttlsIfOffered | Security::Plain) => step.warn(
            "Port 465 speaks TLS from the first byte: set the security to TLS or automatic, or use port 587.",
        ),
        (25 | 587, Security::Tls) => step.warn(format!(
            "Port {port} begins without TLS: set the security to STARTTLS or automatic, or use port 465.",
        )),
        _ => {}
    }
    if *port == 25 && (sign_in != SignIn::None || provider.is_some()) {
        step.warn("Port 25 is for servers among themselves: many networks block it, and many servers let nobody sign in there. Use port 587 with STARTTLS.");
    }
    match security {
        Security::Plain if sign_in != SignIn::None => {
            let not_sent = if server.allow_plaintext_auth { "" } else { ", and the sign-in is not sent" };
            step.warn(format!("Without TLS nothing is protected{not_sent}: use STARTTLS or TLS."));
        }
        Security::StarttlsIfOffered if sign_in != SignIn::None => step.warn(
            "STARTTLS only if it is offered: somebody on the way can take the offer away. Require it.",
        ),
        _ => {}
    }
    Ok(())
}

fn look_at_provider(provider: &Provider, server: &Server, sign_in: SignIn, step: &mut Step) {
    let Provider { title, .. } = provider;
    let only_starttls =
        provider.smtp.as_ref().is_some_and(|smtp| smtp.security == provider::Security::Starttls);
    if only_starttls && server.port == 465 {
        step.warn(format!("{title} does not answer on port 465: use port 587 with STARTTLS."));
    }
    let takes_passwords =
        TAKES_PASSWORDS.iter().any(|host| host.eq_ignore_ascii_case(&server.host));
    match (sign_in, provider.family) {
        (SignIn::Password, Family::Microsoft) if !takes_passwords => step.warn(format!(
            "{title} is giving up passwords for SMTP: personal accounts have none any more, and organizations only as long as an administrator allows them. Sign in with OAuth2.",
        )),
        (SignIn::Password, Family::Google) => step.warn(format!(
            "{title} takes no account password over SMTP, only app passwords (with 2-step verification). Sign in with OAuth2.",
        )),
        (SignIn::XOAuth2, _) | (SignIn::OAuthBearer, _) => {
            let wanted = if sign_in == SignIn::XOAuth2 { "XOAUTH2" } else { "OAUTHBEARER" };
            if !provider.mechanisms.is_empty() && !provider.mechanisms.iter().any(|m| m == wanted) {
                step.warn(format!("{title} does not know {wanted}: use {}.", provider.mechanisms.join(" or ")));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(host: &str, port: u16, security: i32, with_password: bool) -> Vec<String> {
        let user = Some("anna@example.org");
        let old = OldSettings { host, port, security, user, with_password };
        look_at_old_settings(&old).unwrap().warnings
    }

    #[test]
    fn old_settings_are_told_what_fails_today() {
        let old = OldSettings {
            host: "smtp.live.com",
            port: 25,
            security: 1,
            user: Some("anna@example.org"),
            with_password: true,
        };
        let step = look_at_old_settings(&old).unwrap();
        let all = step.warnings.join("\n");
        for part in ["smtp.live.com is an old name", "giving up passwords", "Port 25"] {
            assert!(all.contains(part), "{part} is not in {all}");
        }
        let found = step.found.join("\n");
        assert!(found.contains("use smtp-mail.outlook.com, port 587, STARTTLS"), "{found}");
        assert!(found.contains("--provider microsoft-personal --user anna@example.org"), "{found}");
    }

    #[test]
    fn good_settings_are_not_warned_of() {
        assert_eq!(warnings("smtp.office365.com", 587, 1, false), [""; 0]);
        assert_eq!(warnings("smtp.gmail.com", 465, 1, false), [""; 0]);
        assert_eq!(warnings("mail.example.org", 587, 2, true), [""; 0]);
        assert_eq!(warnings("smtp.hve.mx.microsoft", 587, 2, true), [""; 0]);
    }

    #[test]
    fn port_and_security_that_contradict_each_other_are_told() {
        for (port, security, part) in [
            (465, 2, "Port 465 speaks TLS"),
            (465, 0, "Port 465 speaks TLS"),
            (587, 3, "Port 587 begins without TLS"),
            (2525, 0, "nothing is protected"),
            (587, 4, "take the offer away"),
        ] {
            let all = warnings("mail.example.org", port, security, true).join("\n");
            assert!(all.contains(part), "{part} is not in {all}");
        }
        let all = warnings("smtp.office365.com", 465, 1, false).join("\n");
        assert!(all.contains("does not answer on port 465"), "{all}");
        let all = warnings("smtp.gmail.com", 587, 1, true).join("\n");
        assert!(all.contains("app passwords"), "{all}");
    }
}
