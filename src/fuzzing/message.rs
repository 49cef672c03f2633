//! Lists of addresses, and messages of any texts.

use super::{check_lines, option};
use crate::message::{
    Carrier, Content, Disposition, Importance, Kind, Message, MessagePart, Prepared,
};
use crate::smtp::{Envelope, Next, Options, Session, StartTls, Transaction, Transcript};
use std::sync::Arc;

/// RFC 5321 §4.5.3.1.4 without the line end, and what the parameters of MAIL may add to it
/// (RFC 1870, RFC 6152, RFC 6531).
const MOST_COMMAND_OCTETS: usize = 510 + 26 + 16 + 10;

/// RFC 5322 §2.1.1.
const MOST_LINE_OCTETS: usize = 998;

/// A list that is accepted makes one command for each address, and proper header fields.
pub fn address_list(data: &[u8]) {
    let list = String::from_utf8_lossy(data);
    let mut message = Message::default();
    message.set_from(None, "anna@example.org").unwrap();
    message.set_text(Some("text"));
    if let Err(error) = message.add_recipients(&list, Kind::To) {
        assert!(!error.text().contains(char::is_control), "{error:?}");
        return;
    }
    let prepared = Prepared::to_send(&Arc::new(message)).unwrap();
    let recipients = prepared.recipients();
    assert!(!recipients.is_empty());
    for address in &recipients {
        let mut message = Message::default();
        message.set_return_path(Some(address)).expect("a recipient can be a sender");
    }
    let content = prepared.compose(Carrier { eight_bit: true }).unwrap();
    check_envelope(&prepared, &content);
    let names = check_content(&content);
    assert_eq!(names.iter().filter(|name| *name == "To").count(), 1, "{names:?}");
}

/// Any texts make a message with proper lines, of the size that was announced, and with no header
/// field that was not asked for. A case is made of its options as digits, then name, address,
/// subject, name and value of a header field, file name, content type, text and HTML, with `|`
/// between them.
pub fn message(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut fields = text.splitn(10, '|');
    let mut field = || fields.next().filter(|field| !field.is_empty());
    let digits = field().unwrap_or_default().as_bytes();
    let mut message = Message::default();
    message.set_from(Some("Änna"), "anna@example.org").unwrap();
    // What is refused is not in the message: that is all that these calls have to do.
    let name = field();
    if let Some(address) = field() {
        let _ = message.set_from(name, address);
        let _ = message.set_reply_to(name, Some(address));
        let _ = message.add_recipient(name, address, Kind::Cc);
    }
    let _ = message.add_recipient(name, "bob@example.org", Kind::To);
    if message.add_recipient(None, "carol@example.org", Kind::Bcc).is_err() {
        unreachable!("a good address is refused");
    }
    let _ = field().map(|subject| message.set_subject(subject));
    let (header, value) = (field().unwrap_or_default(), field().unwrap_or_default());
    let has_header = message.add_header(header, value).is_ok();
    let (file_name, content_type) = (field(), field());
    if let Some(file_name) = file_name {
        let inline = option(digits, 1) == 1;
        let disposition = match Disposition::new_inline() {
            Ok((disposition, _)) if inline => disposition,
            _ => Disposition::Attachment,
        };
        let part = MessagePart::bytes(data, file_name, content_type, disposition);
        let _ = part.map(|part| message.add_part(part));
    }
    message.set_text(field());
    message.set_html(field());
    let _ = message.set_priority(option(digits, 2).into());
    message.set_importance(Importance::High);
    let _ = message.request_read_receipt(option(digits, 3) == 1, None);

    let prepared = match Prepared::to_send(&Arc::new(message)) {
        Ok(prepared) => prepared,
        Err(error) => return assert_eq!(error.cause(), crate::Cause::MessageEmpty),
    };
    let eight_bit = option(digits, 0) == 1;
    let content = prepared.compose(Carrier { eight_bit }).unwrap();
    if !eight_bit && !prepared.needs_utf8() {
        assert!(!content.eight_bit(), "octets above 127 where none may be");
    }
    check_envelope(&prepared, &content);
    for name in check_content(&content) {
        assert!(FIELDS.contains(&name.as_str()) || (has_header && name == header), "{name:?}");
    }
}

const FIELDS: &[&str] = &[
    "Date",
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "X-Priority",
    "Importance",
    "Disposition-Notification-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// The commands for the envelope, as a session writes them.
fn check_envelope(prepared: &Prepared, content: &Content) {
    let options = Options {
        host: "mail.test".into(),
        port: 587,
        ehlo_name: "client.test".into(),
        starttls: StartTls::No,
        tls: true,
        credentials: None,
        allow_plaintext_auth: false,
    };
    let mut session = Session::new(options, Transcript::new(false));
    session.receive(b"220 mail.test\r\n");
    while session.next().unwrap() == Next::Write {
        let hello = session.take_output();
        drop(hello);
        session.receive(
            b"250-mail.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE\r\n250 SMTPUTF8\r\n",
        );
    }
    let recipients = prepared.recipients();
    let count = recipients.len();
    session.begin(Transaction::new(Envelope {
        return_path: prepared.return_path().to_owned(),
        recipients,
        size: content.size(),
        eight_bit: content.eight_bit(),
        utf8: prepared.needs_utf8(),
        all_or_none: false,
        only_asks: false,
    }));
    let output = session.take_output();
    check_lines(&output, MOST_COMMAND_OCTETS);
    let text = std::str::from_utf8(&output).unwrap();
    assert!(!text.replace("\r\n", "").contains(char::is_control), "{text:?}");
    assert_eq!(text.lines().count(), count + 2, "{text:?}");
    for line in text.lines().skip(1).take(count) {
        let path = line.strip_prefix("RCPT TO:<").and_then(|rest| rest.strip_suffix('>')).unwrap();
        let (local, domain) = path.rsplit_once('@').unwrap();
        assert!(!domain.contains(['<', '>', ' ', '"']), "{line:?}");
        assert!(local.starts_with('"') || !local.contains(['<', '>', ' ']), "{line:?}");
    }
}

/// The lines, the size, and the form on the wire; gives the names of the header fields.
fn check_content(content: &Content) -> Vec<String> {
    let plain = read(content.plain());
    assert_eq!(content.size(), plain.len() as u64);
    assert_eq!(content.eight_bit(), !plain.is_ascii());
    check_lines(&plain, MOST_LINE_OCTETS);
    assert_eq!(without_stuffing(&read(content.for_the_wire())), plain);

    let end = memchr::memmem::find(&plain, b"\r\n\r\n").expect("no end of the header");
    let header = std::str::from_utf8(&plain[..end]).unwrap();
    let mut names = Vec::new();
    for line in header.split("\r\n") {
        assert!(line.chars().all(|c| c == '\t' || !c.is_control()), "{line:?}");
        if line.starts_with([' ', '\t']) {
            assert!(!names.is_empty() && !line.trim().is_empty(), "no continuation: {header:?}");
        } else {
            let (name, _) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
            names.push(name.to_owned());
        }
    }
    names
}

fn read(mut reader: crate::message::Reader<'_>) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let more = reader.next_chunk(&mut chunk).unwrap();
        all.extend(chunk);
        if !more {
            return all;
        }
    }
}

/// What a server makes of the wire form (RFC 5321 §4.5.2): it ends at the first lone dot.
fn without_stuffing(wire: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = wire;
    loop {
        let end = memchr::memmem::find(rest, b"\r\n").expect("no final dot") + 2;
        let (line, behind) = rest.split_at(end);
        if line == b".\r\n" {
            assert!(behind.is_empty(), "the message ends before its end");
            return plain;
        }
        plain.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        rest = behind;
    }
}
