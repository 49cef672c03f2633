//! The message: what the host sets, checked at once, and made into an RFC 5322 byte stream of known
//! size when it is sent.
//!
//! [`Message`] collects → [`Prepared::to_send`] opens the attachments and finds what is missing →
//! [`Prepared::compose`] lays it out for a server → [`Content`] streams it.
//!
//! - `address`   mailboxes, and lists of them as people write them
//! - `header`    header fields: what may be set, and how it is encoded
//! - `part`      attachments and inline images
//! - `text`      line ends, and the transfer encoding of text
//! - `compose`   the MIME structure (laid out by lettre)
//! - `content`   the stream: literals and files in base64, dot-stuffed

mod address;
mod compose;
mod content;
mod header;
mod part;
mod text;

pub(crate) use compose::{Carrier, Prepared, random_hex};
pub(crate) use content::Content;
#[cfg(any(fuzzing, test))]
pub(crate) use content::Reader;
pub(crate) use header::Importance;
pub(crate) use part::{Disposition, Part as MessagePart};

use crate::error::{Error, Result};
use address::Mailbox;
use header::{Date, ExtraHeader};
use part::Part;

/// In which header a recipient is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In To.
    To,
    /// In Cc.
    Cc,
    /// In no header: the other recipients do not see it.
    Bcc,
}

/// Everything about one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    from: Option<Mailbox>,
    sender: Option<Mailbox>,
    reply_to: Option<Mailbox>,
    /// `Some("")` is the null sender.
    return_path: Option<String>,
    recipients: Vec<(Kind, Mailbox)>,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    parts: Vec<Part>,
    extra_headers: Vec<ExtraHeader>,
    date: Option<Date>,
    message_id: Option<String>,
    priority: Option<u8>,
    importance: Option<Importance>,
    read_receipt: Option<ReadReceipt>,
}

/// Who gets the read receipt.
#[derive(Clone, Debug)]
enum ReadReceipt {
    Author,
    To(Mailbox),
}

impl Message {
    /// The address of the author.
    pub(crate) fn author(&self) -> Option<&str> {
        self.from.as_ref().map(Mailbox::address)
    }

    pub(crate) fn set_from(&mut self, name: Option<&str>, address: &str) -> Result<()> {
        self.from = Some(Mailbox::new(name, address)?);
        Ok(())
    }

    pub(crate) fn set_sender(&mut self, name: Option<&str>, address: Option<&str>) -> Result<()> {
        self.sender = address.map(|address| Mailbox::new(name, address)).transpose()?;
        Ok(())
    }

    pub(crate) fn set_reply_to(&mut self, name: Option<&str>, address: Option<&str>) -> Result<()> {
        self.reply_to = address.map(|address| Mailbox::new(name, address)).transpose()?;
        Ok(())
    }

    pub(crate) fn set_return_path(&mut self, address: Option<&str>) -> Result<()> {
        self.return_path = match address {
            None => None,
            Some("") => Some(String::new()),
            Some(address) => Some(Mailbox::new(None, address)?.address().to_owned()),
        };
        Ok(())
    }

    pub(crate) fn add_recipient(
        &mut self,
        name: Option<&str>,
        address: &str,
        kind: Kind,
    ) -> Result<()> {
        let mailbox = Mailbox::new(name, address)?;
        self.recipients.push((kind, mailbox));
        Ok(())
    }

    pub(crate) fn add_recipients(&mut self, list: &str, kind: Kind) -> Result<()> {
        let mailboxes = address::parse_list(list)?;
        self.recipients.extend(mailboxes.into_iter().map(|mailbox| (kind, mailbox)));
        Ok(())
    }

    pub(crate) fn set_subject(&mut self, subject: &str) -> Result<()> {
        header::check_one_line(subject, "subject")?;
        self.subject = Some(subject.to_owned());
        Ok(())
    }

    pub(crate) fn set_text(&mut self, body: Option<&str>) {
        self.text = body.map(str::to_owned);
    }

    pub(crate) fn set_html(&mut self, body: Option<&str>) {
        self.html = body.map(str::to_owned);
    }

    pub(crate) fn add_part(&mut self, part: Part) {
        self.parts.push(part);
    }

    pub(crate) fn add_header(&mut self, name: &str, value: &str) -> Result<()> {
        self.extra_headers.push(ExtraHeader::new(name, value)?);
        Ok(())
    }

    pub(crate) fn set_date(&mut self, unix_seconds: i64, offset_minutes: i32) -> Result<()> {
        self.date = Some(Date::new(unix_seconds, offset_minutes)?);
        Ok(())
    }

    pub(crate) fn set_message_id(&mut self, id: Option<&str>) -> Result<()> {
        self.message_id = id.map(header::check_message_id).transpose()?;
        Ok(())
    }

    pub(crate) fn set_priority(&mut self, priority: i32) -> Result<()> {
        self.priority = match priority {
            0 => None,
            1..=5 => Some(priority as u8),
            _ => return Err(Error::argument("priority must be 1 to 5, or 0 for none")),
        };
        Ok(())
    }

    pub(crate) fn set_importance(&mut self, importance: Importance) {
        self.importance = Some(importance);
    }

    pub(crate) fn request_read_receipt(
        &mut self,
        request: bool,
        address: Option<&str>,
    ) -> Result<()> {
        self.read_receipt = match (request, address) {
            (false, _) => None,
            (true, None) => Some(ReadReceipt::Author),
            (true, Some(address)) => Some(ReadReceipt::To(Mailbox::new(None, address)?)),
        };
        Ok(())
    }
}
