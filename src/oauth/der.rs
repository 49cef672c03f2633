//! Reads DER (X.690): as much as certificates and PFX files need. Bounded by the text it is given;
//! anything unexpected is nothing.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// [0], with something in it.
pub(crate) const TAGGED_0: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// What is left to read of the contents of one element.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self(text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element: its tag and contents.
    pub(crate) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match length {
            0..=0x7F => (usize::from(length), rest),
            // Up to four octets; an indefinite length (0x80) is BER.
            0x81..=0x84 => {
                let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7F))?;
                (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, contents))
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
    }

    /// The next element, to read on in it.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Der<'a>> {
        self.take(tag).map(Der)
    }

    /// A number that is not negative and fits 32 bits.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let octets = self.take(INTEGER)?;
        let fits = matches!(octets, [0..=0x7F, ..]) && octets.len() <= 5;
        let value = octets.iter().fold(0u64, |sum, octet| sum << 8 | u64::from(*octet));
        u32::try_from(value).ok().filter(|_| fits)
    }

    /// A moment, in seconds since 1970 (RFC 5280 §4.1.2.5).
    fn time(&mut self) -> Option<i64> {
        let (year_digits, text) = match self.next()? {
            (UTC_TIME, text) => (2, text),
            (GENERALIZED_TIME, text) => (4, text),
            _ => return None,
        };
        let digits = text.strip_suffix(b"Z")?;
        if digits.len() != year_digits + 10 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |from: usize, to: usize| {
            let digits = digits.get(from..to)?;
            Some(digits.iter().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0')))
        };
        let year = match (year_digits, number(0, year_digits)?) {
            (2, year @ 50..) => year + 1900,
            (2, year) => year + 2000,
            (_, year) => year,
        };
        let part = |index: usize| number(year_digits + 2 * index, year_digits + 2 * index + 2);
        let days = days_from_1970(year, part(0)?, part(1)?);
        Some(days * 86_400 + part(2)? * 3_600 + part(3)? * 60 + part(4)?)
    }
}

/// The years begin in March here: so the leap day is the last one.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// What we need of a certificate (RFC 5280 §4.1).
pub(crate) struct Certificate<'a> {
    /// The contents of the names.
    pub issuer: &'a [u8],
    pub subject: &'a [u8],
    /// In seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    /// The contents of `subjectPublicKey`.
    pub public_key: &'a [u8],
    /// The contents of the extension `subjectAltName`; empty without one.
    pub other_names: &'a [u8],
}

impl<'a> Certificate<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut fields = Der::new(der).enter(SEQUENCE)?.enter(SEQUENCE)?;
        if fields.tag()? == TAGGED_0 {
            fields.next()?;
        }
        fields.take(INTEGER)?; // serialNumber
        fields.take(SEQUENCE)?; // signature
        let issuer = fields.take(SEQUENCE)?;
        let mut validity = fields.enter(SEQUENCE)?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let subject = fields.take(SEQUENCE)?;
        let mut key = fields.enter(SEQUENCE)?;
        key.take(SEQUENCE)?; // algorithm
        let public_key = key.take(BIT_STRING)?.strip_prefix(&[0])?;
        let other_names = other_names(fields).unwrap_or_default();
        Some(Self { issuer, subject, not_before, not_after, public_key, other_names })
    }
}

/// Looks for `subjectAltName` (RFC 5280 §4.2.1.6) in what follows the key.
fn other_names(mut fields: Der<'_>) -> Option<&[u8]> {
    const TAGGED_3: u8 = 0xA3;
    const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1D, 0x11];
    while fields.tag()? != TAGGED_3 {
        fields.next()?;
    }
    let mut extensions = fields.enter(TAGGED_3)?.enter(SEQUENCE)?;
    loop {
        let mut extension = extensions.enter(SEQUENCE)?;
        if extension.take(OID)? != SUBJECT_ALT_NAME {
            continue;
        }
        // Behind `critical`, if that is there.
        while extension.tag()? != OCTET_STRING {
            extension.next()?;
        }
        return Der::new(extension.take(OCTET_STRING)?).take(SEQUENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, days) in [
            ((1970, 1, 1), 0),
            ((1970, 12, 31), 364),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2026, 11, 25), 20_782),
            ((1950, 1, 1), -7_305),
        ] {
            assert_eq!(days_from_1970(date.0, date.1, date.2), days, "{date:?}");
        }
    }

    #[test]
    fn times_have_two_or_four_digits_for_the_year() {
        let time = |tag: u8, text: &str| {
            let der = [&[tag, text.len() as u8], text.as_bytes()].concat();
            Der::new(&der).time()
        };
        assert_eq!(time(UTC_TIME, "261125010203Z"), Some(1_795_568_523));
        assert_eq!(time(GENERALIZED_TIME, "20261125010203Z"), Some(1_795_568_523));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(time(UTC_TIME, "2611250102Z"), None);
        assert_eq!(time(UTC_TIME, "26112501020éZ"), None);
        assert_eq!(time(GENERALIZED_TIME, "20261125010203+0100"), None);
    }

    #[test]
    fn lengths_that_lie_are_nothing() {
        for text in
            [&[0x30u8, 0x05, 1][..], &[0x30, 0x80, 0, 0], &[0x30, 0x85, 0, 0, 0, 0, 1], &[0x30]]
        {
            assert!(Der::new(text).next().is_none(), "{text:?}");
        }
        let long = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256], &[1]].concat();
        let mut der = Der::new(&long);
        assert_eq!(der.take(OCTET_STRING), Some(&[7; 256][..]));
        assert_eq!(der.tag(), Some(1));
    }

    #[test]
    fn certificates_of_others_are_read() {
        let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
        let read = Certificate::read(made.cert.der()).unwrap();
        assert_eq!(read.public_key, made.signing_key.public_key_raw());
        assert!(read.not_before < 1_700_000_000 && read.not_after > 4_000_000_000);
    }
}
