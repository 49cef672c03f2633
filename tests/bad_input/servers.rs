//! Servers that cannot be reached.

use crate::client::{assert_failed, assert_usable, mail_to};
use crate::server::{Security, Server};
use postrider::{Cause, Outcome, Stage, Status};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn a_name_that_does_not_resolve_is_named() {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    mail.set_server("mail.postrider-test.invalid", 587).expect("a name");
    mail.set_timeout_ms(10_000).expect("a timeout");
    let began = Instant::now();
    let delivery = mail.send(&());
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    let error = delivery.error().expect("an error");
    assert_eq!((error.stage(), error.outcome()), (Stage::Resolve, Outcome::NotSent), "{error}");
    // A machine without a network may have a resolver that waits for its answer.
    if error.status() != Status::Timeout {
        assert_eq!((error.status(), error.cause()), (Status::Resolve, Cause::HostNotFound));
        assert!(error.text().contains("mail.postrider-test.invalid"), "{error}");
    }
    assert_usable(&mut mail);
}

#[test]
fn a_look_up_can_be_cancelled() {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    mail.set_server("mail.postrider-test.invalid", 587).expect("a name");
    let watcher = crate::client::Watcher::default();
    watcher.stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let delivery = mail.send(&watcher);
    assert_failed(&delivery, Status::Cancelled, Outcome::NotSent);
    assert_eq!(delivery.error().map(|error| error.stage()), Some(Stage::Resolve));
    assert_usable(&mut mail);
}

#[test]
fn a_closed_port_is_named() {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    // Free again as soon as the listener is gone; nobody else is given it so soon.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    mail.set_server("127.0.0.1", port.into()).expect("a server");
    let delivery = mail.send(&());
    assert_failed(&delivery, Status::Connect, Outcome::NotSent);
    let error = delivery.error().expect("an error");
    assert_eq!((error.stage(), error.cause()), (Stage::Connect, Cause::ConnectionRefused));
    assert!(error.text().contains(&format!("127.0.0.1:{port}")), "{error}");
    assert_usable(&mut mail);
    assert_eq!(server.stop().connections, 0);
}

#[test]
fn localhost_is_found_on_ipv4() {
    let server = Server::polite(Security::Tls, &[]);
    let mut mail = mail_to(&server);
    mail.set_server("localhost", server.port()).expect("a server");
    crate::client::assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().connections, 1);
}
