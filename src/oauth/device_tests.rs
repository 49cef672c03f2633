use super::*;
use crate::explain::Signs;
use crate::net::Proxy;
use crate::oauth::provider::{Family, Providers};
use crate::oauth::request::ClientAuthentication;
use crate::oauth::response::refusal;
use crate::oauth::scripted::{json, response};
use std::time::SystemTime;

fn asked(form: &Form) -> Asked<'_> {
    let what = "urn:ietf:params:oauth:grant-type:device_code";
    Asked { family: Family::Microsoft, stage: Stage::Token, what, form, signs: Signs::default() }
}

fn read(body: &str) -> Result<DeviceAuthorization> {
    DeviceAuthorization::read(&json(200, body), &asked(&Form::default()))
}

fn refused(status: u16, body: &str) -> Result<Token> {
    let answer = json(status, body);
    let json = serde_json::from_slice(&answer.body).ok();
    Err(refusal(&answer, json.as_ref(), &asked(&Form::default())))
}

fn says(error: &str) -> Result<Token> {
    refused(400, &format!(r#"{{"error":"{error}"}}"#))
}

fn polling(now: Instant) -> Polling {
    let body = r#"{"device_code":"d","user_code":"A-B","verification_uri":"https://id.example/d","expires_in":900}"#;
    Polling::new(&read(body).unwrap(), now)
}

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_request_holds_client_and_scopes() {
    let provider = Providers::built_in().unwrap().named("microsoft").unwrap();
    let asking = Asking {
        provider: &provider,
        client_id: "id",
        authentication: &ClientAuthentication::None,
        parameters: &[],
    };
    let form = DeviceAuthorization::form(&asking, &["a".into(), "b".into()]);
    assert_eq!(form.encode().bytes(), b"client_id=id&scope=a+b");
}

#[test]
fn answers_are_read_with_the_words_of_microsoft_and_google() {
    let microsoft = read(
        r#"{"device_code":"DAQAB-code","user_code":"CLR2Y4BC4","expires_in":"900","interval":7,
            "verification_uri":"https://microsoft.com/devicelogin","message":"To sign in, …"}"#,
    )
    .unwrap();
    assert_eq!(microsoft.user_code, "CLR2Y4BC4");
    assert_eq!(microsoft.message.as_deref(), Some("To sign in, …"));
    assert_eq!((microsoft.expires_in, microsoft.interval), (after(900), after(7)));
    assert!(!format!("{microsoft:?}").contains("DAQAB"));
    let google = read(
        r#"{"device_code":"d","user_code":"X","expires_in":1800,
            "verification_url":"https://www.google.com/device"}"#,
    )
    .unwrap();
    assert_eq!(google.verification_uri, "https://www.google.com/device");
    assert_eq!(google.interval, after(5), "RFC 8628 §3.2");
    let hasty =
        r#"{"device_code":"d","user_code":"X","verification_uri":"https://a","interval":0}"#;
    assert_eq!(read(hasty).unwrap().interval, after(1), "5 only when none is named");
    let error = read(r#"{"device_code":"d","user_code":"X"}"#).unwrap_err();
    assert_eq!(error.cause(), Cause::TokenResponseInvalid);
}

#[test]
fn it_asks_when_its_time_has_come_and_not_before() {
    let start = Instant::now();
    let mut polling = polling(start);
    assert_eq!(polling.next(start).unwrap(), Next::Wait(start + after(5)));
    assert_eq!(polling.next(start + after(5)).unwrap(), Next::Ask);
    let next = polling.answered(says("authorization_pending"), start + after(6)).unwrap();
    assert_eq!(next, Next::Wait(start + after(11)));
}

#[test]
fn slow_down_makes_it_slower_for_good() {
    let start = Instant::now();
    let mut polling = polling(start);
    // Google's status for it is 403.
    let slower = refused(403, r#"{"error":"slow_down"}"#);
    assert_eq!(polling.answered(slower, start).unwrap(), Next::Wait(start + after(10)));
    let pending = refused(428, r#"{"error":"authorization_pending"}"#);
    assert_eq!(polling.answered(pending, start).unwrap(), Next::Wait(start + after(10)));
}

#[test]
fn a_network_that_fails_is_asked_less_often() {
    let start = Instant::now();
    let mut polling = polling(start);
    let lost = || Err(Error::connection_lost(Stage::Token, "reset"));
    for seconds in [10, 20, 40, 60, 60] {
        assert_eq!(polling.answered(lost(), start).unwrap(), Next::Wait(start + after(seconds)));
    }
    let mut busy = response(503, "text/html", "<title>Busy</title>");
    busy.retry_after = Some(after(120));
    let busy = Err(refusal(&busy, None, &asked(&Form::default())));
    assert_eq!(polling.answered(busy, start).unwrap(), Next::Wait(start + after(120)));
}

#[test]
fn refusals_end_it() {
    for (error, cause) in [
        ("authorization_declined", Cause::SignInDeclined),
        ("access_denied", Cause::SignInDeclined),
        ("expired_token", Cause::SignInTimedOut),
        ("bad_verification_code", Cause::SignInMixedUp),
        ("invalid_client", Cause::AppSecretWrong),
    ] {
        let mut polling = polling(Instant::now());
        let ended = polling.answered(says(error), Instant::now()).unwrap_err();
        assert_eq!(ended.cause(), cause, "{error}");
    }
}

#[test]
fn it_ends_with_the_code_or_with_the_token() {
    let start = Instant::now();
    let mut polling = polling(start);
    let error = polling.next(start + after(900)).unwrap_err();
    assert_eq!((error.cause(), error.status()), (Cause::SignInTimedOut, Status::NeedsSignIn));
    let late = polling.answered(says("authorization_pending"), start + after(901));
    assert_eq!(late.unwrap_err().cause(), Cause::SignInTimedOut);
    let form = Form::default();
    let answer = json(200, r#"{"access_token":"t"}"#);
    let token = Token::read(&answer, &asked(&form), &[], SystemTime::UNIX_EPOCH);
    assert!(matches!(polling.answered(token, start).unwrap(), Next::Done(_)));
}

#[test]
fn google_is_not_asked_at_all() {
    let provider = Providers::built_in().unwrap().named("google").unwrap();
    let asking = Asking {
        provider: &provider,
        client_id: "id",
        authentication: &ClientAuthentication::None,
        parameters: &[],
    };
    let trust = crate::oauth::scripted::trust();
    let begun = crate::oauth::scripted::watched(after(1), |watch| {
        DeviceAuthorization::begin(
            &asking,
            &[],
            Client { trust: &trust, proxy: &Proxy::None },
            watch,
        )
    });
    assert_eq!(begun.unwrap_err().cause(), Cause::FlowNotOffered);
}
