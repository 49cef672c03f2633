//! What a server shows, in words: whose certificate it is, who issued it, and until when it is good.

use crate::net::CertificateDer;
use crate::oauth::der::{Certificate, Der, OID, SEQUENCE};
use std::net::IpAddr;

/// Certificates are renewed a month before their end: so late something has gone wrong.
const SOON: i64 = 14 * 86_400;

/// More would be an attempt to fill the screen.
const MOST_CERTIFICATES: usize = 10;
const MOST_NAMES: usize = 20;
const LONGEST_NAME: usize = 200;

/// A line for each certificate, the server's own first.
pub(super) fn describe_chain(chain: &[CertificateDer<'_>]) -> Vec<String> {
    let shown = chain.iter().take(MOST_CERTIFICATES);
    shown
        .enumerate()
        .map(|(at, certificate)| format!("certificate {}: {}", at + 1, describe(certificate)))
        .collect()
}

/// What to worry about though it is accepted.
pub(super) fn ends_soon(chain: &[CertificateDer<'_>], now: i64) -> Option<String> {
    let own = Certificate::read(chain.first()?)?;
    let left = own.not_after - now;
    (0..SOON).contains(&left).then(|| {
        let until = match left / 86_400 {
            0 => "in less than a day".to_owned(),
            1 => "in a day".to_owned(),
            days => format!("in {days} days"),
        };
        let day = date(own.not_after);
        format!("The certificate ends on {day}, {until}: the server's operator must renew it.")
    })
}

fn describe(der: &CertificateDer<'_>) -> String {
    let Some(read) = Certificate::read(der) else { return "cannot be read".into() };
    let subject = name(read.subject);
    let mut names = other_names(read.other_names);
    if names.is_empty() {
        names.push(subject.clone());
    }
    let issuer = match read.issuer == read.subject {
        true => "itself".to_owned(),
        false => name(read.issuer),
    };
    let (from, until) = (date(read.not_before), date(read.not_after));
    format!("for {}, issued by {issuer}, good from {from} to {until}", names.join(", "))
}

/// A distinguished name (RFC 5280 §4.1.2.4): its common name, with the organization if there is one.
fn name(contents: &[u8]) -> String {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0A];
    let (mut common, mut organization) = (None, None);
    let mut parts = Der::new(contents);
    while let Some((_, set)) = parts.next() {
        let Some(mut part) = Der::new(set).enter(SEQUENCE) else { continue };
        match (part.take(OID), part.next()) {
            (Some(COMMON_NAME), Some((_, text))) => common = Some(printable(text)),
            (Some(ORGANIZATION), Some((_, text))) => organization = Some(printable(text)),
            _ => {}
        }
    }
    match (common, organization) {
        (Some(common), Some(organization)) if common != organization => {
            format!("{common} ({organization})")
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => "a nameless one".into(),
    }
}

/// DNS names and addresses (RFC 5280 §4.2.1.6).
fn other_names(contents: &[u8]) -> Vec<String> {
    const DNS_NAME: u8 = 0x82;
    const IP_ADDRESS: u8 = 0x87;
    let mut found = Vec::new();
    let mut names = Der::new(contents);
    while let Some((tag, value)) = names.next() {
        match tag {
            _ if found.len() == MOST_NAMES => {
                found.push("…".into());
                return found;
            }
            DNS_NAME => found.push(printable(value)),
            IP_ADDRESS => {
                let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
                let address = v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from));
                found.extend(address.map(|address| address.to_string()));
            }
            _ => {}
        }
    }
    found
}

fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect()
}

/// The day, in UTC, of a moment in seconds since 1970.
pub(super) fn date(seconds: i64) -> String {
    // The years begin in March here, so the leap day is the last one; 400 years are an era.
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Day and time.
pub(super) fn moment(seconds: i64) -> String {
    let second = seconds.rem_euclid(86_400);
    format!("{} {:02}:{:02} UTC", date(seconds), second / 3_600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_568_523, "2026-11-25"),
            (4_102_444_799, "2099-12-31"),
        ] {
            assert_eq!(date(seconds), day);
        }
        assert_eq!(moment(1_795_568_523), "2026-11-25 01:02 UTC");
    }

    #[test]
    fn a_certificate_says_whose_it_is() {
        use rcgen::{CertificateParams, DnType, KeyPair};
        let names = ["mail.example.org".to_owned(), "192.0.2.7".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Mail\u{7}");
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.not_after = rcgen::date_time_ymd(2026, 12, 1);
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let chain = [made.der().clone()];
        assert_eq!(
            describe_chain(&chain),
            ["certificate 1: for mail.example.org, 192.0.2.7, issued by itself, good from \
              2026-01-01 to 2026-12-01"]
        );
        assert_eq!(name(Certificate::read(&chain[0]).unwrap().subject), "Mail (Example)");
        let end = Certificate::read(&chain[0]).unwrap().not_after;
        assert!(ends_soon(&chain, end - 86_400).unwrap().contains("in a day"));
        assert_eq!(ends_soon(&chain, end - 15 * 86_400), None);
        assert_eq!(describe(&CertificateDer::from(vec![0x30, 0x80])), "cannot be read");
    }
}
