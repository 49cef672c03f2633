//! The device authorization endpoint (RFC 8628 §3.1): gives a device a code to show.

use super::super::Sandbox;
use super::super::form;
use super::super::http::{Answer, Request};
use super::super::scope::Scope;
use super::client;
use serde_json::json;

pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    invite(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn invite(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let form = client::form(request)?;
    let scope = Scope::asked(form.get("scope"))
        .ok_or_else(|| Answer::refusal("invalid_scope", "one of these scopes does not exist"))?;
    let invitation = sandbox.provider.devices.lock().invite(scope)?;
    let page = sandbox.provider.url("/device");
    let query = form::encode(&[("user_code", &invitation.user_code)]);
    let body = json!({
        "device_code": invitation.device_code,
        "user_code": invitation.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?{query}"),
        "expires_in": invitation.expires_in,
        "interval": invitation.interval,
    });
    Ok(Answer::json("200 OK", &body))
}
