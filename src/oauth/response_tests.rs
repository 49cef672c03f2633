use super::*;
use crate::explain::Signs;
use crate::oauth::scripted::{json, response};
use std::time::Duration;

fn refused_by(family: Family, what: &str, answer: &Response) -> Error {
    let mut form = Form::default();
    form.set_secret("refresh_token", &Secret::new("1//0gOldRefresh"));
    let asked = Asked { family, stage: Stage::Token, what, form: &form, signs: Signs::default() };
    read_json(answer, &asked).unwrap_err()
}

#[test]
fn an_error_of_microsoft_is_read_with_all_its_ids() {
    let error = refused_by(
        Family::Microsoft,
        "refresh_token",
        &json(
            400,
            r#"{"error":"invalid_grant","error_description":"AADSTS50173: …\r\nTrace ID: …\r\nCorrelation ID: …\r\nTimestamp: …","error_codes":[50173],"timestamp":"2026-11-23 10:00:00Z","trace_id":"t-1","correlation_id":"c-1","error_uri":"https://login.microsoftonline.com/error?code=50173","suberror":"bad_token","claims":"{\"x\":1}"}"#,
        ),
    );
    assert_eq!(error.cause(), Cause::NeedsSignInPasswordChanged);
    assert_eq!((error.status(), error.retry()), (Status::NeedsSignIn, Retry::No));
    let answer = error.response().unwrap();
    assert_eq!((answer.http_status, answer.number), (400, Some(50173)));
    assert_eq!(answer.suberror, "bad_token");
    assert_eq!(answer.trace_id.as_deref(), Some("t-1"));
    assert_eq!(answer.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(answer.claims.as_deref(), Some("{\"x\":1}"));
    assert_eq!(
        error.text(),
        "the provider refused refresh_token: invalid_grant (bad_token): AADSTS50173: … Trace ID: … \
         Correlation ID: … Timestamp: …"
    );
}

#[test]
fn the_number_is_also_found_in_the_text() {
    let text = "AADSTS9002331: Application … is configured for use by Microsoft Account users only. \
                Please use the /consumers endpoint";
    let body = format!(r#"{{"error":"invalid_request","error_description":"{text}"}}"#);
    let error = refused_by(Family::Microsoft, "client_credentials", &json(400, &body));
    assert_eq!(error.response().unwrap().number, Some(9_002_331));
    assert_eq!(error.cause(), Cause::AppWrongAccountType);
}

#[test]
fn the_texts_of_google_are_understood() {
    for (what, status, body, cause) in [
        (
            "authorization_code",
            400,
            r#"{"error":"invalid_request","error_description":"client_secret is missing."}"#,
            Cause::AppSecretMissing,
        ),
        (
            "refresh_token",
            400,
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            Cause::NeedsSignInGoogle,
        ),
        (
            "refresh_token",
            400,
            r#"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#,
            Cause::NeedsSignInFrequency,
        ),
        (
            "device_code",
            403,
            r#"{"error_code":"rate_limit_exceeded"}"#,
            Cause::TooManyTokenRequests,
        ),
    ] {
        assert_eq!(refused_by(Family::Google, what, &json(status, body)).cause(), cause, "{body}");
    }
}

#[test]
fn busy_providers_say_when_to_come_again() {
    for (status, body, cause) in [
        (429, "", Cause::TooManyTokenRequests),
        (503, r#"{"error":"temporarily_unavailable"}"#, Cause::ProviderBusy),
        (500, "oops", Cause::ProviderBusy),
    ] {
        let mut answer = response(status, "text/plain", body);
        answer.retry_after = Some(Duration::from_secs(17));
        let error = refused_by(Family::Other, "refresh_token", &answer);
        assert_eq!((error.cause(), error.retry()), (cause, Retry::Later));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
        assert_eq!(error.status(), Status::Token);
    }
}

#[test]
fn nothing_that_was_sent_comes_back_in_a_text() {
    let body = r#"{"error":"invalid_grant","error_description":"no token 1//0gOldRefresh (1%2F%2F0gOldRefresh)"}"#;
    let error = refused_by(Family::Other, "refresh_token", &json(400, body));
    assert!(error.text().ends_with("no token *** (***)"), "{error}");
    assert_eq!(error.response().unwrap().description, "no token *** (***)");
    let page = response(404, "text/html", "<h1>1//0gOldRefresh not found</h1>");
    let error = refused_by(Family::Other, "refresh_token", &page);
    assert!(error.text().contains("*** not found"), "{error}");
    assert_eq!(error.retry(), Retry::No);
}

#[test]
fn long_texts_are_cut() {
    let body = format!(r#"{{"error":"x","error_description":"{}"}}"#, "é".repeat(5000));
    let error = refused_by(Family::Other, "refresh_token", &json(400, &body));
    assert!(error.text().chars().count() < MOST_TEXT + 100);
}

#[test]
fn the_id_of_a_secret_is_told_from_its_value() {
    assert!(looks_like_an_id(&Secret::new("9188040d-6c67-4c5b-b112-36a304b66dad")));
    assert!(!looks_like_an_id(&Secret::new("abc8Q~1234567890abcdefghijklmnopqrst")));
    let form = Form::default();
    let asked = Asked {
        family: Family::Microsoft,
        stage: Stage::Token,
        what: "client_credentials",
        form: &form,
        signs: Signs::default().with(crate::explain::Sign::SecretIsAnId),
    };
    let answer = json(401, r#"{"error":"invalid_client","error_codes":[7000215]}"#);
    assert_eq!(read_json(&answer, &asked).unwrap_err().cause(), Cause::AppSecretIdNotValue);
}
