//! Large messages: intact, in little memory, and gone when they are cancelled.

use crate::bodies::every_octet;
use crate::harness::{PLAIN, Received, STARTTLS, assert_not_delivered, mail, send_well, sha256};
use crate::relay::Relay;
use crate::support::rig;
use postrider::{Kind, Mail, Observer, Outcome, Stage, Status};
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

const LARGE: usize = 25 * 1024 * 1024;
const MOST_GROWTH_KIB: u64 = 10 * 1024;

/// Port, file and authority for the child, a line each. The token comes on its standard input.
const CHILD: &str = "POSTRIDER_TEST_LARGE";

#[test]
fn twenty_five_megabytes_from_disk_arrive_intact_in_little_memory() {
    let Some(rig) = rig::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.bin");
    let data = every_octet(LARGE);
    fs::write(&file, &data).unwrap();

    // A process of its own: its memory is not that of all the other tests.
    let (port, file, authority) = (rig.ports.submission, file.display(), rig.ca_file.display());
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "large::the_child_that_sends", "--ignored", "--nocapture"])
        .env(CHILD, format!("{port}\n{file}\n{authority}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(rig.token("service").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let growth = said.lines().find_map(|line| line.strip_prefix("grown by KiB: "));
    let growth: u64 = growth.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    assert!(growth < MOST_GROWTH_KIB, "memory has grown by {growth} KiB");

    // Anna's: few other tests look through her messages.
    let received = Received::by(rig, rig::ANNA, "large");
    let part = &received.body()["parts"][0];
    assert_eq!(part["size"], LARGE);
    assert_eq!(part["sha256"], sha256(&data));
}

#[test]
#[ignore = "runs as the child of another test"]
fn the_child_that_sends() {
    let Ok(arguments) = env::var(CHILD) else { return };
    let [port, file, authority] = arguments.lines().collect::<Vec<_>>().try_into().unwrap();
    let token = io::read_to_string(io::stdin().take(10_000)).unwrap();
    let before = memory_kib("VmRSS:");

    let mut mail = Mail::new();
    mail.set_server("localhost", port.parse().unwrap()).unwrap();
    mail.set_security(STARTTLS).unwrap();
    mail.add_ca_file(authority).unwrap();
    mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient_as(None, rig::ANNA, Kind::To).unwrap();
    mail.add_header("X-Mark", "large").unwrap();
    mail.add_attachment_file(file, None, None).unwrap();
    send_well(&mail);

    println!("\ngrown by KiB: {}", memory_kib("VmHWM:") - before);
}

/// A line of this process's `/proc/self/status`.
fn memory_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn progress_rises_to_the_whole_size() {
    let Some(rig) = rig::shared() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "progress");
    mail.add_attachment_bytes(&every_octet(2_000_000), "some.bin", None).unwrap();
    let sent = send_well(&mail);
    let announced = format!("SIZE={}", sent.progress.last().unwrap().1);
    assert!(sent.line("C: MAIL").contains(&announced), "{announced}");
    assert!(sent.progress.is_sorted_by_key(|(sent, _)| *sent), "{:?}", sent.progress);
    assert!(sent.progress.iter().all(|(sent, total)| sent <= total), "{:?}", sent.progress);
    assert!(sent.progress.last().is_some_and(|(sent, total)| sent == total && *sent > 2_000_000));
}

/// Tells when the content does not move on any more.
struct Stalled {
    tell: mpsc::Sender<()>,
    sent: Cell<u64>,
    times: Cell<u32>,
    goes_on: bool,
}

impl Observer for Stalled {
    fn progress(&self, sent: u64, _total: u64) -> bool {
        let same = sent > 0 && self.sent.replace(sent) == sent;
        self.times.set(if same { self.times.get() + 1 } else { 0 });
        let stalled = self.times.get() >= 3;
        if stalled {
            let _ = self.tell.send(());
        }
        self.goes_on || !stalled
    }
}

#[test]
fn cancelling_while_the_server_is_slow_ends_the_send_and_nothing_arrives() {
    let Some(rig) = rig::shared() else { return };
    for (mark, goes_on) in [("cancelled-by-thread", true), ("cancelled-by-progress", false)] {
        let relay = Relay::stalling_after(300_000, rig.ports.plain);
        let mut mail = mail(rig, relay.port, PLAIN, mark);
        // More than the sockets on the way can hold.
        mail.add_attachment_bytes(&vec![0; LARGE], "zeros.bin", None).unwrap();
        let (tell, told) = mpsc::channel();
        let canceller = mail.canceller();
        let watcher = thread::spawn(move || {
            told.recv_timeout(Duration::from_secs(30)).expect("it stalls");
            let now = Instant::now();
            if goes_on {
                canceller.cancel();
            }
            now
        });
        let observer = Stalled { tell, sent: Cell::default(), times: Cell::default(), goes_on };
        let delivery = mail.send(&observer);
        let took = watcher.join().unwrap().elapsed();
        assert!(took < Duration::from_secs(1), "it took {took:?}");
        let error = delivery.error().unwrap();
        assert_eq!(error.status(), Status::Cancelled, "{error}");
        assert_eq!(error.stage(), Stage::Data, "{error}");
        assert_eq!(delivery.outcome, Outcome::NotSent);
        drop(relay);
        assert_not_delivered(rig, rig::BOB, mark);

        // What was cancelled is over; the handle is as good as before.
        mail.set_server("localhost", rig.ports.plain.into()).unwrap();
        mail.clear_message();
        mail.set_from(None, rig::ALICE).unwrap();
        mail.add_recipient_as(None, rig::BOB, Kind::To).unwrap();
        mail.set_subject("A test").unwrap();
        send_well(&mail);
    }
}
