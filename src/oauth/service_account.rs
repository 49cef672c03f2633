//! A service account of Google Workspace, which sends for the users of its organization (domain-wide
//! delegation, `oauth.md` §4.6): the JSON file of its key → an assertion for one token request
//! (RFC 7523 §2.1).

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::jwt::{self, Algorithm, SigningKey, sign};
use crate::secret::Secret;
use serde_json::{Map, Value, json};
use zeroize::Zeroize as _;

/// The most that Google takes, in seconds.
const LIFETIME: i64 = 3600;

/// The files have some 2.4 KB.
const LARGEST_FILE: usize = 64 * 1024;

/// What the file tells.
#[derive(Debug)]
pub(crate) struct ServiceAccount {
    key: SigningKey,
    key_id: Option<String>,
    email: String,
    token_endpoint: String,
}

impl ServiceAccount {
    /// From the content of the JSON file.
    pub(crate) fn from_json(file: &[u8]) -> Result<Self> {
        if file.len() > LARGEST_FILE {
            return Err(invalid("it is too large"));
        }
        let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        // serde_json's errors quote no more than a word of the text; not even that shall get out.
        let Ok(Value::Object(mut members)) = serde_json::from_slice(file) else {
            return Err(invalid("it is no JSON object"));
        };
        let read = Self::from_members(&members);
        if let Some(Value::String(key)) = members.get_mut("private_key") {
            key.zeroize();
        }
        read
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self> {
        match jwt::text(members, "type") {
            Some("service_account") => {}
            Some("authorized_user") => {
                return Err(invalid("it is the sign-in of a user and not of a service account"));
            }
            _ if members.contains_key("installed") || members.contains_key("web") => {
                return Err(invalid("it is an OAuth client and not a service account"));
            }
            _ => return Err(invalid("its \"type\" is not \"service_account\"")),
        }
        let text = |name: &'static str| {
            jwt::text(members, name).ok_or_else(|| invalid(format!("it has no {name:?}")))
        };
        let token_endpoint = text("token_uri")?.to_owned();
        if !is_protected(&token_endpoint) {
            return Err(invalid("its \"token_uri\" is not an https address"));
        }
        Ok(Self {
            email: text("client_email")?.to_owned(),
            key: SigningKey::from_pem(text("private_key")?.as_bytes())?,
            key_id: text("private_key_id").ok().map(Into::into),
            token_endpoint,
        })
    }

    /// Where the assertion goes.
    pub(crate) fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Asks for the scopes (with blanks between them) in the name of `user`. `now` is in seconds
    /// since 1970.
    pub(crate) fn assertion(&self, scope: &str, user: &str, now: i64) -> Result<Secret> {
        if !user.contains('@') {
            return Err(Error::argument("the user to send for must be an e-mail address"));
        }
        let domain = user.rsplit('@').next().unwrap_or_default();
        if ["gmail.com", "googlemail.com"].iter().any(|d| domain.eq_ignore_ascii_case(d)) {
            let text = format!("a service account cannot send for {user}, a personal account");
            let cause = Cause::ServiceAccountPersonal;
            return Err(Error::new(Status::InvalidArgument, Stage::Argument, cause, text));
        }
        let claims = json!({
            "iss": self.email,
            "sub": user,
            "scope": scope,
            "aud": self.token_endpoint,
            "iat": now,
            "exp": now + LIFETIME,
        });
        let header = self.key_id.as_deref().map(|id| ("kid", id));
        sign(&self.key, self.key.algorithm(Algorithm::Rs256), header.as_slice(), &claims)
    }
}

/// Assertions only travel over TLS; a test's server is on this computer. What stands before an `@`
/// is no host, whatever it looks like.
fn is_protected(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let protected =
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") && local;
    protected && !host.is_empty() && !host.contains(['@', '\\'])
}

fn invalid(why: impl std::fmt::Display) -> Error {
    let text = format!("this is not the key file of a service account: {why}");
    Error::new(Status::InvalidArgument, Stage::Argument, Cause::ServiceAccountInvalid, text)
}

// openssl makes the keys, which the Windows of our tests has not; the code is the same everywhere.
#[cfg(all(test, unix))]
#[path = "service_account_tests.rs"]
mod tests;
