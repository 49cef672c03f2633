//! The revocation endpoint (RFC 7009): a client that signs out gives its token back.

use super::super::Sandbox;
use super::super::http::{Answer, Request};
use super::client;

pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    revoke(request, sandbox).unwrap_or_else(|refusal| refusal)
}

fn revoke(request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let form = client::form(request)?;
    let token = client::required(&form, "token")?;
    sandbox.tokens.lock().revoke(token);
    // RFC 7009 §2.2: an unknown token is one that is not in force, which is what was wanted.
    Ok(Answer::new("200 OK", "text/plain", String::new()))
}
