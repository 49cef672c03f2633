//! The pages hold nothing that they should not, and browsers are told so.

use crate::harness::{Page, Sandbox, USER};
use crate::login::{authorize, press};

fn pages(sandbox: &Sandbox) -> Vec<(&'static str, Page)> {
    vec![
        ("login", sandbox.get(&authorize(""))),
        ("device", sandbox.get("/device?user_code=ABCD-EFGH")),
        ("refusal", sandbox.get("/authorize")),
        ("complaint", sandbox.post("/device", "user_code=x")),
        ("form_post", press(sandbox, &authorize("&response_mode=form_post"), USER, "sign-in")),
    ]
}

#[test]
fn every_page_has_strict_headers() {
    let sandbox = Sandbox::start(&[]);
    for (name, page) in pages(&sandbox) {
        assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"), "{name}");
        assert_eq!(page.header("Cache-Control"), Some("no-store"), "{name}");
        assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"), "{name}");
        assert_eq!(page.header("X-Frame-Options"), Some("DENY"), "{name}");
        assert_eq!(page.header("Referrer-Policy"), Some("same-origin"), "{name}");
        assert_eq!(page.header("Set-Cookie"), None, "{name}");
        let policy = page.header("Content-Security-Policy").expect("a policy");
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        assert_eq!(policy.contains("script-src"), name == "form_post", "{name}: {policy}");
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        assert!(!page.body.contains("{{"), "{name}: a place was not filled in");
        assert!(page.body.contains(r#"<html lang="en">"#), "{name}");
    }
    let style = sandbox.get("/style.css");
    assert_eq!(style.header("Content-Type"), Some("text/css; charset=utf-8"));
}

#[test]
fn the_login_page_works_without_scripts_and_holds_nothing_of_the_request() {
    let sandbox = Sandbox::start(&[]);
    let page = sandbox.get(&authorize("&nonce=n-1&scope=mail+openid"));
    for expected in [">Sign in</button>", ">Cancel</button>", "127.0.0.1:9", "mail openid"] {
        assert!(page.body.contains(expected), "{expected} is missing:\n{}", page.body);
    }
    for secret in ["<script", "st-1", "n-1", "E9Melhoa"] {
        assert!(!page.body.contains(secret), "{secret}:\n{}", page.body);
    }
}

#[test]
fn text_from_outside_stays_text() {
    let sandbox = Sandbox::start(&[]);
    let markup = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%27%26%7B%7Baddress%7D%7D";
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;{{address}}";
    let number = sandbox.get(&authorize("")).input("request").expect("a number").to_owned();
    let state =
        authorize(&format!("&response_mode=form_post&nonce={markup}")).replace("st-1", markup);
    for page in [
        sandbox.get(&format!("/device?user_code={markup}")),
        sandbox.post("/device", &format!("user_code={markup}&address={markup}&decision=sign-in")),
        sandbox.post("/login", &format!("request={number}&address={markup}&decision=sign-in")),
        press(&sandbox, &state, USER, "cancel"),
    ] {
        assert!(page.body.contains(escaped), "{}", page.body);
        assert!(!page.body.contains("<script>"), "{}", page.body);
    }
    let uri = "http://127.0.0.1:9/%22%3E%3Cb%3E";
    let target = authorize("&response_mode=form_post").replace("http://127.0.0.1:9/back", uri);
    let page = press(&sandbox, &target, USER, "sign-in");
    assert!(page.body.contains(r#"action="http://127.0.0.1:9/&quot;&gt;&lt;b&gt;""#));
}

#[test]
fn a_page_is_for_a_browser_that_looks_at_the_sandbox() {
    let sandbox = Sandbox::start(&[]);
    let host = sandbox.host().to_owned();
    let port = host.rsplit(':').next().expect("a port").to_owned();
    let get =
        |host: &str| sandbox.fetch(&format!("GET /device HTTP/1.1\r\nHost: {host}\r\n\r\n")).status;
    assert_eq!(get(&host), 200);
    assert_eq!(get(&format!("localhost:{port}")), 200);
    for stranger in ["example.org", "127.0.0.1", &format!("evil.example:{port}"), ""] {
        assert_eq!(get(stranger), 400, "{stranger}");
    }

    // Each with a code that no device has: 400 for both, but the page tells them apart.
    let post = |origin: &str| {
        let page = sandbox.fetch(&format!(
            "POST /device HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 11\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\nuser_code=x"
        ));
        page.body.contains("No device waits")
    };
    assert!(post(&format!("http://{host}")));
    for origin in ["null", "https://example.org", &format!("http://localhost:{port}")] {
        assert!(!post(origin), "{origin}");
    }
}

#[test]
fn codes_and_tokens_are_never_printed() {
    let mut sandbox = Sandbox::start(&[]);
    let page = press(&sandbox, &authorize(""), "bob@example.org", "sign-in");
    let code = page.sent_back("code").expect("a code");
    let (_, tokens) = crate::login::redeem(&sandbox, &code);
    press(&sandbox, &authorize(""), USER, "cancel");
    let (_, printed) = sandbox.stop();
    assert!(printed.contains("Login page: bob@example.org signed in\n"), "{printed}");
    assert!(printed.contains("Login page: cancelled\n"), "{printed}");
    assert!(!printed.contains(&code) && !printed.contains("st-1"));
    for name in ["access_token", "refresh_token"] {
        let token = tokens[name].as_str().expect("a token");
        assert!(!printed.contains(token), "{name}");
    }
}
