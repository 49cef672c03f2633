//! Tokens of an account at a server that refuses them, and a provider that gives others.

use crate::client::{USER, Watcher, assert_accepted, assert_failed, mail_to};
use crate::records;
use crate::server::{At, Do, Security, Server, say};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider::oauth::{Account, Callbacks, Store};
use postrider::{Cause, Mail, Outcome, Status};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

const OFFER: &[&str] = &["AUTH XOAUTH2"];

/// A token endpoint: each answer has the next token of "scripted-token-1", "scripted-token-2", …, or this one.
struct Provider {
    port: u16,
    requests: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    fn start(token: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (requests, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (requests.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let token = token.clone().unwrap_or_else(|| format!("scripted-token-{number}"));
                answer(stream.expect("a connection"), &token);
            }
        });
        Self { port, requests, ended, thread: Some(thread) }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Somebody signed in with this entry, at this provider of the table.
    fn account(&self, provider: &str, user_name: &str) -> Account {
        let token = format!("http://127.0.0.1:{}/token", self.port);
        let json = serde_json::json!({ provider: { "endpoints": { "token": token } } });
        let account = Account::new(provider, Some(&json.to_string())).expect("a provider");
        account.set_client("desktop", None).expect("a client");
        account.set_user(USER).expect("a user");
        let identity = if provider == "custom" { &token } else { provider };
        let entry = serde_json::json!({
            "format": "postrider-account", "version": 1, "provider": identity,
            "client_id": "desktop", "tenant": "", "user": USER,
            "user_name": user_name, "refresh_token": "refresh",
        });
        let document = Arc::new(parking_lot::Mutex::new(entry.to_string().into_bytes()));
        let saved = document.clone();
        account.set_store(Store::callbacks(Callbacks::new(
            move |_| Ok(Some(document.lock().clone())),
            move |_, bytes| {
                *saved.lock() = bytes.to_vec();
                Ok(())
            },
            |_| Ok(()),
        )));
        account
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(mut stream: TcpStream, token: &str) {
    let mut reader = BufReader::new(&stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a request") > 0, "{head}");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("a body");
    let json = serde_json::json!({ "access_token": token, "expires_in": 3600 }).to_string();
    records::secrets_of(&json);
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{json}",
        json.len()
    );
}

/// Signs nobody in whose response does not hold this text.
fn wanting(text: &'static str) -> Server {
    Server::start(Security::Plain, OFFER, move |moment, _| match moment.at {
        At::Auth if !response_of(moment.line).contains(text) => say("535 5.7.3 not you\r\n"),
        _ => Do::Usual,
    })
}

fn response_of(line: &str) -> String {
    let encoded = line.rsplit(' ').next().unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
    String::from_utf8_lossy(&decoded).into_owned()
}

fn mail_of(account: &Account, server: &Server) -> Mail {
    let mut mail = mail_to(server);
    mail.allow_plaintext_auth(true);
    mail.set_account(account).expect("an account");
    mail
}

#[test]
fn a_refused_token_is_renewed_once_and_the_message_goes_out() {
    let provider = Provider::start(None);
    let server = wanting("Bearer scripted-token-2");
    let account = provider.account("custom", USER);
    assert_accepted(&mail_of(&account, &server).send(&()));
    assert_eq!(provider.requests(), 2);
    let record = server.stop();
    assert_eq!((record.commands("AUTH ").len(), record.deliveries()), (2, 1));
}

#[test]
fn two_refusals_are_enough() {
    let provider = Provider::start(None);
    let server = wanting("Bearer scripted-token-9");
    let account = provider.account("custom", USER);
    let delivery = mail_of(&account, &server).send(&());
    assert_failed(&delivery, Status::SignIn, Outcome::NotSent);
    assert_eq!(provider.requests(), 2);
    assert_eq!(server.stop().commands("AUTH ").len(), 2);
}

#[test]
fn a_personal_account_at_microsoft_signs_in_by_the_name_that_the_provider_gave() {
    let provider = Provider::start(None);
    let server = wanting("user=anna.first@example.org");
    let account = provider.account("microsoft-personal", "anna.first@example.org");
    let watcher = Watcher::default();
    assert_accepted(&mail_of(&account, &server).send(&watcher));
    assert_eq!(server.stop().commands("AUTH ").len(), 3);
    // Other providers know no such name.
    let server = wanting("user=anna.first@example.org");
    let account = provider.account("custom", "anna.first@example.org");
    let delivery = mail_of(&account, &server).send(&());
    assert_failed(&delivery, Status::SignIn, Outcome::NotSent);
}

#[test]
fn a_kept_connection_outlives_its_token() {
    let provider = Provider::start(None);
    let server = wanting("Bearer scripted-token-1");
    let account = provider.account("custom", USER);
    let mut mail = mail_of(&account, &server);
    mail.set_keep_connection(true);
    assert_accepted(&mail.send(&()));
    // Another token meanwhile: the session does not care.
    account.set_refresh_token("another").expect("a token");
    assert_eq!(account.access_token().expect("a token").text(), "scripted-token-2");
    assert_accepted(&mail.send(&()));
    drop(mail);
    let record = server.stop();
    assert_eq!((record.connections, record.deliveries()), (1, 2));
}

#[test]
fn a_token_for_another_service_is_found_out_before_anybody_connects() {
    let claims = serde_json::json!({ "aud": "https://graph.microsoft.com", "scp": "Mail.Send" });
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let jwt = format!("{}.{}.{}", part(r#"{"alg":"none"}"#), part(&claims.to_string()), part("x"));
    let provider = Provider::start(Some(jwt));
    let server = Server::polite(Security::Plain, OFFER);
    let account = provider.account("microsoft", USER);
    let delivery = mail_of(&account, &server).send(&());
    let error = delivery.error().expect("it fails");
    assert_eq!((error.status(), error.cause()), (Status::Token, Cause::TokenWrongAudience));
    assert_eq!(
        error.text(),
        "this token is for Microsoft Graph; SMTP needs https://outlook.office.com/SMTP.Send"
    );
    account.look_at_tokens(false).expect("a switch");
    assert_accepted(&mail_of(&account, &server).send(&()));
    assert_eq!(server.stop().connections, 1);
}

#[test]
fn a_provider_names_the_server_unless_the_program_did() {
    let server = Server::polite(Security::Plain, OFFER);
    let json = serde_json::json!({ "custom": {
        "smtp": { "host": "127.0.0.1", "port": server.port(), "security": "starttls" },
        "renamed_hosts": ["old.example"],
    }});
    let account = Account::new("custom", Some(&json.to_string())).expect("a provider");
    let mut mail = Mail::new();
    mail.set_account(&account).expect("an account");
    mail.set_auth_none();
    mail.set_security(0).expect("a security");
    crate::client::write_message(&mut mail);
    assert_accepted(&mail.send(&()));
    assert_eq!(server.stop().deliveries(), 1);
}

#[test]
fn an_old_name_of_a_server_leads_to_todays() {
    let provider = Provider::start(None);
    let server = Server::polite(Security::Plain, OFFER);
    let token = format!("http://127.0.0.1:{}/token", provider.port);
    let json = serde_json::json!({ "custom": {
        "smtp": { "host": "127.0.0.1", "port": 1, "security": "starttls" },
        "renamed_hosts": ["old.example"],
        "endpoints": { "token": token },
    }});
    let account = Account::new("custom", Some(&json.to_string())).expect("a provider");
    account.set_client("desktop", None).expect("a client");
    account.set_user(USER).expect("a user");
    account.set_refresh_token("refresh").expect("a token");
    let mut mail = mail_of(&account, &server);
    mail.set_server("old.example", server.port()).expect("a server");
    let watcher = Watcher::default();
    assert_accepted(&mail.send(&watcher));
    let log = watcher.transcript();
    assert!(log.contains("-- old.example is 127.0.0.1 today"), "{log}");
}
