use super::*;
use crate::oauth::test_keys::mutated;

fn request(text: &str) -> Request<'_> {
    match read(text.as_bytes()) {
        Reading::Request(request) => request,
        other => panic!("{other:?}: {text:?}"),
    }
}

fn value(parameters: &Parameters, name: &str) -> Option<String> {
    parameters.text(name).map(str::to_owned)
}

const GET: &str = "GET /cb?code=a%2Bb&state=c+d HTTP/1.1\r\nHost: localhost:5\r\n\r\n";
const POST: &str = "POST /cb HTTP/1.1\r\nhost: 127.0.0.1:5\r\n\
    content-type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: 14\r\n\r\n\
    code=1&state=2";

#[test]
fn a_get_has_a_path_and_a_query() {
    let get = request(GET);
    assert_eq!((get.method, get.path, get.host), (Method::Get, "/cb", Some(&b"localhost:5"[..])));
    assert_eq!((get.query, get.form), (&b"code=a%2Bb&state=c+d"[..], None));
}

#[test]
fn a_post_has_a_form_once_all_of_it_is_here() {
    assert_eq!(request(POST).form, Some(&b"code=1&state=2"[..]));
    for end in 0..POST.len() {
        assert_eq!(read(&POST.as_bytes()[..end]), Reading::Unfinished, "{end}");
    }
}

#[test]
fn a_body_that_is_no_form_is_none() {
    for kind in ["text/plain", "multipart/form-data; boundary=x", ""] {
        let other = POST.replace("application/x-www-form-urlencoded", kind);
        assert_eq!(request(&other).form, None, "{kind}");
    }
}

#[test]
fn a_body_without_a_clear_length_is_refused() {
    for length in [
        "",
        "Content-Length: +14",
        "Content-Length: 14, 14",
        "Content-Length: x",
        "Content-Length: 14\r\nContent-Length: 15",
        "Transfer-Encoding: chunked",
        "Content-Length: 14\r\nTransfer-Encoding: chunked",
        "Content-Length: 99999999999999999999999",
    ] {
        let other = POST.replace("Content-Length: 14", length);
        assert_eq!(read(other.as_bytes()), Reading::Malformed, "{length}");
    }
    let large = POST.replace("Content-Length: 14", "Content-Length: 16384");
    assert_eq!(read(large.as_bytes()), Reading::TooLarge);
}

#[test]
fn what_is_not_http_is_malformed() {
    for text in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03",
        "hello\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA\0: b\r\n\r\n",
    ] {
        assert_eq!(read(text.as_bytes()), Reading::Malformed, "{text:?}");
    }
}

#[test]
fn too_much_is_too_much() {
    let cookies = format!("GET / HTTP/1.1\r\nCookie: {}", "x".repeat(MOST_BYTES));
    assert_eq!(read(&cookies.as_bytes()[..MOST_BYTES]), Reading::TooLarge);
    assert_eq!(read(&cookies.as_bytes()[..MOST_BYTES - 1]), Reading::Unfinished);
    let fields = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_HEADERS + 1));
    assert_eq!(read(fields.as_bytes()), Reading::TooLarge);
}

#[test]
fn parameters_are_decoded() {
    let found = Parameters::read(b"code=a%2Bb%C3%A4&state=c+d&&empty=&flag&x=1=2").unwrap();
    assert_eq!(value(&found, "code").as_deref(), Some("a+bä"));
    assert_eq!(value(&found, "state").as_deref(), Some("c d"));
    assert_eq!(value(&found, "x").as_deref(), Some("1=2"));
    for missing in ["empty", "flag", "none", ""] {
        assert_eq!(value(&found, missing), None);
    }
}

#[test]
fn doubtful_parameters_are_none() {
    for text in [
        "code=1&code=2",
        "code=1&%63ode=2",
        "code=%",
        "code=%4",
        "code=%zz",
        "code=%FF",
        "%FF=1",
        "state=&state=1",
    ] {
        assert!(Parameters::read(text.as_bytes()).is_none(), "{text}");
    }
    let many: Vec<_> = (0..=MOST_PARAMETERS).map(|n| format!("p{n}=1")).collect();
    assert!(Parameters::read(many.join("&").as_bytes()).is_none());
}

#[test]
fn nothing_secret_is_printed() {
    let found = Parameters::read(b"code=SECRET1&state=SECRET2&SECRET3=x&error=e").unwrap();
    assert_eq!(format!("{found:?}"), r#"{"code", "state", "error"}"#);
    assert!(!format!("{:?}", request(GET)).contains("code"));
}

#[test]
fn any_bytes_are_read_without_harm() {
    for turn in 0..20_000 {
        let seed = if turn % 2 == 0 { GET } else { POST };
        let bytes = mutated(seed.as_bytes(), turn);
        if let Reading::Request(request) = read(&bytes) {
            for text in [Some(request.query), request.form].into_iter().flatten() {
                if let Some(found) = Parameters::read(text) {
                    assert!(found.0.len() <= MOST_PARAMETERS);
                }
            }
        }
    }
}
