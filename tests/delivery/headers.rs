//! Header fields arrive as they were set, whatever letters are in them.

use crate::harness::{PLAIN, Received, mail, mail_without_recipient, send_well};
use crate::relay::Relay;
use crate::support::rig;
use postrider::{Kind, Mail};
use std::collections::HashSet;

const HIGH: i32 = 2;

#[test]
fn every_field_arrives_as_it_was_set() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail_without_recipient(rig, rig.ports.plain, PLAIN, "all-fields");
    mail.set_from(Some("Jürgen Müller-Lüdenscheidt"), rig::ALICE).unwrap();
    mail.set_sender(Some("Büro, Zentrale"), Some(rig::CAROL)).unwrap();
    mail.set_reply_to(Some("Пётр Ильич"), Some("answers@rig.test")).unwrap();
    mail.add_recipients(r#""Bob \"the\" Builder" <bob@rig.test>, Team: carol@rig.test;"#, 0)
        .unwrap();
    mail.add_recipient_as(Some("山田 太郎"), rig::BOB, Kind::Cc).unwrap();
    mail.set_subject("Grüße aus Köln, Привет из Москвы, 東京からこんにちは").unwrap();
    mail.set_date(1_790_000_000, 150).unwrap();
    mail.set_message_id(Some("<all.fields.1@mail.rig.test>")).unwrap();
    mail.set_priority(1).unwrap();
    mail.set_importance(HIGH).unwrap();
    mail.request_read_receipt(true, Some("receipts@rig.test")).unwrap();
    mail.set_return_path(Some("bounces@rig.test")).unwrap();
    send_well(&mail);

    let received = Received::by(rig, rig::BOB, "all-fields");
    for (name, value) in [
        ("From", "Jürgen Müller-Lüdenscheidt <alice@rig.test>"),
        ("Sender", "\"Büro, Zentrale\" <carol@rig.test>"),
        ("Reply-To", "Пётр Ильич <answers@rig.test>"),
        ("To", r#""Bob \"the\" Builder" <bob@rig.test>, carol@rig.test"#),
        ("Cc", "山田 太郎 <bob@rig.test>"),
        ("Subject", "Grüße aus Köln, Привет из Москвы, 東京からこんにちは"),
        ("Date", "Mon, 21 Sep 2026 16:43:20 +0230"),
        ("Message-ID", "<all.fields.1@mail.rig.test>"),
        ("X-Priority", "1 (Highest)"),
        ("Importance", "high"),
        ("Disposition-Notification-To", "receipts@rig.test"),
        ("Return-Path", "<bounces@rig.test>"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(received.header(name), value, "{name}");
    }
    // Non-ASCII only in encoded words: these fields need no SMTPUTF8.
    let header = received.raw.split("\n\n").next().unwrap();
    assert!(header.is_ascii(), "{header}");
}

#[test]
fn what_is_not_set_is_made_or_left_out() {
    let Some(rig) = rig::shared() else { return };
    let mail = mail(rig, rig.ports.plain, PLAIN, "few-fields");
    send_well(&mail);
    let received = Received::by(rig, rig::BOB, "few-fields");
    for name in [
        "Sender",
        "Reply-To",
        "Cc",
        "Bcc",
        "X-Priority",
        "Importance",
        "Disposition-Notification-To",
    ] {
        assert!(received.headers(name).is_empty(), "{name}");
    }
    let id = received.header("Message-ID");
    let unique = id.strip_prefix('<').and_then(|id| id.strip_suffix("@rig.test>"));
    assert!(unique.is_some_and(|unique| unique.len() >= 16), "{id}");
    assert!(received.header("Date").len() > 20);

    let ids: HashSet<String> = (0..3).map(|_| saved_field(&mail, "Message-ID")).collect();
    assert_eq!(ids.len(), 3, "every sending has an id of its own");
}

#[test]
fn text_that_looks_like_an_encoded_word_arrives_as_text() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "looks-encoded");
    let text = "about =?utf-8?q?these?= things";
    mail.set_subject(text).unwrap();
    mail.add_header("X-Text", text).unwrap();
    mail.set_from(Some(text), rig::ALICE).unwrap();
    send_well(&mail);
    let received = Received::by(rig, rig::BOB, "looks-encoded");
    assert_eq!(received.header("Subject"), text);
    assert_eq!(received.header("X-Text"), text);
    assert_eq!(received.header("From"), format!("{text} <alice@rig.test>"));
}

#[test]
fn the_null_sender_is_given_as_such() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "null-sender");
    mail.set_return_path(Some("")).unwrap();
    mail.request_read_receipt(true, None).unwrap();
    assert!(send_well(&mail).line("C: MAIL").starts_with("C: MAIL FROM:<>"));
    let received = Received::by(rig, rig::BOB, "null-sender");
    assert_eq!(received.header("Return-Path"), "<>");
    assert_eq!(received.header("From"), rig::ALICE);
    assert_eq!(received.header("Disposition-Notification-To"), rig::ALICE);
}

#[test]
fn blind_copies_are_in_no_header() {
    let Some(rig) = rig::shared() else { return };
    // Postfix takes Bcc out: what counts is what it gets.
    let relay = Relay::to(rig.ports.plain);
    let mut mail = mail(rig, relay.port, PLAIN, "blind-copy");
    mail.add_recipient_as(Some("Secret Carol"), rig::CAROL, Kind::Bcc).unwrap();
    send_well(&mail);
    let wire = String::from_utf8(relay.sent().concat()).unwrap().to_lowercase();
    let (envelope, content) = wire.split_once("\r\ndata\r\n").unwrap();
    assert!(envelope.contains(rig::CAROL) && !content.contains("carol"), "{content}");
    let carol = Received::by(rig, rig::CAROL, "blind-copy");
    assert_eq!(carol.header("To"), rig::BOB);
    assert!(carol.headers("Bcc").is_empty());

    let mut mail = mail_without_recipient(rig, rig.ports.plain, PLAIN, "only-blind-copies");
    mail.add_recipient_as(None, rig::CAROL, Kind::Bcc).unwrap();
    send_well(&mail);
    let carol = Received::by(rig, rig::CAROL, "only-blind-copies");
    assert_eq!(carol.header("To"), "undisclosed-recipients:;");
}

#[test]
fn subjects_and_extra_fields_of_any_length_arrive_whole() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "long-fields");
    let sentence = "Überlange Betreffzeilen mit ganz gewöhnlichen Wörtern, ".repeat(20);
    let long_word = "Donaudampfschifffahrt".repeat(60);
    let spaced = "two  spaces";
    mail.set_subject(sentence.trim_end()).unwrap();
    mail.add_header("X-Twice", "the first").unwrap();
    mail.add_header("X-Twice", "der zweite: größer").unwrap();
    mail.add_header("X-Long-Word", &long_word).unwrap();
    mail.add_header("X-Long-Letters", &"ё".repeat(1500)).unwrap();
    mail.add_header("X-Long-Line", &"ordinary words ".repeat(100)).unwrap();
    mail.add_header("X-Spaced", spaced).unwrap();
    mail.add_header("List-Unsubscribe", "<mailto:leave@rig.test>, <https://rig.test/leave>")
        .unwrap();
    send_well(&mail);

    let received = Received::by(rig, rig::BOB, "long-fields");
    assert_eq!(received.header("Subject"), sentence.trim_end());
    assert_eq!(received.headers("X-Twice"), ["the first", "der zweite: größer"]);
    assert_eq!(received.header("X-Long-Word"), long_word);
    assert_eq!(received.header("X-Long-Letters"), "ё".repeat(1500));
    assert_eq!(received.header("X-Long-Line"), "ordinary words ".repeat(100).trim_end());
    assert_eq!(received.header("X-Spaced"), spaced);
    let unsubscribe = "<mailto:leave@rig.test>, <https://rig.test/leave>";
    assert_eq!(received.header("List-Unsubscribe"), unsubscribe);
    let longest = received.raw.lines().map(str::len).max().unwrap();
    assert!(longest <= 998, "a line has {longest} octets");
}

#[test]
fn hundreds_of_recipients_are_folded_and_all_there() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "many-in-to");
    let list = (0..300).map(|n| format!("Ü. Nr. {n} <nr.{n}@rig.test>")).collect::<Vec<_>>();
    mail.add_recipients(&list.join(", "), 0).unwrap();
    let sent = crate::harness::send(&mail);
    assert_eq!(sent.delivery.recipients.iter().filter(|each| each.accepted).count(), 1);
    let received = Received::by(rig, rig::BOB, "many-in-to");
    let to = received.header("To");
    assert_eq!(to.matches("@rig.test").count(), 301);
    assert!(to.contains("\"Ü. Nr. 299\" <nr.299@rig.test>"), "{to}");
    assert!(received.raw.lines().all(|line| line.len() <= 998));
}

fn saved_field(mail: &Mail, name: &str) -> String {
    let mut buffer = vec![0; 10_000];
    let size = mail.write_eml(&mut buffer).unwrap();
    buffer.truncate(size.try_into().unwrap());
    let text = String::from_utf8(buffer).unwrap();
    let field = text.lines().find(|line| line.starts_with(name)).unwrap();
    field.to_owned()
}
