//! What takes a network of the test's own: addresses that never answer, and names with several
//! addresses. The test runs itself again in namespaces in which packets leave for a neighbour that
//! is not there, and in which `/etc/hosts` says what the test wants; outside nothing changes.

use crate::client::{Watcher, assert_accepted, assert_failed, assert_usable, mail_to};
use crate::server::{Do, Manner, Security, Server};
use postrider::{Mail, Outcome, Stage, Status};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// RFC 8305 §5; on a busy machine it takes longer, but never less.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Addresses are those for documentation (RFC 5737, RFC 3849): .1 is ours, .2 never answers.
const SET_UP: &str = "set -e
ip link set lo up
ip link add here type veth peer name nowhere
ip addr add 192.0.2.1/24 dev here
ip addr add 2001:db8::1/64 dev here nodad
ip link set nowhere up
ip link set here up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev here nud permanent
ip neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev here nud permanent
printf '%s\\n' '127.0.0.1 localhost' '::1 localhost' \\
    '2001:db8::2 silent-first.test' '127.0.0.1 silent-first.test' \\
    '2001:db8::2 silent.test' '192.0.2.2 silent.test' > \"$1\"
mount --bind \"$1\" /etc/hosts
shift
exec \"$@\"";

fn is_inside(test: &str) -> bool {
    crate::network::is_inside(test, SET_UP)
}

fn mail_to_silence() -> Mail {
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    mail.set_server("192.0.2.2", 587).expect("a server");
    mail
}

#[test]
fn a_connect_without_an_answer_ends_with_the_deadline() {
    if !is_inside("a_connect_without_an_answer_ends_with_the_deadline") {
        return;
    }
    let mut mail = mail_to_silence();
    for host in ["192.0.2.2", "2001:db8::2", "silent.test"] {
        mail.set_server(host, 587).expect("a server");
        mail.set_timeout_ms(1500).expect("a timeout");
        let began = Instant::now();
        let delivery = mail.send(&());
        let took = began.elapsed();
        assert!((1500..3500).contains(&took.as_millis()), "{took:?}");
        assert_failed(&delivery, Status::Timeout, Outcome::NotSent);
        assert_eq!(delivery.error().map(|error| error.stage()), Some(Stage::Connect));
        assert_usable(&mut mail);
    }
}

#[test]
fn a_connect_without_an_answer_can_be_cancelled() {
    if !is_inside("a_connect_without_an_answer_can_be_cancelled") {
        return;
    }
    for by_progress in [false, true] {
        let mut mail = mail_to_silence();
        let (canceller, watcher) = (mail.canceller(), Watcher::default());
        let (delivery, took) = thread::scope(|scope| {
            let sending = scope.spawn(|| mail.send(&watcher));
            watcher.wait_for_line("-- connecting to");
            let began = Instant::now();
            if by_progress {
                watcher.stop.store(true, Ordering::SeqCst);
            } else {
                canceller.cancel();
            }
            (sending.join().expect("no panic"), began.elapsed())
        });
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_failed(&delivery, Status::Cancelled, Outcome::NotSent);
        assert_usable(&mut mail);
    }
}

#[test]
fn an_address_without_an_answer_does_not_keep_the_next_one_waiting() {
    if !is_inside("an_address_without_an_answer_does_not_keep_the_next_one_waiting") {
        return;
    }
    let server = Server::polite(Security::Plain, &[]);
    let mut mail = mail_to(&server);
    mail.set_server("silent-first.test", server.port()).expect("a server");
    let began = Instant::now();
    assert_accepted(&mail.send(&()));
    let took = began.elapsed();
    assert!(took >= ATTEMPT_DELAY, "the silent address was not tried first: {took:?}");
    assert!(took < ATTEMPT_DELAY * 6, "the second address had to wait: {took:?}");
    assert_eq!(server.stop().connections, 1);
}

#[test]
fn a_server_on_one_family_only_is_found() {
    if !is_inside("a_server_on_one_family_only_is_found") {
        return;
    }
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).expect("a port");
        let server = Server::on(listener, Security::Tls, &[], Manner::Whole, |_, _| Do::Usual);
        let mut mail = mail_to(&server);
        mail.set_server("localhost", server.port()).expect("a server");
        let began = Instant::now();
        assert_accepted(&mail.send(&()));
        // A refused attempt lets the next one start at once.
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(server.stop().connections, 1);
    }
}
