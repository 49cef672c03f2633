//! The flows against a certified OpenID provider: npm's oidc-provider, as in `tests/rig`.

use crate::error::{Cause, Error, Result, Retry, Status};
use crate::explain::Signs;
use crate::net::{Proxy, Trust, Watch};
use crate::oauth::code::{Pending, SignIn, new_state};
use crate::oauth::device::{DeviceAuthorization, Next, Polling};
use crate::oauth::discovery::Metadata;
use crate::oauth::http::Client;
use crate::oauth::provider::{Provider, Providers};
use crate::oauth::request::{Asking, ClientAuthentication, Grant};
use crate::oauth::scope;
use crate::oauth::scripted::watched;
use crate::oauth::support;
use crate::oauth::token::Token;
use crate::oauth::{Account, BrowserSignIn};
use crate::secret::Secret;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_secs(30);
const ALICE: &str = "alice@rig.test";

/// The running provider, as it says of itself.
struct Running {
    provider: Provider,
}

fn start() -> Option<Running> {
    let issuer = &support::provider::shared()?.issuer;
    let metadata = asking_for(|client, watch| Metadata::fetch(issuer, client, watch)).unwrap();
    let mut provider = Providers::built_in().unwrap().named("custom").unwrap();
    metadata.complete(&mut provider);
    Some(Running { provider })
}

fn asking_for<T>(ask: impl FnOnce(Client, &mut Watch) -> Result<T>) -> Result<T> {
    let trust = Trust::default();
    watched(TIME, |watch| ask(Client { trust: &trust, proxy: &Proxy::None }, watch))
}

impl Running {
    fn token(
        &self,
        client_id: &str,
        secret: Option<&str>,
        grant: &Grant,
        scopes: &str,
    ) -> Result<Token> {
        let authentication = match secret {
            Some(secret) => ClientAuthentication::SecretPost(Secret::new(secret)),
            None => ClientAuthentication::None,
        };
        let asking = self.asking(client_id, &authentication);
        asking_for(|client, watch| asking.token(grant, &scope::split(scopes), client, watch))
    }

    fn asking<'a>(
        &'a self,
        client_id: &'a str,
        authentication: &'a ClientAuthentication,
    ) -> Asking<'a> {
        Asking { provider: &self.provider, client_id, authentication, parameters: &[] }
    }

    /// Begins a sign-in and lets a person go through it; gives what the browser is led to.
    fn sign_in(&self, cancel: bool) -> (Pending, String) {
        let sign_in = SignIn {
            provider: &self.provider,
            client_id: "desktop",
            scopes: &scope::split("openid offline_access mail.send"),
            redirect_uri: "http://127.0.0.1:9/",
            by_hand: false,
            login_hint: None,
            prompt: Some("consent"),
            claims: None,
            parameters: &[],
        };
        let pending = Pending::begin(&sign_in, new_state().unwrap()).unwrap();
        let address = go_through(&pending.url, cancel);
        (pending, address)
    }

    /// An account at this provider, as a program sets it up.
    fn account(&self) -> Account {
        let issuer = self.provider.issuer.as_deref().unwrap();
        let json = serde_json::json!({ "custom": {
            "issuer": issuer,
            "scopes": { "delegated": ["openid", "offline_access", "mail.send"] },
            "authorize_parameters": { "prompt": "consent" },
        }});
        let account = Account::new("custom", Some(&json.to_string())).unwrap();
        account.set_client("desktop", None).unwrap();
        account
    }
}

/// A person signs in on the provider's pages, or cancels; gives what the browser is led to.
fn go_through(url: &str, cancel: bool) -> String {
    let mut browser = Browser::default();
    let mut address = browser.follow(url, None);
    for answer in [format!("prompt=login&login={ALICE}&password=any"), "prompt=consent".into()] {
        address = match cancel {
            true => browser.follow(&format!("{address}/abort"), None),
            false => browser.follow(&address, Some(&answer)),
        };
        if cancel {
            break;
        }
    }
    address
}

/// The browser comes back to the program, which polls meanwhile.
fn come_back(sign_in: &mut BrowserSignIn, address: &str) -> Result<()> {
    let url = url::Url::parse(address).unwrap();
    let loading = std::thread::spawn(move || Browser::default().load(&url, None));
    let deadline = Instant::now() + TIME;
    let outcome = loop {
        match sign_in.poll() {
            Ok(false) => assert!(Instant::now() < deadline, "nobody came back"),
            Ok(true) => break Ok(()),
            Err(error) => break Err(error),
        }
        std::thread::yield_now();
    };
    loading.join().unwrap();
    outcome
}

/// As much of a browser as the provider's pages need.
#[derive(Default)]
struct Browser {
    /// Name, path, value.
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    /// Loads or posts, and goes where it is sent; gives the address of the last page, or the first
    /// one at another host.
    fn follow(&mut self, address: &str, mut form: Option<&str>) -> String {
        let mut url = url::Url::parse(address).unwrap();
        let host = url.authority().to_owned();
        while url.authority() == host {
            match self.load(&url, form.take()) {
                Some(location) => url = url.join(&location).unwrap(),
                None => break,
            }
        }
        url.into()
    }

    fn load(&mut self, url: &url::Url, form: Option<&str>) -> Option<String> {
        let mut stream = TcpStream::connect(url.authority()).unwrap();
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let method = if form.is_some() { "POST" } else { "GET" };
        let cookies = self.cookies.iter().filter(|(_, path, _)| url.path().starts_with(path));
        let cookies: Vec<_> = cookies.map(|(name, _, value)| format!("{name}={value}")).collect();
        let form = form.unwrap_or_default();
        write!(
            stream,
            "{method} {target} HTTP/1.0\r\nHost: {}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            url.authority(),
            cookies.join("; "),
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        assert!(status == "200" || status.starts_with("30"), "{head}\n\n{body}");
        let fields = || head.lines().filter_map(|line| line.split_once(": "));
        for (_, cookie) in fields().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let path = rest.split("path=").nth(1).and_then(|p| p.split(';').next()).unwrap_or("/");
            self.cookies.retain(|(n, p, _)| (n.as_str(), p.as_str()) != (name, path));
            self.cookies.push((name.into(), path.into(), value.into()));
        }
        fields().find(|(n, _)| n.eq_ignore_ascii_case("location")).map(|(_, to)| to.to_owned())
    }
}

fn refresh(token: &Token) -> Grant {
    let token = token.refresh.clone().expect("a refresh token");
    Grant::RefreshToken { token, age: Signs::default() }
}

/// A code, the redirect address and the verifier that belong to it.
fn code_of(running: &Running) -> (Secret, String, Secret) {
    let (pending, address) = running.sign_in(false);
    let code = pending.read_pasted(&address).unwrap();
    match pending.grant(code) {
        Grant::AuthorizationCode { code, redirect_uri, verifier } => (code, redirect_uri, verifier),
        other => panic!("{other:?}"),
    }
}

fn unknown_refresh_token() -> Grant {
    Grant::RefreshToken { token: Secret::new("none"), age: Signs::default() }
}

#[test]
fn an_app_gets_a_token_with_its_secret_only() {
    let Some(running) = start() else { return };
    let grant = Grant::ClientCredentials;
    let token = running.token("service", Some("service-secret"), &grant, "mail.send").unwrap();
    assert_eq!((token.scopes, token.refresh), (vec!["mail.send".to_owned()], None));
    assert!(token.clock_difference.is_some_and(|seconds| seconds.abs() < 60));
    let lifetime = token.expires_at.duration_since(token.obtained_at).unwrap();
    assert_eq!(lifetime, Duration::from_secs(3600));
    let error = running.token("service", Some("wrong-secret"), &grant, "mail.send").unwrap_err();
    assert_eq!((error.cause(), error.retry()), (Cause::AppSecretWrong, Retry::No));
    assert_eq!(error.response().map(|response| response.http_status), Some(401));
}

/// What the provider says of settings that are wrong: the cause, and the word that it came with.
fn assert_refused(answer: Result<Token>, expected: (Cause, &str)) {
    let error = answer.unwrap_err();
    let word = error.response().map(|response| response.error.as_str());
    assert_eq!((error.cause(), word), (expected.0, Some(expected.1)), "{error}");
    assert_eq!(error.retry(), Retry::No, "{error}");
}

#[test]
fn settings_that_the_provider_refuses_are_told_apart() {
    let Some(running) = start() else { return };
    let app =
        |grant: Grant, scopes| running.token("service", Some("service-secret"), &grant, scopes);
    assert_refused(
        app(Grant::ClientCredentials, "mail.send openid"),
        (Cause::TokenScopeInvalid, "invalid_scope"),
    );
    assert_refused(
        app(Grant::JwtBearer(Secret::new("h.p.s")), ""),
        (Cause::FlowNotOffered, "unsupported_grant_type"),
    );
    assert_refused(
        // RFC 6749 §5.2 has "unauthorized_client" for this.
        app(unknown_refresh_token(), ""),
        (Cause::AppNotAuthorized, "invalid_request"),
    );
    assert_refused(
        running.token("desktop", None, &unknown_refresh_token(), ""),
        (Cause::NeedsSignInExpired, "invalid_grant"),
    );
    assert_refused(
        running.token("nobody", None, &Grant::ClientCredentials, ""),
        (Cause::AppSecretWrong, "invalid_client"),
    );
    assert_refused(
        running.token("desktop", None, &Grant::DeviceCode(Secret::new("none")), ""),
        (Cause::SignInTimedOut, "invalid_grant"),
    );
}

#[test]
fn a_code_for_another_redirect_address_gets_nothing() {
    let Some(running) = start() else { return };
    let (code, _, verifier) = code_of(&running);
    let redirect_uri = "http://127.0.0.1:9/elsewhere".into();
    let grant = Grant::AuthorizationCode { code, redirect_uri, verifier };
    assert_refused(
        running.token("desktop", None, &grant, ""),
        (Cause::SignInMixedUp, "invalid_grant"),
    );
}

#[test]
fn a_device_code_whose_time_is_over_gets_nothing() {
    let Some(running) = start() else { return };
    let authentication = ClientAuthentication::None;
    let asking = running.asking("desktop-brief", &authentication);
    let scopes = scope::split("openid mail.send");
    let begin = |client: Client, watch: &mut Watch| {
        DeviceAuthorization::begin(&asking, &scopes, client, watch)
    };
    let authorization = asking_for(begin).unwrap();
    assert!(authorization.expires_in <= Duration::from_secs(2));
    let polling = Polling::new(&authorization, Instant::now());
    let deadline = Instant::now() + TIME;
    let error = loop {
        let error = running.token("desktop-brief", None, &polling.grant(), "").unwrap_err();
        let said = error.response().map(|response| response.error.clone());
        if said.as_deref() != Some("authorization_pending") {
            break error;
        }
        assert!(Instant::now() < deadline, "the code does not expire");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(error.status(), Status::NeedsSignIn, "{error}");
    // The provider forgets a code within the second after its end.
    let said = error.response().map(|response| response.error.as_str());
    match said {
        Some("expired_token") => assert_eq!(error.cause(), Cause::SignInTimedOut),
        said => assert_eq!(said, Some("invalid_grant")),
    }
}

#[test]
fn a_person_signs_in_and_each_refresh_token_is_good_once() {
    let Some(running) = start() else { return };
    let (pending, address) = running.sign_in(false);
    assert!(address.contains("&iss=http"), "the provider promises and sends it: {address}");
    let code = pending.read_pasted(&address).unwrap();
    let grant = pending.grant(code);
    let first = running.token("desktop", None, &grant, "").unwrap();
    assert!(first.id_token.is_some());
    let again = running.token("desktop", None, &grant, "").unwrap_err();
    assert_eq!(again.cause(), Cause::SignInMixedUp, "a code is good once");

    // The code that was used twice took its tokens with it.
    let (pending, address) = running.sign_in(false);
    let code = pending.read_pasted(&address).unwrap();
    let first = running.token("desktop", None, &pending.grant(code), "").unwrap();
    let second = running.token("desktop", None, &refresh(&first), "").unwrap();
    assert!(second.access != first.access && second.refresh != first.refresh);
    let needs_sign_in = |error: Error| (error.status(), error.cause(), error.retry());
    let expected = (Status::NeedsSignIn, Cause::NeedsSignInExpired, Retry::No);
    let reused = running.token("desktop", None, &refresh(&first), "").unwrap_err();
    assert_eq!(needs_sign_in(reused), expected);
    let chain = running.token("desktop", None, &refresh(&second), "").unwrap_err();
    assert_eq!(needs_sign_in(chain), expected, "reuse ends the whole chain");
}

#[test]
fn a_wrong_verifier_gets_nothing() {
    let Some(running) = start() else { return };
    let (code, redirect_uri, _) = code_of(&running);
    let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let grant = Grant::AuthorizationCode { code, redirect_uri, verifier };
    let error = running.token("desktop", None, &grant, "").unwrap_err();
    assert_eq!(error.cause(), Cause::SignInMixedUp);
}

#[test]
fn a_person_who_cancels_has_declined() {
    let Some(running) = start() else { return };
    let (pending, address) = running.sign_in(true);
    let error = pending.read_pasted(&address).unwrap_err();
    assert_eq!((error.cause(), error.status()), (Cause::SignInDeclined, Status::NeedsSignIn));
}

#[test]
fn a_device_waits_for_its_person() {
    let Some(running) = start() else { return };
    let authentication = ClientAuthentication::None;
    let asking = running.asking("desktop", &authentication);
    let scopes = scope::split("openid offline_access mail.send");
    let authorization =
        asking_for(|client, watch| DeviceAuthorization::begin(&asking, &scopes, client, watch))
            .unwrap();
    assert_eq!(authorization.interval, Duration::from_secs(5), "the provider names none");
    assert!(authorization.verification_uri_complete.is_some());
    // The time is a number here: nobody sleeps.
    let now = Instant::now();
    let mut polling = Polling::new(&authorization, now);
    let due = now + authorization.interval;
    assert_eq!(
        (polling.next(now).unwrap(), polling.next(due).unwrap()),
        (Next::Wait(due), Next::Ask)
    );
    let answer = running.token("desktop", None, &polling.grant(), "");
    let next = polling.answered(answer, due).unwrap();
    assert_eq!(next, Next::Wait(due + authorization.interval), "nobody has signed in yet");
}

#[test]
fn an_account_signs_in_with_a_browser_and_renews_its_token() {
    let Some(running) = start() else { return };
    let account = running.account();
    assert!(!account.is_signed_in().unwrap());
    let mut sign_in = account.begin_sign_in().unwrap();
    let address = go_through(sign_in.url(), false);
    come_back(&mut sign_in, &address).unwrap();

    assert!(account.is_signed_in().unwrap());
    let first = account.access_token().unwrap();
    assert_eq!(first.user.as_deref(), Some(ALICE), "the id_token tells who signed in");
    assert_eq!(account.access_token().unwrap().text(), first.text());
    let second = asking_for(|_, watch| account.token(watch, Some(first.secret()))).unwrap();
    let third = asking_for(|_, watch| account.token(watch, Some(second.secret()))).unwrap();
    assert!(second.text() != first.text() && third.text() != second.text());

    account.sign_out().unwrap();
    assert!(!account.is_signed_in().unwrap());
}

#[test]
fn a_sign_in_that_was_revoked_needs_a_person() {
    let Some(running) = start() else { return };
    let account = running.account();
    let mut sign_in = account.begin_sign_in().unwrap();
    let address = go_through(sign_in.url(), false);
    // As on a computer whose browser cannot come back: the address is pasted.
    sign_in.complete(&address).unwrap();
    let token = account.access_token().unwrap();
    let kept = account.refresh_token_for_tests();
    account.sign_out().unwrap();
    // Somebody kept a copy: the provider was told, so it is worth nothing.
    account.set_refresh_token(&kept).unwrap();
    let error = asking_for(|_, watch| account.token(watch, Some(token.secret()))).unwrap_err();
    assert_eq!(error.status(), Status::NeedsSignIn, "{error}");
}

#[test]
fn a_person_who_cancels_in_the_browser_is_told_from_a_fault() {
    let Some(running) = start() else { return };
    let account = running.account();
    let mut sign_in = account.begin_sign_in().unwrap();
    let address = go_through(sign_in.url(), true);
    let error = come_back(&mut sign_in, &address).unwrap_err();
    assert_eq!((error.cause(), error.status()), (Cause::SignInDeclined, Status::NeedsSignIn));
    assert!(!account.is_signed_in().unwrap());
}

#[test]
fn an_account_shows_a_code_for_another_device() {
    let Some(running) = start() else { return };
    let account = running.account();
    let mut sign_in = account.begin_device_sign_in().unwrap();
    assert!(!sign_in.user_code().is_empty());
    assert!(sign_in.verification_uri().starts_with("http://127.0.0.1:"));
    assert!(sign_in.message().contains(sign_in.user_code()), "{}", sign_in.message());
    assert!(!sign_in.poll().unwrap(), "it is not yet time to ask");
}

#[test]
fn sends_that_may_wait_for_a_person_ask_once_for_all_of_them() {
    let Some(running) = start() else { return };
    let account = running.account();
    account.allow_browser(false);
    assert_eq!(account.access_token().unwrap_err().status(), Status::NeedsSignIn);
    let shown = Arc::new(AtomicUsize::new(0));
    let counter = shown.clone();
    account.allow_interactive(move |url| {
        counter.fetch_add(1, Ordering::SeqCst);
        let url = url.to_owned();
        std::thread::spawn(move || {
            let address = url::Url::parse(&go_through(&url, false)).unwrap();
            Browser::default().load(&address, None);
        });
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| account.access_token().unwrap());
        }
    });
    assert_eq!(shown.load(Ordering::SeqCst), 1);

    account.sign_out().unwrap();
    account.forbid_interactive();
    assert_eq!(account.access_token().unwrap_err().status(), Status::NeedsSignIn);
}
