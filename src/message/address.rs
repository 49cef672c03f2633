//! Mailboxes (RFC 5322 §3.4), and lists of them as people write them.
//!
//! lettre checks the syntax of an address; the domain is turned into A-labels (RFC 5890), which every
//! server can carry, unless the part before the @ needs SMTPUTF8 anyway.

use crate::error::{Error, Result};
use crate::message::header::{check_one_line, encoded_words, looks_encoded};
use lettre::Address;
use lettre::message::header::{Headers, Sender};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longer names serve nobody, and could not be kept within a line of 998 octets.
const MOST_NAME_CHARACTERS: usize = 400;

/// RFC 5322 §2.1.1: lines should not be longer.
const MOST_COLUMNS: usize = 78;

/// RFC 5321 §4.5.3.1.3 gives a path 256 octets.
const MOST_ADDRESS_OCTETS: usize = 254;

/// A name to show and an address.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    address: Address,
    /// Name and address as they stand in a header, encoded and folded; `None` without a name.
    named: Option<String>,
}

impl Mailbox {
    /// Checks both; errors name the arguments `name` and `address`.
    pub(crate) fn new(name: Option<&str>, address: &str) -> Result<Self> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            check_one_line(name, "name")?;
            if name.chars().count() > MOST_NAME_CHARACTERS {
                let text = format!("name is longer than {MOST_NAME_CHARACTERS} characters");
                return Err(Error::argument(text));
            }
        }
        let address = parse_address(address)
            .map_err(|why| Error::argument(format!("address \"{}\" {why}", shown(address))))?;
        let named = name.map(|name| in_a_header(name, &address));
        Ok(Self { address, named })
    }

    /// As it goes into the envelope.
    pub(crate) fn address(&self) -> &str {
        self.address.as_ref()
    }

    pub(crate) fn domain(&self) -> &str {
        self.address.domain()
    }

    /// Only SMTPUTF8 (RFC 6531) can carry it.
    pub(crate) fn needs_utf8(&self) -> bool {
        !self.address().is_ascii()
    }

    /// As it stands in a header.
    fn shown(&self) -> &str {
        self.named.as_deref().unwrap_or(self.address())
    }
}

/// lettre's encoding of a mailbox (RFC 5322 §3.4, RFC 2047).
fn in_a_header(name: &str, address: &Address) -> String {
    if looks_encoded(name) {
        return format!("{}\r\n <{address}>", encoded_words(name));
    }
    let mut headers = Headers::new();
    headers.set(Sender::from(lettre::message::Mailbox::new(Some(name.into()), address.clone())));
    let field = headers.to_string();
    let value = field.strip_prefix("Sender: ").unwrap_or(&field);
    value.strip_suffix("\r\n").unwrap_or(value).to_owned()
}

/// Writes a header field with mailboxes, folded between them; nothing when there are none.
pub(crate) fn write_field<'m>(
    name: &str,
    mailboxes: impl IntoIterator<Item = &'m Mailbox>,
    out: &mut String,
) {
    let mut column = 0;
    for mailbox in mailboxes {
        let shown = mailbox.shown();
        let first_line = shown.find("\r\n").unwrap_or(shown.len());
        if column == 0 {
            out.push_str(name);
            out.push_str(": ");
            column = name.len() + 2;
        } else if column + 2 + first_line > MOST_COLUMNS {
            out.push_str(",\r\n ");
            column = 1;
        } else {
            out.push_str(", ");
            column += 2;
        }
        out.push_str(shown);
        column = match shown.rfind('\n') {
            Some(at) => shown.len() - at,
            None => column + shown.len(),
        };
    }
    if column > 0 {
        out.push_str("\r\n");
    }
}

fn parse_address(text: &str) -> std::result::Result<Address, &'static str> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    if text.len() > MOST_ADDRESS_OCTETS {
        return Err("is too long");
    }
    let (local, domain) = text.rsplit_once('@').ok_or("has no @")?;
    let address = if local.is_ascii() && !domain.is_ascii() {
        let domain =
            idna::domain_to_ascii_strict(domain).map_err(|_| "has a domain that is none")?;
        Address::new(local, domain)
    } else {
        Address::new(local, domain)
    };
    let address = address.map_err(|_| "is not an address")?;
    // A-labels may be longer than what they stand for.
    if AsRef::<str>::as_ref(&address).len() > MOST_ADDRESS_OCTETS {
        return Err("is too long");
    }
    // lettre takes an IP address without brackets, and nearly anything within them; servers do not
    // (RFC 5321 §4.1.3), and a `>` there would end the command's path.
    if address.domain().parse::<IpAddr>().is_ok() {
        return Err("has an IP address that is not in brackets");
    }
    if address.domain().starts_with('[') && !is_address_literal(address.domain()) {
        return Err("has no IP address in its brackets");
    }
    Ok(address)
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
fn is_address_literal(domain: &str) -> bool {
    let inner = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']'));
    inner.is_some_and(|inner| match inner.split_at_checked("IPv6:".len()) {
        Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => v6.parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    })
}

/// Bad input, fit for an error text.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The mailboxes of a list such as `"Anna" <anna@example.org>, bob@example.org` or
/// `Team: carol@example.org, Dan <dan@example.org>;`. One bad entry refuses the list.
pub(crate) fn parse_list(list: &str) -> Result<Vec<Mailbox>> {
    if list.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::argument("list contains a control character"));
    }
    let mut mailboxes = Vec::new();
    for entry in entries(list)? {
        let bad = |why: &str| Error::argument(format!("list: \"{}\" {why}", shown(entry.trim())));
        match Entry::of(entry).map_err(&bad)? {
            None => {}
            Some(Entry { name, address }) => {
                let mailbox = Mailbox::new(name.as_deref(), &address);
                mailboxes.push(mailbox.map_err(|error| bad(&format!("({error})")))?);
            }
        }
    }
    if mailboxes.is_empty() {
        return Err(Error::argument("list holds no address"));
    }
    Ok(mailboxes)
}

/// Cuts a list at its commas and semicolons, and takes the names of groups away.
fn entries(list: &str) -> Result<Vec<&str>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut scan = Scanner::default();
    for (at, c) in list.char_indices() {
        if !scan.is_plain(c) {
            continue;
        }
        match c {
            ',' | ';' => found.push(list.get(from..at).unwrap_or_default()),
            // "Team:" begins a group; the colon of an address literal is in brackets.
            ':' => {}
            _ => continue,
        }
        from = at + c.len_utf8();
    }
    if !scan.is_balanced() {
        return Err(Error::argument("list has a quote or bracket that is not closed"));
    }
    found.push(list.get(from..).unwrap_or_default());
    Ok(found)
}

/// Knows whether a character stands outside quotes, comments, angle and square brackets.
#[derive(Default)]
struct Scanner {
    quoted: bool,
    escaped: bool,
    comments: u32,
    angle: bool,
    square: bool,
}

impl Scanner {
    fn is_plain(&mut self, c: char) -> bool {
        if std::mem::take(&mut self.escaped) {
            return false;
        }
        match c {
            '\\' if self.quoted || self.comments > 0 => self.escaped = true,
            '"' if self.comments == 0 => self.quoted = !self.quoted,
            _ if self.quoted => {}
            '(' => self.comments += 1,
            ')' if self.comments > 0 => self.comments -= 1,
            _ if self.comments > 0 => {}
            '<' => self.angle = true,
            '>' => self.angle = false,
            '[' => self.square = true,
            ']' => self.square = false,
            _ => return !self.angle && !self.square,
        }
        false
    }

    fn is_balanced(&self) -> bool {
        !self.quoted && !self.angle && !self.square && self.comments == 0
    }
}

struct Entry {
    name: Option<String>,
    address: String,
}

impl Entry {
    /// `None` for an empty entry: "a@b.test,, c@d.test" and "Team: ;" are read by every program.
    fn of(text: &str) -> std::result::Result<Option<Self>, &'static str> {
        let text = without_comments(text);
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let Some(open) = angle_bracket(text) else {
            return Ok(Some(Self { name: None, address: text.to_owned() }));
        };
        let (name, rest) = text.split_at(open);
        let inner = rest.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let address = inner.ok_or("has something behind the angle brackets")?.trim().to_owned();
        let name = unquoted(name.trim());
        Ok(Some(Self { name: (!name.is_empty()).then_some(name), address }))
    }
}

/// Where the `<` outside quotes is.
fn angle_bracket(text: &str) -> Option<usize> {
    let mut scan = Scanner::default();
    text.char_indices().find_map(|(at, c)| {
        let was_angle = scan.angle;
        scan.is_plain(c);
        (scan.angle && !was_angle).then_some(at)
    })
}

fn without_comments(text: &str) -> String {
    let mut scan = Scanner::default();
    text.chars()
        .filter(|c| {
            let before = scan.comments;
            scan.is_plain(*c);
            before == 0 && scan.comments == 0
        })
        .collect()
}

/// A name without its quotes and backslashes.
fn unquoted(name: &str) -> String {
    let mut plain = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in name.chars() {
        match c {
            '\\' if quoted && !escaped => escaped = true,
            '"' if !escaped => quoted = !quoted,
            _ => {
                plain.push(c);
                escaped = false;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        parse_list(text).unwrap().iter().map(|mailbox| mailbox.shown().to_owned()).collect()
    }

    #[test]
    fn lists_are_read_as_people_write_them() {
        assert_eq!(
            list(r#""Anna, A." <anna@example.org>, bob@example.org; Carol <carol@example.org>,"#),
            [
                "=?utf-8?b?QW5uYSwgQS4=?= <anna@example.org>",
                "bob@example.org",
                "Carol <carol@example.org>"
            ]
        );
        assert_eq!(
            list(
                r#"Team: dan@example.org, "E \"the\" E" <e@example.org>;, f@example.org (Frank; F.)"#
            ),
            ["dan@example.org", "\"E \\\"the\\\" E\" <e@example.org>", "f@example.org"]
        );
        assert_eq!(list("a@[192.0.2.1], b@[IPv6:2001:db8::1]").len(), 2);
    }

    #[test]
    fn one_bad_entry_refuses_the_list() {
        for bad in [
            "a@example.org, b",
            "",
            " , ;",
            "\"open <a@example.org>",
            "<a@example.org> x",
            "Undisclosed: ;",
        ] {
            assert!(parse_list(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_counts_as_it_is_sent() {
        let domain = |labels: usize| format!("{}example", "ob\u{fc}cher.".repeat(labels));
        let refused = |domain: &str| parse_address(&format!("anna@{domain}")).err();
        assert_eq!(refused(&domain(15)), None);
        assert_eq!(refused(&domain(25)), Some("has a domain that is none"), "253 octets");
        let local = "a".repeat(64);
        let address = format!("{local}@{}", domain(14));
        assert!(address.len() < MOST_ADDRESS_OCTETS);
        assert_eq!(parse_address(&address).err(), Some("is too long"));
        assert_eq!(refused("b\u{fc}cher&eh`le.example"), Some("has a domain that is none"));
    }

    #[test]
    fn nothing_that_could_become_a_command_is_an_address() {
        for bad in [
            "a@b.test>\r\nDATA",
            "a b@c.test",
            "",
            "@",
            "a@",
            "@b.test",
            "a@b@",
            "a@1.2.3.4",
            "a@[IPv6>2001:db8::1]",
            "a@[192.0.2.1\"x]",
            "a@[IPv6:2001:db8::1%eth0]",
            "a@[]",
            "a\0@b.test",
            "<a@b.test>",
        ] {
            assert!(Mailbox::new(None, bad).is_err(), "{bad:?}");
        }
        for name in ["a\r\nBcc: x@y.test", "a\0", "a\x1b"] {
            assert!(Mailbox::new(Some(name), "a@b.test").is_err(), "{name:?}");
        }
    }

    #[test]
    fn fields_are_folded_between_mailboxes() {
        let mailboxes: Vec<_> = (0..50)
            .map(|n| {
                let name = (n % 3 == 0).then_some("Jürgen von der Lippe und zu Holstein-Gottorf");
                Mailbox::new(name, &format!("recipient-{n}@example.org")).unwrap()
            })
            .collect();
        let mut field = String::new();
        write_field("To", &mailboxes, &mut field);
        assert!(field.lines().all(|line| line.len() <= MOST_COLUMNS), "{field}");
        assert_eq!(field.matches("@example.org").count(), 50);
        assert!(field.ends_with("@example.org\r\n") && field.is_ascii());
        let mut none = String::new();
        write_field("Cc", [], &mut none);
        assert_eq!(none, "");
    }

    #[test]
    fn domains_become_a_labels_unless_smtputf8_is_needed_anyway() {
        let mailbox = Mailbox::new(None, "post@bücher.example").unwrap();
        assert_eq!(mailbox.address(), "post@xn--bcher-kva.example");
        assert!(!mailbox.needs_utf8());
        let mailbox = Mailbox::new(None, "jörg@bücher.example").unwrap();
        assert_eq!(mailbox.address(), "jörg@bücher.example");
        assert!(mailbox.needs_utf8());
    }
}
