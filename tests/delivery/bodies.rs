//! Texts, HTML, images and attachments arrive octet by octet, and no line end on the wire is bare.

use crate::harness::{PLAIN, Received, TLS, mail, send_well, sha256, text_of};
use crate::relay::Relay;
use crate::support::rig::{self, Rig};
use serde_json::{Value, json};
use std::fs;

const MOST_LINE_OCTETS: usize = 998;

/// A name, a text, what it becomes, and its encoding where 8BITMIME is offered and where it is not.
type Text = (&'static str, String, String, [&'static str; 2]);

fn texts() -> Vec<Text> {
    let same = |name, text: &str, encodings| (name, text.to_owned(), text.to_owned(), encodings);
    vec![
        same("ascii", "Hello Bob,\n\nthis is plain.\nAlice\n", ["7bit", "7bit"]),
        same("german", "Grüße aus Köln,\nÄpfel & Öl\n", ["8bit", "quoted-printable"]),
        same("cyrillic", &"Съешь ещё этих булок\n".repeat(50), ["8bit", "base64"]),
        same("dots", ".\n..\n.dot\nx.\n.\n", ["7bit", "7bit"]),
        same("spaces", "trailing  \n\ttab\t\n-- \nFrom here\n", ["7bit", "7bit"]),
        same("longest", &format!("{}\n", "x".repeat(998)), ["7bit", "7bit"]),
        same(
            "too-long",
            &format!("{}\nend\n", "0123456789".repeat(1000)),
            ["quoted-printable", "quoted-printable"],
        ),
        same("too-long-letters", &format!("{}\nend\n", "ж".repeat(3000)), ["base64", "base64"]),
        same("controls", "nul\0 escape\x1b bell\x07\n", ["quoted-printable", "quoted-printable"]),
        (
            "line-ends",
            "a\rb\nc\r\nd\n\re\r\r\n.\r.\n".into(),
            "a\nb\nc\nd\n\ne\n\n.\n.\n".into(),
            ["7bit", "7bit"],
        ),
        ("no-end", "no line end".into(), "no line end\n".into(), ["7bit", "7bit"]),
    ]
}

#[test]
fn texts_arrive_as_they_were_written() {
    let Some(rig) = rig::shared() else { return };
    assert_texts_arrive(rig, rig.ports.plain, "text", &texts(), 0);
}

#[test]
fn texts_arrive_where_8bitmime_is_not_offered() {
    let Some(rig) = rig::shared() else { return };
    let differing: Vec<_> = texts().into_iter().filter(|text| text.3[0] != text.3[1]).collect();
    assert_eq!(differing.len(), 2);
    assert_texts_arrive(rig, rig.ports.no_8bitmime, "text-7bit", &differing, 1);
}

fn assert_texts_arrive(rig: &Rig, port: u16, mark: &str, texts: &[Text], which_encoding: usize) {
    for (name, text, _, _) in texts {
        let mut mail = mail(rig, port, PLAIN, &format!("{mark}-{name}"));
        mail.set_text(Some(text));
        send_well(&mail);
    }
    for (name, _, wanted, encodings) in texts {
        let received = Received::by(rig, rig::BOB, &format!("{mark}-{name}"));
        assert_eq!(received.text(), *wanted, "{name}");
        assert_eq!(received.body()["encoding"], encodings[which_encoding], "{name}");
        assert_eq!(received.body()["charset"], "utf-8", "{name}");
        let encoded = encodings[which_encoding] != "8bit";
        assert_eq!(received.raw.is_ascii(), encoded, "{name}");
    }
}

#[test]
fn a_text_in_a_part_ends_as_it_was_written() {
    let Some(rig) = rig::shared() else { return };
    for (mark, text) in [
        ("part-no-end", "no line end"),
        ("part-end", "a line end\n"),
        ("part-ends", "line ends\n\n"),
        ("part-dot", "\n."),
    ] {
        let mut mail = mail(rig, rig.ports.plain, PLAIN, mark);
        mail.set_text(Some(text));
        mail.set_html(Some(text));
        send_well(&mail);
        let received = Received::by(rig, rig::BOB, mark);
        assert_eq!(received.body()["type"], "multipart/alternative");
        for (part, kind) in [(0, "text/plain"), (1, "text/html")] {
            let part = &received.body()["parts"][part];
            assert_eq!(part["type"], kind);
            assert_eq!(text_of(part), text, "{mark}");
        }
    }
}

#[test]
fn on_the_wire_lines_are_short_enough_and_end_with_crlf() {
    let Some(rig) = rig::shared() else { return };
    let relay = Relay::to(rig.ports.plain);
    let mut mail = mail(rig, relay.port, PLAIN, "on-the-wire");
    mail.set_server("127.0.0.1", relay.port.into()).unwrap();
    mail.set_keep_connection(true);
    mail.add_attachment_bytes(&every_octet(9000), "Ü bersicht.bin", None).unwrap();
    for (_, text, _, _) in &texts() {
        for html in [None, Some(text.as_str())] {
            mail.set_text(Some(text));
            mail.set_html(html);
            send_well(&mail);
        }
    }
    mail.close_connection();
    let [sent] = relay.sent().try_into().expect("one connection");
    assert!(sent.len() > 100_000);
    for line in sent.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or_else(|| {
            panic!("not ended by CRLF: {:?}", String::from_utf8_lossy(line));
        });
        assert!(!line.contains(&b'\r'), "{:?}", String::from_utf8_lossy(line));
        // The dot that is added does not count (RFC 5321 §4.5.2).
        let line = line.strip_prefix(b".").unwrap_or(line);
        assert!(line.len() <= MOST_LINE_OCTETS, "{:?}", String::from_utf8_lossy(line));
    }
}

#[test]
fn html_with_images_and_attachments_arrives_part_by_part() {
    let Some(rig) = rig::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("Grüner Punkt.png");
    let report = folder.path().join("report.pdf");
    fs::write(&photo, every_octet(5000)).unwrap();
    fs::write(&report, every_octet(100_001)).unwrap();

    let mut mail = mail(rig, rig.ports.submissions, TLS, "all-parts");
    mail.set_auth_oauthbearer(rig::ALICE, &rig.token("service")).unwrap();
    let by_file = mail.add_inline_file(photo.to_str().unwrap(), None, None).unwrap();
    let by_bytes = mail.add_inline_bytes(b"GIF89a", "dot", Some("image/gif")).unwrap();
    let html = format!("<p>Grüße <img src=\"cid:{by_file}\"><img src=\"cid:{by_bytes}\"></p>\n");
    mail.set_text(Some("Grüße\n"));
    mail.set_html(Some(&html));
    mail.add_attachment_file(report.to_str().unwrap(), None, None).unwrap();
    mail.add_attachment_file(report.to_str().unwrap(), Some("Shown as.txt"), Some("text/x-odd"))
        .unwrap();
    send_well(&mail);

    let received = Received::by(rig, rig::BOB, "all-parts");
    assert_like(
        received.body(),
        &json!({"type": "multipart/mixed", "parts": [
            {"type": "multipart/alternative", "parts": [
                {"type": "text/plain", "charset": "utf-8", "text": "Grüße\n"},
                {"type": "multipart/related", "parts": [
                    {"type": "text/html", "charset": "utf-8", "text": html},
                    {
                        "type": "image/png",
                        "disposition": "inline",
                        "content_id": format!("<{by_file}>"),
                        "file_name": "Grüner Punkt.png",
                        "sha256": sha256(&every_octet(5000)),
                    },
                    {
                        "type": "image/gif",
                        "disposition": "inline",
                        "content_id": format!("<{by_bytes}>"),
                        "file_name": "dot",
                        "sha256": sha256(b"GIF89a"),
                    },
                ]},
            ]},
            {
                "type": "application/pdf",
                "disposition": "attachment",
                "content_id": null,
                "encoding": "base64",
                "file_name": "report.pdf",
                "size": 100_001,
                "sha256": sha256(&every_octet(100_001)),
            },
            {
                "type": "text/x-odd",
                "disposition": "attachment",
                "file_name": "Shown as.txt",
                "sha256": sha256(&every_octet(100_001)),
            },
        ]}),
    );
}

#[test]
fn attachments_of_every_small_size_and_name_arrive_intact() {
    let Some(rig) = rig::shared() else { return };
    let cyrillic = format!("{}.txt", "Ж".repeat(196));
    let attachments = [
        ("empty.bin", 0, "application/octet-stream"),
        ("with spaces in it.txt", 1, "text/plain"),
        ("quo\"ted \\ and; odd.docx", 2, DOCX),
        ("Übersicht März.pdf", 3, "application/pdf"),
        ("it's 100% (sic) 'true'.zip", 4, "application/zip"),
        (cyrillic.as_str(), 57, "text/plain"),
        ("no extension", 58, "application/octet-stream"),
        ("mail.eml", 1000, "application/octet-stream"),
    ];
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "small-attachments");
    for (name, size, _) in attachments {
        mail.add_attachment_bytes(&every_octet(size), name, None).unwrap();
    }
    send_well(&mail);

    let received = Received::by(rig, rig::BOB, "small-attachments");
    let wanted = attachments.map(|(name, size, content_type)| {
        json!({
            "type": content_type,
            "disposition": "attachment",
            "file_name": name,
            "size": size,
            "sha256": sha256(&every_octet(size)),
        })
    });
    assert_like(received.body(), &json!({"type": "multipart/mixed", "parts": wanted}));
}

#[test]
fn programs_that_know_only_ascii_names_find_one() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "old-programs");
    mail.add_attachment_bytes(b"x", "Übersicht März.pdf", None).unwrap();
    send_well(&mail);
    let raw = Received::by(rig, rig::BOB, "old-programs").raw;
    for field in [
        "Content-Type: application/pdf;\n name=\"_bersicht M_rz.pdf\"\n",
        "Content-Disposition: attachment;\n filename*=utf-8''%C3%9Cbersicht%20M%C3%A4rz.pdf\n",
    ] {
        assert!(raw.contains(field), "{field} is missing in\n{raw}");
    }
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// So many octets, with all values among them.
pub fn every_octet(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i ^ (i >> 8)) as u8).collect()
}

/// All that is wanted is there; more may be.
fn assert_like(found: &Value, wanted: &Value) {
    match wanted {
        Value::Object(fields) => {
            for (key, value) in fields {
                assert_like(&found[key], value);
            }
        }
        Value::Array(items) => {
            assert_eq!(found.as_array().map(Vec::len), Some(items.len()), "{found:#}");
            for (found, wanted) in found.as_array().unwrap().iter().zip(items) {
                assert_like(found, wanted);
            }
        }
        _ => assert_eq!(found, wanted),
    }
}
