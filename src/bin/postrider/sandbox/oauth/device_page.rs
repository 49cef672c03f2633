//! The device page (RFC 8628 §3.3): somebody types the code that a device shows, or compares it
//! if the address brought it along, chooses a mailbox, and lets the device in or refuses it.

use super::super::Sandbox;
use super::super::http::{Answer, Request};
use super::super::users;
use super::pages::{self, Part};

const NO_DEVICE: &str = "No device waits with this code. Look at it again; perhaps it has expired.";

pub fn show(request: &Request, _: &Sandbox) -> Answer {
    let query = request.query();
    let user_code = query.as_ref().and_then(|query| query.get("user_code"));
    form("200 OK", user_code.unwrap_or_default(), users::DEFAULT_USER, "")
}

fn form(status: &'static str, user_code: &str, address: &str, complaint: &str) -> Answer {
    let parts = [
        ("user_code", Part::Text(user_code)),
        ("address", Part::Text(address)),
        ("complaint", Part::Text(complaint)),
    ];
    pages::page(status, pages::DEVICE, &parts)
}

/// Takes the pressed button.
pub fn decide(request: &Request, sandbox: &Sandbox) -> Answer {
    decision(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn decision(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let sent = request.form()?;
    let user_code = sent.get("user_code").unwrap_or_default();
    let address = sent.get("address").unwrap_or_default().trim();
    let again = |complaint| form("400 Bad Request", user_code, address, complaint);
    let mut devices = sandbox.provider.devices.lock();
    if !devices.waits(user_code) {
        return Err(again(NO_DEVICE));
    }
    if sent.get("decision") == Some("refuse") {
        devices.refuse(user_code);
        sandbox.journal.say("Device page: refused");
        return Ok(pages::message(
            "Refused",
            "The device was not let in. You can close this page.",
        ));
    }
    if !users::has_mailbox(address) {
        return Err(again(pages::NO_MAILBOX));
    }
    if sandbox.faults.consent_denied() {
        devices.refuse(user_code);
        sandbox.journal.say(&format!("Device page: {address} refused (consent-denied)"));
        let text = "This program has no permission to send as you.";
        return Ok(pages::message("Refused", text));
    }
    devices.approve(user_code, address);
    sandbox.journal.say(&format!("Device page: {address} signed in"));
    Ok(pages::message("Signed in", "The device may send as you now. You can close this page."))
}
