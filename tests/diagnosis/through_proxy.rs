//! A proxy in the way, real ones.

use crate::harness::{SHORT, STARTTLS, TLS, diagnose, mail};
use crate::support::proxies::{self, HIDDEN_HOST};
use crate::support::rig;
use postrider::diagnosis::StepName::{Account, Connect, HelloInClear, Resolve, Tls};
use postrider::diagnosis::StepState::{Failed, Ok, Skipped};
use postrider::{Cause, Status};

#[test]
fn a_proxy_is_named_and_looks_the_server_up_itself() {
    let (Some(rig), Some(proxies)) = (rig::shared(), proxies::shared()) else { return };
    let token = rig.token("service");
    let mut mail = mail(rig, rig.ports.submissions, TLS);
    mail.set_server(HIDDEN_HOST, rig.ports.submissions.into()).unwrap();
    mail.set_auth_xoauth2(rig::ALICE, &token).unwrap();
    let proxy = format!("http://127.0.0.1:{}", proxies.http_sign_in);
    mail.set_proxy(Some(&proxy), Some((&proxies.user, &proxies.password))).unwrap();
    let found = diagnose(&mail, &[&token, &proxies.password]);
    let skipped = [Account, HelloInClear, Resolve].map(|name| (name, Skipped));
    found.assert_states(Ok, &[&skipped[..], &[SHORT]].concat());
    found.assert_says(Resolve, &format!("left to the proxy {proxy}"));
    found.assert_says(Connect, &format!("by way of the proxy {proxy}"));
}

#[test]
fn a_proxy_that_refuses_is_told_apart_from_one_that_is_not_there() {
    let (Some(rig), Some(proxies)) = (rig::shared(), proxies::shared()) else { return };
    for (port, server, cause) in [
        (proxies.closed, rig.ports.submission, Cause::ProxyUnreachable),
        (proxies.http_sign_in, rig.ports.submission, Cause::ProxySignInRequired),
        (proxies.http, proxies.forbidden, Cause::ProxyRefused),
    ] {
        let mut mail = mail(rig, server, STARTTLS);
        mail.set_proxy(Some(&format!("http://127.0.0.1:{port}")), None).unwrap();
        let found = diagnose(&mail, &[]);
        assert_eq!(
            (found.status(), found.error().unwrap().cause()),
            (Status::Proxy, cause),
            "{}",
            *found
        );
        assert_eq!((found.step(Connect).state, found.step(Tls).state), (Failed, Skipped));
    }
}

/// The look at what the port speaks goes the same way.
#[test]
fn plain_text_where_tls_is_expected_is_told_behind_a_proxy_too() {
    let (Some(rig), Some(proxies)) = (rig::shared(), proxies::shared()) else { return };
    let mut mail = mail(rig, rig.ports.submission, TLS);
    mail.set_proxy(Some(&format!("socks5://127.0.0.1:{}", proxies.socks)), None).unwrap();
    mail.set_server("localhost", rig.ports.submission.into()).unwrap();
    let found = diagnose(&mail, &[]);
    found.assert_says(Tls, "speaks plain text");
    found.assert_says(HelloInClear, "STARTTLS");
}
