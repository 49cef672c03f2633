//! The pages: filling them in, and the headers that let a browser do with them what they are for
//! and nothing else. They work without scripts.

use super::super::Sandbox;
use super::super::http::{Answer, Request};

pub const LOGIN: &str = include_str!("../pages/login.html");
pub const DEVICE: &str = include_str!("../pages/device.html");
const MESSAGE: &str = include_str!("../pages/message.html");
const FORM_POST: &str = include_str!("../pages/form_post.html");
const HIDDEN_FIELD: &str = r#"<input type="hidden" name="{{name}}" value="{{value}}">"#;

pub const NO_MAILBOX: &str = "Choose an address at example.org, such as anna@example.org.";

/// What stands for a `{{name}}` of a page.
pub enum Part<'text> {
    Text(&'text str),
    /// Filled in already.
    Html(&'text str),
}

/// The refusal of a request that did not come from a browser that looks at these pages: another
/// name leads here (DNS rebinding), or the page of another server presses our buttons.
pub fn foreign(request: &Request, issuer: &str) -> Option<Answer> {
    let port = issuer.rsplit(':').next().unwrap_or_default();
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let host = request.header("host").unwrap_or_default();
    let at_home = |origin: &str| origin.strip_prefix("http://") == Some(host);
    let ours = hosts.iter().any(|known| host.eq_ignore_ascii_case(known))
        && request.header("origin").is_none_or(at_home);
    (!ours).then(|| refusal("This request does not come from a page of the sandbox."))
}

pub fn page(status: &'static str, template: &str, parts: &[(&str, Part)]) -> Answer {
    with_policy(status, fill(template, parts), "")
}

/// A page that says something and offers nothing.
pub fn message(title: &str, text: &str) -> Answer {
    page("200 OK", MESSAGE, &[("title", Part::Text(title)), ("text", Part::Text(text))])
}

pub fn refusal(text: &str) -> Answer {
    let title = Part::Text("This does not work");
    page("400 Bad Request", MESSAGE, &[("title", title), ("text", Part::Text(text))])
}

/// A form with the answer to the client, which the browser posts to it (OAuth 2.0 Form Post
/// Response Mode). A button does that where scripts are off.
pub fn form_post(uri: &str, parameters: &[(&str, &str)]) -> Answer {
    let fields: String = parameters
        .iter()
        .map(|(name, value)| {
            fill(HIDDEN_FIELD, &[("name", Part::Text(name)), ("value", Part::Text(value))])
        })
        .collect();
    let parts = [("uri", Part::Text(uri)), ("fields", Part::Html(&fields))];
    with_policy("200 OK", fill(FORM_POST, &parts), "script-src 'self'; ")
}

pub fn style(_: &Request, _: &Sandbox) -> Answer {
    let text = include_str!("../pages/style.css").to_owned();
    Answer::new("200 OK", "text/css; charset=utf-8", text)
}

pub fn form_post_script(_: &Request, _: &Sandbox) -> Answer {
    let text = include_str!("../pages/form_post.js").to_owned();
    Answer::new("200 OK", "text/javascript; charset=utf-8", text)
}

fn with_policy(status: &'static str, html: String, scripts: &str) -> Answer {
    // `http:` because browsers hold a form to this over its redirects as well, and the client's
    // port is not known before; nor can a policy name [::1].
    let policy = format!(
        "default-src 'none'; style-src 'self'; {scripts}form-action 'self' http:; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    Answer::new(status, "text/html; charset=utf-8", html)
        .with_header("Content-Security-Policy", policy)
        // Not `no-referrer`: with that browsers send `Origin: null` from our own forms.
        .with_header("Referrer-Policy", "same-origin")
        .with_header("X-Frame-Options", "DENY")
}

/// Puts each part in its place; what a part holds is not looked at again.
fn fill(template: &str, parts: &[(&str, Part)]) -> String {
    let mut pieces = template.split("{{");
    let mut html = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or_default();
        match parts.iter().find(|(known, _)| *known == name) {
            Some((_, Part::Text(text))) => html.push_str(&escaped(text)),
            Some((_, Part::Html(part))) => html.push_str(part),
            None => {}
        }
        html.push_str(rest);
    }
    html
}

/// For text and for attributes in quotation marks.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            character => html.push(character),
        }
    }
    html
}
