//! The rig itself, without the library: its servers are what `support::rig` says they are, tokens
//! and mail travel through them, and nothing of it outlives the tests.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::rig::{self, Rig};
use support::{mail, maildir, tools};

#[test]
fn mail_sent_with_a_token_is_found_in_the_maildir() {
    let Some(rig) = rig::shared() else { return };
    let answer = sign_in_and_send(
        rig,
        "starttls",
        rig.ports.submission,
        &rig.token("service"),
        "By Postfix",
    );
    assert_eq!(answer["code"], 235, "{answer}");

    let message = mail::parse_with_python(&maildir::wait_for(rig, rig::BOB, "By Postfix"));
    let header = |name: &str| {
        let headers = message["headers"].as_array().unwrap();
        headers
            .iter()
            .find(|header| header[0] == name)
            .map_or(Value::Null, |header| header[1].clone())
    };
    assert_eq!(header("Subject"), "By Postfix");
    assert_eq!(header("Return-Path"), "<alice@rig.test>");
    assert_eq!(message["defects"], json!([]));
    let parts = &message["body"]["parts"];
    assert_eq!(parts[0]["text"], "Grüße from the rig\n");
    assert_eq!(parts[1]["file_name"], "drei Bytes.bin");
    assert_eq!(parts[1]["size"], 3);
    assert_eq!(
        parts[1]["sha256"],
        "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"
    );
}

#[test]
fn mail_given_to_dovecot_is_found_in_the_maildir() {
    let Some(rig) = rig::shared() else { return };
    let token = rig.token("service-long");
    assert_eq!(token.len(), 2000);
    let answer =
        sign_in_and_send(rig, "implicit", rig.ports.dovecot_submissions, &token, "By Dovecot");
    assert_eq!(answer["code"], 235, "{answer}");
    maildir::wait_for(rig, rig::BOB, "By Dovecot");
}

#[test]
fn tokens_that_are_not_good_for_the_mailbox_are_refused() {
    let Some(rig) = rig::shared() else { return };
    let bad = [
        ("wrong", "nonsense".to_owned()),
        ("foreign", rig.foreign_token()),
        ("unscoped", rig.unscoped_token()),
        ("revoked", rig.revoked_token()),
        ("expired", rig.expired_token()),
    ];
    let doors = [("starttls", rig.ports.submission), ("implicit", rig.ports.dovecot_submissions)];
    // All at once: Dovecot thinks half a second about each refusal.
    thread::scope(|scope| {
        for (kind, token) in &bad {
            for (tls, port) in doors {
                scope.spawn(move || {
                    let answer = sign_in_and_send(rig, tls, port, token, "Never sent");
                    assert_eq!(answer["code"], 535, "{kind}: {answer}");
                    assert_eq!(answer["challenge"]["status"], "401", "{kind}: {answer}");
                });
            }
        }
    });
}

#[test]
fn each_door_offers_what_it_says() {
    let Some(rig) = rig::shared() else { return };
    let ports = &rig.ports;
    let usual = ["PIPELINING", "STARTTLS", "8BITMIME", "SMTPUTF8", "AUTH"];
    // The door, and what it lacks of the usual.
    let doors: &[(u16, &[&str])] = &[
        (ports.plain, &[]),
        (ports.submission, &["AUTH"]), // comes after STARTTLS
        (ports.tls12, &["AUTH"]),
        (ports.mx, &["AUTH"]),
        (ports.no_tls, &["STARTTLS"]),
        (ports.no_pipelining, &["PIPELINING"]),
        (ports.no_smtputf8, &["SMTPUTF8"]),
        (ports.no_8bitmime, &["8BITMIME", "SMTPUTF8"]),
        (ports.small, &[]),
        (ports.password_only, &[]),
    ];
    for (port, lacking) in doors {
        let offered = ehlo(rig::HOST, *port);
        for keyword in usual {
            let offers = offered.lines().any(|line| line[4..].split(' ').next() == Some(keyword));
            assert_eq!(offers, !lacking.contains(&keyword), "{keyword}:\n{offered}");
        }
        if rig.ipv6 {
            assert_eq!(ehlo("::1", *port), offered);
        }
    }
    assert!(ehlo(rig::HOST, ports.small).contains(&format!("SIZE {}", rig::SMALL_SIZE)));
    assert!(ehlo(rig::HOST, ports.plain).contains("XOAUTH2"));
    assert!(!ehlo(rig::HOST, ports.password_only).contains("XOAUTH2"));
    TcpStream::connect((rig::HOST, ports.closed)).expect_err("nobody listens on the closed port");
}

#[test]
fn each_certificate_is_wrong_in_its_own_way() {
    let Some(rig) = rig::shared() else { return };
    let ports = &rig.ports;
    let doors = [
        (ports.submissions, "Verification: OK"),
        (ports.dovecot_submissions, "Verification: OK"),
        (ports.expired, "Verification error: certificate has expired"),
        (ports.wronghost, "Verification error: hostname mismatch"),
        (ports.selfsigned, "Verification error: self-signed certificate"),
        (ports.otherca, "Verification error: self-signed certificate in certificate chain"),
    ];
    for (port, verdict) in doors {
        let output = Command::new("openssl")
            .args(["s_client", "-connect", &format!("{}:{port}", rig::HOST)])
            .args(["-verify_hostname", "localhost", "-no-CApath", "-CAfile"])
            .arg(&rig.ca_file)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&output.stdout);
        assert!(output.contains(verdict), "not {verdict:?} but:\n{output}");
    }
}

#[test]
fn nothing_outlives_the_process_that_wanted_the_servers() {
    let Some(rig) = Rig::start() else { return };
    let (pids, state) = (rig.pids.clone(), rig.state.clone());
    assert_eq!(pids.len(), 4, "Postfix, Dovecot, the provider, the keeper of the ports");
    assert!(pids.iter().all(|pid| !session(*pid).is_empty()));
    drop(rig);

    // Only the script's own end is awaited by `drop`.
    let deadline = Instant::now() + Duration::from_secs(10);
    let left = || pids.iter().map(|pid| session(*pid)).collect::<String>();
    while !left().is_empty() {
        assert!(Instant::now() < deadline, "left over:\n{}", left());
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!state.exists(), "{} is left over", state.display());
}

fn sign_in_and_send(rig: &Rig, tls: &str, port: u16, token: &str, subject: &str) -> Value {
    let mut client = Command::new("python3")
        .arg(tools::tests_folder("rig/smtp_oauth.py"))
        .args([tls, &port.to_string()])
        .arg(&rig.ca_file)
        .args([rig::ALICE, rig::BOB, subject])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The server's whole reply to EHLO.
fn ehlo(host: &str, port: u16) -> String {
    let mut stream = TcpStream::connect((host, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"EHLO client.test\r\nQUIT\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    lines.filter(|line| line.starts_with("250")).map(|line| line + "\n").collect()
}

/// The living processes of a session. A zombie is gone: it waits for a slow pid 1.
fn session(leader: u32) -> String {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats =
        processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    stats
        .filter(|stat| {
            // After the name in parentheses: state, parent, group, session.
            let fields: Vec<_> =
                stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            fields.first() != Some(&"Z") && fields.get(3) == Some(&leader.to_string().as_str())
        })
        .collect()
}
