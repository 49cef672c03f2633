//! From a [`Message`] to its [`Content`]: header fields and MIME structure.
//!
//! lettre lays the structure out with a random placeholder for each body; the text is then cut at
//! the placeholders, and the bodies stream into their places. So lettre never sees the large parts,
//! and the size is known beforehand.

use crate::error::{Cause, Error, Result};
use crate::message::address::{Mailbox, write_field};
use crate::message::content::{Content, Piece};
use crate::message::header::{
    Date, file_name_parameter, name_parameter, priority_text, write_unstructured,
};
use crate::message::part::{Disposition, Opened};
use crate::message::text::{self, EncodedText};
use crate::message::{Kind, Message, Part, ReadReceipt};
use lettre::message::header::{
    ContentTransferEncoding as Encoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Body, MultiPart, SinglePart};
use memchr::memmem;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the way to the reader allows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carrier {
    /// Octets above 127 (8BITMIME).
    pub eight_bit: bool,
}

/// A message that lacks nothing, with its attachments open.
#[derive(Debug)]
pub(crate) struct Prepared {
    message: Arc<Message>,
    bodies: Vec<Opened>,
}

impl Prepared {
    /// To be sent: it has recipients.
    pub(crate) fn to_send(message: &Arc<Message>) -> Result<Self> {
        if message.recipients.is_empty() {
            let text = "no recipient was added";
            return Err(Error::incomplete(Cause::RecipientMissing, text));
        }
        Self::to_save(message)
    }

    /// To be saved: it may lack recipients.
    pub(crate) fn to_save(message: &Arc<Message>) -> Result<Self> {
        if message.from.is_none() {
            return Err(Error::incomplete(Cause::FromMissing, "no From address was set"));
        }
        if message.is_empty() {
            let text = "the message is empty: no subject, text, HTML or attachment was set";
            return Err(Error::incomplete(Cause::MessageEmpty, text));
        }
        let bodies = message.parts.iter().map(Part::open).collect::<Result<_>>()?;
        Ok(Self { message: message.clone(), bodies })
    }

    /// The envelope sender; empty for the null sender.
    pub(crate) fn return_path(&self) -> &str {
        self.message.return_path().unwrap_or_default()
    }

    /// The envelope recipients.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.message.recipients()
    }

    /// Whether only SMTPUTF8 can carry it.
    pub(crate) fn needs_utf8(&self) -> bool {
        self.message.needs_utf8()
    }

    /// The whole message for a way.
    pub(crate) fn compose(&self, carrier: Carrier) -> Result<Content> {
        // lettre asserts and unwraps in places; the host must not die of one that we missed.
        catch_unwind(AssertUnwindSafe(|| Composer::new(self, carrier)?.compose()))
            .unwrap_or_else(|_| Err(Error::internal("the message could not be laid out")))
    }
}

impl Message {
    fn is_empty(&self) -> bool {
        let empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
        empty(&self.subject) && empty(&self.text) && empty(&self.html) && self.parts.is_empty()
    }

    /// The envelope sender, when it is known; empty for the null sender.
    pub(crate) fn return_path(&self) -> Option<&str> {
        let from = || self.from.as_ref().map(Mailbox::address);
        self.return_path.as_deref().or_else(from)
    }

    /// The envelope recipients, each once, in the order in which they were added.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let mut seen = HashSet::with_capacity(self.recipients.len());
        let addresses = self.recipients.iter().map(|(_, mailbox)| mailbox.address());
        addresses.filter(|address| seen.insert(*address)).map(str::to_owned).collect()
    }

    pub(crate) fn needs_utf8(&self) -> bool {
        let receipt = match &self.read_receipt {
            Some(ReadReceipt::To(mailbox)) => Some(mailbox),
            _ => None,
        };
        let shown = [&self.from, &self.sender, &self.reply_to].into_iter().flatten();
        let recipients = self.recipients.iter().map(|(_, mailbox)| mailbox);
        shown.chain(receipt).chain(recipients).any(Mailbox::needs_utf8)
            || self.return_path.as_ref().is_some_and(|path| !path.is_ascii())
    }
}

/// 128 random bits of the system, in hexadecimal digits.
pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| Error::internal(format!("no random numbers: {e}")))?;
    // Room for all of it from the start: every message costs as many allocations as every other.
    let mut digits = String::with_capacity(32);
    let _ = write!(digits, "{:032x}", u128::from_ne_bytes(bytes));
    Ok(digits)
}

struct Composer<'a> {
    prepared: &'a Prepared,
    carrier: Carrier,
    /// Unguessable: no text can hold a placeholder or a boundary.
    random: String,
    /// What goes where the placeholders are, in their order.
    bodies: Vec<Piece>,
    boundaries: usize,
}

impl<'a> Composer<'a> {
    fn new(prepared: &'a Prepared, carrier: Carrier) -> Result<Self> {
        let random = random_hex()?;
        Ok(Self { prepared, carrier, random, bodies: Vec::new(), boundaries: 0 })
    }

    fn compose(mut self) -> Result<Content> {
        let mut out = String::with_capacity(1024);
        self.write_header(&mut out)?;
        let mut skeleton = out.into_bytes();
        skeleton.extend(match self.structure() {
            Node::Single(part) => part.formatted(),
            Node::Multi(part) => part.formatted(),
        });
        Ok(Content::new(self.fill(skeleton)?))
    }

    fn write_header(&self, out: &mut String) -> Result<()> {
        let message = self.prepared.message.as_ref();
        let of_kind = |wanted: Kind| {
            let recipients = message.recipients.iter();
            recipients.filter(move |(kind, _)| *kind == wanted).map(|(_, mailbox)| mailbox)
        };
        let _ = write!(out, "Date: {}\r\n", message.date.unwrap_or_else(Date::now));
        write_field("From", &message.from, out);
        write_field("Sender", &message.sender, out);
        write_field("Reply-To", &message.reply_to, out);
        write_field("To", of_kind(Kind::To), out);
        write_field("Cc", of_kind(Kind::Cc), out);
        if message.recipients.iter().all(|(kind, _)| *kind == Kind::Bcc) {
            // Some servers add one of their own, with all recipients, when there is none.
            out.push_str("To: undisclosed-recipients:;\r\n");
        }
        if let Some(subject) = &message.subject {
            write_unstructured("Subject", subject, out);
        }
        match &message.message_id {
            Some(id) => _ = write!(out, "Message-ID: {id}\r\n"),
            None => {
                let domain = message.from.as_ref().map_or("localhost", Mailbox::domain);
                let _ = write!(out, "Message-ID: <{}@{domain}>\r\n", random_hex()?);
            }
        }
        if let Some(priority) = message.priority {
            let _ = write!(out, "X-Priority: {}\r\n", priority_text(priority));
        }
        if let Some(importance) = message.importance {
            let _ = write!(out, "Importance: {}\r\n", importance.word());
        }
        let receipt = match &message.read_receipt {
            None => None,
            Some(ReadReceipt::Author) => message.from.as_ref(),
            Some(ReadReceipt::To(mailbox)) => Some(mailbox),
        };
        write_field("Disposition-Notification-To", receipt, out);
        for header in &message.extra_headers {
            header.write(out);
        }
        out.push_str("MIME-Version: 1.0\r\n");
        Ok(())
    }

    /// mixed( alternative( text, related( html, images ) ), attachments ), without the levels that
    /// would hold one part only.
    fn structure(&mut self) -> Node {
        let message = self.prepared.message.as_ref();
        let parts = || message.parts.iter().zip(&self.prepared.bodies);
        let is_inline = |part: &Part| matches!(part.disposition, Disposition::Inline { .. });
        let (inline, attached): (Vec<_>, Vec<_>) =
            parts().partition(|(part, _)| is_inline(part) && message.html.is_some());
        let alone = inline.is_empty() && attached.is_empty();
        let text = message.text.as_deref();
        let html = message.html.as_deref();
        let body = match (text, html) {
            (Some(text), Some(html)) => {
                let part = self.multipart(MultiPart::alternative());
                let part = part.singlepart(self.text(text, ContentType::TEXT_PLAIN, false));
                Some(Node::Multi(if inline.is_empty() {
                    part.singlepart(self.text(html, ContentType::TEXT_HTML, false))
                } else {
                    part.multipart(self.related(html, &inline))
                }))
            }
            (None, Some(html)) if inline.is_empty() => {
                Some(Node::Single(self.text(html, ContentType::TEXT_HTML, alone)))
            }
            (None, Some(html)) => Some(Node::Multi(self.related(html, &inline))),
            (Some(text), None) => {
                Some(Node::Single(self.text(text, ContentType::TEXT_PLAIN, alone)))
            }
            (None, None) if attached.is_empty() => {
                Some(Node::Single(self.text("", ContentType::TEXT_PLAIN, true)))
            }
            (None, None) => None,
        };
        if attached.is_empty()
            && let Some(body) = body
        {
            return body;
        }
        let mixed = self.multipart(MultiPart::mixed());
        let mixed = match body {
            None => mixed,
            Some(Node::Single(part)) => mixed.singlepart(part),
            Some(Node::Multi(part)) => mixed.multipart(part),
        };
        Node::Multi(
            attached
                .iter()
                .fold(mixed, |mixed, (part, body)| mixed.singlepart(self.attached(part, body))),
        )
    }

    /// The HTML body with its images.
    fn related(&mut self, html: &str, images: &[(&Part, &Opened)]) -> MultiPart {
        let related = self.multipart(MultiPart::related());
        let related = related.singlepart(self.text(html, ContentType::TEXT_HTML, false));
        images
            .iter()
            .fold(related, |related, (part, body)| related.singlepart(self.attached(part, body)))
    }

    fn multipart(&mut self, builder: lettre::message::MultiPartBuilder) -> MultiPart {
        self.boundaries += 1;
        builder.boundary(format!("=_{}_{}", self.random, self.boundaries)).build()
    }

    fn text(&mut self, body: &str, content_type: ContentType, alone: bool) -> SinglePart {
        let EncodedText { mut octets, encoding } = text::encode(body, self.carrier.eight_bit);
        if alone && octets.ends_with(b"\r\n") {
            // The line end that lettre puts behind a part is this one.
            octets.truncate(octets.len() - 2);
        }
        let builder = SinglePart::builder().header(content_type);
        builder.body(self.placeholder(Piece::Literal(octets), encoding))
    }

    fn attached(&mut self, part: &Part, body: &Opened) -> SinglePart {
        let content_type = &part.content_type;
        let kind = match &part.disposition {
            Disposition::Attachment => "attachment",
            Disposition::Inline { .. } => "inline",
        };
        let name = name_parameter(&part.name);
        let file_name = file_name_parameter(&part.name);
        let mut builder = SinglePart::builder()
            .header(Ready::<ContentTypeField>::new(format!("{content_type}{name}")))
            .header(Ready::<DispositionField>::new(format!("{kind}{file_name}")));
        if let Disposition::Inline { content_id } = &part.disposition {
            builder = builder.header(Ready::<ContentIdField>::new(format!("<{content_id}>")));
        }
        builder.body(self.placeholder(Piece::Base64(body.clone()), Encoding::Base64))
    }

    fn placeholder(&mut self, piece: Piece, encoding: Encoding) -> Body {
        let token = format!("@@{}{:08}@@", self.random, self.bodies.len());
        self.bodies.push(piece);
        Body::dangerous_pre_encoded(token.into_bytes(), encoding)
    }

    /// Cuts the skeleton at the placeholders, each of which must be there once and in its place.
    fn fill(self, skeleton: Vec<u8>) -> Result<Vec<Piece>> {
        let mark = format!("@@{}", self.random);
        let found: Vec<usize> = memmem::find_iter(&skeleton, &mark).collect();
        if found.len() != self.bodies.len() {
            return Err(Error::internal("a placeholder of the layout was lost"));
        }
        let mut pieces = Vec::with_capacity(2 * self.bodies.len() + 1);
        let mut rest = skeleton.as_slice();
        let mut at = 0;
        for ((number, body), place) in self.bodies.into_iter().enumerate().zip(found) {
            let (before, behind) = rest.split_at(place - at);
            let token = format!("{mark}{number:08}@@");
            rest = behind
                .strip_prefix(token.as_bytes())
                .ok_or_else(|| Error::internal("the placeholders of the layout changed places"))?;
            at = place + token.len();
            pieces.push(Piece::Literal(before.to_vec()));
            pieces.push(body);
        }
        pieces.push(Piece::Literal(rest.to_vec()));
        Ok(pieces)
    }
}

enum Node {
    Single(SinglePart),
    Multi(MultiPart),
}

/// A header field that is encoded and folded already, for lettre to put in its place.
#[derive(Clone)]
struct Ready<F> {
    value: String,
    field: std::marker::PhantomData<F>,
}

impl<F> Ready<F> {
    fn new(value: String) -> Self {
        Self { value, field: std::marker::PhantomData }
    }
}

trait Field: Clone {
    const NAME: &'static str;
}

#[derive(Clone)]
struct ContentTypeField;
impl Field for ContentTypeField {
    const NAME: &'static str = "Content-Type";
}

#[derive(Clone)]
struct DispositionField;
impl Field for DispositionField {
    const NAME: &'static str = "Content-Disposition";
}

#[derive(Clone)]
struct ContentIdField;
impl Field for ContentIdField {
    const NAME: &'static str = "Content-ID";
}

impl<F: Field> Header for Ready<F> {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(F::NAME)
    }

    fn parse(value: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::new(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        let value = self.value.clone();
        HeaderValue::dangerous_new_pre_encoded(Self::name(), value.clone(), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let mut message = Message::default();
        message.set_from(Some("Änna"), "anna@example.org").unwrap();
        message.add_recipient(None, "bob@example.org", Kind::To).unwrap();
        message.add_recipient(None, "boss@example.org", Kind::Bcc).unwrap();
        message.set_subject("Grüße").unwrap();
        message
    }

    fn text_of(message: Message, carrier: Carrier) -> String {
        let content = Prepared::to_send(&Arc::new(message)).unwrap().compose(carrier).unwrap();
        let (mut reader, mut all) = (content.plain(), Vec::new());
        while reader.next_chunk(&mut all).unwrap() {}
        assert_eq!(content.size(), all.len() as u64);
        String::from_utf8(all).unwrap()
    }

    fn attach(message: &mut Message, disposition: Disposition) {
        message.add_part(Part::bytes(b"data", "a.bin", None, disposition).unwrap());
    }

    #[test]
    fn blind_copies_are_in_the_envelope_and_in_no_header() {
        let prepared = Prepared::to_send(&Arc::new(message())).unwrap();
        assert_eq!(prepared.recipients(), ["bob@example.org", "boss@example.org"]);
        assert!(!text_of(message(), Carrier::default()).contains("boss"));
    }

    #[test]
    fn one_address_gets_the_message_once() {
        let mut twice = message();
        twice.add_recipient(Some("Bob"), "bob@example.org", Kind::Cc).unwrap();
        let prepared = Prepared::to_send(&Arc::new(twice)).unwrap();
        assert_eq!(prepared.recipients(), ["bob@example.org", "boss@example.org"]);
    }

    #[test]
    fn a_message_ends_with_its_own_line_end() {
        for (body, end) in [("a\n", "\r\n\r\na\r\n"), ("a", "\r\n\r\na\r\n"), ("", "\r\n\r\n\r\n")]
        {
            let mut message = message();
            message.set_text(Some(body));
            let text = text_of(message, Carrier::default());
            assert!(text.ends_with(end), "{text:?}");
        }
    }

    #[test]
    fn the_structure_has_no_level_too_many() {
        let kinds = |text: Option<&str>, html: Option<&str>, inline: bool, attached: bool| {
            let mut message = message();
            message.set_text(text);
            message.set_html(html);
            if inline {
                attach(&mut message, Disposition::new_inline().unwrap().0);
            }
            if attached {
                attach(&mut message, Disposition::Attachment);
            }
            text_of(message, Carrier::default())
                .lines()
                .filter_map(|line| line.strip_prefix("Content-Type: "))
                .map(|kind| kind.split(';').next().unwrap().rsplit('/').next().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (text, html) = (Some("t"), Some("h"));
        assert_eq!(kinds(text, None, false, false), "plain");
        assert_eq!(kinds(None, html, false, false), "html");
        assert_eq!(kinds(text, html, false, false), "alternative plain html");
        assert_eq!(kinds(None, html, true, false), "related html octet-stream");
        assert_eq!(
            kinds(text, html, true, true),
            "mixed alternative plain related html octet-stream octet-stream"
        );
        assert_eq!(kinds(None, None, false, true), "mixed octet-stream");
        assert_eq!(kinds(text, None, true, false), "mixed plain octet-stream");
        assert_eq!(kinds(None, None, false, false), "plain");
    }

    #[test]
    fn eight_bit_text_goes_only_where_it_may() {
        let mut german = message();
        german.set_text(Some("Grüße aus Köln"));
        assert!(text_of(german.clone(), Carrier { eight_bit: true }).contains("Grüße aus"));
        assert!(text_of(german, Carrier { eight_bit: false }).is_ascii());
    }

    #[test]
    fn a_layout_whose_placeholders_are_not_as_they_were_is_refused() {
        let prepared = Prepared::to_send(&Arc::new(message())).unwrap();
        let filled = |layout: &dyn Fn(&str, &str) -> String| {
            let mut composer = Composer::new(&prepared, Carrier::default()).unwrap();
            let token = |composer: &mut Composer| {
                let body = composer.placeholder(Piece::Literal(b"x".to_vec()), Encoding::SevenBit);
                String::from_utf8(body.into_vec()).unwrap()
            };
            let (first, second) = (token(&mut composer), token(&mut composer));
            composer.fill(layout(&first, &second).into_bytes()).map(|pieces| pieces.len())
        };
        assert_eq!(filled(&|first, second| format!("a{first}b{second}c")).unwrap(), 5);
        assert!(filled(&|first, _| format!("a{first}b")).is_err(), "one is lost");
        assert!(
            filled(&|first, second| format!("{first}{first}{second}")).is_err(),
            "one too many"
        );
        assert!(filled(&|first, second| format!("{second}{first}")).is_err(), "out of order");
    }

    #[test]
    fn what_is_missing_is_named() {
        let cause = |message: Message| Prepared::to_send(&Arc::new(message)).unwrap_err().cause();
        assert_eq!(cause(Message::default()), Cause::RecipientMissing);
        let mut no_from = Message::default();
        no_from.add_recipient(None, "b@example.org", Kind::To).unwrap();
        assert_eq!(cause(no_from.clone()), Cause::FromMissing);
        no_from.set_from(None, "a@example.org").unwrap();
        assert_eq!(cause(no_from), Cause::MessageEmpty);
    }
}
