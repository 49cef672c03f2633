//! The one client, `sandbox` (any secret, or none), and how it names itself.

use super::super::form::{Form, decode_text};
use super::super::http::{Answer, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub const CLIENT_ID: &str = "sandbox";

/// The form that the client sent, or the answer for who is not the client.
pub fn form(request: &Request) -> Result<Form, Answer> {
    let form = request.form()?;
    let in_header = request.header("authorization").and_then(basic_user);
    match in_header.as_deref().or(form.get("client_id")) {
        Some(CLIENT_ID) => Ok(form),
        Some(_) => Err(Answer::refusal("invalid_client", "the only client is called sandbox")),
        None => Err(Answer::invalid("client_id is missing")),
    }
}

/// A parameter without which it does not go on.
pub fn required<'form>(form: &'form Form, name: &str) -> Result<&'form str, Answer> {
    form.get(name).ok_or_else(|| Answer::invalid(&format!("{name} is missing")))
}

/// The user of `Basic base64(user:password)`; a client may name itself so (RFC 6749 §2.3.1).
fn basic_user(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok()?;
    let user = decoded.split(|byte| *byte == b':').next()?;
    scheme.eq_ignore_ascii_case("Basic").then(|| decode_text(user)).flatten()
}
