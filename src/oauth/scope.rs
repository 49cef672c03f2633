//! Which service a scope is for: one token is for one service (oauth.md §1.2).

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::provider::{Provider, Quirk};

/// They are of no service: who signed in, and for how long.
const IDENTITY: &[&str] = &["openid", "profile", "email", "offline_access"];

/// A scope without a service means this one at Microsoft.
const GRAPH: &str = "https://graph.microsoft.com";

/// Two names of one service.
const SAME: &[(&str, &str)] = &[("https://outlook.office365.com", "https://outlook.office.com")];

/// The scopes of a text, each once.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    for scope in text.split_whitespace() {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// The service for which a scope of Microsoft's is.
fn resource(scope: &str) -> Option<String> {
    if IDENTITY.contains(&scope) {
        return None;
    }
    let resource = match scope.rsplit_once('/') {
        Some((resource, _)) => resource.trim_end_matches('/').to_ascii_lowercase(),
        None => GRAPH.to_owned(),
    };
    let same = SAME.iter().find(|(name, _)| *name == resource);
    Some(same.map_or(resource, |(_, other)| (*other).to_owned()))
}

/// Refuses scopes that no single token can hold, before anybody is asked.
pub(crate) fn check(provider: &Provider, scopes: &[String]) -> Result<()> {
    if !provider.has(Quirk::OneResourcePerToken) {
        return Ok(());
    }
    let mixed = |text: String| {
        Err(Error::new(Status::InvalidArgument, Stage::Argument, Cause::TokenScopesMixed, text))
    };
    let of_services = || scopes.iter().filter_map(|scope| Some((scope, resource(scope)?)));
    let Some((first, resource)) = of_services().next() else { return Ok(()) };
    if let Some((other, another)) = of_services().find(|(_, other)| *other != resource) {
        let text = format!(
            "one token cannot be for two services: {first} is for {resource}, {other} for {another}"
        );
        return mixed(text);
    }
    let is_default = |scope: &str| scope.ends_with("/.default");
    let defaults = of_services().filter(|(scope, _)| is_default(scope)).count();
    if defaults > 0 && defaults < of_services().count() {
        return mixed(format!(
            "{resource}/.default cannot go with single scopes of the same service"
        ));
    }
    Ok(())
}

/// What was asked for and not granted, as far as it concerns mail: a person can untick scopes.
pub(crate) fn missing<'a>(asked: &'a [String], granted: &[String]) -> Vec<&'a str> {
    let is_granted = |scope: &str| {
        granted.iter().any(|granted| {
            granted.eq_ignore_ascii_case(scope)
                // Microsoft answers with either name of the service.
                || (resource(granted) == resource(scope)
                    && granted.rsplit('/').next() == scope.rsplit('/').next())
        })
    };
    let asked = asked.iter().map(String::as_str);
    asked
        .filter(|scope| !IDENTITY.contains(scope) && !scope.ends_with("/.default"))
        .filter(|scope| !is_granted(scope))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::provider::Providers;

    fn checked(provider: &str, scopes: &str) -> Result<()> {
        check(&Providers::built_in().unwrap().named(provider).unwrap(), &split(scopes))
    }

    #[test]
    fn one_token_is_for_one_service() {
        let smtp = "https://outlook.office.com/SMTP.Send";
        for good in [
            "openid email".to_owned(),
            format!("{smtp} offline_access openid profile email"),
            format!("{smtp} https://outlook.office365.com/IMAP.AccessAsUser.All"),
            "https://outlook.office365.com/.default".into(),
            "Mail.Send User.Read https://graph.microsoft.com/Mail.Read".into(),
        ] {
            assert!(checked("microsoft", &good).is_ok(), "{good}");
        }
        for mixed in [
            format!("{smtp} https://graph.microsoft.com/Mail.Send"),
            // A scope without a service is one of Graph.
            format!("{smtp} User.Read"),
            "https://outlook.office365.com/.default https://outlook.office.com/SMTP.Send".into(),
        ] {
            let error = checked("microsoft", &mixed).unwrap_err();
            assert_eq!(error.cause(), Cause::TokenScopesMixed, "{mixed}");
        }
    }

    #[test]
    fn others_mix_services_as_they_like() {
        assert!(
            checked(
                "google",
                "https://mail.google.com/ https://www.googleapis.com/auth/gmail.send"
            )
            .is_ok()
        );
    }

    #[test]
    fn an_unticked_scope_is_noticed() {
        let asked = split("https://mail.google.com/ openid email");
        let mail = "https://mail.google.com/".to_owned();
        assert_eq!(missing(&asked, &["openid".into()]), [mail.as_str()]);
        assert!(missing(&asked, &[mail]).is_empty());
        let asked = split("https://outlook.office.com/SMTP.Send offline_access");
        assert!(missing(&asked, &["https://outlook.office365.com/SMTP.Send".into()]).is_empty());
    }
}
