//! What the environment decides. It belongs to the whole process, and other threads read it: so
//! each case runs one test of this file again, in a process with the environment that it wants.

use crate::harness::raw;
use crate::support::proxies::{self, HIDDEN_HOST};
use crate::support::{rig, tools};
use postrider::{Cause, Kind, Mail, Stage};
use std::process::Command;

/// The case, for the process that is to run it.
const CASE: &str = "POSTRIDER_TEST_CASE";
const PORT: &str = "POSTRIDER_TEST_PORT";

/// All that could come from outside.
const VARIABLES: [&str; 6] =
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// Runs a test of this file again with this environment.
fn run(mut command: Command, test: &str, case: &str, environment: &[(&str, &str)]) {
    command.args(["--exact", &format!("environment::{test}"), "--nocapture"]).env(CASE, case);
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{case}: {output:#?}");
}

fn this_program() -> std::path::PathBuf {
    std::env::current_exe().expect("this test")
}

fn mail_to(host: &str, port: u16, mark: &str) -> Mail {
    let mut mail = Mail::new();
    mail.set_server(host, port.into()).unwrap();
    mail.set_security(0).unwrap();
    mail.set_timeout_ms(60_000).unwrap();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient_as(None, rig::BOB, Kind::To).unwrap();
    mail.set_subject("A test").unwrap();
    mail.add_header("X-Mark", mark).unwrap();
    mail
}

#[test]
fn the_proxy_of_the_environment_carries_mail() {
    const NAME: &str = "the_proxy_of_the_environment_carries_mail";
    if let Ok(case) = std::env::var(CASE) {
        let (source, mark) = case.split_once(' ').expect("two words");
        let port = std::env::var(PORT).expect("a port").parse().expect("a number");
        let host = if mark == "env-loopback" { "localhost" } else { HIDDEN_HOST };
        let mut mail = mail_to(host, port, mark);
        let sign_in = (mark == "env-beside").then_some(("anna", "p@ss:w/rd%1"));
        mail.set_proxy(Some(source), sign_in).unwrap();
        let delivery = mail.send(&());
        assert!(delivery.error().is_none(), "{:?}", delivery.error());
        return;
    }
    let (Some(rig), Some(proxies)) = (rig::shared(), proxies::shared()) else { return };
    assert_eq!((proxies.user.as_str(), proxies.password.as_str()), ("anna", "p@ss:w/rd%1"));
    let open = format!("http://127.0.0.1:{}", proxies.http);
    let with_user = format!("http://anna:p%40ss%3Aw%2Frd%251@127.0.0.1:{}", proxies.http_sign_in);
    let without_user = format!("127.0.0.1:{}", proxies.http_sign_in);
    let nobody = format!("http://127.0.0.1:{}", proxies.closed);
    for (case, environment) in [
        ("env env-https", [("HTTPS_PROXY", open.as_str()), ("ALL_PROXY", &nobody)]),
        ("env env-all", [("all_proxy", &open), ("HTTP_PROXY", &nobody)]),
        ("env env-user", [("https_proxy", &with_user), ("no_proxy", "other.test")]),
        ("env env-beside", [("https_proxy", &without_user), ("no_proxy", "")]),
        // A server on this computer is reached directly.
        ("env env-loopback", [("HTTPS_PROXY", &nobody), ("ALL_PROXY", &nobody)]),
        // On the systems on which these tests run it is the same.
        ("system env-system", [("HTTPS_PROXY", &open), ("NO_PROXY", "other.test")]),
    ] {
        let mut command = Command::new(this_program());
        command.env(PORT, rig.ports.plain.to_string());
        run(command, NAME, case, &environment);
        raw(rig, rig::BOB, case.split_once(' ').expect("two words").1);
    }
}

/// In a network in which nothing is reachable: how the send fails shows which way it took.
#[test]
fn exceptions_and_programs_that_want_no_proxy_go_directly() {
    const NAME: &str = "exceptions_and_programs_that_want_no_proxy_go_directly";
    if let Ok(case) = std::env::var(CASE) {
        let (source, way) = case.split_once(' ').expect("two words");
        let mut mail = mail_to(HIDDEN_HOST, 587, "nowhere");
        if source != "default" {
            mail.set_proxy(Some(source), None).unwrap();
        }
        let delivery = mail.send(&());
        let error = delivery.error().expect("nothing is reachable");
        let expected = match way {
            "proxy" => (Stage::Proxy, Cause::ProxyUnreachable),
            _ => (Stage::Resolve, Cause::HostNotFound),
        };
        assert_eq!((error.stage(), error.cause()), expected, "{error}");
        return;
    }
    if !tools::require_all(&["unshare"]) {
        return;
    }
    let alone = || {
        let mut unshare = Command::new(tools::find("unshare").expect("it is there"));
        unshare.args(["--net", "--map-root-user"]);
        unshare
    };
    if !alone().arg("true").output().is_ok_and(|output| output.status.success()) {
        return tools::skip("allow namespaces (or run the tests as root)");
    }
    let proxy = ("HTTPS_PROXY", "http://127.0.0.1:3128");
    for (case, environment) in [
        ("env proxy", [proxy, ("NO_PROXY", "other.test")].as_slice()),
        ("env directly", &[proxy, ("NO_PROXY", "other.test, .rig.test")]),
        ("env directly", &[proxy, ("no_proxy", "*")]),
        ("env directly", &[]),
        ("none directly", &[proxy]),
        ("default directly", &[proxy]),
    ] {
        let mut command = alone();
        command.arg(this_program());
        run(command, NAME, case, environment);
    }
}
