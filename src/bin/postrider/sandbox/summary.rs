//! A received message in a few lines, for the person who watches the sandbox.

use super::journal::printable;
use super::mailbox::Envelope;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// ```text
/// 0001.eml  12345 octets from anna@example.org, signed in as anna@example.org
///           to bob@example.org
///           subject: Figures
///           text/plain, 20 octets
///           application/pdf "figures.pdf", 8000 octets
/// ```
pub fn summary(name: &str, user: &str, envelope: &Envelope, content: &[u8]) -> String {
    let sender = if envelope.sender.is_empty() { "nobody (<>)" } else { &envelope.sender };
    let mut lines = vec![
        format!("{} octets from {sender}, signed in as {user}", content.len()),
        format!("to {}", envelope.recipients.join(", ")),
    ];
    match MessageParser::default().parse(content) {
        Some(message) => {
            lines.push(format!("subject: {}", message.subject().unwrap_or("(none)")));
            describe_parts(&message, &mut lines);
        }
        None => lines.push("(not a message that can be parsed)".to_owned()),
    }
    let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    format!("{name}  {}", lines.join("\n          "))
}

/// One line for each part that carries something.
fn describe_parts(message: &Message<'_>, lines: &mut Vec<String>) {
    for part in &message.parts {
        if matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let shown_name = match part.attachment_name() {
            Some(name) => format!(" \"{name}\""),
            None => String::new(),
        };
        lines.push(format!("{}{shown_name}, {} octets", media_type(part), part.len()));
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("?")),
        None => "text/plain".to_owned(),
    }
}
