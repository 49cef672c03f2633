//! Providers as data: `providers.json`, which a program can override and extend with its own JSON.
//!
//! A provider is found by its name or by an SMTP host that belongs to it. Facts and their sources
//! are those of `oauth.md`; what it calls unverified is listed under `uncertain` of each provider.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::tenant;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a new provider is like.
const CUSTOM: &str = "custom";

const BUILT_IN: &str = include_str!("providers.json");

/// Whose dialect of errors it speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    Microsoft,
    Google,
    #[default]
    Other,
}

/// A provider, ready to use once its tenant is filled in: [`Provider::with_tenant`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Provider {
    #[serde(skip)]
    pub name: String,
    /// For people.
    pub title: String,
    pub family: Family,
    /// Where its users send mail.
    pub smtp: Option<Smtp>,
    /// All SMTP hosts that take its tokens.
    pub hosts: Vec<String>,
    /// Names that old settings hold; today `smtp.host` does their work.
    pub renamed_hosts: Vec<String>,
    /// What stands for `{tenant}` in the addresses unless the program says otherwise.
    pub tenant: Option<String>,
    pub issuer: Option<String>,
    pub endpoints: Endpoints,
    pub scopes: Scopes,
    /// Where the browser leads to after the sign-in; `{port}` is that of the listener.
    pub redirect: String,
    /// How the answer comes back; without it in the query.
    pub response_mode: Option<String>,
    /// Further parameters of the authorization request.
    pub authorize_parameters: BTreeMap<String, String>,
    /// SASL mechanisms at its SMTP servers.
    pub mechanisms: Vec<String>,
    pub limits: Limits,
    pub quirks: Vec<Quirk>,
    /// Keys of this provider whose values nobody could confirm.
    pub uncertain: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Security {
    /// From the first octet.
    Tls,
    Starttls,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub authorize: Option<String>,
    pub token: Option<String>,
    pub device: Option<String>,
    pub revoke: Option<String>,
    /// Where an administrator agrees to the permissions of an app.
    pub admin_consent: Option<String>,
    /// A blank page to redirect to when nobody can listen: its address is pasted.
    pub native_redirect: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Scopes {
    /// For a person's own mailbox.
    pub delegated: Vec<String>,
    /// For an app in its own name; `null` when the provider has no such thing.
    pub app: Option<Vec<String>>,
}

/// Of one mailbox; what is missing is not known.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub connections: Option<u32>,
    pub messages_per_minute: Option<u32>,
    pub recipients_per_day: Option<u32>,
    pub recipients_per_message: Option<u32>,
    pub message_octets: Option<u64>,
}

/// Where a provider differs from the standards or from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Quirk {
    /// Client credentials need a tenant by id or domain (§1.1).
    AppNeedsTenant,
    /// Organizations often forbid device codes (§1.8): only where there is no browser.
    DeviceFlowOftenBlocked,
    /// The issuer in tokens names the tenant of the user, whatever was asked (§1.1, §5.2).
    IssuerPerTenant,
    /// The redirect carries `iss` (RFC 9207).
    IssuerInRedirect,
    /// There are no client credentials for mail.
    NoClientCredentials,
    /// The device flow does not give the mail scope (§4.5).
    NoDeviceFlowForMail,
    /// No `http://[::1]` (§1.4).
    NoIpv6Redirect,
    /// The scopes of a request must be of one resource (§1.2).
    OneResourcePerToken,
    /// PKCE and no secret (§5.1).
    PublicClient,
    /// The registered redirect is fixed and no listener can serve it: the address is pasted.
    RedirectByHand,
    /// A refresh token comes only with consent: `prompt=consent` when it is missing (§4.3).
    RefreshTokenWithConsentOnly,
    /// Each refresh token is good once.
    RefreshTokensRotate,
    /// Only partners can register a client (§5.1).
    RegistrationByPartners,
    /// No new clients can be registered for mail (§5.1).
    RegistrationClosed,
    /// Revoking one token ends all of the project for this user (§4.1).
    RevokeEndsWholeProject,
    /// `scope` goes with codes and refresh tokens too (§1.6).
    ScopeInTokenRequest,
    /// A person can refuse single scopes and still sign in (§4.3).
    ScopesCanBeUnticked,
    /// A secret goes in the Authorization field, never in the body.
    SecretInHeader,
    /// Desktop clients have a secret that must be sent though it is none (§4.3).
    SecretNeededWithPkce,
    /// At SMTP a personal account is called by the id_token's preferred_username (§2.2).
    UserIsPreferredUsername,
}

impl Provider {
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The provider with this tenant, or its own one, in all addresses.
    pub(crate) fn with_tenant(mut self, tenant: Option<&str>) -> Result<Self> {
        let Some(tenant) = tenant.map(str::to_owned).or_else(|| self.tenant.clone()) else {
            return Ok(self);
        };
        tenant::check(&tenant)?;
        let Endpoints { authorize, token, device, revoke, admin_consent, native_redirect } =
            &mut self.endpoints;
        let all =
            [authorize, token, device, revoke, admin_consent, native_redirect, &mut self.issuer];
        for address in all.into_iter().flatten() {
            *address = address.replace("{tenant}", &tenant);
        }
        self.tenant = Some(tenant);
        Ok(self)
    }

    /// The redirect address for a listener on this port.
    pub(crate) fn redirect_uri(&self, port: u16) -> String {
        self.redirect.replace("{port}", &port.to_string())
    }

    /// An endpoint that a flow needs.
    pub(crate) fn needs(&self, endpoint: &Option<String>, flow: &str) -> Result<String> {
        endpoint.clone().ok_or_else(|| {
            let text = format!("{} has no address for {flow}", self.title);
            Error::new(Status::Incomplete, Stage::Argument, Cause::FlowNotOffered, text)
        })
    }

    /// Whether it is this host's; the host that does its work today.
    pub(crate) fn host_today(&self, host: &str) -> Option<&str> {
        let is_in =
            |hosts: &[String]| hosts.iter().position(|known| known.eq_ignore_ascii_case(host));
        if let Some(at) = is_in(&self.hosts) {
            return self.hosts.get(at).map(String::as_str);
        }
        is_in(&self.renamed_hosts)?;
        self.smtp.as_ref().map(|smtp| smtp.host.as_str())
    }
}

/// All providers that are known.
#[derive(Clone, Debug)]
pub(crate) struct Providers(Map<String, Value>);

impl Providers {
    pub(crate) fn built_in() -> Result<Self> {
        static PARSED: LazyLock<std::result::Result<Providers, String>> =
            LazyLock::new(|| parse(BUILT_IN).map(Providers).map_err(|why| why.to_string()));
        PARSED.clone().map_err(Error::internal)
    }

    /// Overrides and adds what the program's JSON says: an object of providers by name. Objects are
    /// merged, other values replaced, and `null` takes a value away. A new provider is like `custom`
    /// unless it says otherwise. A key that nobody knows is an error: it would silently do nothing.
    pub(crate) fn merge(&mut self, json: &str) -> Result<()> {
        let own = parse(json)
            .map_err(|why| Error::argument(format!("the provider file cannot be read: {why}")))?;
        let mut merged = self.clone();
        for (name, changes) in &own {
            let entry = merged.0.entry(name.clone());
            merge(entry.or_insert_with(|| serde_json::json!({ "like": CUSTOM })), changes);
        }
        // The changed ones, and those that are like them.
        for (name, entry) in &merged.0 {
            let like = entry.get("like").and_then(Value::as_str);
            if own.contains_key(name) || like.is_some_and(|like| own.contains_key(like)) {
                merged.named(name)?;
            }
        }
        *self = merged;
        Ok(())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The provider whose SMTP host it is, or was.
    pub(crate) fn of_host(&self, host: &str) -> Option<Provider> {
        let mut all = self.names().filter_map(|name| self.named(name).ok());
        all.find(|provider| provider.host_today(host).is_some())
    }

    pub(crate) fn named(&self, name: &str) -> Result<Provider> {
        let flat = self.flatten(name, 0)?;
        let provider = serde_json::from_value(flat)
            .map_err(|e| Error::argument(format!("the provider {name} cannot be read: {e}")))?;
        Ok(Provider { name: name.to_owned(), ..provider })
    }

    /// The entry on top of the one that it is `like`.
    fn flatten(&self, name: &str, depth: usize) -> Result<Value> {
        let Some(entry) = self.0.get(name) else {
            let known = self.names().collect::<Vec<_>>().join(", ");
            let text = format!("the provider {name} is unknown; known are {known}");
            return Err(Error::new(
                Status::InvalidArgument,
                Stage::Argument,
                Cause::ProviderUnknown,
                text,
            ));
        };
        let mut entry = entry.clone();
        let Some(like) = entry.as_object_mut().and_then(|entry| entry.remove("like")) else {
            return Ok(entry);
        };
        let like = like.as_str().filter(|_| depth < self.0.len());
        let like = like.ok_or_else(|| {
            Error::argument(format!("the provider {name} is \"like\" no other provider"))
        })?;
        let mut flat = self.flatten(like, depth + 1)?;
        // Whose hosts they are is not inherited.
        for own in ["hosts", "renamed_hosts"] {
            flat.as_object_mut().and_then(|flat| flat.remove(own));
        }
        merge(&mut flat, &entry);
        Ok(flat)
    }
}

fn parse(json: &str) -> std::result::Result<Map<String, Value>, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// As RFC 7396 (JSON Merge Patch).
fn merge(into: &mut Value, changes: &Value) {
    let Value::Object(changes) = changes else {
        *into = changes.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Some(object) = into.as_object_mut() else { return };
    for (key, change) in changes {
        match change {
            Value::Null => drop(object.remove(key)),
            change => merge(object.entry(key.clone()).or_insert(Value::Null), change),
        }
    }
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
