//! The content: byte for byte, refused before anything is sent, interrupted, and made from files
//! that change meanwhile.

use crate::client::{
    USER, Watcher, assert_accepted, assert_failed, assert_usable, mail_to, write_message,
};
use crate::server::{At, Do, Security, Server, say};
use parking_lot::Mutex;
use postrider::{Cause, Delivery, Kind, Mail, Outcome, Stage, Status};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// More than the buffers of both ends can take.
const LARGE: usize = 8 << 20;

/// The message as it was before it was dot-stuffed; every line must be as the rules want it.
fn unstuffed(wire: &[u8]) -> Vec<u8> {
    let content = wire.strip_suffix(b".\r\n").expect("a final dot");
    let mut plain = Vec::new();
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("every line ends with CRLF");
        assert!(!text.contains(&b'\r') && text.len() <= 999, "a bare CR, or a line too long");
        assert_ne!(text, b".", "the content ends too early");
        plain.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    plain
}

/// The message as it is saved.
fn saved(mail: &Mail) -> Vec<u8> {
    let size = mail.write_eml(&mut []).expect("a size");
    let mut buffer = vec![0; usize::try_from(size).expect("small")];
    mail.write_eml(&mut buffer).expect("a message");
    buffer
}

/// Boundaries are random, and each message has its own.
fn with_fixed_boundaries(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    match text.split_once("boundary=\"=_") {
        Some((_, rest)) => text.replace(&rest[..32], "BOUNDARY"),
        None => text,
    }
}

#[test]
fn the_server_gets_the_message_byte_for_byte() {
    let texts = [
        "",
        ".",
        "..",
        "\r",
        "\n",
        ".\r.\n.\r\n.",
        "a\rb\nc\r\nd",
        "\r\n.\r\n",
        ".a\n..b\n...\n",
        "one line without an end",
        "\r\n\r\n.",
        "x\n.\nQUIT\n",
        "\n.\r\r\n.\n",
    ];
    for offer in [&["PIPELINING"][..], &[]] {
        let server = Server::polite(Security::Plain, offer);
        for text in texts {
            for attached in [false, true] {
                let mut mail = mail_to(&server);
                mail.set_date(1_790_000_000, 0).expect("a date");
                mail.set_message_id(Some("fixed@example.org")).expect("an id");
                mail.set_text(Some(text));
                if attached {
                    mail.set_html(Some(text));
                    mail.add_attachment_bytes(text.as_bytes(), ".a.bin", None).expect("attached");
                }
                assert_accepted(&mail.send(&()));
                let record = server.record();
                let received = unstuffed(&record.contents.last().expect("a content").wire);
                let (received, saved) =
                    (with_fixed_boundaries(&received), with_fixed_boundaries(&saved(&mail)));
                assert_eq!(received, saved, "{text:?}");
                if !attached {
                    let body = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
                    let (_, end) = received.split_once("\r\n\r\n").expect("a header");
                    assert_eq!(end.trim_end_matches("\r\n"), body.trim_end_matches("\r\n"));
                }
            }
        }
    }
}

#[test]
fn eight_bit_text_goes_as_it_is_only_where_that_is_offered() {
    for (offer, eight_bit) in [(&["8BITMIME", "PIPELINING"][..], true), (&["PIPELINING"], false)] {
        let server = Server::polite(Security::Plain, offer);
        let mut mail = mail_to(&server);
        mail.set_text(Some("Grüße aus Köln\n"));
        assert_accepted(&mail.send(&()));
        let record = server.stop();
        let mail_from = record.commands("MAIL")[0];
        assert_eq!(mail_from.contains("BODY=8BITMIME"), eight_bit, "{mail_from}");
        assert_eq!(record.contents[0].wire.is_ascii(), !eight_bit);
    }
}

/// Sends what this server cannot carry: nothing of the transaction may begin.
fn assert_not_begun(offer: &[&str], mut mail: Mail, server: Server, status: Status, cause: Cause) {
    let delivery = mail.send(&());
    assert_failed(&delivery, status, Outcome::NotSent);
    assert_eq!(delivery.error().map(|error| error.cause()), Some(cause), "{offer:?}");
    assert_usable(&mut mail);
    assert_eq!(server.stop().verbs(1), ["EHLO"], "{offer:?}");
}

#[test]
fn a_message_over_the_size_of_the_server_is_not_begun() {
    for offer in [&["SIZE 1000", "PIPELINING"][..], &["SIZE 1000"]] {
        let server = Server::polite(Security::Plain, offer);
        let mut mail = mail_to(&server);
        mail.set_text(Some(&"line\n".repeat(300)));
        assert_not_begun(offer, mail, server, Status::TooLarge, Cause::MessageTooLarge);
    }
}

#[test]
fn the_size_that_is_announced_is_that_of_the_content() {
    let server = Server::polite(Security::Plain, &["SIZE"]);
    let mut mail = mail_to(&server);
    mail.set_text(Some(".\n..\nthree\n"));
    mail.add_attachment_bytes(&[7; 1000], "a.bin", None).expect("attached");
    assert_accepted(&mail.send(&()));
    let record = server.stop();
    let size = unstuffed(&record.contents[0].wire).len();
    assert_eq!(record.commands("MAIL"), [format!("MAIL FROM:<{USER}> SIZE={size}")]);
}

#[test]
fn an_address_that_needs_smtputf8_goes_only_where_that_is_offered() {
    let address = "jörg@example.org";
    let offer = ["PIPELINING", "8BITMIME"];
    let server = Server::polite(Security::Plain, &offer);
    let mut mail = mail_to(&server);
    mail.add_recipient_as(None, address, Kind::To).expect("an address");
    assert_not_begun(&offer, mail, server, Status::Unsupported, Cause::Smtputf8NotOffered);

    let server = Server::polite(Security::Plain, &["SMTPUTF8", "8BITMIME"]);
    let mut mail = mail_to(&server);
    mail.add_recipient_as(None, address, Kind::To).expect("an address");
    assert_accepted(&mail.send(&()));
    let record = server.stop();
    assert!(record.commands("MAIL")[0].ends_with(" BODY=8BITMIME SMTPUTF8"), "{record:?}");
    assert_eq!(record.commands("RCPT").len(), 2);

    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    mail.add_recipient_as(None, "post@bücher.example", Kind::To).expect("an address");
    assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().commands("RCPT")[1], "RCPT TO:<post@xn--bcher-kva.example>");
}

#[test]
fn a_refusal_within_the_content_is_quoted_though_the_server_resets() {
    for security in [Security::Plain, Security::Starttls, Security::Tls] {
        let server = Server::start(security, &["PIPELINING"], |moment, wire| match moment.at {
            At::Content => {
                wire.say(b"552 5.3.4 that is too much\r\n");
                wire.wait_until_taken();
                Do::Reset
            }
            _ => Do::Usual,
        });
        let mut mail = mail_to(&server);
        mail.add_attachment_bytes(&vec![0; LARGE], "large.bin", None).expect("attached");
        let delivery = mail.send(&());
        assert_failed(&delivery, Status::TooLarge, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        let reply = error.reply().expect("the reply");
        assert_eq!((reply.code(), reply.text()), (552, "that is too much"), "{error}");
        assert_eq!(delivery.reply().map(|reply| reply.code()), Some(552));
        assert_usable(&mut mail);
        let record = server.stop();
        assert_eq!((record.connections, record.contents.len()), (1, 0));
    }
}

#[test]
fn a_refused_content_is_no_delivery_and_leaves_the_connection_usable() {
    let server = Server::start(Security::Plain, &["PIPELINING"], |moment, _| match moment.at {
        At::FinalReply if moment.transaction == 1 => say("554 5.7.1 spam\r\n"),
        _ => Do::Usual,
    });
    let mut mail = mail_to(&server);
    mail.set_keep_connection(true);
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Message, Outcome::NotSent);
    assert_eq!(delivery.reply().map(|reply| reply.code()), Some(554));
    assert_accepted(&mail.send(&()));
    drop(mail);
    assert_eq!(server.stop().connections, 1);
}

#[test]
fn progress_is_told_also_while_nothing_moves() {
    const CALLS: usize = 10;
    let server = Server::start(Security::Plain, &["PIPELINING"], |moment, _| match moment.at {
        At::Content => Do::Stall,
        _ => Do::Usual,
    });
    let mut mail = mail_to(&server);
    mail.add_attachment_bytes(&vec![0; LARGE], "large.bin", None).expect("attached");
    let watcher = Watcher::default();
    let delivery = std::thread::scope(|scope| {
        let sending = scope.spawn(|| mail.send(&watcher));
        server.wait_until_stalled();
        let before = watcher.progress.lock().len();
        let began = Instant::now();
        while watcher.progress.lock().len() < before + CALLS {
            assert!(began.elapsed() < Duration::from_secs(10), "no progress is told");
            std::thread::yield_now();
        }
        // 100 ms a call are promised; a busy machine gets the double.
        let took = began.elapsed();
        assert!(took < Duration::from_millis(200) * CALLS as u32, "{took:?}");
        watcher.stop.store(true, Ordering::SeqCst);
        sending.join().expect("no panic")
    });
    assert_failed(&delivery, Status::Cancelled, Outcome::NotSent);
    assert_rising(&watcher);
    assert_usable(&mut mail);
    assert_eq!(server.stop().deliveries(), 0);
}

#[test]
fn progress_ends_with_the_whole() {
    let server = Server::polite(Security::Tls, &[]);
    let mut mail = mail_to(&server);
    mail.add_attachment_bytes(&vec![0; 1 << 20], "a.bin", None).expect("attached");
    let watcher = Watcher::default();
    assert_accepted(&mail.send(&watcher));
    assert_rising(&watcher);
    let size = unstuffed(&server.stop().contents[0].wire).len() as u64;
    assert_eq!(watcher.progress.lock().last(), Some(&(size, size)));
}

fn assert_rising(watcher: &Watcher) {
    let calls = watcher.progress.lock();
    let known: Vec<_> = calls.iter().skip_while(|(_, total)| *total == 0).collect();
    assert!(known.iter().all(|(sent, total)| sent <= total), "{calls:?}");
    assert!(known.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 == two[1].1), "{calls:?}");
}

/// Sends a large file that is changed while the server has taken only a part of it.
fn send_while(change: impl FnOnce(&Path) + Send) -> (Delivery, Mail, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.bin");
    fs::write(&path, vec![b'x'; LARGE]).expect("a file");
    let ((reached, at_content), (go, may_go)) = (channel(), channel::<()>());
    let may_go = Mutex::new(may_go);
    let server = Server::start(Security::Plain, &["PIPELINING"], move |moment, _| {
        if moment.at == At::Content {
            reached.send(()).expect("the test waits");
            may_go.lock().recv().expect("the test goes on");
        }
        Do::Usual
    });
    let mut mail = mail_to(&server);
    mail.add_attachment_file(path.to_str().expect("UTF-8"), None, None).expect("attached");
    let delivery = std::thread::scope(|scope| {
        let sending = scope.spawn(|| mail.send(&()));
        at_content.recv().expect("the content begins");
        change(&path);
        go.send(()).expect("the server waits");
        sending.join().expect("no panic")
    });
    (delivery, mail, server)
}

fn append(path: &Path) {
    let mut file = OpenOptions::new().append(true).open(path).expect("the file");
    file.write_all(b"more").expect("written");
}

#[test]
fn a_file_that_changes_while_it_is_sent_ends_the_send() {
    let shrink = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).expect("the file");
        file.set_len(1000).expect("shorter");
    };
    // In place: fs::write would make it shorter first, and the client may just read then.
    let rewrite = |path: &Path| {
        let mut file = OpenOptions::new().write(true).open(path).expect("the file");
        file.write_all(&vec![b'y'; LARGE]).expect("written");
    };
    for (word, change) in [
        ("shorter", &shrink as &(dyn Fn(&Path) + Sync)),
        ("changed", &append),
        ("changed", &rewrite),
    ] {
        let (delivery, mut mail, server) = send_while(change);
        assert_failed(&delivery, Status::File, Outcome::NotSent);
        let error = delivery.error().expect("an error");
        assert_eq!((error.stage(), error.cause()), (Stage::Compose, Cause::FileChanged));
        assert!(error.text().contains("file.bin") && error.text().contains(word), "{error}");
        assert_usable(&mut mail);
        let record = server.stop();
        assert_eq!((record.contents.len(), record.broken_off_contents), (0, 1));
    }
}

#[test]
fn a_file_that_is_deleted_while_it_is_sent_is_sent_whole() {
    let (delivery, mail, server) = send_while(|path| fs::remove_file(path).expect("deleted"));
    assert_accepted(&delivery);
    drop(mail);
    assert_eq!(server.stop().deliveries(), 1);
}

#[test]
fn a_file_is_sent_as_it_is_when_the_send_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.bin");
    let server = Server::polite(Security::Plain, &["SIZE"]);
    fs::write(&path, b"short").expect("a file");
    let mut mail = mail_to(&server);
    mail.add_attachment_file(path.to_str().expect("UTF-8"), None, None).expect("attached");
    let send_and_get = || {
        assert_accepted(&mail.send(&()));
        String::from_utf8(unstuffed(&server.record().contents.last().expect("one").wire))
    };
    assert!(send_and_get().expect("ASCII").contains("\r\nc2hvcnQ=\r\n"));
    append(&path);
    assert!(send_and_get().expect("ASCII").contains("\r\nc2hvcnRtb3Jl\r\n"));
    fs::write(&path, b"").expect("a file");
    send_and_get().expect("ASCII");
    fs::remove_file(&path).expect("deleted");
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::File, Outcome::NotSent);
    let error = delivery.error().expect("an error");
    assert_eq!((error.stage(), error.cause()), (Stage::Compose, Cause::FileUnreadable));
    write_message(&mut mail);
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 3, "without the file nothing is begun");
}
