//! What a server offers: the lines of its answer to EHLO (RFC 5321 §4.1.1.1).

use crate::error::values::Values;
use crate::smtp::Reply;

/// Extensions and mechanisms of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub pipelining: bool,
    pub eight_bit_mime: bool,
    pub smtputf8: bool,
    pub starttls: bool,
    /// Whether SIZE may be given with MAIL FROM.
    pub size: bool,
    /// The largest message the server takes; `None` when it names no limit.
    pub most_octets: Option<u64>,
    /// SASL mechanisms, in capital letters.
    pub mechanisms: Vec<String>,
}

impl Capabilities {
    /// Reads them from the answer to EHLO, whatever its letter case.
    pub(crate) fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        // The first line greets.
        for line in reply.text().split('\n').skip(1) {
            let line = line.to_ascii_uppercase();
            // "AUTH=LOGIN" is how old clients wanted it, and what some servers still say.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => found.pipelining = true,
                Some("8BITMIME") => found.eight_bit_mime = true,
                Some("SMTPUTF8") => found.smtputf8 = true,
                Some("STARTTLS") => found.starttls = true,
                Some("SIZE") => {
                    found.size = true;
                    // 0 is "no fixed limit" (RFC 1870 §4).
                    found.most_octets =
                        words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                }
                Some("AUTH") => {
                    for mechanism in words {
                        if !found.offers_mechanism(mechanism) {
                            found.mechanisms.push(mechanism.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    pub(crate) fn offers_mechanism(&self, name: &str) -> bool {
        self.mechanisms.iter().any(|mechanism| mechanism == name)
    }

    /// For the advice of an error.
    pub(crate) fn offered(&self) -> Values {
        Values { offered: Some(self.mechanisms.join(", ")), ..Values::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_and_old_forms_do_not_matter() {
        let text = "mail.example.org\npipelining\n8bitmime\nSize 1000\nAUTH=LOGIN\nauth plain LOGIN xoauth2\nSmtpUtf8\nSTARTTLS\n";
        let found = Capabilities::of(&Reply::of(250, text));
        assert!(found.pipelining && found.eight_bit_mime && found.smtputf8 && found.starttls);
        assert_eq!((found.size, found.most_octets), (true, Some(1000)));
        assert_eq!(found.mechanisms, ["LOGIN", "PLAIN", "XOAUTH2"]);
    }

    #[test]
    fn the_greeting_line_offers_nothing() {
        assert_eq!(Capabilities::of(&Reply::of(250, "PIPELINING")), Capabilities::default());
        let unlimited = Capabilities::of(&Reply::of(250, "x\nSIZE 0"));
        assert_eq!((unlimited.size, unlimited.most_octets), (true, None));
    }
}
