//! Looks at an access token before it is used, when it is a JWT that can be read.
//!
//! Servers say "535" and no more when a token is for something else. A token is for the server, and
//! not for us: so only one thing counts as wrong, an audience that is known to be another service.
//! All the rest are hints, for the log and for the error that may come. A token that cannot be read
//! is not judged: those of personal Microsoft accounts and of Google never can.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::jwt;
use crate::oauth::provider::{Family, Provider};
use crate::secret::Secret;
use serde_json::{Map, Value};

/// A service that tokens are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Exchange Online: what SMTP at Microsoft needs.
    ExchangeOnline,
    Graph,
    /// Something else, under its name.
    Other(&'static str),
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::ExchangeOnline => "Exchange Online",
            Service::Graph => "Microsoft Graph",
            Service::Other(name) => name,
        }
    }
}

/// The audiences by which Microsoft names its services (`oauth.md` §1.1, §1.2): address or id of the
/// application. Compared without a slash at the end and without regard to case.
const AUDIENCES: &[(&str, Service)] = {
    use Service::{ExchangeOnline, Graph, Other};
    &[
        ("https://outlook.office.com", ExchangeOnline),
        ("https://outlook.office365.com", ExchangeOnline),
        ("https://outlook.office365.us", ExchangeOnline),
        ("https://partner.outlook.cn", ExchangeOnline),
        ("00000002-0000-0ff1-ce00-000000000000", ExchangeOnline),
        ("https://graph.microsoft.com", Graph),
        ("https://graph.microsoft.us", Graph),
        ("https://dod-graph.microsoft.us", Graph),
        ("https://microsoftgraph.chinacloudapi.cn", Graph),
        ("00000003-0000-0000-c000-000000000000", Graph),
        ("https://graph.windows.net", Other("Azure AD Graph")),
        ("00000002-0000-0000-c000-000000000000", Other("Azure AD Graph")),
        ("https://management.azure.com", Other("Azure Resource Manager")),
        ("https://management.core.windows.net", Other("Azure Resource Manager")),
        ("797f4846-ba00-4fd7-ba43-dac1f8f63013", Other("Azure Resource Manager")),
        ("https://vault.azure.net", Other("Azure Key Vault")),
        ("00000003-0000-0ff1-ce00-000000000000", Other("SharePoint Online")),
    ]
};

/// What the transport needs of a token.
pub(crate) struct Need<'a> {
    /// The service, when it is one of the table; else audiences are not judged.
    pub service: Option<Service>,
    /// How it is called in texts: "SMTP".
    pub purpose: &'a str,
    /// The scope to ask for when a person signs in: "https://outlook.office.com/SMTP.Send".
    pub scope: &'a str,
    /// The scope to ask for without a person: "https://outlook.office365.com/.default".
    pub app_scope: Option<&'a str>,
    /// The permission as it stands in a token without a person: "SMTP.SendAsApp".
    pub role: Option<&'a str>,
    /// The user that the server will be told.
    pub user: Option<&'a str>,
    /// The id of the tenant, when it is known.
    pub tenant: Option<&'a str>,
    /// In seconds since 1970.
    pub now: i64,
}

/// Something about a token that may be why a server refuses it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hint {
    pub cause: Cause,
    /// A part of a sentence: "the token lacks the permission SMTP.Send".
    pub text: String,
}

/// Whether a token that can be read says that an app has signed in by itself.
pub(crate) fn is_of_app(access_token: &Secret) -> bool {
    jwt::claims(access_token.bytes()).is_some_and(|claims| is_app_only(&claims))
}

/// Looks at a token for the servers of a provider, or for one that nobody knows.
pub(crate) fn inspect_for(
    provider: Option<&Provider>,
    access_token: &Secret,
    user: Option<&str>,
    tenant: Option<&str>,
    now: i64,
) -> Result<Vec<Hint>> {
    let scope = provider.and_then(Provider::mail_scope).unwrap_or_default();
    let app_scope = provider.and_then(|provider| provider.scopes.app.as_ref()?.first());
    let exchange = provider.is_some_and(|provider| provider.family == Family::Microsoft);
    let need = Need {
        service: exchange.then_some(Service::ExchangeOnline),
        purpose: "SMTP",
        scope,
        app_scope: app_scope.map(String::as_str),
        role: exchange.then_some("SMTP.SendAsApp"),
        user,
        tenant,
        now,
    };
    inspect(access_token, &need)
}

/// What a token says of itself, claim by claim, when it can be read: for people.
pub(crate) fn readable_claims(access_token: &Secret) -> Vec<(&'static str, String)> {
    const SHOWN: [&str; 12] = [
        "aud",
        "iss",
        "scp",
        "scope",
        "roles",
        "upn",
        "preferred_username",
        "email",
        "tid",
        "appid",
        "azp",
        "idtyp",
    ];
    let Some(claims) = jwt::claims(access_token.bytes()) else { return Vec::new() };
    let text = |name: &&'static str| {
        let values = jwt::texts(&claims, name);
        (!values.is_empty()).then(|| (*name, quoted(&values.join(" "))))
    };
    SHOWN.iter().filter_map(text).collect()
}

/// Looks at the token: hints, or an error when it is for a known other service.
pub(crate) fn inspect(access_token: &Secret, need: &Need) -> Result<Vec<Hint>> {
    let Some(claims) = jwt::claims(access_token.bytes()) else { return Ok(Vec::new()) };
    let claims = &claims;
    let mut hints = Vec::new();
    check_audience(claims, need, &mut hints)?;
    check_permission(claims, need, &mut hints);
    check_time(claims, need, &mut hints);
    check_user(claims, need, &mut hints);
    Ok(hints)
}

/// Whether an app has signed in by itself, without a person.
fn is_app_only(claims: &Map<String, Value>) -> bool {
    jwt::text(claims, "idtyp") == Some("app")
        || (!claims.contains_key("scp") && claims.contains_key("roles"))
}

fn service_of(audience: &str) -> Option<Service> {
    let audience = audience.trim_end_matches('/');
    let row = AUDIENCES.iter().find(|(known, _)| known.eq_ignore_ascii_case(audience));
    row.map(|(_, service)| *service)
}

fn check_audience(claims: &Map<String, Value>, need: &Need, hints: &mut Vec<Hint>) -> Result<()> {
    let Some(needed) = need.service else { return Ok(()) };
    let audiences = jwt::texts(claims, "aud");
    let services: Vec<_> = audiences.iter().map(|audience| service_of(audience)).collect();
    if services.contains(&Some(needed)) {
        return Ok(());
    }
    let scope = match need.app_scope {
        Some(scope) if is_app_only(claims) => scope,
        _ => need.scope,
    };
    // With an unknown audience beside it, the server may take it.
    if let Some(services) = services.iter().copied().collect::<Option<Vec<_>>>()
        && let Some(other) = services.first()
    {
        let text = format!("this token is for {}; {} needs {scope}", other.name(), need.purpose);
        let cause = Cause::TokenWrongAudience;
        return Err(Error::new(Status::Token, Stage::Token, cause, text));
    }
    match audiences.first() {
        Some(audience) => hints.push(hint(
            Cause::TokenWrongAudience,
            format!("the token is for {}; {} needs {scope}", quoted(audience), need.purpose),
        )),
        None => hints.push(hint(
            Cause::TokenWrongAudience,
            format!("the token does not say what it is for; {} needs {scope}", need.purpose),
        )),
    }
    Ok(())
}

fn check_permission(claims: &Map<String, Value>, need: &Need, hints: &mut Vec<Hint>) {
    // Only there the names of permissions are known.
    if need.service.is_none() {
        return;
    }
    if is_app_only(claims) {
        let Some(role) = need.role else { return };
        if !jwt::texts(claims, "roles").iter().any(|found| found.eq_ignore_ascii_case(role)) {
            hints.push(hint(Cause::TokenMissingScope, format!(
                "the token lacks the role {role}; without it the app needs a role assignment in \
                 Exchange Online (RBAC for Applications)"
            )));
        }
        return;
    }
    let wanted = need.scope.rsplit('/').next().unwrap_or_default();
    let found = jwt::texts(claims, "scp");
    if !found.iter().flat_map(|s| s.split(' ')).any(|found| found.eq_ignore_ascii_case(wanted)) {
        hints.push(hint(
            Cause::TokenMissingScope,
            format!("the token lacks the permission {wanted}"),
        ));
    }
}

fn check_time(claims: &Map<String, Value>, need: &Need, hints: &mut Vec<Hint>) {
    if let Some(expires) = jwt::moment(claims, "exp")
        && expires <= need.now
    {
        let ago = need.now.saturating_sub(expires);
        hints.push(hint(
            Cause::TokenExpired,
            format!("the token expired {ago} s ago by the clock of this computer"),
        ));
    }
    if let Some(begins) = jwt::moment(claims, "nbf")
        && begins > need.now
    {
        let ahead = begins.saturating_sub(need.now);
        hints.push(hint(
            Cause::TokenExpired,
            format!("the token becomes valid in {ahead} s by the clock of this computer"),
        ));
    }
}

fn check_user(claims: &Map<String, Value>, need: &Need, hints: &mut Vec<Hint>) {
    let tenant = jwt::text(claims, "tid");
    if let (Some(found), Some(wanted)) = (tenant, need.tenant)
        && !found.eq_ignore_ascii_case(wanted)
    {
        hints.push(hint(
            Cause::WrongUserForToken,
            format!("the token is of the tenant {} and not of {wanted}", quoted(found)),
        ));
    }
    let names = ["upn", "preferred_username", "unique_name", "email"];
    let users: Vec<_> = names.iter().filter_map(|name| jwt::text(claims, name)).collect();
    if let (Some(first), Some(wanted)) = (users.first(), need.user)
        && !users.iter().any(|user| user.to_lowercase() == wanted.to_lowercase())
    {
        hints.push(hint(Cause::WrongUserForToken, format!(
            "the token is that of {} and not of {wanted}; that is right only for a shared mailbox",
            quoted(first)
        )));
    }
}

fn hint(cause: Cause, text: String) -> Hint {
    Hint { cause, text }
}

/// Text of a token, for a sentence of ours: in one line and not longer than needed.
fn quoted(text: &str) -> String {
    let mut quoted: String = text.chars().filter(|letter| !letter.is_control()).take(100).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
