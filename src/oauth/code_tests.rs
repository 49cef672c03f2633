use super::*;
use crate::error::Retry;
use crate::oauth::provider::Providers;

const REDIRECT: &str = "http://localhost:40001/";

fn begin_with(name: &str, scopes: &str, parameters: &[(String, String)]) -> Pending {
    let provider = Providers::built_in().unwrap().named(name).unwrap().with_tenant(None).unwrap();
    let sign_in = SignIn {
        provider: &provider,
        client_id: "my-client",
        scopes: &scope::split(scopes),
        redirect_uri: REDIRECT,
        by_hand: false,
        login_hint: Some("anna@example.org"),
        prompt: None,
        claims: None,
        parameters,
    };
    Pending::begin(&sign_in, new_state().unwrap()).unwrap()
}

fn begin(name: &str) -> Pending {
    begin_with(name, "openid email", &[])
}

fn state(pending: &Pending) -> &str {
    std::str::from_utf8(pending.state.bytes()).unwrap()
}

fn parameter(pending: &Pending, name: &str) -> Option<String> {
    let query = pending.url.split_once('?').unwrap().1;
    form::parse(query).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

#[test]
fn the_challenge_is_that_of_the_rfc() {
    let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn the_url_holds_every_parameter() {
    let pending = begin("microsoft");
    let start = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?";
    assert!(pending.url.starts_with(start), "{}", pending.url);
    for (name, value) in [
        ("client_id", "my-client"),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("response_mode", "form_post"),
        ("scope", "openid email"),
        ("login_hint", "anna@example.org"),
        ("code_challenge_method", "S256"),
        ("state", state(&pending)),
        ("code_challenge", &challenge(&pending.verifier)),
    ] {
        assert_eq!(parameter(&pending, name).as_deref(), Some(value), "{name}");
    }
    let nonce = pending.nonce.as_ref().unwrap();
    assert_eq!(parameter(&pending, "nonce").unwrap().as_bytes(), nonce.bytes());
    assert_eq!(parameter(&pending, "prompt"), None);
    assert_eq!(parameter(&begin("google"), "access_type").as_deref(), Some("offline"));
}

#[test]
fn random_values_are_long_and_new_each_time() {
    let (one, other) = (begin("google"), begin("google"));
    for pending in [&one, &other] {
        assert_eq!((pending.state.bytes().len(), pending.verifier.bytes().len()), (43, 43));
    }
    assert!(one.state != other.state && one.verifier != other.verifier && one.nonce != other.nonce);
    assert!(one.state != one.verifier);
    assert_eq!(begin_with("fastmail", "mail", &[]).nonce, None, "nobody asks who it is");
}

#[test]
fn parameters_of_the_program_go_along_but_change_nothing_of_ours() {
    let own = ["state", "domain_hint", "response_mode"].map(|name| (name.into(), "own".into()));
    let pending = begin_with("microsoft", "openid", &own);
    assert_eq!(parameter(&pending, "domain_hint").as_deref(), Some("own"));
    assert_eq!(parameter(&pending, "response_mode").as_deref(), Some("own"));
    assert_eq!(parameter(&pending, "state").as_deref(), Some(state(&pending)));
}

#[test]
fn an_answer_for_the_address_bar_comes_in_the_query() {
    let provider = Providers::built_in().unwrap().named("microsoft").unwrap();
    let scopes = scope::split("openid");
    let sign_in = SignIn {
        provider: &provider,
        client_id: "c",
        scopes: &scopes,
        redirect_uri: REDIRECT,
        by_hand: true,
        login_hint: None,
        prompt: Some("consent"),
        claims: Some("{\"access_token\":{}}"),
        parameters: &[],
    };
    let pending = Pending::begin(&sign_in, new_state().unwrap()).unwrap();
    assert_eq!(parameter(&pending, "response_mode"), None);
    assert_eq!(parameter(&pending, "claims").as_deref(), Some("{\"access_token\":{}}"));
    let mixed = scope::split("https://outlook.office.com/SMTP.Send User.Read");
    let error =
        Pending::begin(&SignIn { scopes: &mixed, ..sign_in }, new_state().unwrap()).unwrap_err();
    assert_eq!(error.cause(), Cause::TokenScopesMixed);
}

#[test]
fn the_code_of_the_right_answer_is_found() {
    let pending = begin("google");
    let state = state(&pending);
    let query =
        format!("state={state}&iss=https%3A%2F%2Faccounts.google.com&code=4%2F0Ab_c&scope=x");
    assert_eq!(pending.read(&query).unwrap().bytes(), b"4/0Ab_c");
    for pasted in [
        format!("  {REDIRECT}?{query}\n"),
        format!("<{REDIRECT}?{query}#>"),
        format!("{REDIRECT}#{query}"),
        query.clone(),
    ] {
        assert_eq!(pending.read_pasted(&pasted).unwrap().bytes(), b"4/0Ab_c", "{pasted}");
    }
    let Grant::AuthorizationCode { redirect_uri, verifier, .. } = pending.grant(Secret::new("c"))
    else {
        panic!("a code")
    };
    assert_eq!((redirect_uri.as_str(), verifier), (REDIRECT, pending.verifier.clone()));
}

#[test]
fn answers_to_other_sign_ins_are_refused() {
    let pending = begin("google");
    let good = format!("state={}&code=c", state(&pending));
    for (query, why) in [
        ("code=c".to_owned(), "state"),
        ("state=&code=c".into(), "state"),
        ("state=other&code=c".into(), "state"),
        (format!("{good}x&state=other"), "twice"),
        (format!("{good}&code=d"), "twice"),
        (format!("{good}&iss=https://evil.example"), "another provider"),
    ] {
        let error = pending.read(&query).unwrap_err();
        assert_eq!(error.cause(), Cause::SignInMixedUp, "{query}");
        assert!(error.text().contains(why), "{query}: {error}");
        assert_eq!((error.status(), error.stage()), (Status::NeedsSignIn, Stage::Authorize));
    }
}

#[test]
fn a_promised_issuer_must_be_there() {
    let pending = begin_with("fastmail", "mail", &[]);
    let good = format!("state={}&code=c", state(&pending));
    assert_eq!(pending.read(&good).unwrap_err().cause(), Cause::SignInMixedUp);
    assert!(pending.read(&format!("{good}&iss=https://api.fastmail.com")).is_ok());
    // Microsoft's issuer names the tenant of whoever signed in.
    let pending = begin("microsoft");
    let query = format!(
        "code=c&state={}&iss=https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        state(&pending)
    );
    assert!(pending.read(&query).is_ok());
}

#[test]
fn a_person_who_says_no_is_understood() {
    let pending = begin("microsoft");
    let state = state(&pending);
    for (query, cause) in [
        ("error=access_denied&error_subcode=cancel", Cause::SignInDeclined),
        ("error=access_denied", Cause::SignInDeclined),
        (
            "error=access_denied&error_description=AADSTS65004%3A+User+declined",
            Cause::SignInDeclined,
        ),
        ("error=access_denied&error_description=AADSTS90094%3A", Cause::AppAdminConsentNeeded),
        ("error=login_required", Cause::NeedsSignIn),
        ("error=temporarily_unavailable", Cause::ProviderBusy),
    ] {
        let error = pending.read(&format!("{query}&state={state}")).unwrap_err();
        assert_eq!((error.cause(), error.stage()), (cause, Stage::Authorize), "{query}");
        let passes = cause == Cause::ProviderBusy;
        assert_eq!(error.retry() == Retry::Later, passes, "{query}");
    }
    let error =
        pending.read(&format!("error=x&error_description={state}&state={state}")).unwrap_err();
    assert!(!error.text().contains(state), "{error}");
}

#[test]
fn an_address_without_an_answer_asks_for_the_whole() {
    let pending = begin("google");
    for pasted in ["", "4/0Ab_c", REDIRECT, "https://accounts.google.com/signin"] {
        let error = pending.read_pasted(pasted).unwrap_err();
        assert_eq!(error.cause(), Cause::SignInIncomplete, "{pasted}");
    }
    let error = pending.read(&format!("state={}", state(&pending))).unwrap_err();
    assert_eq!(error.cause(), Cause::SignInIncomplete);
}

#[test]
fn debug_shows_no_verifier() {
    let pending = begin("google");
    let verifier = std::str::from_utf8(pending.verifier.bytes()).unwrap();
    assert!(!format!("{pending:?}").contains(verifier));
}
