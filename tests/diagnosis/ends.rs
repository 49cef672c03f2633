//! A diagnosis that is cancelled, or whose time is over, says how far it came.

use crate::harness::check;
use crate::server::{At, Do, Security, Server, ca_pem};
use postrider::diagnosis::StepName::{Greeting, HelloInClear, Recipients, SignIn};
use postrider::diagnosis::{Diagnosis, Step, StepName, StepState};
use postrider::{Mail, Observer, Stage, Status};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn mail_to(server: &Server) -> Mail {
    let mut mail = Mail::new();
    mail.add_ca_pem(ca_pem()).unwrap();
    mail.set_server("127.0.0.1", server.port()).unwrap();
    mail.set_security(2).unwrap();
    mail.set_auth_xoauth2("anna@example.org", "a-token-for-anna").unwrap();
    mail.set_from(None, "anna@example.org").unwrap();
    mail.add_recipient(None, "bob@example.org", 0).unwrap();
    mail
}

fn silent_at(at: At) -> Server {
    Server::start(Security::Starttls, &["AUTH XOAUTH2"], move |moment, _| {
        if moment.at == at { Do::Stall } else { Do::Usual }
    })
}

fn step(diagnosis: &Diagnosis, name: StepName) -> &Step {
    diagnosis.steps.iter().find(|step| step.name == name).expect("it is there")
}

#[test]
fn each_silent_moment_ends_with_the_time() {
    for (at, name) in [(At::Ehlo, HelloInClear), (At::Auth, SignIn), (At::Rcpt(0), Recipients)] {
        let server = silent_at(at);
        let mut mail = mail_to(&server);
        mail.set_timeout_ms(1500).unwrap();
        let began = Instant::now();
        let diagnosis = mail.diagnose(&());
        let took = began.elapsed();
        check(&diagnosis);
        assert!(took >= Duration::from_millis(1400), "{took:?}");
        assert!(took < Duration::from_millis(3500), "{took:?}\n{diagnosis}");
        assert_eq!(diagnosis.status(), Status::Timeout, "{diagnosis}");
        assert_eq!(step(&diagnosis, name).state, StepState::Failed, "{diagnosis}");
        server.release();
    }
}

struct Counter {
    calls: AtomicUsize,
    most: usize,
}

impl Observer for Counter {
    fn progress(&self, _: u64, _: u64) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) < self.most
    }
}

#[test]
fn it_is_cancelled_from_another_thread_and_by_the_progress_callback() {
    for by_progress in [false, true] {
        let server = silent_at(At::Ehlo);
        let mail = mail_to(&server);
        let canceller = mail.canceller();
        let most = if by_progress { 20 } else { usize::MAX };
        let counter = Counter { calls: AtomicUsize::new(0), most };
        let (diagnosis, took) = thread::scope(|scope| {
            let running = scope.spawn(|| mail.diagnose(&counter));
            server.wait_until_stalled();
            let began = Instant::now();
            if !by_progress {
                canceller.cancel();
            }
            (running.join().unwrap(), began.elapsed())
        });
        check(&diagnosis);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(diagnosis.status(), Status::Cancelled, "{diagnosis}");
        assert_eq!(step(&diagnosis, SignIn).found, ["cancelled"]);
        server.release();
    }
}

#[test]
fn the_host_hears_ticks_meanwhile() {
    let server = silent_at(At::Ehlo);
    let mut mail = mail_to(&server);
    mail.set_timeout_ms(1000).unwrap();
    let counter = Counter { calls: AtomicUsize::new(0), most: usize::MAX };
    check(&mail.diagnose(&counter));
    assert!(counter.calls.load(Ordering::SeqCst) >= 10);
}

fn mail_to_port(port: u16) -> Mail {
    let mut mail = Mail::new();
    mail.set_server("127.0.0.1", port.into()).unwrap();
    mail.set_security(2).unwrap();
    mail
}

#[test]
fn a_server_that_says_nothing_is_no_server_for_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut mail = mail_to_port(listener.local_addr().unwrap().port());
    mail.set_timeout_ms(1500).unwrap();
    let diagnosis = mail.diagnose(&());
    check(&diagnosis);
    let error = diagnosis.error().unwrap();
    assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Greeting), "{diagnosis}");
}

/// Some servers let clients wait on purpose: that is neither silence nor TLS.
#[test]
fn a_server_that_greets_late_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut mail = mail_to_port(listener.local_addr().unwrap().port());
    mail.set_timeout_ms(4000).unwrap();
    let server = thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        // Comes when the first has been silent for a while, and speaks TLS.
        let (mut second, _) = listener.accept().unwrap();
        let mut byte = [0];
        second.read_exact(&mut byte).unwrap();
        drop(second);
        first.write_all(b"220 late.test\r\n").unwrap();
        let _ = first.read(&mut [0; 100]);
        let _ = first.write_all(b"421 bye\r\n");
        byte
    });
    let diagnosis = mail.diagnose(&());
    check(&diagnosis);
    assert_eq!(step(&diagnosis, Greeting).found, ["220 late.test"], "{diagnosis}");
    assert_eq!(diagnosis.error().unwrap().stage(), Stage::Hello);
    assert_eq!(server.join().unwrap(), [22], "a TLS handshake begins so");
}

#[test]
fn a_server_that_hangs_up_is_told_with_the_step() {
    for (at, name) in [(At::Ehlo, HelloInClear), (At::Auth, SignIn)] {
        let server = Server::start(Security::Starttls, &["AUTH XOAUTH2"], move |moment, _| {
            if moment.at == at { Do::Close } else { Do::Usual }
        });
        let diagnosis = mail_to(&server).diagnose(&());
        check(&diagnosis);
        assert_eq!(diagnosis.status(), Status::ConnectionLost, "{diagnosis}");
        assert_eq!(step(&diagnosis, name).state, StepState::Failed, "{diagnosis}");
    }
}

/// A server that repeats what it hears must not bring a secret into the report.
#[test]
fn echoed_secrets_are_not_shown() {
    const TOKEN: &str = "ya29.a-token-that-nobody-may-see";
    let server =
        Server::start(Security::Starttls, &["AUTH XOAUTH2"], |moment, _| match moment.at {
            At::Auth => Do::Say(format!("535 5.7.8 bad: {}\r\n", moment.line).into_bytes()),
            At::Greeting => Do::Say(format!("220 {TOKEN}\r\n").into_bytes()),
            _ => Do::Usual,
        });
    let mut mail = mail_to(&server);
    mail.set_auth_xoauth2("anna@example.org", TOKEN).unwrap();
    let found = crate::harness::diagnose(&mail, &[TOKEN, "dXNlcj1hbm5h"]);
    assert_eq!(found.status(), Status::SignIn, "{}", found);
    found.assert_says(SignIn, "535 5.7.8");
}
