use super::*;

fn read(text: &str) -> Result<Option<Response>, Malformed> {
    Reader::new(SystemTime::UNIX_EPOCH).receive(text.as_bytes())
}

fn body(text: &str) -> String {
    let response = read(text).unwrap().expect("a complete response");
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[test]
fn a_request_is_written_with_its_length() {
    let request = Request {
        body: Some(Secret::new("grant_type=refresh_token")),
        authorization: Some(Secret::new("Basic eHk6eg==")),
    };
    let text = String::from_utf8(write(&request, "id.example:8443", "/token?x=1").bytes().to_vec());
    let text = text.unwrap();
    assert!(text.starts_with("POST /token?x=1 HTTP/1.1\r\nHost: id.example:8443\r\n"), "{text}");
    assert!(text.contains("\r\nAuthorization: Basic eHk6eg==\r\n"), "{text}");
    assert!(text.ends_with("\r\nContent-Length: 24\r\n\r\ngrant_type=refresh_token"), "{text}");
    assert!(!format!("{request:?}").contains("eHk6"));
    let request = Request { body: None, authorization: None };
    let text = write(&request, "[::1]", "/").bytes().to_vec();
    assert!(text.starts_with(b"GET / HTTP/1.1\r\nHost: [::1]\r\n") && text.ends_with(b"\r\n\r\n"));
}

#[test]
fn the_three_framings_are_read_however_they_are_cut() {
    let texts = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello", true),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", false),
    ];
    for (text, until_close) in texts {
        let mut reader = Reader::new(SystemTime::UNIX_EPOCH);
        let mut found = None;
        for byte in text.as_bytes() {
            if found.is_some() {
                break;
            }
            found = reader.receive(&[*byte]).unwrap();
        }
        assert_eq!(found.is_none(), until_close, "{text}");
        let response = found.unwrap_or_else(|| reader.end().unwrap());
        assert_eq!((response.status, response.body.as_slice()), (200, &b"hello"[..]), "{text}");
    }
}

#[test]
fn an_answer_that_is_cut_off_is_none() {
    for text in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let mut reader = Reader::new(SystemTime::UNIX_EPOCH);
        assert!(reader.receive(text.as_bytes()).unwrap().is_none(), "{text}");
        assert_eq!(reader.end().unwrap_err(), Malformed::CutOff, "{text}");
    }
}

#[test]
fn what_is_not_http_or_breaks_its_framing_is_refused() {
    assert!(matches!(read("220 mail.rig.test ESMTP\r\n"), Err(Malformed::Head(_))));
    for framing in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -1",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\n\r\nxyz",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhello",
    ] {
        let found = read(&format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\nhello\r\n"));
        assert!(matches!(found, Err(Malformed::Body(_))), "{framing}: {found:?}");
    }
}

#[test]
fn nothing_larger_than_the_limit_is_kept() {
    let large = "x".repeat(MOST_BODY + 1);
    let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MOST_BODY + 1);
    assert_eq!(read(&length).unwrap_err(), Malformed::TooLarge, "before it comes");
    let open = format!("HTTP/1.1 200 OK\r\n\r\n{large}");
    assert_eq!(read(&open).unwrap_err(), Malformed::TooLarge);
    let chunk =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", large.len());
    assert_eq!(read(&chunk).unwrap_err(), Malformed::TooLarge);
    let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MOST_HEAD));
    assert_eq!(read(&head).unwrap_err(), Malformed::TooLarge);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
    assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(retry_after(date, now), Some(Duration::from_secs(37)));
    let past = "Sun, 06 Nov 1994 08:00:00 GMT";
    assert_eq!(retry_after(past, now), Some(Duration::ZERO));
    assert_eq!(retry_after("soon", now), None);
}

#[test]
fn a_204_has_no_body_and_debug_shows_none() {
    assert_eq!(body("HTTP/1.1 204 No Content\r\n\r\n"), "");
    let response = read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET").unwrap().unwrap();
    assert!(!format!("{response:?}").contains("SECRET"));
}
