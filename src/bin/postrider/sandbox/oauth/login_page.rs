//! The login page: somebody chooses a mailbox and signs in, or cancels; either takes the browser
//! back to the client. There is no password: everybody is let in.

use super::super::Sandbox;
use super::super::http::{Answer, Request};
use super::super::users;
use super::authorization_requests::AuthorizationRequest;
use super::pages::{self, Part};

/// The page for a request that waits for a decision. `address` is proposed if it has a mailbox
/// here, or is what was wrong, if there is a `complaint`.
pub fn show(
    number: &str,
    request: &AuthorizationRequest,
    address: &str,
    complaint: &str,
) -> Answer {
    let status = if complaint.is_empty() { "200 OK" } else { "400 Bad Request" };
    let proposed = match complaint {
        "" if !users::has_mailbox(address) => users::DEFAULT_USER,
        _ => address,
    };
    let parts = [
        ("request", Part::Text(number)),
        ("address", Part::Text(proposed)),
        ("complaint", Part::Text(complaint)),
        ("scope", Part::Text(&request.scope.text())),
        ("host", Part::Text(request.back.host())),
    ];
    pages::page(status, pages::LOGIN, &parts)
}

/// Takes the pressed button.
pub fn decide(request: &Request, sandbox: &Sandbox) -> Answer {
    decision(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn decision(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let provider = &sandbox.provider;
    let over = || pages::refusal("This sign-in is over. Start it again from your program.");
    let form = request.form()?;
    let number = form.get("request").unwrap_or_default();
    if form.get("decision") == Some("cancel") {
        let request = provider.requests.lock().take(number).ok_or_else(over)?;
        sandbox.journal.say("Login page: cancelled");
        let description = "the sign-in was cancelled";
        return Ok(request.back.error(&provider.issuer, "access_denied", description));
    }
    let address = form.get("address").unwrap_or_default().trim();
    let request = {
        let mut requests = provider.requests.lock();
        let waiting = requests.look_at(number).ok_or_else(over)?;
        if !users::has_mailbox(address) {
            return Err(show(number, waiting, address, pages::NO_MAILBOX));
        }
        requests.take(number).ok_or_else(over)?
    };
    if sandbox.faults.consent_denied() {
        sandbox.journal.say(&format!("Login page: {address} refused (consent-denied)"));
        let description = "this program has no permission to send as you";
        return Ok(request.back.error(&provider.issuer, "access_denied", description));
    }
    let issuer = &provider.issuer;
    let back = request.back.clone();
    let code = provider.codes.lock().issue(request, address)?;
    sandbox.journal.say(&format!("Login page: {address} signed in"));
    Ok(back.answer(issuer, &[("code", &code)]))
}
