use super::*;
use crate::net::Canceller;
use crate::net::Proxy;
use crate::oauth::scripted::{Server, answering, read_request, read_to_end, trust, watched};
use crate::secret::Secret;
use std::io::Write;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_secs(20);

fn post(address: &str, total: Duration) -> Result<Response> {
    let request = Request { body: Some(Secret::new("a=b")), authorization: None };
    watched(total, |watch| {
        Client { trust: &trust(), proxy: &Proxy::None }.exchange(address, &request, watch)
    })
}

#[test]
fn a_form_goes_out_and_the_answer_comes_back() {
    let server = answering(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    );
    let response = post(&server.address, TIME).unwrap();
    assert_eq!((response.status, response.body.as_slice()), (400, &b"{}"[..]));
    let request = server.end();
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\na=b"), "{request}");
}

#[test]
fn a_redirect_is_not_followed_and_its_query_not_shown() {
    let head = "HTTP/1.1 302 Found\r\nLocation: https://portal.example/login?token=hidden\r\n";
    let server = answering(format!("{head}Content-Length: 0\r\n\r\n"));
    let error = post(&server.address, TIME).unwrap_err();
    assert_eq!((error.cause(), error.retry()), (Cause::TokenEndpointMoved, Retry::No));
    assert!(error.text().contains("(302) to https://portal.example/login,"), "{error}");
    server.end();
}

#[test]
fn an_oversized_answer_ends_the_exchange() {
    let server = Server::start(|mut stream| {
        read_request(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{");
        read_to_end(&stream);
    });
    let error = post(&server.address, TIME).unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::Token, Cause::TokenResponseInvalid));
    server.end();
}

#[test]
fn an_answer_that_does_not_end_meets_the_deadline() {
    let server = Server::start(|mut stream| {
        read_request(&stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").unwrap();
        read_to_end(&stream);
    });
    let error = post(&server.address, Duration::from_millis(300)).unwrap_err();
    assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Token));
    server.end();
}

#[test]
fn cancelling_gets_through_at_once() {
    let (asked, is_asked) = channel();
    let server = Server::start(move |stream| {
        read_request(&stream);
        asked.send(()).unwrap();
        read_to_end(&stream);
    });
    let canceller = Canceller::default();
    let cancellation = canceller.watch();
    let cancelling = std::thread::spawn(move || {
        is_asked.recv().unwrap();
        canceller.cancel();
        Instant::now()
    });
    let request = Request { body: Some(Secret::new("a=b")), authorization: None };
    let mut tick = || true;
    let mut watch = Watch::new(TIME, cancellation, &mut tick);
    let error = Client { trust: &trust(), proxy: &Proxy::None }.exchange(
        &server.address,
        &request,
        &mut watch,
    );
    let took = Instant::now().saturating_duration_since(cancelling.join().unwrap());
    assert_eq!(error.unwrap_err().status(), Status::Cancelled);
    // 100 ms are promised; this machine may be busy.
    assert!(took < Duration::from_millis(500), "{took:?}");
    server.end();
}

#[test]
fn a_connection_that_ends_early_is_lost() {
    for text in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"] {
        let server = answering(text);
        let error = post(&server.address, TIME).unwrap_err();
        assert_eq!((error.status(), error.retry()), (Status::ConnectionLost, Retry::Later));
        server.end();
    }
}

#[test]
fn what_is_no_web_server_is_called_so() {
    let server = answering("220 mail.rig.test ESMTP\r\n");
    let error = post(&server.address, TIME).unwrap_err();
    assert_eq!(error.cause(), Cause::TokenResponseInvalid);
    server.end();
}

#[test]
fn a_certificate_of_nobody_is_refused_before_anything_is_sent() {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certified.cert.der().clone()], key.into())
    .unwrap();
    let server = Server::start(move |mut stream| {
        let mut tls = rustls::ServerConnection::new(config.into()).unwrap();
        let shaken = tls.complete_io(&mut stream);
        shaken.is_err()
    });
    let address = server.address.replace("http://", "https://");
    let error = post(&address, TIME).unwrap_err();
    assert_eq!((error.status(), error.stage()), (Status::Certificate, Stage::Tls));
    assert_eq!(error.cause(), Cause::CertificateSelfSigned);
    assert!(server.end(), "the handshake failed there too");
}

#[test]
fn secrets_go_to_https_or_to_this_computer() {
    for good in
        ["https://id.example/t", "http://localhost:1/", "http://127.0.0.9:1/", "http://[::1]:1/"]
    {
        assert!(checked(good).is_ok(), "{good}");
    }
    for bad in [
        "http://id.example/t",
        "ftp://localhost/",
        "id.example",
        "https://user:pw@id.example/",
        "http://localhost.example/",
        "",
    ] {
        assert_eq!(checked(bad).unwrap_err().status(), Status::InvalidArgument, "{bad}");
    }
    let endpoint = Endpoint::parse("http://[::1]:8443/token?x=1").unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.authority.as_str()), ("::1", "[::1]:8443"));
    assert_eq!((endpoint.target.as_str(), endpoint.port), ("/token?x=1", 8443));
    let endpoint = Endpoint::parse("https://id.example/t").unwrap();
    assert_eq!((endpoint.authority.as_str(), endpoint.port), ("id.example", 443));
}
