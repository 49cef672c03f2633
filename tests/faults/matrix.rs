//! The table: at every stage every fault, under every protection, in lock-step and pipelined.

use crate::client::{Watcher, assert_accepted, lead_to, mail_to, mail_with_token, write_message};
use crate::server::{At, Do, Record, Security, Server, say};
use postrider::{Delivery, Mail, Outcome, Stage, Status};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use Security::{Plain, Starttls, Tls};

/// Mostly they wait.
const WORKERS: usize = 16;

/// 100 ms are promised; the rest is for a machine that is busy with something else.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);
const NO_TIMEOUT_LIMIT: Duration = Duration::from_secs(15);

/// More than the buffers of both ends can take.
const LARGE: usize = 8 << 20;

/// What was sent on the connection before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Accepted,
    Refused,
}

struct Row {
    name: &'static str,
    /// The moment of the fault.
    at: At,
    under_tls: Option<bool>,
    /// The stage that the error names.
    stage: Stage,
    protections: &'static [Security],
    before: Before,
}

const ALL: &[Security] = &[Plain, Starttls, Tls];

const fn row(
    name: &'static str,
    at: At,
    stage: Stage,
    protections: &'static [Security],
    before: Before,
) -> Row {
    Row { name, at, under_tls: None, stage, protections, before }
}

const TABLE: &[Row] = &[
    row("greeting", At::Greeting, Stage::Greeting, ALL, Before::Nothing),
    row("EHLO", At::Ehlo, Stage::Hello, ALL, Before::Nothing),
    row("STARTTLS", At::Starttls, Stage::Starttls, &[Starttls], Before::Nothing),
    row("TLS handshake", At::Handshake, Stage::Tls, &[Starttls, Tls], Before::Nothing),
    Row {
        under_tls: Some(true),
        ..row("EHLO after STARTTLS", At::Ehlo, Stage::Hello, &[Starttls], Before::Nothing)
    },
    row("AUTH", At::Auth, Stage::SignIn, ALL, Before::Nothing),
    row("second step of AUTH", At::AuthResponse, Stage::SignIn, ALL, Before::Nothing),
    row("MAIL", At::Mail, Stage::Sender, ALL, Before::Nothing),
    row("RCPT", At::Rcpt(0), Stage::Recipients, ALL, Before::Nothing),
    row("DATA", At::Data, Stage::Data, ALL, Before::Nothing),
    row("content", At::Content, Stage::Data, ALL, Before::Nothing),
    row("final dot", At::FinalReply, Stage::Data, ALL, Before::Nothing),
    row("RSET on a kept connection", At::Reset, Stage::Sender, ALL, Before::Refused),
    row("MAIL on a kept connection", At::Mail, Stage::Sender, ALL, Before::Accepted),
    row("RCPT on a kept connection", At::Rcpt(0), Stage::Recipients, ALL, Before::Accepted),
    row("DATA on a kept connection", At::Data, Stage::Data, ALL, Before::Accepted),
    row("content on a kept connection", At::Content, Stage::Data, ALL, Before::Accepted),
    row("final dot on a kept connection", At::FinalReply, Stage::Data, ALL, Before::Accepted),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Cancel,
    CancelByProgress,
    Deadline,
    Drop,
    Reset,
    Say421,
    Garbage,
}

const FAULTS: &[Fault] = &[
    Fault::Cancel,
    Fault::CancelByProgress,
    Fault::Deadline,
    Fault::Drop,
    Fault::Reset,
    Fault::Say421,
    Fault::Garbage,
];

struct Cell {
    row: &'static Row,
    fault: Fault,
    protection: Security,
    pipelined: bool,
}

#[test]
fn every_fault_at_every_stage_is_told_rightly_and_delivers_nothing_twice() {
    let cells = cells();
    let healthy = Server::polite(Plain, &["AUTH XOAUTH2"]);
    let (next, latencies) = (AtomicUsize::new(0), parking_lot::Mutex::new(BTreeMap::new()));
    let failures = parking_lot::Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match catch_unwind(AssertUnwindSafe(|| cell.run(&healthy))) {
                        Ok(Some(latency)) => {
                            let mut latencies = latencies.lock();
                            let most = latencies.entry(cell.row.name).or_insert(latency);
                            *most = latency.max(*most);
                        }
                        Ok(None) => {}
                        Err(_) => failures.lock().push(cell.name()),
                    }
                }
            });
        }
    });
    let latencies = latencies.into_inner();
    println!("{} cells; longest time from cancel to return: {latencies:?}", cells.len());
    let failures = failures.into_inner();
    assert!(failures.is_empty(), "{} of {}: {failures:#?}", failures.len(), cells.len());
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for row in TABLE {
        for &protection in row.protections {
            // Pipelining is known only after EHLO, and matters only from MAIL on.
            let ways: &[bool] = if row.is_in_a_transaction() { &[false, true] } else { &[true] };
            for &pipelined in ways {
                let of = |&fault| Cell { row, fault, protection, pipelined };
                cells.extend(FAULTS.iter().map(of));
            }
        }
    }
    cells
}

impl Row {
    fn is_in_a_transaction(&self) -> bool {
        matches!(self.stage, Stage::Sender | Stage::Recipients | Stage::Data)
    }

    /// What the client has seen when it is in this stage: the server may have stalled before that.
    fn last_line_before(&self) -> &'static str {
        match self.at {
            At::Greeting => "-- connected to",
            At::Rcpt(_) => "S: 250 2.1.0",
            At::Data => "S: 250 2.1.5",
            _ => "",
        }
    }

    fn is_before_content(&self) -> bool {
        !matches!(self.at, At::Content | At::FinalReply)
    }

    /// Number of MAIL commands on the connection when it happens.
    fn transaction(&self) -> usize {
        match (self.is_in_a_transaction(), self.before) {
            (false, _) => 0,
            (true, Before::Accepted) => 2,
            (true, Before::Nothing | Before::Refused) => 1,
        }
    }
}

impl Cell {
    fn name(&self) -> String {
        let way = if self.pipelined { "pipelined" } else { "lock-step" };
        format!("{:?} at {} ({:?}, {way})", self.fault, self.row.name, self.protection)
    }

    /// A connection that had worked before and ends before any content goes: a new one is tried.
    fn is_tried_again(&self) -> bool {
        self.row.before != Before::Nothing
            && self.row.is_before_content()
            && matches!(self.fault, Fault::Drop | Fault::Reset | Fault::Say421)
    }

    fn expected(&self) -> (Status, Outcome) {
        if self.is_tried_again() {
            return (Status::Ok, Outcome::Accepted);
        }
        let status = match self.fault {
            Fault::Cancel | Fault::CancelByProgress => Status::Cancelled,
            Fault::Deadline => Status::Timeout,
            Fault::Drop | Fault::Reset => Status::ConnectionLost,
            Fault::Say421 | Fault::Garbage if self.row.at == At::Handshake => Status::Tls,
            Fault::Say421 => Status::Unavailable,
            Fault::Garbage => Status::Protocol,
        };
        // Only a reply tells that a complete content was not taken.
        let unknown = self.row.at == At::FinalReply && self.fault != Fault::Say421;
        (status, if unknown { Outcome::Unknown } else { Outcome::NotSent })
    }

    fn server(&self) -> Server {
        let (at, under_tls, transaction) =
            (self.row.at, self.row.under_tls, self.row.transaction());
        let (fault, refuse_first) = (self.fault, self.row.before == Before::Refused);
        let mut extensions = vec!["SIZE 0", "AUTH XOAUTH2"];
        extensions.extend(self.pipelined.then_some("PIPELINING"));
        Server::start(self.protection, &extensions, move |moment, wire| {
            let here = moment.connection == 1
                && moment.at == at
                && moment.transaction == transaction
                && under_tls.is_none_or(|tls| tls == wire.is_tls());
            if !here {
                let refused = refuse_first && moment.transaction == 1 && moment.connection == 1;
                return match moment.at {
                    At::Rcpt(_) if refused => say("550 5.1.1 not now\r\n"),
                    _ => Do::Usual,
                };
            }
            match fault {
                Fault::Cancel | Fault::CancelByProgress | Fault::Deadline => Do::Stall,
                Fault::Drop => Do::Close,
                Fault::Reset => Do::Reset,
                Fault::Say421 => Do::SayAndClose(b"421 4.3.2 shutting down\r\n".to_vec()),
                Fault::Garbage => say("<html>\r\n"),
            }
        })
    }

    fn mail(&self, server: &Server) -> Mail {
        // A longer token does not fit into the AUTH line.
        let two_steps = self.row.at == At::AuthResponse;
        let token = if two_steps { "t".repeat(600) } else { "t0ken".into() };
        let mut mail = match self.row.stage {
            Stage::SignIn => mail_with_token(server, &token),
            _ => mail_to(server),
        };
        if self.row.before != Before::Nothing {
            mail.set_keep_connection(true);
            let first = mail.send(&());
            let refused = self.row.before == Before::Refused;
            let status = if refused { Status::Recipients } else { Status::Ok };
            assert_eq!(first.status(), status, "{:?}", first.error());
        }
        if self.row.at == At::Content {
            let data = vec![0; LARGE];
            mail.add_attachment_bytes(&data, "zeroes.bin", None).expect("an attachment");
        }
        mail
    }

    /// Gives the time from the cancellation to the return.
    fn run(&self, healthy: &Server) -> Option<Duration> {
        if self.fault == Fault::Deadline {
            // A busy machine may need longer to get to the stage than a short deadline allows.
            let in_time =
                [300, 1500, 10_000].into_iter().any(|ms| self.run_to_deadline(ms, healthy));
            assert!(in_time, "{}: the stage was never reached", self.name());
            return None;
        }
        let server = self.server();
        let mut mail = self.mail(&server);
        let began = Instant::now();
        let (delivery, cancelled) = self.send(&mail, &server);
        let ended = Instant::now();
        assert!(ended - began < NO_TIMEOUT_LIMIT, "{}: {:?}", self.name(), ended - began);
        let latency = cancelled.map(|cancelled| ended - cancelled);
        assert!(latency < Some(CANCEL_LIMIT), "{}: {latency:?}", self.name());
        self.check(&delivery);
        self.check_usable(&mut mail, healthy);
        drop(mail);
        self.check_record(&server.stop());
        latency
    }

    fn send(&self, mail: &Mail, server: &Server) -> (Delivery, Option<Instant>) {
        let (watcher, canceller) = (Watcher::default(), mail.canceller());
        let stalls = matches!(self.fault, Fault::Cancel | Fault::CancelByProgress);
        thread::scope(|scope| {
            let sending = scope.spawn(|| mail.send(&watcher));
            let cancelled = stalls.then(|| {
                server.wait_until_stalled();
                watcher.wait_for_line(self.row.last_line_before());
                let now = Instant::now();
                match self.fault {
                    Fault::Cancel => canceller.cancel(),
                    _ => watcher.stop.store(true, Ordering::SeqCst),
                }
                now
            });
            (sending.join().expect("no panic"), cancelled)
        })
    }

    /// `false` when the deadline was over before the stage was reached.
    fn run_to_deadline(&self, ms: i32, healthy: &Server) -> bool {
        let server = self.server();
        let mut mail = self.mail(&server);
        mail.set_timeout_ms(ms).expect("a timeout");
        let began = Instant::now();
        let delivery = mail.send(&());
        let took = began.elapsed();
        let stage = delivery.error().map(|error| error.stage());
        if !server.has_stalled() || stage != Some(self.row.stage) {
            return false;
        }
        let limit = Duration::from_millis(ms.unsigned_abs().into());
        assert!((limit..limit + CANCEL_LIMIT).contains(&took), "{}: {took:?}", self.name());
        self.check(&delivery);
        self.check_usable(&mut mail, healthy);
        drop(mail);
        self.check_record(&server.stop());
        true
    }

    fn check(&self, delivery: &Delivery) {
        let (name, error) = (self.name(), delivery.error());
        let found = (delivery.status(), delivery.outcome);
        // A connection may be reset so early that it counts as never made.
        if found == (Status::Connect, Outcome::NotSent)
            && (self.row.at, self.fault) == (At::Greeting, Fault::Reset)
        {
            return;
        }
        assert_eq!(found, self.expected(), "{name}: {error:?}");
        let Some(error) = error else { return };
        assert_eq!(error.stage(), self.row.stage, "{name}: {error:?}");
        assert_eq!(error.outcome(), delivery.outcome, "{name}: {error:?}");
        let code = error.reply().map(|reply| reply.code());
        let is_421 = error.status() == Status::Unavailable;
        assert_eq!(code, is_421.then_some(421), "{name}: {error:?}");
    }

    fn check_usable(&self, mail: &mut Mail, healthy: &Server) {
        lead_to(mail, healthy);
        mail.set_keep_connection(false);
        mail.set_timeout_ms(20_000).expect("a timeout");
        write_message(mail);
        assert_accepted(&mail.send(&()));
    }

    fn check_record(&self, record: &Record) {
        let name = self.name();
        let before = usize::from(self.row.before == Before::Accepted);
        let complete = self.row.at == At::FinalReply || self.is_tried_again();
        assert_eq!(record.deliveries(), before + usize::from(complete), "{name}: {record:?}");
        assert_eq!(record.connections, 1 + usize::from(self.is_tried_again()), "{name}");
        if !self.row.is_in_a_transaction() {
            assert!(record.commands("MAIL").is_empty(), "{name}: {record:?}");
        }
    }
}
