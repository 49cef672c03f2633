//! SMTP extensions are used where they are offered, and missed clearly where only they would do.

use crate::harness::{
    PLAIN, Received, STARTTLS, assert_not_delivered, mail, mail_without_recipient, raw, send,
    send_well,
};
use crate::support::rig::{self, SMALL_SIZE};
use postrider::{Cause, Kind, Stage, Status};

#[test]
fn eight_bits_are_sent_as_such_where_8bitmime_is_offered() {
    let Some(rig) = rig::shared() else { return };
    let text = "Grüße aus Köln\n";
    for (port, mark, offered) in [
        (rig.ports.plain, "8bit-offered", true),
        (rig.ports.no_8bitmime, "8bit-not-offered", false),
    ] {
        let mut mail = mail(rig, port, PLAIN, mark);
        mail.set_text(Some(text));
        let sent = send_well(&mail);
        assert_eq!(sent.line("C: MAIL").contains(" BODY=8BITMIME"), offered);
        let received = Received::by(rig, rig::BOB, mark);
        assert_eq!(received.raw.contains(text), offered, "{}", received.raw);
        assert_eq!(received.text(), text);
    }

    let mut ascii = mail(rig, rig.ports.plain, PLAIN, "8bit-not-needed");
    ascii.set_text(Some("nothing special\n"));
    assert!(!send_well(&ascii).line("C: MAIL").contains("BODY"));
}

#[test]
fn the_size_is_announced_as_it_is_received() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "announced-size");
    mail.set_text(Some(".\n..\nthree dots, doubled on the way only\n"));
    mail.add_attachment_bytes(&[7; 12_345], "sevens.bin", None).unwrap();
    let sent = send_well(&mail);
    let announced = sent.line("C: MAIL").split("SIZE=").nth(1).unwrap();
    let announced: usize = announced.split(' ').next().unwrap().parse().unwrap();

    let received = Received::by(rig, rig::BOB, "announced-size").raw;
    // Servers put their fields before ours, which begin with the date. The Maildir has LF.
    let ours = &received[received.find("\nDate: ").unwrap() + 1..];
    assert_eq!(ours.len() + ours.matches('\n').count(), announced);
}

#[test]
fn what_is_too_large_for_the_server_is_not_sent() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.small, STARTTLS, "too-large");
    mail.add_attachment_bytes(&vec![0; SMALL_SIZE], "zeros.bin", None).unwrap();
    let sent = send(&mail);
    let error = sent.error();
    assert_eq!(error.status(), Status::TooLarge, "{error}");
    assert_eq!(error.cause(), Cause::MessageTooLarge, "{error}");
    assert!(error.text().contains(&SMALL_SIZE.to_string()), "{error}");
    assert_eq!(sent.count("C: MAIL"), 0);
    assert_not_delivered(rig, rig::BOB, "too-large");
}

#[test]
fn an_address_with_an_umlaut_is_carried_by_smtputf8() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail_without_recipient(rig, rig.ports.submission, STARTTLS, "utf8-recipient");
    mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
    mail.add_recipient_as(Some("Jörg"), rig::JOERG, Kind::To).unwrap();
    mail.set_text(Some("Grüß dich\n"));
    assert!(send_well(&mail).line("C: MAIL").ends_with(" BODY=8BITMIME SMTPUTF8"));

    // Not for Python, which takes fields in UTF-8 (RFC 6532) for broken ones.
    let received = raw(rig, rig::JOERG, "utf8-recipient");
    assert!(received.contains("with UTF8SMTPSA "), "{received}");
    assert!(received.contains("\nTo: =?utf-8?b?SsO2cmc=?= <jörg@rig.test>\n"), "{received}");
}

#[test]
fn an_author_with_an_umlaut_is_carried_by_smtputf8() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.submission, STARTTLS, "utf8-author");
    mail.set_from(Some("Jörg"), rig::JOERG).unwrap();
    mail.set_auth_xoauth2(rig::JOERG, &rig.token("service-joerg")).unwrap();
    assert!(send_well(&mail).line("C: MAIL").starts_with("C: MAIL FROM:<jörg@rig.test>"));
    let received = raw(rig, rig::BOB, "utf8-author");
    assert!(received.starts_with("Return-Path: <jörg@rig.test>\n"), "{received}");
    assert!(received.contains("\nFrom: =?utf-8?b?SsO2cmc=?= <jörg@rig.test>\n"), "{received}");
}

#[test]
fn without_smtputf8_the_error_says_what_is_missing() {
    let Some(rig) = rig::shared() else { return };
    for port in [rig.ports.no_smtputf8, rig.ports.no_8bitmime] {
        let mut mail = mail(rig, port, PLAIN, "utf8-not-offered");
        mail.add_recipient_as(None, rig::JOERG, Kind::To).unwrap();
        let sent = send(&mail);
        let error = sent.error();
        assert_eq!(error.status(), Status::Unsupported, "{error}");
        assert_eq!(error.cause().code(), "smtputf8_not_offered", "{error}");
        assert_eq!(error.stage(), Stage::Sender, "{error}");
        assert_eq!(sent.count("C: MAIL"), 0);
    }
    assert_not_delivered(rig, rig::BOB, "utf8-not-offered");
}

#[test]
fn an_international_domain_needs_no_extension() {
    let Some(rig) = rig::shared() else { return };
    for (port, mark) in [(rig.ports.plain, "idn"), (rig.ports.no_smtputf8, "idn-no-smtputf8")] {
        let mut mail = mail_without_recipient(rig, port, PLAIN, mark);
        mail.add_recipient_as(None, rig::ANNA, Kind::To).unwrap();
        let sent = send_well(&mail);
        assert!(!sent.line("C: MAIL").contains("SMTPUTF8"));
        assert_eq!(sent.line("C: RCPT"), "C: RCPT TO:<anna@xn--bcher-kva.test>");
        let received = Received::by(rig, rig::ANNA, mark);
        assert_eq!(received.header("To"), "anna@xn--bcher-kva.test");
        assert_eq!(received.header("Delivered-To"), "anna@xn--bcher-kva.test");
    }
}
