use super::*;
use crate::error::{Retry, Stage};
use crate::explain::Signs;
use crate::oauth::form::Form;
use crate::oauth::provider::Family;
use crate::oauth::scripted::{json, response};

fn read_at(response: &Response, now: SystemTime) -> Result<Token> {
    let mut form = Form::default();
    form.set_secret("refresh_token", &Secret::new("0.ARoA-old-refresh-token"));
    let asked = Asked {
        family: Family::Microsoft,
        stage: Stage::Token,
        what: "refresh_token",
        form: &form,
        signs: Signs::default(),
    };
    Token::read(response, &asked, &["a".into(), "b".into()], now)
}

fn read(body: &str) -> Result<Token> {
    read_at(&json(200, body), SystemTime::UNIX_EPOCH)
}

fn lifetime(expires_in: &str) -> u64 {
    let token = read(&format!(r#"{{"access_token":"EwB","expires_in":{expires_in}}}"#)).unwrap();
    token.expires_at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_full_answer_is_read_and_further_fields_are_not_minded() {
    let token = read(
        r#"{"token_type":"Bearer","scope":"https://outlook.office.com/SMTP.Send openid",
            "expires_in":3599,"ext_expires_in":3599,"refresh_in":1800,"access_token":"EwB\/A8l6BAA",
            "refresh_token":"M.C5","id_token":"h.p.s","client_info":{"uid":["x",{"y":null}]}}"#,
    )
    .unwrap();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(token.access.bytes(), b"EwB/A8l6BAA");
    assert_eq!(token.refresh.as_ref().unwrap().bytes(), b"M.C5");
    assert_eq!(token.id_token.as_ref().unwrap().bytes(), b"h.p.s");
    assert_eq!((token.expires_at, token.refresh_at), (at(3599), Some(at(1800))));
    assert_eq!(token.scopes, ["https://outlook.office.com/SMTP.Send", "openid"]);
    let shown = format!("{token:?}");
    assert!(!shown.contains("EwB") && !shown.contains("M.C5") && !shown.contains("h.p"), "{shown}");
}

#[test]
fn the_lifetime_is_read_however_it_is_written() {
    assert_eq!(lifetime("3599"), 3599);
    assert_eq!(lifetime("\"3599\""), 3599);
    assert_eq!(lifetime("3599.5"), 3599);
    assert_eq!(lifetime("-5"), 0);
    assert_eq!(lifetime("null"), ASSUMED_LIFETIME);
    assert_eq!(lifetime("\"soon\""), ASSUMED_LIFETIME);
    assert_eq!(lifetime("1e300"), LONGEST_LIFETIME);
}

#[test]
fn what_is_missing_has_its_meaning() {
    let token =
        read("\u{feff}{\"access_token\":\"t\",\"token_type\":\"bearer\",\"id_token\":null}")
            .unwrap();
    assert_eq!((token.refresh, token.id_token, token.refresh_at), (None, None, None));
    assert_eq!(token.scopes, ["a", "b"], "those that were asked for");
}

#[test]
fn the_clock_of_the_provider_is_compared() {
    let mut answer = json(200, r#"{"access_token":"t"}"#);
    answer.date = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
    let behind = read_at(&answer, SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(behind.clock_difference, Some(1000));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1090);
    assert_eq!(read_at(&answer, now).unwrap().clock_difference, Some(-90));
}

#[test]
fn an_error_with_a_good_status_is_an_error() {
    let error = read(r#"{"error":"invalid_grant","error_description":"nope"}"#).unwrap_err();
    assert_eq!(error.cause(), Cause::NeedsSignInExpired);
    assert_eq!(error.response().unwrap().http_status, 200);
}

#[test]
fn a_good_looking_answer_that_is_none_is_refused_without_quoting_it() {
    for body in ["", "not json", "{}", "[1]", r#"{"access_token":""}"#, r#"{"access_token":5}"#] {
        let error = read(body).unwrap_err();
        assert_eq!(error.cause(), Cause::TokenResponseInvalid, "{body}");
        assert!(body.len() < 6 || !error.text().contains(body), "{error}");
    }
    let cut = r#"{"access_token":"SECRETTOKEN","#;
    assert!(!read(cut).unwrap_err().text().contains("SECRET"));
    let error = read(r#"{"access_token":"t","token_type":"DPoP"}"#).unwrap_err();
    assert_eq!(error.cause(), Cause::TokenResponseInvalid);
}

#[test]
fn pages_of_proxies_are_quoted_by_their_title_only() {
    let page = "<html><head><title>502 Bad Gateway</title></head><body>\
                <p>0.ARoA-old-refresh-token and a lot of text</p></body></html>";
    let error = read_at(&response(502, "text/html", page), SystemTime::UNIX_EPOCH).unwrap_err();
    assert_eq!((error.cause(), error.retry()), (Cause::ProviderBusy, Retry::Later));
    assert_eq!(
        error.text(),
        "no proper answer to the request for refresh_token, but \"502 Bad Gateway\" (HTTP 502)"
    );
}
