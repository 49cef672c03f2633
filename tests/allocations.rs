//! What a send costs: allocations and memory on the thread that sends, and round trips, counted at a
//! server in this process. Memory must not grow with messages or attachments.

use postrider::{Kind, Mail, Status};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The allocator of the system, which counts for each thread.
struct Counting;

#[derive(Clone, Copy, Default)]
struct Counts {
    allocations: usize,
    live: isize,
    peak: isize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, live: 0, peak: 0 }) };
}

fn count(allocations: usize, octets: isize) {
    // A thread that is ending counts no more.
    let _ = COUNTS.try_with(|counts| {
        let mut now = counts.get();
        now.allocations += allocations;
        now.live += octets;
        now.peak = now.peak.max(now.live);
        counts.set(now);
    });
}

// SAFETY: every call goes to the allocator of the system as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -layout.size().cast_signed());
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size.cast_signed() - layout.size().cast_signed());
        // SAFETY: `pointer` came from `System` with this layout, and the caller checked `size`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What happens on this thread: allocations, and how far memory rises above where it was.
fn counted(work: impl FnOnce()) -> (usize, isize) {
    let before = COUNTS.get();
    COUNTS.set(Counts { peak: before.live, ..before });
    work();
    let after = COUNTS.get();
    (after.allocations - before.allocations, after.peak - before.live)
}

/// Takes every message of one connection.
struct Server {
    port: u16,
    flights: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let flights = Arc::new(AtomicUsize::new(0));
        let counter = flights.clone();
        // It ends with the connection, or with the tests.
        thread::spawn(move || serve(&listener.accept().unwrap().0, &counter));
        Self { port, flights }
    }

    fn take_flights(&self) -> usize {
        self.flights.swap(0, Ordering::SeqCst)
    }
}

/// A client that stops before a whole group of commands has to wait this long for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

fn serve(mut stream: &TcpStream, flights: &AtomicUsize) {
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"220 mail.test\r\n").unwrap();
    let (mut heard, mut content) = (Vec::new(), false);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                answer(stream, &mut heard, &mut content, flights);
            }
            Err(_) => return,
        }
        if content && !heard.ends_with(b"\r\n.\r\n") {
            // Only its end matters.
            heard.drain(..heard.len().saturating_sub(4));
            continue;
        }
        let whole = content || heard.starts_with(b"EHLO") || heard.starts_with(b"QUIT");
        let ended = heard.ends_with(if whole { b"\r\n" } else { b"\r\nDATA\r\n" });
        stream.set_read_timeout(Some(PATIENCE).filter(|_| !heard.is_empty() && !ended)).unwrap();
        if ended {
            answer(stream, &mut heard, &mut content, flights);
        }
    }
}

/// Answers everything that was heard: the client waits for it, which is a flight.
fn answer(mut stream: &TcpStream, heard: &mut Vec<u8>, content: &mut bool, flights: &AtomicUsize) {
    let text = String::from_utf8_lossy(heard).into_owned();
    heard.clear();
    flights.fetch_add(1, Ordering::SeqCst);
    let mut replies = String::new();
    if std::mem::take(content) {
        replies.push_str("250 2.0.0 queued\r\n");
    } else {
        for line in text.lines() {
            *content = line == "DATA";
            replies.push_str(match line.split(' ').next() {
                Some("EHLO") => {
                    "250-mail.test\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250 8BITMIME\r\n"
                }
                Some("DATA") => "354 go on\r\n",
                _ => "250 2.0.0 ok\r\n",
            });
        }
    }
    // A client that went without waiting for the answer to QUIT misses nothing.
    let _ = stream.write_all(replies.as_bytes());
}

fn mail_to(server: &Server, recipients: usize) -> Mail {
    let mut mail = Mail::new();
    mail.set_server("127.0.0.1", server.port.into()).unwrap();
    mail.set_security(0).unwrap();
    mail.set_keep_connection(true);
    mail.set_from(Some("Anna"), "anna@example.org").unwrap();
    mail.set_subject("Costs").unwrap();
    mail.set_text(Some("What does this cost?\n"));
    for number in 0..recipients {
        mail.add_recipient_as(None, &format!("r{number}@example.org"), Kind::To).unwrap();
    }
    mail
}

fn send(mail: &Mail) {
    let delivery = mail.send(&());
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
}

#[test]
fn every_message_costs_the_same_and_takes_two_flights() {
    for recipients in [1, 50] {
        let server = Server::start();
        let mail = mail_to(&server, recipients);
        for _ in 0..3 {
            send(&mail);
        }
        server.take_flights();
        let costs: Vec<_> = (0..100)
            .map(|_| {
                let cost = counted(|| send(&mail));
                assert_eq!(server.take_flights(), 2, "{recipients} recipients");
                cost
            })
            .collect();
        let (allocations, peak) = costs[0];
        println!("{recipients} recipients: {allocations} allocations, {peak} octets, 2 flights");
        for cost in &costs {
            assert_eq!(cost.0, allocations, "allocations grow from message to message");
        }
        // What was live before a message is live after it, and no more.
        let (_, risen) = counted(|| (0..100).for_each(|_| send(&mail)));
        assert!(risen < peak + 1024, "{risen} octets after a hundred messages, {peak} after one");
    }
}

#[test]
fn memory_does_not_grow_with_an_attachment() {
    let folder = tempfile::tempdir().unwrap();
    let cost_of = |megabytes: usize| {
        let path = folder.path().join("attached.bin");
        std::fs::write(&path, vec![7; megabytes << 20]).unwrap();
        let server = Server::start();
        let mut mail = mail_to(&server, 1);
        mail.add_attachment_file(path.to_str().unwrap(), None, None).unwrap();
        send(&mail);
        let (allocations, peak) = counted(|| send(&mail));
        println!("{megabytes} MB attached: {allocations} allocations, {peak} octets at most");
        (allocations, peak)
    };
    let (small, large) = (cost_of(1), cost_of(8));
    assert_eq!(small.0, large.0, "allocations grow with the attachment");
    assert!((large.1 - small.1).abs() < 256 * 1024, "memory grows with the attachment");
}
