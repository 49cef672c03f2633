//! A proxy that misbehaves in ways that real ones cannot be made to.

use crate::support::rig::{ALICE, BOB};
use postrider::{Cause, Delivery, Kind, Mail, Outcome, Stage, Status};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// One connection to a proxy that does just this.
struct Proxy {
    port: u16,
    ended: Receiver<TcpListener>,
}

impl Proxy {
    fn that(does: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (end, ended) = channel();
        thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.set_write_timeout(Some(PATIENCE)).unwrap();
            does(socket);
            end.send(listener).unwrap();
        });
        Self { port, ended }
    }

    fn mail(&self, scheme: &str) -> Mail {
        let mut mail = Mail::new();
        mail.set_server("smtp.test", 587).unwrap();
        mail.set_security(0).unwrap();
        mail.set_timeout_ms(20_000).unwrap();
        mail.set_proxy(Some(&format!("{scheme}://127.0.0.1:{}", self.port)), None).unwrap();
        mail.set_from(None, ALICE).unwrap();
        mail.add_recipient_as(None, BOB, Kind::To).unwrap();
        mail.set_subject("A test").unwrap();
        mail
    }

    /// Waits for the script, and makes sure that nobody has connected a second time.
    fn end(self) {
        let listener = self.ended.recv_timeout(PATIENCE).expect("the script comes to its end");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "the proxy was asked twice");
    }
}

fn assert_failed(delivery: &Delivery, status: Status, cause: Cause) {
    let error = delivery.error().expect("the send fails");
    let found = (error.status(), error.stage(), error.cause());
    assert_eq!(found, (status, Stage::Proxy, cause), "{error}");
    assert_eq!(delivery.outcome, Outcome::NotSent);
}

/// Everything up to an empty line.
fn read_request(socket: &mut TcpStream) -> String {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    String::from_utf8(request).unwrap()
}

fn read_to_end(mut socket: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    rest
}

/// What a proxy answers to CONNECT, and what comes of it.
fn answer(reply: &'static [u8]) -> Delivery {
    let proxy = Proxy::that(move |mut socket| {
        read_request(&mut socket);
        let _ = socket.write_all(reply);
        assert_eq!(read_to_end(socket), b"", "nothing was said to a proxy that misbehaves");
    });
    let delivery = proxy.mail("http").send(&());
    proxy.end();
    delivery
}

#[test]
fn garbage_is_no_reply() {
    for reply in
        [b"\0\xff\x16garbage\r\n\r\n".as_slice(), b"220 smtp.test\r\n", b"HTTP/1.1 abc x\r\n\r\n"]
    {
        assert_failed(&answer(reply), Status::Proxy, Cause::ProxyProtocol);
    }
}

#[test]
fn a_proxy_that_asks_for_a_sign_in_again_and_again_is_asked_once() {
    let delivery =
        answer(b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n".as_slice());
    assert_failed(&delivery, Status::Proxy, Cause::ProxySignInRequired);
}

#[test]
fn an_endless_head_is_cut_off() {
    for piece in ["X-Padding: xxxxxxxxxxxxxxxxxxxx\r\n", "\r\nHTTP/1.1 102 Processing\r\n", "x"] {
        let proxy = Proxy::that(move |mut socket| {
            read_request(&mut socket);
            let _ = socket.write_all(b"HTTP/1.1 102 Processing\r\n");
            // Ends when the library closes.
            while socket.write_all(piece.as_bytes()).is_ok() {}
        });
        assert_failed(&proxy.mail("http").send(&()), Status::Proxy, Cause::ProxyProtocol);
        proxy.end();
    }
}

#[test]
fn a_proxy_that_closes_instead_of_answering_is_named() {
    for scheme in ["http", "socks5"] {
        let proxy = Proxy::that(|mut socket| {
            let _ = socket.read(&mut [0; 64]);
        });
        assert_failed(&proxy.mail(scheme).send(&()), Status::Proxy, Cause::ProxyProtocol);
        proxy.end();
    }
}

#[test]
fn a_proxy_that_speaks_before_it_is_asked_is_refused() {
    let proxy = Proxy::that(|mut socket| {
        socket.read_exact(&mut [0; 3]).unwrap();
        // The choice of the method, and the grant that was not asked for yet.
        socket.write_all(&[5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 25]).unwrap();
        assert_eq!(read_to_end(socket), b"");
    });
    let delivery = proxy.mail("socks5").send(&());
    assert_failed(&delivery, Status::Proxy, Cause::ProxyProtocol);
    assert!(delivery.error().unwrap().text().contains("before it was asked"));
    proxy.end();
}

/// Plays a mail server that takes one message; `first` comes with its greeting in one piece.
fn take_a_message(mut socket: TcpStream, first: &[u8]) {
    socket.write_all(&[first, b"220 smtp.test\r\n"].concat()).unwrap();
    let mut said = String::new();
    for (until, reply) in [
        ("EHLO", "250 smtp.test\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "250 ok\r\n"),
        ("DATA", "354 go on\r\n"),
        ("\r\n.\r\n", "250 ok\r\n"),
    ] {
        while !(said.contains(until) && said.ends_with("\r\n")) {
            let mut buffer = [0; 4096];
            let count = socket.read(&mut buffer).unwrap();
            assert!(count > 0, "{said}");
            said.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        said.clear();
        socket.write_all(reply.as_bytes()).unwrap();
    }
    read_to_end(socket);
}

#[test]
fn a_greeting_that_comes_with_the_proxys_reply_belongs_to_the_server() {
    let http = Proxy::that(|mut socket| {
        let request = read_request(&mut socket);
        assert!(request.starts_with("CONNECT smtp.test:587 HTTP/1.1\r\n"), "{request}");
        take_a_message(socket, b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n");
    });
    let delivery = http.mail("http").send(&());
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
    http.end();

    let socks = Proxy::that(|mut socket| {
        socket.read_exact(&mut [0; 3]).unwrap();
        socket.write_all(&[5, 0]).unwrap();
        socket.read_exact(&mut [0; 4 + 1 + 9 + 2]).unwrap();
        take_a_message(socket, &[5, 0, 0, 3, 1, b'x', 0, 25]);
    });
    let delivery = socks.mail("socks5").send(&());
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
    socks.end();
}

#[test]
fn bytes_before_tls_end_the_connection() {
    let delivery = {
        let proxy = Proxy::that(|mut socket| {
            read_request(&mut socket);
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n220 not your server\r\n").unwrap();
            // A hello to begin with, and an alert; no message.
            assert!(read_to_end(socket).starts_with(&[22, 3]));
        });
        let mut mail = proxy.mail("http");
        mail.set_security(3).unwrap();
        let delivery = mail.send(&());
        proxy.end();
        delivery
    };
    assert_eq!(delivery.error().unwrap().stage(), Stage::Tls, "{:?}", delivery.error());
}

/// Takes what it is asked, says so, and then is silent until the library has gone.
fn silent(asked: Sender<()>) -> Proxy {
    Proxy::that(move |mut socket| {
        assert!(socket.read(&mut [0; 64]).unwrap() > 0);
        asked.send(()).unwrap();
        read_to_end(socket);
    })
}

#[test]
fn a_silent_proxy_is_left_when_the_send_is_cancelled() {
    for scheme in ["http", "socks5"] {
        let (asked, was_asked) = channel();
        let proxy = silent(asked);
        let mail = proxy.mail(scheme);
        let canceller = mail.canceller();
        let sending = thread::spawn(move || mail.send(&()));
        was_asked.recv_timeout(PATIENCE).unwrap();
        let cancelled = Instant::now();
        canceller.cancel();
        let delivery = sending.join().unwrap();
        assert!(cancelled.elapsed() < Duration::from_secs(2), "{:?}", cancelled.elapsed());
        assert_failed(&delivery, Status::Cancelled, Cause::Cancelled);
        proxy.end();
    }
}

#[test]
fn a_silent_proxy_ends_the_send_when_its_time_is_over() {
    for scheme in ["http", "socks5"] {
        let (asked, _was_asked) = channel();
        let proxy = silent(asked);
        let mut mail = proxy.mail(scheme);
        mail.set_timeout_ms(300).unwrap();
        assert_failed(&mail.send(&()), Status::Timeout, Cause::Timeout);
        proxy.end();
    }
}
