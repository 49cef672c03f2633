//! The token endpoint: `POST /token` with the grants of RFC 6749 and RFC 8628.
//!
//! Each grant finds out what somebody agreed to; from there on all are answered alike.

use super::super::Sandbox;
use super::super::form::Form;
use super::super::http::{Answer, Request};
use super::super::scope::Scope;
use super::super::tokens::Consent;
use super::client::{self, required};
use super::codes::Refusal;
use super::devices::NotYet;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub const GRANTS: [&str; 4] =
    ["authorization_code", "refresh_token", DEVICE_CODE, "client_credentials"];

/// What tokens are to be made for.
struct Order {
    consent: Arc<Consent>,
    /// The consent's, or the part of it that a refresh asks for.
    scope: Scope,
    nonce: Option<String>,
}

pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    grant(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn grant(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let form = client::form(request)?;
    if let Some(seconds) = sandbox.faults.token_busy()
        && !sandbox.provider.was_busy.swap(true, Ordering::Relaxed)
    {
        return Err(busy(seconds));
    }
    let order = match required(&form, "grant_type")? {
        "authorization_code" => redeem_code(&form, sandbox)?,
        "refresh_token" => refresh(&form, sandbox)?,
        DEVICE_CODE => ask_for_device(&form, sandbox)?,
        "client_credentials" => Order::whole(Consent { user: None, scope: Scope::mail() }.into()),
        _ => {
            let grants = format!("the grants are {}", GRANTS.join(", "));
            return Err(Answer::refusal("unsupported_grant_type", &grants));
        }
    };
    order.fulfil(sandbox)
}

fn busy(seconds: u32) -> Answer {
    let body = json!({
        "error": "temporarily_unavailable",
        "error_description": "the token endpoint is busy; try again later",
    });
    Answer::json("503 Service Unavailable", &body).with_header("Retry-After", seconds.to_string())
}

/// RFC 6749 §4.1.3.
fn redeem_code(form: &Form, sandbox: &Sandbox) -> Result<Order, Answer> {
    let code = required(form, "code")?;
    let redirect_uri = required(form, "redirect_uri")?;
    let verifier = required(form, "code_verifier")?;
    let redeemed = sandbox.provider.codes.lock().redeem(code, redirect_uri, verifier);
    let why = match redeemed {
        Ok(redeemed) => {
            return Ok(Order { nonce: redeemed.nonce, ..Order::whole(redeemed.consent) });
        }
        Err(Refusal::Unknown) => "this code is unknown",
        Err(Refusal::Reused(consent)) => {
            sandbox.tokens.lock().revoke_all(&consent);
            "this code was used before; the tokens it brought are revoked"
        }
        Err(Refusal::Expired) => "this code has expired",
        Err(Refusal::OtherRedirectUri) => "redirect_uri is not the one that the code was sent to",
        Err(Refusal::WrongVerifier) => "code_verifier does not belong to the code_challenge",
    };
    Err(Answer::refusal("invalid_grant", why))
}

/// RFC 6749 §6.
fn refresh(form: &Form, sandbox: &Sandbox) -> Result<Order, Answer> {
    let token = required(form, "refresh_token")?;
    if sandbox.faults.refresh_dead() {
        let why = "this refresh token was revoked; somebody has to sign in again";
        return Err(Answer::refusal("invalid_grant", why));
    }
    let mut tokens = sandbox.tokens.lock();
    let consent = tokens.consent_of(token).ok_or_else(|| {
        Answer::refusal("invalid_grant", "this refresh token is unknown, or was used before")
    })?;
    let mut order = Order::whole(consent);
    if let Some(asked) = form.get("scope") {
        order.scope = Scope::asked(Some(asked))
            .filter(|asked| asked.is_within(&order.consent.scope))
            .ok_or_else(|| Answer::refusal("invalid_scope", "nobody agreed to this scope"))?;
    }
    tokens.spend(token);
    Ok(order)
}

/// RFC 8628 §3.4 and §3.5.
fn ask_for_device(form: &Form, sandbox: &Sandbox) -> Result<Order, Answer> {
    let device_code = required(form, "device_code")?;
    let asked = sandbox.provider.devices.lock().ask(device_code);
    let (error, description) = match asked {
        Ok(consent) => return Ok(Order::whole(consent)),
        Err(NotYet::SlowDown(interval)) => {
            let pace = format!("ask every {} seconds from now on", interval.as_secs());
            return Err(Answer::refusal("slow_down", &pace));
        }
        Err(NotYet::Pending) => ("authorization_pending", "nobody has entered the code yet"),
        Err(NotYet::Refused) => ("access_denied", "the device was refused"),
        Err(NotYet::Expired) => ("expired_token", "the code has expired; ask for a new one"),
        Err(NotYet::Unknown) => {
            ("invalid_grant", "this device code is unknown, or was used before")
        }
    };
    Err(Answer::refusal(error, description))
}

impl Order {
    fn whole(consent: Arc<Consent>) -> Self {
        Order { scope: consent.scope.clone(), consent, nonce: None }
    }

    /// RFC 6749 §5.1; the id token is OpenID Connect Core §3.1.3.3.
    fn fulfil(&self, sandbox: &Sandbox) -> Result<Answer, Answer> {
        let grant = sandbox.tokens.lock().issue(&self.consent, &self.scope)?;
        let mut body = json!({
            "access_token": grant.access_token,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
            "scope": self.scope.text(),
        });
        if !sandbox.faults.no_refresh_token() {
            body["refresh_token"] = json!(grant.refresh_token);
        }
        if let (Some(user), true) = (&self.consent.user, self.scope.has("openid")) {
            let provider = &sandbox.provider;
            let nonce = self.nonce.as_deref();
            body["id_token"] = json!(provider.id_tokens.issue(&provider.issuer, user, nonce)?);
        }
        Ok(Answer::json("200 OK", &body))
    }
}
