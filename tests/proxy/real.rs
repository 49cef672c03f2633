//! Squid and microsocks between the library and Postfix.

use crate::harness::{ANY_MECHANISM, PLAIN, STARTTLS, Sent, TLS, mail, raw, send, send_well};
use crate::support::proxies::{self, HIDDEN_HOST, Proxies, UNNAMED_HOST};
use crate::support::rig::{self, Rig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider::{Cause, Mail, Retry, Stage, Status};

fn servers() -> Option<(&'static Rig, &'static Proxies)> {
    Some((rig::shared()?, proxies::shared()?))
}

fn http(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn socks(port: u16) -> String {
    format!("socks5://127.0.0.1:{port}")
}

/// The password as a URL has it.
fn encoded(password: &str) -> String {
    password.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn assert_refused(sent: &Sent, cause: Cause) {
    let error = sent.error();
    let found = (error.status(), error.stage(), error.cause());
    assert_eq!(found, (Status::Proxy, Stage::Proxy, cause), "{error}");
    assert_eq!(sent.delivery.recipients.len(), 1);
}

#[test]
fn a_message_goes_through_each_proxy_to_each_kind_of_server() {
    let Some((rig, proxies)) = servers() else { return };
    for (name, proxy, host) in
        [("http", http(proxies.http), HIDDEN_HOST), ("socks", socks(proxies.socks), "localhost")]
    {
        for (kind, port, security) in [
            ("plain", rig.ports.plain, PLAIN),
            ("starttls", rig.ports.submission, STARTTLS),
            ("tls", rig.ports.submissions, TLS),
            ("dovecot", rig.ports.dovecot_submissions, TLS),
        ] {
            let mark = format!("through-{name}-{kind}");
            let mut mail = mail(rig, port, security, &mark);
            mail.set_server(host, port.into()).unwrap();
            mail.set_proxy(Some(&proxy), None).unwrap();
            if security != PLAIN {
                mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
            }
            let sent = send_well(&mail);
            assert_eq!(sent.line("-- by way of"), format!("-- by way of the proxy {proxy}"));
            assert_eq!(sent.count("-- TLS is on"), usize::from(security != PLAIN));
            raw(rig, rig::BOB, &mark);
            proxies.wait_for_log(&format!("{host}:{port}"));
        }
    }
}

#[test]
fn addresses_go_through_as_they_are() {
    let Some((rig, proxies)) = servers() else { return };
    let hosts: &[&str] = if rig.ipv6 { &["127.0.0.1", "::1"] } else { &["127.0.0.1"] };
    for host in hosts {
        for proxy in [http(proxies.http), socks(proxies.socks)] {
            let mut mail = mail(rig, rig.ports.submissions, TLS, "by-address");
            mail.set_server(host, rig.ports.submissions.into()).unwrap();
            mail.set_auth_password(ANY_MECHANISM, rig::ALICE, &rig.password).unwrap();
            mail.set_proxy(Some(&proxy), None).unwrap();
            send_well(&mail);
        }
    }
}

#[test]
fn user_and_password_open_the_proxy_in_the_url_and_beside_it() {
    let Some((rig, proxies)) = servers() else { return };
    let (user, password) = (proxies.user.as_str(), proxies.password.as_str());
    for scheme in ["http", "socks5"] {
        let port = if scheme == "http" { proxies.http_sign_in } else { proxies.socks_sign_in };
        let within = format!("{scheme}://{user}:{}@127.0.0.1:{port}", encoded(password));
        let without = format!("{scheme}://127.0.0.1:{port}");
        for (proxy, sign_in) in [(within, None), (without, Some((user, password)))] {
            let mark = format!("signed-in-{scheme}-{}", sign_in.is_some());
            let mut mail = mail(rig, rig.ports.plain, PLAIN, &mark);
            mail.set_proxy(Some(&proxy), sign_in).unwrap();
            let sent = send_well(&mail);
            raw(rig, rig::BOB, &mark);
            assert_hidden(&mail, &sent, proxies);
        }
    }
}

#[test]
fn a_missing_or_wrong_sign_in_is_told_apart() {
    let Some((rig, proxies)) = servers() else { return };
    let user = proxies.user.as_str();
    let wrong = "an-utterly-wrong-one";
    for proxy in [http(proxies.http_sign_in), socks(proxies.socks_sign_in)] {
        for (sign_in, cause) in [
            (None, Cause::ProxySignInRequired),
            (Some((user, wrong)), Cause::ProxySignInRefused),
            (Some(("eve", proxies.password.as_str())), Cause::ProxySignInRefused),
        ] {
            let mut mail = mail(rig, rig.ports.plain, PLAIN, "not-signed-in");
            mail.set_proxy(Some(&proxy), sign_in).unwrap();
            let sent = send(&mail);
            assert_refused(&sent, cause);
            assert_eq!(sent.error().retry(), Retry::No);
            assert_hidden(&mail, &sent, proxies);
            let shown = format!("{:?} {:?}", sent.transcript, sent.error());
            assert!(!shown.contains(wrong) && !shown.contains("eve"), "{shown}");
        }
    }
}

#[test]
fn a_proxy_that_refuses_and_one_that_cannot_and_one_that_is_not_there_are_told_apart() {
    let Some((rig, proxies)) = servers() else { return };
    let cases = [
        (http(proxies.http), proxies.forbidden, Cause::ProxyRefused, "403"),
        (http(proxies.http), rig.ports.closed, Cause::ProxyCannotConnect, "503"),
        (socks(proxies.socks), rig.ports.closed, Cause::ProxyCannotConnect, "connection refused"),
        (http(proxies.closed), rig.ports.plain, Cause::ProxyUnreachable, "cannot be reached"),
        (socks(proxies.closed), rig.ports.plain, Cause::ProxyUnreachable, "cannot be reached"),
        // Another kind of proxy than was said.
        (http(proxies.socks), rig.ports.plain, Cause::ProxyProtocol, "SOCKS"),
        // No proxy at all, but a mail server.
        (http(rig.ports.plain), rig.ports.plain, Cause::ProxyProtocol, "proxy"),
        (socks(rig.ports.plain), rig.ports.plain, Cause::ProxyProtocol, "proxy"),
    ];
    for (proxy, port, cause, words) in cases {
        let mut mail = mail(rig, port, PLAIN, "refused-by-proxy");
        mail.set_proxy(Some(&proxy), None).unwrap();
        let sent = send(&mail);
        assert_refused(&sent, cause);
        let error = sent.error();
        assert!(error.text().contains(&proxy) && error.text().contains(words), "{error}");
        let passes = matches!(cause, Cause::ProxyCannotConnect | Cause::ProxyUnreachable);
        assert_eq!(error.retry() == Retry::Later, passes, "{error}");
    }
}

#[test]
fn the_certificate_must_be_for_the_server_behind_the_proxy() {
    let Some((rig, proxies)) = servers() else { return };
    for (host, port, proxy) in [
        // The certificate has the name of the computer on which the proxy is.
        (UNNAMED_HOST, rig.ports.submissions, http(proxies.http)),
        ("localhost", rig.ports.wronghost, http(proxies.http)),
        ("localhost", rig.ports.wronghost, socks(proxies.socks)),
    ] {
        let mut mail = mail(rig, port, TLS, "wrong-host-behind-proxy");
        mail.set_server(host, port.into()).unwrap();
        // Trusts somebody whom no other test trusts: else a session of theirs with another door of
        // the same Postfix is resumed, and no certificate shown.
        let key = rcgen::generate_simple_self_signed(["nobody.test".to_owned()]).unwrap();
        mail.add_ca_pem(key.cert.pem().as_bytes()).unwrap();
        mail.set_proxy(Some(&proxy), None).unwrap();
        assert_eq!(send(&mail).error().cause(), Cause::CertificateWrongHost);
    }
}

#[test]
fn a_kept_connection_is_used_again_only_through_the_same_proxy() {
    let Some((rig, proxies)) = servers() else { return };
    let mut mail = mail(rig, rig.ports.plain, PLAIN, "kept-behind-proxy");
    mail.set_keep_connection(true);
    let (first, second) = (http(proxies.http), socks(proxies.socks));
    for (proxy, connections) in [
        (Some(first.as_str()), 1),
        (Some(first.as_str()), 0),
        (Some(second.as_str()), 1),
        (None, 1),
        (Some("none"), 0),
        // Leads to the same server in the same way, but who knows that for sure?
        (Some("env"), 1),
    ] {
        mail.set_proxy(proxy, None).unwrap();
        assert_eq!(send_well(&mail).count("-- connecting"), connections, "{proxy:?}");
    }
}

/// Neither user nor password of the proxy is shown, plain or encoded.
fn assert_hidden(mail: &Mail, sent: &Sent, proxies: &Proxies) {
    let (user, password) = (proxies.user.as_str(), proxies.password.as_str());
    let error = sent.delivery.error();
    let shown = format!("{mail:?} {:?} {error:?}", sent.transcript);
    let pair = STANDARD.encode(format!("{user}:{password}"));
    for secret in [user, password, &encoded(password), &pair] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}
