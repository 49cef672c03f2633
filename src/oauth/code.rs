//! Authorization code with PKCE (RFC 6749 §4.1, RFC 7636): the URL for the browser, and the answer
//! that comes back by way of it (RFC 8252), checked before anything in it is believed.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::explain::Signs;
use crate::oauth::ErrorResponse;
use crate::oauth::form::{self, Form};
use crate::oauth::provider::{Family, Provider, Quirk};
use crate::oauth::request::Grant;
use crate::oauth::response::Asked;
use crate::oauth::scope;
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// What a sign-in is to be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignIn<'a> {
    /// With its tenant filled in.
    pub provider: &'a Provider,
    pub client_id: &'a str,
    pub scopes: &'a [String],
    pub redirect_uri: &'a str,
    /// The answer is copied from the address bar by a person: it must stand in the query, whatever
    /// the provider's usual response mode.
    pub by_hand: bool,
    /// The address to fill in for the person.
    pub login_hint: Option<&'a str>,
    pub prompt: Option<&'a str>,
    /// What an earlier refusal asked for ([`ErrorResponse::claims`]).
    pub claims: Option<&'a str>,
    /// Further parameters of the program; they come before the provider's.
    pub parameters: &'a [(String, String)],
}

/// A sign-in that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// For the browser.
    pub url: String,
    pub redirect_uri: String,
    /// What the id_token must repeat, when one was asked for.
    pub nonce: Option<Secret>,
    state: Secret,
    verifier: Secret,
    family: Family,
    issuer: Issuer,
}

/// What `iss` in the answer must be (RFC 9207 §2.4).
#[derive(Clone, Debug, PartialEq)]
enum Issuer {
    Unknown,
    /// It need not be there.
    Known(String),
    Promised(String),
}

impl Pending {
    /// `state` is what tells this sign-in from others: [`new_state`].
    pub(crate) fn begin(sign_in: &SignIn, state: Secret) -> Result<Self> {
        let provider = sign_in.provider;
        scope::check(provider, sign_in.scopes)?;
        let endpoint =
            provider.needs(&provider.endpoints.authorize, "signing in with a browser")?;
        let verifier = random()?;
        let asks_who = sign_in.scopes.iter().any(|scope| scope == "openid");
        let nonce = if asks_who { Some(random()?) } else { None };

        let mut form = Form::default();
        let response_mode = provider.response_mode.as_deref().filter(|_| !sign_in.by_hand);
        let optional = [
            ("response_mode", response_mode),
            ("login_hint", sign_in.login_hint),
            ("prompt", sign_in.prompt),
            ("claims", sign_in.claims),
        ];
        for (name, value) in &provider.authorize_parameters {
            form.set(name.clone(), value);
        }
        for (name, value) in optional {
            value.into_iter().for_each(|value| form.set(name, value));
        }
        for (name, value) in sign_in.parameters {
            form.set(name.clone(), value);
        }
        // Last, so that no parameter of the program takes their place.
        form.set("client_id", sign_in.client_id);
        form.set("response_type", "code");
        form.set("redirect_uri", sign_in.redirect_uri);
        form.set("scope", sign_in.scopes.join(" "));
        form.set_secret("state", &state);
        form.set("code_challenge", challenge(&verifier));
        form.set("code_challenge_method", "S256");
        nonce.iter().for_each(|nonce| form.set_secret("nonce", nonce));

        Ok(Self {
            url: form.behind(&endpoint),
            redirect_uri: sign_in.redirect_uri.to_owned(),
            nonce,
            state,
            verifier,
            family: provider.family,
            issuer: expected_issuer(provider),
        })
    }

    /// The code in an answer: the query of a redirect, or the body of a form that was posted.
    pub(crate) fn read(&self, parameters: &str) -> Result<Secret> {
        let fields = form::parse(parameters);
        if !self.is_state(&single(&fields, "state")?) {
            return Err(mixed_up("its state is another one"));
        }
        let issuer = single(&fields, "iss")?;
        match &self.issuer {
            Issuer::Promised(known) if issuer != *known => {
                return Err(mixed_up("it comes from another provider"));
            }
            Issuer::Known(known) if !issuer.is_empty() && issuer != *known => {
                return Err(mixed_up("it comes from another provider"));
            }
            _ => {}
        }
        if !single(&fields, "error")?.is_empty() {
            return Err(self.refused(&fields));
        }
        let code = single(&fields, "code")?;
        match code.is_empty() {
            true => Err(incomplete("the answer to the sign-in holds no code")),
            false => Ok(Secret::new(zeroize::Zeroizing::new(code).as_bytes())),
        }
    }

    /// The code in an address that a person copied from the browser, or only its query.
    pub(crate) fn read_pasted(&self, text: &str) -> Result<Secret> {
        let text = text.trim().trim_matches(['"', '\'', '<', '>', '`']);
        let without_fragment = text.split('#').next().unwrap_or_default();
        let query = without_fragment.split_once('?').map(|(_, query)| query);
        let fragment = text.split_once('#').map(|(_, fragment)| fragment);
        let holds_answer = |part: &&str| {
            form::parse(part).iter().any(|(name, _)| name == "code" || name == "error")
        };
        let parameters = [query, fragment, Some(text)].into_iter().flatten().find(holds_answer);
        match parameters {
            Some(parameters) => self.read(parameters),
            None => Err(incomplete("this address does not hold the answer to the sign-in")),
        }
    }

    /// What to ask a token with.
    pub(crate) fn grant(&self, code: Secret) -> Grant {
        let (redirect_uri, verifier) = (self.redirect_uri.clone(), self.verifier.clone());
        Grant::AuthorizationCode { code, redirect_uri, verifier }
    }

    fn is_state(&self, found: &str) -> bool {
        // In constant time: nobody learns it piece by piece.
        self.state.bytes().ct_eq(found.as_bytes()).into()
    }

    fn refused(&self, fields: &[(String, String)]) -> Error {
        let response = ErrorResponse::from_fields(0, |name| {
            fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
        });
        let mut form = Form::default();
        form.set_secret("state", &self.state);
        let asked = Asked {
            family: self.family,
            stage: Stage::Authorize,
            what: "the sign-in",
            form: &form,
            signs: Signs::default(),
        };
        response.into_error(&asked, None)
    }
}

fn expected_issuer(provider: &Provider) -> Issuer {
    match &provider.issuer {
        // Microsoft's names the tenant of the user (oauth.md §5.2).
        Some(issuer) if !provider.has(Quirk::IssuerPerTenant) => {
            match provider.has(Quirk::IssuerInRedirect) {
                true => Issuer::Promised(issuer.clone()),
                false => Issuer::Known(issuer.clone()),
            }
        }
        _ => Issuer::Unknown,
    }
}

/// The value of a parameter, empty when it is missing. RFC 6749 §3.1: none is there twice; a second
/// one was added by somebody else.
fn single(fields: &[(String, String)], name: &str) -> Result<String> {
    let mut values = fields.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
    let value = values.next().cloned().unwrap_or_default();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(mixed_up("a parameter stands in it twice")),
    }
}

/// A state for one sign-in.
pub(crate) fn new_state() -> Result<Secret> {
    random()
}

/// 32 random octets: 43 characters, as RFC 7636 §4.1 advises for the verifier.
fn random() -> Result<Secret> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|e| Error::internal(format_args!("no random numbers from the system: {e}")))?;
    Ok(Secret::new(zeroize::Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())).as_bytes()))
}

/// RFC 7636 §4.2.
fn challenge(verifier: &Secret) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

fn mixed_up(why: &str) -> Error {
    let text = format!("the answer does not belong to this sign-in: {why}");
    Error::new(Status::NeedsSignIn, Stage::Authorize, Cause::SignInMixedUp, text)
}

fn incomplete(text: &'static str) -> Error {
    Error::new(Status::NeedsSignIn, Stage::Authorize, Cause::SignInIncomplete, text)
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
