//! An account against a provider that rotates refresh tokens and remembers everything.

use super::*;
use crate::error::{Cause, Status};
use crate::oauth::scripted::read_request;
use crate::oauth::store::Callbacks;
use std::collections::VecDeque;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// What the provider is to do with the next requests, and what it has seen.
#[derive(Default)]
struct Script {
    /// Whole answers to give to requests for tokens before anything else.
    answers: Mutex<VecDeque<String>>,
    /// Requests for what the issuer publishes.
    discoveries: AtomicUsize,
    /// Seconds that each access token lives.
    lifetime: AtomicUsize,
    /// The number of the only refresh token that is good.
    current: AtomicUsize,
    requests: AtomicUsize,
    /// The request for a token that came last.
    last: Mutex<String>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// An old refresh token came back: the whole sign-in is dead.
    dead: AtomicBool,
    ended: AtomicBool,
}

pub(super) struct Endpoint {
    script: Arc<Script>,
    pub(super) port: u16,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub(super) fn start(lifetime: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Script::default());
        script.lifetime.store(lifetime, Ordering::SeqCst);
        let shared = script.clone();
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                for stream in listener.incoming() {
                    if shared.ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let script = &shared;
                    scope.spawn(move || script.serve(stream.unwrap()));
                }
            });
        });
        Self { script, port, thread: Some(thread) }
    }

    fn account(&self, store: &Store) -> Account {
        let token = format!("http://127.0.0.1:{}/token", self.port);
        self.account_at(store, &serde_json::json!({ "endpoints": { "token": token } }))
    }

    fn account_at(&self, store: &Store, place: &serde_json::Value) -> Account {
        let mut provider = place.clone();
        provider["scopes"] = serde_json::json!({ "app": ["mail"] });
        let json = serde_json::json!({ "custom": provider });
        let account = Account::new("custom", Some(&json.to_string())).unwrap();
        account.set_client("desktop", None).unwrap();
        account.set_user("anna@example.org").unwrap();
        account.set_store(store.clone());
        account
    }

    fn signed_in(&self) -> (Account, Store) {
        let store = Store::memory();
        let account = self.account(&store);
        account.set_refresh_token("refresh-0").unwrap();
        (account, store)
    }

    pub(super) fn answer_with(&self, answers: &[&str]) {
        self.script.answers.lock().extend(answers.iter().map(|&answer| answer.to_owned()));
    }

    pub(super) fn requests(&self) -> usize {
        self.script.requests.load(Ordering::SeqCst)
    }

    pub(super) fn last_request(&self) -> String {
        self.script.last.lock().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.script.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Script {
    fn serve(&self, mut stream: TcpStream) {
        let request = read_request(&stream);
        if request.starts_with("GET /.well-known/openid-configuration ") {
            self.discoveries.fetch_add(1, Ordering::SeqCst);
            let issuer = format!("http://{}", stream.local_addr().unwrap());
            let json = format!(r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token"}}"#);
            stream.write_all(ok(&json).as_bytes()).unwrap();
            return;
        }
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let scripted = self.answers.lock().pop_front();
        let answer = scripted.unwrap_or_else(|| self.answer(&request, number));
        *self.last.lock() = request;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let _ = stream.write_all(answer.as_bytes());
    }

    fn answer(&self, request: &str, number: usize) -> String {
        let lifetime = self.lifetime.load(Ordering::SeqCst);
        if request.contains("grant_type=client_credentials") {
            return ok(&format!(r#"{{"access_token":"app-{number}","expires_in":{lifetime}}}"#));
        }
        let current = self.current.load(Ordering::SeqCst);
        if !request.contains(&format!("refresh_token=refresh-{current}&")) {
            self.dead.store(true, Ordering::SeqCst);
            return DEAD.into();
        }
        let next = self.current.fetch_add(1, Ordering::SeqCst) + 1;
        ok(&format!(
            r#"{{"access_token":"access-{next}","refresh_token":"refresh-{next}","expires_in":{lifetime}}}"#
        ))
    }
}

const DEAD: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
    Content-Length: 25\r\nConnection: close\r\n\r\n{\"error\":\"invalid_grant\"}";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";
const BUSY_FOR_A_SECOND: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BUSY_FOR_AN_HOUR: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

pub(super) fn ok(json: &str) -> String {
    let length = json.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{json}"
    )
}

pub(super) fn kept(account: &Account, store: &Store) -> Entry {
    store.load(&account.settings().key().unwrap()).unwrap().unwrap()
}

/// As it was found a while ago: the access token has ended.
pub(super) fn expire(account: &Account, store: &Store) {
    change(account, store, |entry| {
        entry.obtained_at = Some(1000);
        entry.expires_at = Some(2000);
    });
}

fn change(account: &Account, store: &Store, change: impl FnOnce(&mut Entry)) {
    let key = account.settings().key().unwrap();
    account
        .watched(|watch| {
            store.with_lock(&key, watch, |locked, _| {
                let mut entry = locked.entry().cloned().unwrap();
                change(&mut entry);
                locked.save(entry)
            })
        })
        .unwrap();
}

#[test]
fn a_token_is_asked_for_once_and_then_kept() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    for _ in 0..3 {
        let token = account.access_token().unwrap();
        assert_eq!((token.text(), token.user.as_deref()), ("access-1", Some("anna@example.org")));
    }
    assert_eq!(endpoint.requests(), 1);
    assert_eq!(kept(&account, &store).refresh_token, Some(Secret::new("refresh-1")));
    // Another program with the same store needs not ask at all.
    assert_eq!(endpoint.account(&store).access_token().unwrap().text(), "access-1");
    assert_eq!(endpoint.requests(), 1);
}

#[test]
fn a_token_that_ended_is_renewed() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    expire(&account, &store);
    assert_eq!(account.access_token().unwrap().text(), "access-2");
    assert_eq!(kept(&account, &store).refresh_token, Some(Secret::new("refresh-2")));
}

#[test]
fn many_threads_and_programs_never_use_a_refresh_token_twice() {
    const EACH: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    // Every token has ended when it comes: each request wants another one.
    let endpoint = Endpoint::start(0);
    let store = || Store::file(folder.path()).unwrap();
    endpoint.account(&store()).set_refresh_token("refresh-0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // As in another process: nothing is shared but the files.
            let account = endpoint.account(&store());
            for _ in 0..2 {
                let account = account.clone();
                scope.spawn(move || (0..EACH).for_each(|_| drop(account.access_token().unwrap())));
            }
        }
    });
    assert!(!endpoint.script.dead.load(Ordering::SeqCst), "an old refresh token was used");
    assert_eq!(endpoint.script.most_at_once.load(Ordering::SeqCst), 1);
    let last = endpoint.script.current.load(Ordering::SeqCst);
    let account = endpoint.account(&store());
    assert_eq!(
        kept(&account, &store()).refresh_token,
        Some(Secret::new(format!("refresh-{last}")))
    );
}

#[test]
fn who_waited_for_a_refresh_uses_its_token() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(account.access_token().unwrap().text(), "access-1"));
        }
    });
    assert_eq!(endpoint.requests(), 1);
    drop(store);
}

#[test]
fn the_token_that_the_mail_server_refused_is_not_given_again() {
    let endpoint = Endpoint::start(3600);
    let (account, _store) = endpoint.signed_in();
    let first = account.access_token().unwrap();
    let second = account.watched(|watch| account.token(watch, Some(first.secret()))).unwrap();
    assert_eq!(second.text(), "access-2");
    // Who comes late with the same complaint gets the new one, and nobody is asked.
    let third = account.watched(|watch| account.token(watch, Some(first.secret()))).unwrap();
    assert_eq!((third.text(), endpoint.requests()), ("access-2", 2));
}

#[test]
fn a_fault_that_passes_is_waited_out() {
    let endpoint = Endpoint::start(3600);
    let (account, _store) = endpoint.signed_in();
    endpoint.answer_with(&[BUSY, BUSY]);
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    assert_eq!(endpoint.requests(), 3);
}

#[test]
fn the_provider_says_how_long_to_wait() {
    let endpoint = Endpoint::start(3600);
    let (account, _store) = endpoint.signed_in();
    endpoint.answer_with(&[BUSY_FOR_A_SECOND]);
    let begun = Instant::now();
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(endpoint.requests(), 2);
}

#[test]
fn what_an_issuer_publishes_is_asked_for_once() {
    let endpoint = Endpoint::start(0);
    let issuer = format!("http://127.0.0.1:{}", endpoint.port);
    let place = serde_json::json!({ "issuer": issuer });
    let account = endpoint.account_at(&Store::memory(), &place);
    let asked = || (endpoint.requests(), endpoint.script.discoveries.load(Ordering::SeqCst));
    account.set_refresh_token("refresh-0").unwrap();
    account.access_token().unwrap();
    account.add_parameter("prompt", "none").unwrap();
    account.access_token().unwrap();
    assert_eq!(asked(), (2, 1));
    // The endpoint may have moved.
    endpoint.answer_with(&[GONE]);
    account.access_token().unwrap_err();
    account.access_token().unwrap();
    assert_eq!(asked(), (4, 2));
}

/// Set back, a clock makes tokens look young; a computer that slept finds them ended.
#[test]
fn a_clock_that_jumps_lets_no_ended_token_be_used() {
    const DAY: i64 = 86_400;
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    for (jump, request) in [(DAY, 2), (-DAY, 3), (0, 3)] {
        account.access_token().unwrap();
        change(&account, &store, |entry| {
            entry.obtained_at = entry.obtained_at.map(|at| at + jump);
            entry.expires_at = entry.expires_at.map(|at| at + jump);
        });
        account.access_token().unwrap();
        assert_eq!(endpoint.requests(), request, "{jump}");
    }
}

#[test]
fn nobody_waits_for_an_hour() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    endpoint.answer_with(&[BUSY_FOR_AN_HOUR]);
    let error = account.access_token().unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)), "{error}");
    assert_eq!(endpoint.requests(), 1);
    assert_eq!(kept(&account, &store).refresh_token, Some(Secret::new("refresh-0")));
}

#[test]
fn a_token_that_lives_is_good_while_the_provider_is_away() {
    let endpoint = Endpoint::start(100);
    let (account, store) = endpoint.signed_in();
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    // Twenty seconds are left: it would be renewed now, whatever the jitter.
    change(&account, &store, |entry| {
        entry.obtained_at = entry.obtained_at.map(|at| at - 80);
        entry.expires_at = entry.expires_at.map(|at| at - 80);
    });
    endpoint.answer_with(&[BUSY; 3]);
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    assert_eq!(endpoint.requests(), 4);
    assert_eq!(account.access_token().unwrap().text(), "access-2");
}

#[test]
fn a_sign_in_that_was_ended_needs_a_person_and_blanks_nothing() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    endpoint.answer_with(&[DEAD]);
    let error = account.access_token().unwrap_err();
    assert_eq!(error.status(), Status::NeedsSignIn, "{error}");
    assert_eq!(endpoint.requests(), 1, "it is not asked again");
    assert_eq!(kept(&account, &store).refresh_token, Some(Secret::new("refresh-0")));
}

#[test]
fn nobody_has_signed_in_yet() {
    let endpoint = Endpoint::start(3600);
    let account = endpoint.account(&Store::memory());
    assert!(!account.is_signed_in().unwrap());
    let error = account.access_token().unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::NeedsSignIn, Cause::NeedsSignIn));
    assert_eq!(endpoint.requests(), 0);
    account.set_refresh_token("refresh-0").unwrap();
    assert!(account.is_signed_in().unwrap());
    account.sign_out().unwrap();
    assert!(!account.is_signed_in().unwrap());
}

#[test]
fn a_token_that_cannot_be_saved_is_not_used() {
    let endpoint = Endpoint::start(3600);
    let document = Arc::new(Mutex::new(None));
    let full = Arc::new(AtomicBool::new(false));
    let (loaded, saved, disk) = (document.clone(), document.clone(), full.clone());
    let account = endpoint.account(&Store::callbacks(Callbacks::new(
        move |_| Ok(loaded.lock().clone()),
        move |_, bytes| {
            if disk.load(Ordering::SeqCst) {
                return Err(std::io::Error::other("the disk is full"));
            }
            *saved.lock() = Some(bytes.to_vec());
            Ok(())
        },
        |_| Ok(()),
    )));
    account.set_refresh_token("refresh-0").unwrap();
    let before = document.lock().clone();
    full.store(true, Ordering::SeqCst);
    let error = account.access_token().unwrap_err();
    assert_eq!(error.status(), Status::Store, "{error}");
    assert!(error.text().contains("the disk is full"), "{error}");
    assert_eq!(*document.lock(), before, "what was there is still there");
    // While it cannot be saved nobody asks with the refresh token that is no longer good.
    assert_eq!(account.access_token().unwrap_err().status(), Status::Store);
    assert_eq!(endpoint.requests(), 1);
    full.store(false, Ordering::SeqCst);
    assert_eq!(account.access_token().unwrap().text(), "access-1");
    assert_eq!(endpoint.requests(), 1, "nothing was lost");
    let saved = String::from_utf8(document.lock().clone().unwrap()).unwrap();
    assert!(saved.contains("refresh-1"), "{saved}");
}

#[test]
fn an_app_signs_in_itself() {
    let endpoint = Endpoint::start(3600);
    let account = endpoint.account(&Store::memory());
    account.set_client("service", Some("secret")).unwrap();
    account.use_client_credentials().unwrap();
    let first = account.access_token().unwrap();
    assert_eq!(account.access_token().unwrap().text(), first.text());
    assert_eq!(endpoint.requests(), 1);
    let next = account.watched(|watch| account.token(watch, Some(first.secret()))).unwrap();
    assert_ne!(next.text(), first.text());
}

#[test]
fn an_app_with_many_threads_asks_once_and_lives_on_while_the_provider_is_away() {
    // Due after half its life, good for 40 seconds.
    let endpoint = Endpoint::start(40);
    let account = endpoint.account(&Store::memory());
    account.use_client_credentials().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(account.access_token().unwrap().text(), "app-1"));
        }
    });
    assert_eq!(endpoint.requests(), 1);
    let older = |time: SystemTime| time - Duration::from_secs(30);
    if let Some(token) = &mut *account.0.app_token.lock() {
        (token.obtained_at, token.expires_at) = (older(token.obtained_at), older(token.expires_at));
    }
    endpoint.answer_with(&[BUSY; 3]);
    assert_eq!(account.access_token().unwrap().text(), "app-1");
    assert_eq!(account.access_token().unwrap().text(), "app-5");
}

#[test]
fn debug_shows_no_secret() {
    let endpoint = Endpoint::start(3600);
    let (account, _store) = endpoint.signed_in();
    account.set_client("desktop", Some("client-secret")).unwrap();
    let token = account.access_token().unwrap();
    let shown = format!("{account:?} {token:?} {:?}", account.settings().key());
    for secret in ["client-secret", "refresh-", "access-1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn cancelling_gets_through_to_a_refresh() {
    let endpoint = Endpoint::start(3600);
    let (account, _store) = endpoint.signed_in();
    endpoint.answer_with(&[BUSY; 3]);
    let canceller = account.canceller();
    let script = endpoint.script.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while script.requests.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            canceller.cancel();
        });
        assert_eq!(account.access_token().unwrap_err().status(), Status::Cancelled);
    });
}

#[test]
fn the_program_is_asked_for_a_token_only_when_the_last_one_has_ended_or_was_refused() {
    let account = Account::new("microsoft", None).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, lifetime) = (asked.clone(), Arc::new(Mutex::new(3600)));
    let of_next = lifetime.clone();
    account.use_tokens_of(move || {
        let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let lifetime = Duration::from_secs(*of_next.lock());
        SuppliedToken::new(&format!("own-{number}"), lifetime).map_err(io::Error::other)
    });
    assert!(account.is_signed_in().unwrap());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let account = account.clone();
            std::thread::spawn(move || account.access_token().unwrap().text().to_owned())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "own-1");
    }
    let refused = Secret::new("own-1");
    let next = account.watched(|watch| account.token(watch, Some(&refused))).unwrap();
    assert_eq!(next.text(), "own-2");

    // Tokens that are good once.
    *lifetime.lock() = 0;
    let refused = Secret::new("own-2");
    account.watched(|watch| account.token(watch, Some(&refused))).unwrap();
    assert_eq!(account.access_token().unwrap().text(), "own-4");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[test]
fn a_program_without_a_token_is_told_apart_from_a_provider() {
    let account = Account::new("google", None).unwrap();
    account.use_tokens_of(|| Err(io::Error::other("the vault is closed")));
    let error = account.access_token().unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::Token, Cause::TokenNotSupplied));
    assert!(error.text().contains("the vault is closed"), "{error}");
    let refused = SuppliedToken::new("two\nlines", Duration::from_secs(60)).unwrap_err();
    assert_eq!(refused.status(), Status::InvalidArgument);
}

#[test]
fn why_a_sign_in_ended_is_remembered_until_the_next() {
    let endpoint = Endpoint::start(0);
    let (account, store) = endpoint.signed_in();
    account.check_sign_in().unwrap();
    endpoint.script.answers.lock().push_back(DEAD.to_owned());
    account.access_token().unwrap_err();
    let why = account.check_sign_in().unwrap_err();
    assert_eq!((why.status(), why.cause()), (Status::NeedsSignIn, Cause::NeedsSignInExpired));
    account.set_refresh_token("refresh-0").unwrap();
    account.check_sign_in().unwrap();
    account.sign_out().unwrap();
    assert_eq!(account.check_sign_in().unwrap_err().cause(), Cause::NeedsSignIn);
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn a_sign_in_goes_to_another_computer_in_a_file() {
    let endpoint = Endpoint::start(3600);
    let (desktop, _) = endpoint.signed_in();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign-in.bundle");
    let path = path.to_str().unwrap();
    desktop.export(path, "correct horse").unwrap();

    let server = endpoint.account(&Store::memory());
    let cause = |result: Result<()>| result.unwrap_err().cause();
    assert_eq!(cause(server.export(path, "correct horse")), Cause::NeedsSignIn);
    assert_eq!(cause(server.import(path, "wrong horse")), Cause::PassphraseWrong);
    server.set_user("bob@example.org").unwrap();
    let error = server.import(path, "correct horse").unwrap_err();
    assert_eq!(error.cause(), Cause::BundleLacksAccount);
    assert!(error.text().contains("anna@example.org"), "{error}");
    assert!(!server.is_signed_in().unwrap());
    server.set_user("anna@example.org").unwrap();
    server.import(path, "correct horse").unwrap();
    assert_eq!(server.access_token().unwrap().text(), "access-1");
    assert_eq!(cause(server.import("no/such.bundle", "correct horse")), Cause::StoreUnreadable);
}

#[test]
fn where_the_browser_may_be_elsewhere_the_answer_stands_in_the_address() {
    let account = Account::new("microsoft", None).unwrap();
    account.set_client("desktop", None).unwrap();
    let url = |account: &Account| account.begin_sign_in().unwrap().url().to_owned();
    assert!(url(&account).contains("response_mode=form_post"));
    account.allow_browser(false);
    assert!(!url(&account).contains("response_mode"));
}

#[test]
fn who_does_not_sign_in_in_time_hears_so() {
    let account = Account::new("google", None).unwrap();
    account.set_client("desktop", None).unwrap();
    account.allow_browser(false);
    let error = account.sign_in(Duration::from_millis(1), &mut |_| ()).unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::Timeout, Cause::SignInTimedOut));
}

#[test]
fn a_further_sign_in_keeps_the_fields_of_others() {
    let endpoint = Endpoint::start(3600);
    let (account, store) = endpoint.signed_in();
    let key = account.settings().key().unwrap();
    store.set_extra(&key, "theirs", Some("1"), Duration::from_secs(9)).unwrap();
    account.set_refresh_token("refresh-0").unwrap();
    assert_eq!(kept(&account, &store).extra("theirs"), Some("1"));
}
