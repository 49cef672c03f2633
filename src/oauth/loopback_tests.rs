use super::*;
use crate::error::{Cause, Status};
use crate::net::Canceller;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

const STATE: &str = "the-state-0123456789";

/// A program that waits, as long as it takes, while `browse` plays the browser.
fn wait_while<T: Send>(
    loopback: &mut Loopback,
    browse: impl FnOnce(u16) -> T + Send,
) -> (Result<Parameters>, T) {
    let port = loopback.port();
    thread::scope(|scope| {
        let browser = scope.spawn(move || browse(port));
        let mut tick = || true;
        let cancellation = Canceller::default().watch();
        let mut watch = Watch::new(Duration::from_secs(60), cancellation, &mut tick);
        let result = loopback.wait(&mut watch);
        (result, browser.join().unwrap())
    })
}

fn opened() -> Loopback {
    opened_with(LIMITS)
}

fn opened_with(limits: Limits) -> Loopback {
    Loopback::open_with(None, "/cb", Secret::new(STATE), limits).unwrap()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// All that comes until the end. A reset is an end too, after a page.
fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

fn send(port: u16, text: &str) -> String {
    let mut stream = connect(port);
    stream.write_all(text.as_bytes()).unwrap();
    rest(stream)
}

fn get(port: u16, target: &str) -> String {
    send(port, &format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"))
}

fn right(port: u16) -> String {
    get(port, &format!("/cb?code=the-code&state={STATE}"))
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}

fn code(result: &Result<Parameters>) -> &str {
    result.as_ref().unwrap().text("code").unwrap()
}

#[test]
fn the_answer_comes_by_get_and_the_page_says_so() {
    let mut loopback = opened();
    loopback.set_program("Mailer <3>");
    let (result, page) = wait_while(&mut loopback, right);
    assert_eq!(code(&result), "the-code");
    assert_eq!(status(&page), "200");
    assert!(page.contains("You can close this window and go back to Mailer &#60;3&#62;."));
    assert!(!page.contains("the-code") && !page.contains(STATE), "{page}");
}

#[test]
fn the_answer_comes_by_post_in_two_pieces() {
    let (result, page) = wait_while(&mut opened(), |port| {
        let body = format!("state={STATE}&code=the-code&iss=https%3A%2F%2Fexample.org");
        let head = format!(
            "POST /cb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: null\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = connect(port);
        stream.set_nodelay(true).unwrap();
        let (first, second) = body.split_at(9);
        stream.write_all(format!("{head}{first}").as_bytes()).unwrap();
        // The listener has certainly seen the first piece once it has answered somebody else.
        assert_eq!(status(&get(port, "/favicon.ico")), "404");
        stream.write_all(format!("{second}\r\n").as_bytes()).unwrap();
        rest(stream)
    });
    assert_eq!(code(&result), "the-code");
    assert_eq!(result.unwrap().text("iss"), Some("https://example.org"));
    assert_eq!(status(&page), "200");
}

#[test]
fn an_error_of_the_provider_is_an_answer_too() {
    let (result, page) = wait_while(&mut opened(), |port| {
        get(port, &format!("/cb?error=access_denied&error_description=x%3Cy&state={STATE}"))
    });
    assert_eq!(result.unwrap().text("error"), Some("access_denied"));
    assert!(page.contains("cancelled") && page.contains("close this window"), "{page}");
    assert!(!page.contains("x<y"));
}

#[test]
fn it_is_found_by_ipv6_too_where_there_is_ipv6() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("skipped: this computer has no IPv6");
        return;
    }
    let (result, _) = wait_while(&mut opened(), |port| {
        let mut stream = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        let request =
            format!("GET /cb?code=six&state={STATE} HTTP/1.1\r\nHost: [::1]:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        rest(stream)
    });
    assert_eq!(code(&result), "six");
}

#[test]
fn nothing_but_the_answer_ends_the_wait() {
    let (result, ()) = wait_while(&mut opened(), |port| {
        let host = format!("Host: localhost:{port}");
        let query = format!("code=evil&state={STATE}");
        let expect = |expected: &str, text: String| {
            let answer = send(port, &text);
            assert_eq!(status(&answer), expected, "{text:?}: {answer}");
            assert!(answer.contains("Cache-Control: no-store"));
        };
        for target in ["/favicon.ico", "/", "/CB", "/cb/", "/cb/x", "//cb", "/%63b"] {
            expect("404", format!("GET {target}?{query} HTTP/1.1\r\n{host}\r\n\r\n"));
        }
        for method in ["HEAD", "PUT", "OPTIONS", "get"] {
            expect("404", format!("{method} /cb?{query} HTTP/1.1\r\n{host}\r\n\r\n"));
        }
        // DNS rebinding, other ports, none, several.
        for other in [
            "Host: evil.example",
            "Host: evil.example:1",
            "Host: localhost",
            "Host: localhost:1",
            "Host: 127.0.0.1",
            "X: y",
            &format!("{host}\r\n{host}"),
            &format!("{host}.evil.example"),
            &format!("Host: localhost.evil.example:{port}"),
            &format!("Host: 127.0.0.2:{port}"),
        ] {
            expect("400", format!("GET /cb?{query} HTTP/1.1\r\n{other}\r\n\r\n"));
        }
        for parameters in [
            "",
            "code=evil",
            "code=evil&state=",
            "code=evil&state=wrong",
            &format!("code=evil&state={STATE}x"),
            &format!("state={STATE}"),
            &format!("{query}&state=x"),
            &format!("code=&state={STATE}"),
            &format!("{query}&code=2"),
        ] {
            expect("400", format!("GET /cb?{parameters} HTTP/1.1\r\n{host}\r\n\r\n"));
        }
        // The right query, but a form it is not.
        for kind in ["text/plain", "application/json"] {
            let head = format!("POST /cb?{query} HTTP/1.1\r\n{host}\r\nContent-Type: {kind}");
            expect("404", format!("{head}\r\nContent-Length: 2\r\n\r\n{{}}"));
        }
        for junk in ["\x16\x03\x01\x02\r\n\r\n", "HELO\r\n\r\n", "\r\n\r\n\r\nx\r\n"] {
            expect("400", junk.into());
        }
        right(port);
    });
    assert_eq!(code(&result), "the-code");
}

#[test]
fn a_head_request_gets_no_body() {
    let (_, answer) = wait_while(&mut opened(), |port| {
        let text = format!("HEAD /cb HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        let answer = send(port, &text);
        right(port);
        answer
    });
    assert!(answer.ends_with("\r\n\r\n") && status(&answer) == "404", "{answer}");
}

#[test]
fn silent_slow_and_closed_connections_are_in_nobodys_way() {
    let (result, ()) = wait_while(&mut opened(), |port| {
        let silent: Vec<_> = (0..5).map(|_| connect(port)).collect();
        let mut slow = connect(port);
        slow.write_all(b"GET /cb?co").unwrap();
        drop(connect(port));
        let closed = connect(port);
        closed.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(closed), "");
        let page = right(port);
        assert_eq!(status(&page), "200");
        drop((silent, slow));
    });
    assert_eq!(code(&result), "the-code");
}

#[test]
fn a_browser_may_use_the_connection_that_it_opened_ahead() {
    let (result, page) = wait_while(&mut opened(), |port| {
        let mut ahead = connect(port);
        assert_eq!(status(&get(port, "/favicon.ico")), "404");
        let text =
            format!("GET /cb?code=ahead&state={STATE} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        ahead.write_all(text.as_bytes()).unwrap();
        rest(ahead)
    });
    assert_eq!((code(&result), status(&page)), ("ahead", "200"));
}

#[test]
fn more_connections_than_there_is_room_for_push_out_the_oldest_silent_one() {
    let (result, ()) = wait_while(&mut opened(), |port| {
        let mut first = connect(port);
        first.write_all(b"GET /cb").unwrap();
        assert_eq!(status(&get(port, "/x")), "404");
        let silent: Vec<_> = (0..60).map(|_| connect(port)).collect();
        assert_eq!(status(&get(port, "/x")), "404");
        // The one that has begun to speak still has its place.
        let text = format!("?code=first&state={STATE} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        first.write_all(text.as_bytes()).unwrap();
        assert_eq!(status(&rest(first)), "200");
        drop(silent);
    });
    assert_eq!(code(&result), "first");
}

#[test]
fn a_connection_has_its_time() {
    let limits = Limits { time: Duration::from_millis(300), ..LIMITS };
    let (result, waited) = wait_while(&mut opened_with(limits), |port| {
        let began = Instant::now();
        let mut slow = connect(port);
        slow.write_all(b"GET /cb?code=1").unwrap();
        assert_eq!(rest(slow), "");
        let waited = began.elapsed();
        right(port);
        waited
    });
    assert!(waited >= Duration::from_millis(300) && waited < Duration::from_secs(20), "{waited:?}");
    assert_eq!(code(&result), "the-code");
}

#[test]
fn an_oversized_request_is_told_so() {
    let (result, (large, post)) = wait_while(&mut opened(), |port| {
        let cookies = "x".repeat(100 * 1024);
        let large = send(port, &format!("GET /cb HTTP/1.1\r\nCookie: {cookies}\r\n\r\n"));
        let post = send(port, "POST /cb HTTP/1.1\r\nContent-Length: 20000\r\n\r\n");
        right(port);
        (large, post)
    });
    assert_eq!((status(&large), status(&post)), ("431", "431"));
    assert_eq!(code(&result), "the-code");
}

#[test]
fn of_two_right_answers_one_counts_and_nobody_can_connect_afterwards() {
    let mut loopback = opened();
    let (result, ()) = wait_while(&mut loopback, |port| {
        let mut two = [connect(port), connect(port)];
        for (number, stream) in two.iter_mut().enumerate() {
            let text = format!(
                "GET /cb?code=c{number}&state={STATE} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
            );
            // The other one may have ended it.
            let _ = stream.write_all(text.as_bytes());
        }
        let pages = two.map(rest);
        assert_eq!(pages.iter().filter(|page| status(page) == "200").count(), 1, "{pages:?}");
    });
    assert!(["c0", "c1"].contains(&code(&result)));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, loopback.port()));
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(loopback.poll().unwrap_err().status(), Status::Internal);
}

#[test]
fn it_works_from_an_event_loop_without_ever_waiting() {
    let mut loopback = opened();
    let port = loopback.port();
    assert!(loopback.poll().unwrap().is_none());
    let browser = thread::spawn(move || {
        let silent = connect(port);
        assert_eq!(status(&get(port, "/favicon.ico")), "404");
        assert_eq!(status(&get(port, "/cb?code=x&state=wrong")), "400");
        let page = right(port);
        drop(silent);
        page
    });
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    let found = loop {
        let call = Instant::now();
        if let Some(found) = loopback.poll().unwrap() {
            break found;
        }
        longest = longest.max(call.elapsed());
        assert!(began.elapsed() < Duration::from_secs(60));
        thread::yield_now();
    };
    assert_eq!(found.text("code"), Some("the-code"));
    assert_eq!(status(&browser.join().unwrap()), "200");
    assert!(longest < Duration::from_secs(1), "a call took {longest:?}");
}

#[test]
fn the_deadline_ends_the_wait() {
    let mut tick = || true;
    let cancellation = Canceller::default().watch();
    let mut watch = Watch::new(Duration::from_millis(200), cancellation, &mut tick);
    let mut loopback = opened();
    let silent = connect(loopback.port());
    let error = loopback.wait(&mut watch).unwrap_err();
    assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Authorize));
    // The program may go on waiting.
    drop(silent);
    let (result, _) = wait_while(&mut loopback, right);
    assert_eq!(code(&result), "the-code");
}

#[test]
fn cancelling_ends_the_wait_within_two_seconds() {
    let canceller = Canceller::default();
    let mut loopback = opened();
    let mut slow = connect(loopback.port());
    slow.write_all(b"GET /").unwrap();
    let (cancelled, error) = thread::scope(|scope| {
        let (started, has_started) = std::sync::mpsc::channel();
        let cancellation = canceller.watch();
        let loopback = &mut loopback;
        let waiting = scope.spawn(move || {
            let mut tick = || started.send(()).is_ok();
            let mut watch = Watch::new(Duration::from_secs(60), cancellation, &mut tick);
            loopback.wait(&mut watch).unwrap_err()
        });
        has_started.recv().unwrap();
        has_started.recv().unwrap();
        let cancelled = Instant::now();
        canceller.cancel();
        (cancelled, waiting.join().unwrap())
    });
    assert_eq!((error.status(), error.stage()), (Status::Cancelled, Stage::Authorize));
    assert!(cancelled.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_port_that_is_taken_is_an_error_and_the_same_one_can_be_used_again() {
    let mut loopback = opened();
    let port = loopback.port();
    let taken = Loopback::open(Some(port), "/cb", Secret::new(STATE)).err().unwrap();
    assert_eq!((taken.cause(), taken.stage()), (Cause::LoopbackUnavailable, Stage::Authorize));
    let (result, _) = wait_while(&mut loopback, right);
    assert_eq!(code(&result), "the-code");
    // We have closed first: the system keeps the port for a while.
    let again = Loopback::open(Some(port), "/cb", Secret::new(STATE));
    assert_eq!(again.err().map(|error| error.to_string()), None);
}

#[test]
fn a_port_that_is_taken_on_ipv6_is_no_free_port() {
    let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
    let port = six.local_addr().unwrap().port();
    let taken = Loopback::open(Some(port), "/cb", Secret::new(STATE)).err().unwrap();
    assert_eq!(taken.cause(), Cause::LoopbackUnavailable);
}

#[test]
fn a_path_that_no_provider_can_register_is_refused() {
    let open = |path: &str| Loopback::open(None, path, Secret::new(STATE));
    for path in ["cb", "/a?b", "/a#b", "/a b", "/ä", "/%41", "/a\r\n"] {
        assert_eq!(open(path).err().unwrap().status(), Status::InvalidArgument, "{path:?}");
    }
    // Without a path, browsers ask for "/".
    let mut bare = open("").unwrap();
    let (result, _) =
        wait_while(&mut bare, |port| get(port, &format!("/?code=bare&state={STATE}")));
    assert_eq!(code(&result), "bare");
}
