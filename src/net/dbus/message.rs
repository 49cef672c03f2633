//! D-Bus messages as octets (D-Bus specification, "Message Protocol"): as much of it as calls to a
//! keyring need. Little-endian out, either in.

use zeroize::Zeroizing;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
const VERSION: u8 = 1;

/// The part of every message that says how long the rest is.
pub(super) const FIXED: usize = 16;
/// Far more than any answer of a keyring; the specification allows 128 MiB.
const MOST_OCTETS: usize = 1 << 20;

/// What is called.
#[derive(Clone, Copy)]
pub(crate) struct Method<'a> {
    pub destination: &'a str,
    pub path: &'a str,
    pub interface: &'a str,
    pub member: &'a str,
}

/// Arguments, in the order of their signature.
pub(crate) struct Arguments {
    signature: &'static str,
    octets: Zeroizing<Vec<u8>>,
}

impl Arguments {
    /// The signature is not checked against what follows: the other side does it.
    pub(crate) fn new(signature: &'static str) -> Self {
        // Ours are smaller, so that a secret among them is never moved to another place.
        Self { signature, octets: Zeroizing::new(Vec::with_capacity(4096)) }
    }

    fn align(&mut self, to: usize) {
        let end = self.octets.len().next_multiple_of(to);
        self.octets.resize(end, 0);
    }

    pub(crate) fn number(&mut self, value: u32) -> &mut Self {
        self.align(4);
        self.octets.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.number(u32::from(value))
    }

    /// A text or a path.
    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.octets(value.as_bytes());
        self.octets.push(0);
        self
    }

    /// An array of octets.
    pub(crate) fn octets(&mut self, value: &[u8]) -> &mut Self {
        // All that we send is far below 4 GiB.
        self.number(value.len() as u32);
        self.octets.extend_from_slice(value);
        self
    }

    fn signature(&mut self, value: &str) -> &mut Self {
        self.octets.push(value.len() as u8);
        self.octets.extend_from_slice(value.as_bytes());
        self.octets.push(0);
        self
    }

    /// A variant; its value is to follow.
    pub(crate) fn variant(&mut self, signature: &str) -> &mut Self {
        self.signature(signature)
    }

    /// Structures and dictionary entries begin at multiples of 8.
    pub(crate) fn structure(&mut self) -> &mut Self {
        self.align(8);
        self
    }

    /// An array whose elements begin at multiples of `alignment`.
    pub(crate) fn array(&mut self, alignment: usize, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.number(0);
        let length_at = self.octets.len() - 4;
        // The length does not count what lies before the first element.
        self.align(alignment);
        let begin = self.octets.len();
        fill(self);
        let length = (self.octets.len() - begin) as u32;
        self.octets[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
        self
    }

    /// A dictionary from text to text.
    pub(crate) fn dictionary(&mut self, pairs: &[(&str, &str)]) -> &mut Self {
        self.array(8, |array| {
            for (key, value) in pairs {
                array.structure().text(key).text(value);
            }
        })
    }
}

/// The octets of a call.
pub(super) fn call(serial: u32, method: Method, arguments: &Arguments) -> Zeroizing<Vec<u8>> {
    let mut out = Arguments::new("");
    out.octets.extend_from_slice(&[b'l', METHOD_CALL, 0, VERSION]);
    out.number(arguments.octets.len() as u32).number(serial);
    out.array(8, |fields| {
        fields.structure().octets.push(1);
        fields.variant("o").text(method.path);
        fields.structure().octets.push(2);
        fields.variant("s").text(method.interface);
        fields.structure().octets.push(3);
        fields.variant("s").text(method.member);
        fields.structure().octets.push(6);
        fields.variant("s").text(method.destination);
        if !arguments.signature.is_empty() {
            fields.structure().octets.push(8);
            fields.variant("g").signature(arguments.signature);
        }
    });
    out.structure();
    out.octets.extend_from_slice(&arguments.octets);
    out.octets
}

/// Not a message, or not the one that was expected.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed;

type Parsed<T> = std::result::Result<T, Malformed>;

/// The size of the whole message, from its first octets.
pub(super) fn size(fixed: &[u8; FIXED]) -> Parsed<usize> {
    let mut fields = Values { octets: fixed, at: 4, big_endian: fixed[0] == b'B' };
    let (body, _serial, header) = (fields.number()?, fields.number()?, fields.number()?);
    let (body, header) = (body as usize, header as usize);
    match [b'l', b'B'].contains(&fixed[0]) && fixed[3] == VERSION {
        true if body < MOST_OCTETS && header < MOST_OCTETS => {
            Ok((FIXED + header).next_multiple_of(8) + body)
        }
        _ => Err(Malformed),
    }
}

/// What came back.
pub(super) enum Answer {
    Return(Zeroizing<Vec<u8>>, bool),
    /// The name of the error, and what its text says.
    Error(String, String),
    /// A signal, or the answer to something else.
    Other,
}

/// Reads a message whose size is right.
pub(super) fn answer(message: &[u8], to_serial: u32) -> Parsed<Answer> {
    let big_endian = message.first() == Some(&b'B');
    let mut header = Values { octets: message, at: 12, big_endian };
    let end = FIXED + header.number()? as usize;
    let (mut reply_to, mut error) = (None, String::new());
    while header.at < end {
        header.align(8);
        let field = header.octet()?;
        match (field, header.signature()?) {
            (5, "u") => reply_to = Some(header.number()?),
            (4, "s") => error = header.text()?.to_owned(),
            (_, "u") => drop(header.number()?),
            (_, "s" | "o") => drop(header.text()?),
            (_, "g") => drop(header.signature()?),
            _ => return Err(Malformed),
        }
    }
    let body = message.get(end.next_multiple_of(8)..).ok_or(Malformed)?;
    match (message.get(1), reply_to == Some(to_serial)) {
        (Some(&METHOD_RETURN), true) => {
            Ok(Answer::Return(Zeroizing::new(body.to_vec()), big_endian))
        }
        (Some(&ERROR), true) => {
            // The text is not obligatory.
            let text = Values::new(body, big_endian).text().unwrap_or_default().to_owned();
            Ok(Answer::Error(error, text))
        }
        _ => Ok(Answer::Other),
    }
}

/// Reads values one after the other.
pub(crate) struct Values<'a> {
    octets: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Values<'a> {
    pub(super) fn new(octets: &'a [u8], big_endian: bool) -> Self {
        Self { octets, at: 0, big_endian }
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, length: usize) -> Parsed<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let found = self.octets.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(found)
    }

    fn octet(&mut self) -> Parsed<u8> {
        self.take(1).map(|octets| octets[0])
    }

    pub(crate) fn number(&mut self) -> Parsed<u32> {
        self.align(4);
        let octets = self.take(4)?.try_into().map_err(|_| Malformed)?;
        Ok(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    /// An array of octets.
    pub(crate) fn octets(&mut self) -> Parsed<&'a [u8]> {
        let length = self.number()?;
        self.take(length as usize)
    }

    /// A text or a path.
    pub(crate) fn text(&mut self) -> Parsed<&'a str> {
        let text = self.octets()?;
        self.take(1)?;
        std::str::from_utf8(text).map_err(|_| Malformed)
    }

    fn signature(&mut self) -> Parsed<&'a str> {
        let length = self.octet()?;
        let text = self.take(usize::from(length))?;
        self.take(1)?;
        std::str::from_utf8(text).map_err(|_| Malformed)
    }

    /// A variant that holds a text.
    pub(crate) fn text_variant(&mut self) -> Parsed<&'a str> {
        match self.signature()? {
            "s" => self.text(),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn structure(&mut self) {
        self.align(8);
    }

    /// An array of texts or paths.
    pub(crate) fn texts(&mut self) -> Parsed<Vec<&'a str>> {
        let length = self.number()? as usize;
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let mut found = Vec::new();
        while self.at < end {
            found.push(self.text()?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: Method<'static> = Method {
        destination: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
    };

    /// A return message to serial 7 with one text.
    fn reply(text: &str) -> Vec<u8> {
        let mut body = Arguments::new("s");
        body.text(text);
        let mut out = Arguments::new("");
        out.octets.extend_from_slice(&[b'l', METHOD_RETURN, 1, VERSION]);
        out.number(body.octets.len() as u32).number(99);
        out.array(8, |fields| {
            fields.structure().octets.push(5);
            fields.variant("u").number(7);
            fields.structure().octets.push(8);
            fields.variant("g").signature("s");
        });
        out.structure();
        [&out.octets[..], &body.octets[..]].concat()
    }

    #[test]
    fn a_call_says_its_own_size_and_is_padded_as_the_specification_asks() {
        let mut arguments = Arguments::new("sa{ss}");
        arguments.text("x").dictionary(&[("a", "b"), ("c", "d")]);
        let message = call(1, HELLO, &arguments);
        let fixed = message.first_chunk().unwrap();
        assert_eq!(size(fixed), Ok(message.len()));
        let body = &message[message.len() - arguments.octets.len()..];
        let mut values = Values::new(body, false);
        assert_eq!(values.text(), Ok("x"));
        assert_eq!(values.number(), Ok(30), "two entries with 2 + 4 + 6 octets, the second padded");
        values.structure();
        assert_eq!((values.text(), values.text()), (Ok("a"), Ok("b")));
        values.structure();
        assert_eq!((values.text(), values.text()), (Ok("c"), Ok("d")));
    }

    #[test]
    fn only_the_answer_to_this_call_is_taken() {
        let message = reply("hello");
        let Ok(Answer::Return(body, false)) = answer(&message, 7) else { panic!("an answer") };
        assert_eq!(Values::new(&body, false).text(), Ok("hello"));
        assert!(matches!(answer(&message, 8), Ok(Answer::Other)));
    }

    #[test]
    fn broken_messages_are_refused_and_never_read_beyond() {
        let message = reply("hello");
        for end in FIXED..message.len() {
            // Cut anywhere: an error, or a body that is too short for its text.
            if let Ok(Answer::Return(body, _)) = answer(&message[..end], 7) {
                assert_eq!(Values::new(&body, false).text(), Err(Malformed));
            }
        }
        let mut huge = *message.first_chunk::<FIXED>().unwrap();
        huge[4..8].fill(0xFF);
        assert_eq!(size(&huge), Err(Malformed));
        for at in 0..message.len() {
            let mut damaged = message.clone();
            damaged[at] ^= 0xFF;
            let _ = answer(&damaged, 7);
        }
    }
}
