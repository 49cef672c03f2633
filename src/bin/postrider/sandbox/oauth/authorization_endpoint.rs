//! The authorization endpoint (RFC 6749 §4.1.1): looks at what a client asks for and, if it is in
//! order, shows the login page.
//!
//! What is wrong with the client or its redirect URI is told to the person; everything else goes
//! back to the client, as RFC 6749 §4.1.2.1 wants it.

use super::super::Sandbox;
use super::super::form::Form;
use super::super::http::{Answer, Request};
use super::super::random;
use super::super::scope::{self, Scope};
use super::authorization_requests::AuthorizationRequest;
use super::client::CLIENT_ID;
use super::codes::is_challenge;
use super::return_address::ReturnAddress;
use super::{login_page, pages};

pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    begin(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn begin(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let form = request
        .query()
        .ok_or_else(|| pages::refusal("The address cannot be read, or has a parameter twice."))?;
    match form.get("client_id") {
        Some(CLIENT_ID) => {}
        Some(_) => return Err(pages::refusal("The only client_id here is sandbox.")),
        None => return Err(pages::refusal("The client_id is missing.")),
    }
    let back = form.get("redirect_uri").and_then(ReturnAddress::parse).ok_or_else(|| {
        pages::refusal(
            "The redirect_uri must be http://127.0.0.1, http://[::1] or http://localhost, \
             with any port and path.",
        )
    })?;
    let request = check(&form, back, &sandbox.provider.issuer)?;
    let number = random::text()?;
    let page = login_page::show(&number, &request, form.get("login_hint").unwrap_or_default(), "");
    sandbox.provider.requests.lock().keep(number, request);
    Ok(page)
}

/// The request, or what takes its error back to the client.
fn check(
    form: &Form,
    mut back: ReturnAddress,
    issuer: &str,
) -> Result<AuthorizationRequest, Answer> {
    back.set_state(form.get("state"));
    if !back.set_mode(form.get("response_mode")) {
        let modes = "the response modes are query and form_post";
        return Err(back.error(issuer, "invalid_request", modes));
    }
    let refuse = |error: &str, description: &str| Err(back.error(issuer, error, description));
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return refuse("unsupported_response_type", "the response type is code"),
        None => return refuse("invalid_request", "response_type is missing"),
    }
    let challenge = match (form.get("code_challenge"), form.get("code_challenge_method")) {
        (Some(challenge), Some("S256")) if is_challenge(challenge) => challenge.to_owned(),
        (Some(_), Some("S256")) => {
            return refuse("invalid_request", "code_challenge is not a SHA-256 in base64url");
        }
        (Some(_), _) => return refuse("invalid_request", "code_challenge_method must be S256"),
        (None, _) => return refuse("invalid_request", "code_challenge is missing (PKCE)"),
    };
    let Some(scope) = Scope::asked(form.get("scope")) else {
        let names = format!("the scopes are {}", scope::NAMES.join(", "));
        return refuse("invalid_scope", &names);
    };
    // OpenID Connect Core §3.1.2.6: without a page nobody can sign in, and nobody is signed in yet.
    if form.get("prompt") == Some("none") {
        return refuse("login_required", "somebody has to sign in");
    }
    let nonce = form.get("nonce").map(str::to_owned);
    Ok(AuthorizationRequest { back, challenge, scope, nonce })
}
