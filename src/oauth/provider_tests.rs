use super::*;
use crate::oauth::http;

fn built_in() -> Providers {
    Providers::built_in().unwrap()
}

fn named(name: &str) -> Provider {
    built_in().named(name).unwrap()
}

#[test]
fn every_provider_of_the_issue_is_there_and_complete() {
    let names = [
        "microsoft",
        "microsoft-personal",
        "microsoft-us-gov",
        "microsoft-china",
        "google",
        "yahoo",
        "aol",
        "fastmail",
        "yandex",
        "mailru",
    ];
    for name in names {
        let provider = named(name).with_tenant(None).unwrap();
        let smtp = provider.smtp.as_ref().unwrap();
        assert_eq!(smtp.security == Security::Tls, smtp.port == 465, "{name}");
        assert!(provider.hosts.contains(&smtp.host), "{name}");
        assert!(!provider.scopes.delegated.is_empty() && !provider.redirect.is_empty(), "{name}");
        assert!(!provider.mechanisms.is_empty() && !provider.title.is_empty(), "{name}");
        let Endpoints { authorize, token, device, revoke, admin_consent, native_redirect } =
            &provider.endpoints;
        assert!(authorize.is_some() && token.is_some(), "{name}");
        let all = [authorize, token, device, revoke, admin_consent, native_redirect];
        for address in all.into_iter().chain([&provider.issuer]).flatten() {
            let url = http::checked(address).unwrap();
            assert_eq!(url.scheme(), "https", "{name}");
            assert!(!address.contains('{'), "{name}: {address}");
        }
    }
    let mut known: Vec<_> = built_in().names().map(str::to_owned).collect();
    known.retain(|name| name != "custom");
    assert_eq!(known.len(), names.len());
    assert_eq!(named("custom").endpoints, Endpoints::default());
}

#[test]
fn what_is_called_uncertain_is_there() {
    let providers = built_in();
    for name in providers.names() {
        let flat = providers.flatten(name, 0).unwrap();
        for key in named(name).uncertain {
            let path = format!("/{}", key.split(':').next().unwrap_or_default().replace('.', "/"));
            assert!(flat.pointer(&path).is_some(), "{name}: {key}");
        }
    }
}

#[test]
fn the_strings_are_those_of_the_reference() {
    let microsoft = named("microsoft").with_tenant(Some("contoso.onmicrosoft.com")).unwrap();
    assert_eq!(
        microsoft.endpoints.token.as_deref(),
        Some("https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token")
    );
    assert_eq!(microsoft.redirect_uri(40001), "http://localhost:40001");
    assert_eq!(
        microsoft.scopes.delegated.join(" "),
        "https://outlook.office.com/SMTP.Send offline_access openid profile email"
    );
    let app = microsoft.scopes.app.unwrap();
    assert_eq!(app, ["https://outlook.office365.com/.default"]);
    let personal = named("microsoft-personal").with_tenant(None).unwrap();
    assert_eq!(
        personal.endpoints.device.as_deref(),
        Some("https://login.microsoftonline.com/consumers/oauth2/v2.0/devicecode")
    );
    assert_eq!((personal.scopes.app, personal.endpoints.admin_consent), (None, None));
    assert_eq!(named("google").redirect_uri(7), "http://127.0.0.1:7/");
    assert_eq!(named("google").endpoints.device, None);
}

#[test]
fn a_host_finds_its_provider_and_old_names_lead_to_todays() {
    let providers = built_in();
    for (host, name, today) in [
        ("SMTP.office365.com", "microsoft", "smtp.office365.com"),
        ("smtp-relay.gmail.com", "google", "smtp-relay.gmail.com"),
        ("smtp.live.com", "microsoft-personal", "smtp-mail.outlook.com"),
        ("smtp.outlook.com", "microsoft-personal", "smtp-mail.outlook.com"),
        ("smtp.aol.com", "aol", "smtp.aol.com"),
    ] {
        assert_eq!(providers.named(name).unwrap().host_today(host), Some(today), "{host}");
    }
    assert_eq!(providers.named("google").unwrap().host_today("mail.example.org"), None);
}

#[test]
fn a_program_overrides_and_adds() {
    let mut providers = built_in();
    let own = r#"{
        "google": { "smtp": { "port": 587, "security": "starttls" }, "issuer": null },
        "example": { "like": "custom", "title": "Example", "hosts": ["mail.example.org"],
                     "endpoints": { "token": "https://id.example.org/token" } }
    }"#;
    providers.merge(own).unwrap();
    let google = providers.named("google").unwrap();
    let smtp = google.smtp.unwrap();
    assert_eq!((smtp.host.as_str(), smtp.port), ("smtp.gmail.com", 587));
    assert_eq!(google.issuer, None);
    let example = providers.named("example").unwrap();
    assert_eq!(example.redirect, "http://127.0.0.1:{port}/");
}

#[test]
fn a_new_provider_is_like_custom_unless_it_says_otherwise() {
    let mut providers = built_in();
    let json = r#"{ "ours": { "issuer": "https://login.example.org" },
                    "branch": { "like": "google", "title": "The branch" } }"#;
    providers.merge(json).unwrap();
    let ours = providers.named("ours").unwrap();
    assert_eq!(ours.redirect, named("custom").redirect);
    assert_eq!(ours.issuer.as_deref(), Some("https://login.example.org"));
    assert_eq!(providers.named("branch").unwrap().smtp, named("google").smtp);
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    for (own, key) in [
        (r#"{"google": {"smtq": {}}}"#, "smtq"),
        (r#"{"google": {"endpoints": {"tokens": "https://id.example"}}}"#, "tokens"),
        (r#"{"google": {"quirks": ["no_such_quirk"]}}"#, "no_such_quirk"),
        (r#"{"mine": {"like": "nobody"}}"#, "nobody"),
        (r#"{"mine": {"like": "mine"}}"#, "mine"),
        ("[]", "provider file"),
    ] {
        let mut providers = built_in();
        let error = providers.merge(own).unwrap_err();
        assert!(error.text().contains(key), "{own}: {error}");
        assert_eq!(error.status(), Status::InvalidArgument);
        assert_eq!(providers.named("google").unwrap(), named("google"), "nothing has changed");
    }
    assert_eq!(built_in().named("gmail").unwrap_err().cause(), Cause::ProviderUnknown);
}
