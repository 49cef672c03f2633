//! Who signed in: the id_token that came with the tokens (OpenID Connect Core §3.1.3.7).
//!
//! Only for one that was received straight from the token endpoint: TLS vouches for it, so its
//! signature is not checked (point 6 there). Everything else is, and gives an [`Identity`].

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::jwt;
use crate::secret::Secret;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

/// The tenant of all personal Microsoft accounts (`oauth.md` §1.1).
pub(crate) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 300;

/// What the token must say.
pub(crate) struct Expected<'a> {
    /// As discovery says it; `{tenantid}` stands for the tenant that the token names.
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// The nonce of the authorization request; none for a refresh.
    pub nonce: Option<&'a Secret>,
    /// The `sub` that the account had before, on a refresh (§12.2).
    pub subject: Option<&'a str>,
    /// In seconds since 1970.
    pub now: i64,
}

/// The signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The e-mail address to send with, when the provider tells one.
    pub address: Option<String>,
    /// What the person signs in with: what SMTP wants of personal Microsoft accounts.
    pub user_name: Option<String>,
    /// The name of the person.
    pub name: Option<String>,
    /// Stable and unique at this issuer, as no address is.
    pub subject: String,
    /// Microsoft's id of the user in the tenant.
    pub object_id: Option<String>,
    pub tenant: Option<String>,
}

/// Checks the token and reads it.
pub(crate) fn validate(id_token: &Secret, expected: &Expected) -> Result<Identity> {
    let claims = jwt::claims(id_token.bytes()).ok_or_else(|| invalid("it cannot be read"))?;
    let claims = &claims;
    let tenant = jwt::text(claims, "tid").map(str::to_ascii_lowercase);
    let issuer = jwt::text(claims, "iss").ok_or_else(|| invalid("it names no issuer"))?;
    if !is_issuer(issuer, expected.issuer, tenant.as_deref()) {
        return Err(invalid("it comes from another issuer"));
    }
    check_audience(claims, expected.client_id)?;
    check_time(claims, expected.now)?;
    if let Some(nonce) = expected.nonce {
        let found = jwt::text(claims, "nonce").unwrap_or_default();
        if !bool::from(found.as_bytes().ct_eq(nonce.bytes())) {
            return Err(invalid("it belongs to another sign-in (nonce)"));
        }
    }
    let subject = jwt::text(claims, "sub").ok_or_else(|| invalid("it names no subject"))?;
    if expected.subject.is_some_and(|before| before != subject) {
        return Err(invalid("it is that of another user than before"));
    }
    let text = |name| jwt::text(claims, name).map(str::to_owned);
    Ok(Identity {
        address: address(claims, tenant.as_deref()).map(str::to_owned),
        user_name: text("preferred_username"),
        name: text("name"),
        subject: subject.to_owned(),
        object_id: text("oid"),
        tenant,
    })
}

/// Point 2. Microsoft's metadata for `common` has `{tenantid}` where the token has an id; Google has
/// left the scheme away at times (OpenID Connect Core §15.6.2).
fn is_issuer(issuer: &str, expected: &str, tenant: Option<&str>) -> bool {
    if expected == "https://accounts.google.com" && issuer == "accounts.google.com" {
        return true;
    }
    match expected.split_once("{tenantid}") {
        None => issuer == expected,
        Some((before, after)) => tenant.is_some_and(|tenant| {
            let middle = issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            is_guid(tenant) && middle.is_some_and(|middle| middle.eq_ignore_ascii_case(tenant))
        }),
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Points 3 to 5.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<()> {
    let audiences = jwt::texts(claims, "aud");
    if !audiences.contains(&client_id) {
        return Err(invalid("it was made for another client"));
    }
    match jwt::text(claims, "azp") {
        Some(party) if party != client_id => Err(invalid("it was given to another client")),
        None if audiences.len() > 1 => Err(invalid("it was also made for other clients")),
        _ => Ok(()),
    }
}

/// Points 9 and 10. It was made a moment ago: when that is not so, our clock is wrong.
fn check_time(claims: &Map<String, Value>, now: i64) -> Result<()> {
    let expires = jwt::moment(claims, "exp").ok_or_else(|| invalid("it never expires"))?;
    let early = ["iat", "nbf"].iter().filter_map(|name| jwt::moment(claims, name)).max();
    let text = if expires.saturating_add(LEEWAY) <= now {
        "the id_token has just been made and has expired already: the clock of this computer is fast"
    } else if early.is_some_and(|early| early > now.saturating_add(LEEWAY)) {
        "the id_token is from the future: the clock of this computer is slow"
    } else {
        return Ok(());
    };
    Err(Error::new(Status::Token, Stage::Token, Cause::ClockWrong, text))
}

/// The address to send with (`oauth.md` §1.11 and §2.2).
fn address<'a>(claims: &'a Map<String, Value>, tenant: Option<&str>) -> Option<&'a str> {
    let unverified = claims.get("email_verified").is_some_and(|verified| {
        *verified == Value::Bool(false) || verified.as_str() == Some("false")
    });
    let email = jwt::text(claims, "email").filter(|_| !unverified);
    let user_name = jwt::text(claims, "preferred_username");
    // At personal Microsoft accounts `email` may be an alias, which SMTP refuses.
    let order = match tenant {
        Some(PERSONAL_TENANT) => [user_name, email],
        _ => [email, user_name],
    };
    // A user name may also be a telephone number.
    order.into_iter().flatten().find(|name| name.contains('@'))
}

fn invalid(why: &str) -> Error {
    let text = format!("the id_token of the provider is not accepted: {why}");
    Error::new(Status::Token, Stage::Token, Cause::IdTokenInvalid, text)
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
