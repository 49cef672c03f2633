//! An access token without a person: the kept one while it is fresh, else a new one.
//!
//! One refresh at a time for each account, over all threads and processes: the lock of the store is
//! held from reading the refresh token until the next one is saved. Only then the new access token
//! is used: a provider that rotates refresh tokens ends the whole sign-in when an old one returns.

use super::AccessToken;
use super::fresh::{Life, jitter, seconds, time};
use super::settings::{Flow, Settings};
use crate::error::{Cause, Error, Result, Retry, Stage, Status};
use crate::explain::{Signs, signs_of_age};
use crate::net::Watch;
use crate::oauth::client_certificate::Thumbprint;
use crate::oauth::form::Form;
use crate::oauth::id_token::{self, Expected};
use crate::oauth::provider::{Provider, Quirk};
use crate::oauth::request::Grant;
use crate::oauth::store::{AccountKey, Entry, Locks};
use crate::oauth::token::Token;
use crate::secret::Secret;
use parking_lot::Mutex;
use std::time::{Duration, SystemTime};

/// Tries of one request; a fault that passes has mostly passed by then.
const MOST_TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// What a caller waits when the provider names a time; else the error tells how long.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The field of the store for [`Life::refresh_at`].
const REFRESH_AT: &str = "refresh_at";

/// For an account to which a person has signed in.
pub(super) fn for_person(
    settings: &Settings,
    watch: &mut Watch,
    refused: Option<&Secret>,
) -> Result<AccessToken> {
    let key = settings.key()?;
    let now = || seconds(SystemTime::now());
    let jitter = jitter()?;
    let wanted = |entry: &Entry| entry.access_token.as_ref().is_some_and(|t| Some(t) != refused);
    let before = settings.store.load(&key)?;
    if let Some(entry) = &before
        && wanted(entry)
        && life(entry).is_fresh(now(), jitter)
    {
        return access_token(settings, entry);
    }
    settings.store.with_lock(&key, watch, |locked, watch| {
        let Some(entry) = locked.entry().cloned() else { return Err(nobody_signed_in(&key)) };
        // While we waited for the lock somebody else may have renewed it: that one is good unless
        // it has ended, or everybody in the queue would ask again.
        let renewed = before.as_ref().is_none_or(|b| b.access_token != entry.access_token);
        if wanted(&entry)
            && (life(&entry).is_fresh(now(), jitter) || renewed && life(&entry).lives(now()))
        {
            return access_token(settings, &entry);
        }
        let usable = |entry: &Entry| wanted(entry) && life(entry).lives(now());
        let Some(refresh_token) = entry.refresh_token.clone() else {
            return match usable(&entry) {
                true => access_token(settings, &entry),
                false => Err(needs_sign_in(format!(
                    "the access token of {key} has ended, and there is no refresh token"
                ))),
            };
        };
        let grant = Grant::RefreshToken { token: refresh_token, age: age_of(&entry) };
        match ask(settings, &grant, watch) {
            Ok(token) => {
                let entry = renew(entry, token)?;
                locked.save_or_keep(entry.clone())?;
                access_token(settings, &entry)
            }
            // The network is down, but the token still lives: no reason to fail.
            Err(error) if error.retry() == Retry::Later && usable(&entry) => {
                access_token(settings, &entry)
            }
            Err(error) => Err(error),
        }
    })
}

/// For an app that signs in itself, and for a program that has tokens from elsewhere; who holds
/// `asking` asks.
pub(super) fn for_app(
    settings: &Settings,
    kept: &Mutex<Option<Token>>,
    asking: &Locks,
    watch: &mut Watch,
    refused: Option<&Secret>,
) -> Result<AccessToken> {
    let jitter = jitter()?;
    let now = || seconds(SystemTime::now());
    let life = |token: &Token| Life {
        obtained_at: seconds(token.obtained_at),
        expires_at: seconds(token.expires_at),
        refresh_at: token.refresh_at.map(seconds),
    };
    let found = || kept.lock().clone().filter(|token| Some(&token.access) != refused);
    let before = found();
    if let Some(token) = before.clone().filter(|token| life(token).is_fresh(now(), jitter)) {
        return Ok(of_app(settings, token));
    }
    let _asking = asking.lock("the app", watch)?;
    // As for a person: who waited takes what came, unless it has ended.
    let living = found().filter(|token| life(token).lives(now()));
    if let Some(token) = living.clone().filter(|_| living != before) {
        return Ok(of_app(settings, token));
    }
    let asked = match &settings.flow {
        Flow::Supplied(supply) => supply.token(),
        _ => app_grant(settings).and_then(|grant| ask(settings, &grant, watch)),
    };
    match asked {
        Ok(token) => {
            *kept.lock() = Some(token.clone());
            Ok(of_app(settings, token))
        }
        Err(error) => match living {
            Some(token) if error.retry() == Retry::Later => Ok(of_app(settings, token)),
            _ => Err(error),
        },
    }
}

fn of_app(settings: &Settings, token: Token) -> AccessToken {
    AccessToken {
        token: token.access,
        user: settings.user.clone(),
        address: None,
        user_name: None,
        expires_at: token.expires_at,
        scopes: token.scopes,
    }
}

/// What an app asks with.
fn app_grant(settings: &Settings) -> Result<Grant> {
    let Flow::ServiceAccount(account) = &settings.flow else {
        return Ok(Grant::ClientCredentials);
    };
    let user = settings.user.as_deref().ok_or_else(|| {
        Error::argument("a service account needs the user in whose name it sends")
    })?;
    let scope = settings.scopes().join(" ");
    let assertion = account.assertion(&scope, user, seconds(SystemTime::now()))?;
    Ok(Grant::JwtBearer(assertion))
}

/// Asks the provider, again after a while where that may help.
fn ask(settings: &Settings, grant: &Grant, watch: &mut Watch) -> Result<Token> {
    let mut provider = settings.provider(watch)?;
    let scopes = settings.scopes();
    let mut pause = FIRST_PAUSE;
    let mut thumbprint = Thumbprint::Sha256;
    let mut tries = 1;
    loop {
        let now = seconds(SystemTime::now());
        let authentication = settings.authentication(&provider, thumbprint, now)?;
        let asking = settings.asking(&provider, &authentication)?;
        let error = match asking.token(grant, &scopes, settings.client(), watch) {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        // Servers that do not know the newer thumbprint of a certificate refuse it like a wrong one.
        if settings.has_certificate()
            && thumbprint == Thumbprint::Sha256
            && error.cause() == Cause::AppCertificateWrong
        {
            thumbprint = Thumbprint::Sha1;
            continue;
        }
        if let Some(right) = settings.right_provider(&provider, &error, watch) {
            provider = right?;
            continue;
        }
        let wait = error.retry_after().unwrap_or(pause);
        let ended = matches!(error.status(), Status::Cancelled | Status::Timeout);
        if error.retry() == Retry::No || ended || wait > LONGEST_PAUSE || tries == MOST_TRIES {
            if error.response().is_none_or(|response| response.error.is_empty()) {
                settings.forget_metadata();
            }
            return Err(error);
        }
        watch.pause(wait)?;
        pause *= 2;
        tries += 1;
    }
}

/// Ends a refresh token, and with it the sign-in (RFC 7009).
pub(super) fn revoke(settings: &Settings, token: &Secret, watch: &mut Watch) -> Result<()> {
    let provider = settings.provider(watch)?;
    let Some(endpoint) = &provider.endpoints.revoke else { return Ok(()) };
    let now = seconds(SystemTime::now());
    let authentication = settings.authentication(&provider, Thumbprint::Sha256, now)?;
    let asking = settings.asking(&provider, &authentication)?;
    let mut form = Form::default();
    form.set_secret("token", token);
    form.set("token_type_hint", "refresh_token");
    asking.identify(&mut form);
    let response = settings.client().exchange(endpoint, &asking.request(&form), watch)?;
    match response.status {
        200..300 => Ok(()),
        _ => Err(asking.refusal("the end of the sign-in", &form, &response)),
    }
}

fn life(entry: &Entry) -> Life {
    Life {
        obtained_at: entry.obtained_at.unwrap_or(0),
        expires_at: entry.expires_at.unwrap_or(0),
        refresh_at: entry.extra(REFRESH_AT).and_then(|json| json.parse().ok()),
    }
}

/// What the age of the sign-in tells.
pub(super) fn age_of(entry: &Entry) -> Signs {
    signs_of_age(entry.signed_in_at, entry.obtained_at, seconds(SystemTime::now()))
}

/// Who signed in, as the id_token says; a provider that sends none tells nothing.
pub(super) fn add_identity(
    entry: &mut Entry,
    token: &Token,
    provider: &Provider,
    client_id: &str,
    nonce: Option<&Secret>,
) -> Result<()> {
    let (Some(id_token), Some(issuer)) = (&token.id_token, &provider.issuer) else {
        return Ok(());
    };
    // Microsoft's names the tenant of the user, whichever segment was asked.
    let issuer = match provider.has(Quirk::IssuerPerTenant) {
        true => issuer.replace(provider.tenant.as_deref().unwrap_or_default(), "{tenantid}"),
        false => issuer.clone(),
    };
    let now = seconds(SystemTime::now());
    let expected = Expected { issuer: &issuer, client_id, nonce, subject: None, now };
    let identity = id_token::validate(id_token, &expected)?;
    entry.address = identity.address;
    entry.user_name = identity.user_name;
    entry.account_id = Some(identity.subject);
    Ok(())
}

/// The entry with what the provider gave. Without a new refresh token the old one stays good.
pub(super) fn renew(mut entry: Entry, token: Token) -> Result<Entry> {
    let refresh_at = token.refresh_at.map(|at| seconds(at).to_string());
    entry.set_extra(REFRESH_AT, refresh_at.as_deref())?;
    entry.refresh_token = token.refresh.or(entry.refresh_token);
    entry.access_token = Some(token.access);
    entry.obtained_at = Some(seconds(token.obtained_at));
    entry.expires_at = Some(seconds(token.expires_at));
    entry.scopes = token.scopes;
    Ok(entry)
}

fn access_token(settings: &Settings, entry: &Entry) -> Result<AccessToken> {
    let token = entry.access_token.clone();
    let token = token.ok_or_else(|| Error::internal("an account without an access token"))?;
    Ok(AccessToken {
        token,
        user: settings.user.clone().or_else(|| entry.address.clone()),
        address: entry.address.clone(),
        user_name: entry.user_name.clone(),
        expires_at: time(entry.expires_at.unwrap_or(0)),
        scopes: entry.scopes.clone(),
    })
}

pub(super) fn nobody_signed_in(key: &AccountKey) -> Error {
    needs_sign_in(format!("nobody has signed in yet for {key}"))
}

fn needs_sign_in(text: String) -> Error {
    Error::new(Status::NeedsSignIn, Stage::Token, Cause::NeedsSignIn, text)
}
