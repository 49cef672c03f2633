//! `postrider doctor`: the report for people and for scripts, and what needs no connection.

use crate::desk::{Desk, Run};
use crate::harness::{USER, postrider};

fn doctor(desk: &Desk, token: &str, more: &[&str]) -> Run {
    let server = format!("localhost:{}", desk.sandbox.ready["smtps_port"]);
    let ca_file = desk.sandbox.ready["ca_file"].as_str().expect("a file");
    let mut arguments = vec!["doctor", "--server", &server, "--ca-file", ca_file, "--user", USER];
    arguments.extend(["--auth", "xoauth2", "--token-file", "-"]);
    arguments.extend(more);
    let run = desk.run_with(&arguments, token);
    assert!(!run.stdout.contains(token) && !run.stderr.contains(token), "the token was printed");
    assert!(!run.stdout.contains('\u{1b}'), "colour in a pipe: {:?}", run.stdout);
    run
}

#[test]
fn a_way_that_is_open_is_said_to_be_and_nothing_is_sent() {
    let desk = Desk::signed_in(&[]);
    let run = desk.run(&["doctor", "--to", "bob@example.org"]).exits(0);
    for part in ["sign-in", "235 ", "<bob@example.org>: 250", "nothing was sent"] {
        assert!(run.stdout.contains(part), "{part} is not in {}", run.stdout);
    }
    assert_eq!(run.stderr, "");
    assert!(!desk.sandbox.file("0001.eml").exists());
}

#[test]
fn a_refusal_is_in_the_report_and_in_the_exit_code() {
    let desk = Desk::new(&[]);
    let run = doctor(&desk, "no-token-of-the-sandbox", &[]).exits(3);
    assert!(run.stdout.contains("(token_refused)") && run.stdout.contains("-> "), "{}", run.stdout);
    let json = doctor(&desk, "no-token-of-the-sandbox", &["--json"]).exits(3).json();
    assert_eq!((&json["version"], &json["state"]), (&1.into(), &"failed".into()));
    let steps = json["steps"].as_array().expect("steps");
    let sign_in = steps.iter().find(|step| step["name"] == "sign_in").expect("a sign-in");
    assert_eq!(sign_in["error"]["cause"], "token_refused");
}

#[test]
fn an_account_without_a_sign_in_is_told_how_to_get_one() {
    let desk = Desk::signed_in(&[]);
    std::fs::remove_dir_all(desk.path("store")).expect("the store goes");
    let run = desk.run(&["doctor"]).exits(5).says(&format!("Call: postrider login {USER}"));
    assert!(run.stdout.contains("nobody has signed in yet"), "{}", run.stdout);
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = postrider().args(arguments).output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

#[test]
fn old_settings_are_told_without_a_connection_and_without_a_password() {
    let old = ["doctor", "--migrate", "--server", "smtp.live.com:25", "--user", USER];
    let (code, text) = run(&old);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("use smtp-mail.outlook.com, port 587, STARTTLS"), "{text}");
    let new = ["doctor", "--migrate", "--server", "smtp.gmail.com:465", "--user", USER];
    let (code, text) = run(&[&new[..], &["--auth", "xoauth2", "--json"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\"state\": \"ok\""), "{text}");
}

#[test]
fn a_text_from_a_log_is_explained_or_called_unknown() {
    let (code, text) = run(&["doctor", "--explain", "535 5.7.8 Error: authentication failed"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("token_expired: ") && text.contains("password_refused: "), "{text}");
    let (code, text) = run(&["doctor", "--explain", "all is well"]);
    assert_eq!(code, Some(3));
    assert!(text.contains("nothing is known"), "{text}");
}

#[test]
fn an_explanation_is_there_for_programs_too() {
    let explain = |text: &str| {
        let output = postrider().args(["doctor", "--json", "--explain", text]).output();
        let output = output.expect("it runs");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let (code, json) = explain("535 5.7.8 Error: authentication failed");
    assert_eq!((code, &json["version"], &json["code"]), (Some(0), &1.into(), &535.into()));
    assert_eq!((&json["enhanced_code"], &json["certainty"]), (&"5.7.8".into(), &"unknown".into()));
    let causes = json["causes"].as_array().expect("causes");
    let words: Vec<_> = causes.iter().map(|cause| &cause["cause"]).collect();
    let behind = ["token_expired", "wrong_user_for_token", "token_missing_scope"];
    assert_eq!(words, [&behind[..], &["password_refused", "app_password_required"]].concat());
    let advised = |cause: &serde_json::Value| cause["advice"].as_str().is_some_and(|a| a.len() > 9);
    assert!(causes.iter().all(advised), "{json}");

    let disabled = "SmtpClientAuthentication is disabled for the Tenant";
    let (code, json) = explain(&format!("535 5.7.139 Authentication unsuccessful, {disabled}"));
    assert_eq!((code, &json["certainty"]), (Some(0), &"sure".into()));
    assert_eq!(json["causes"][0]["cause"], "smtp_auth_disabled_tenant");
    assert!(json["causes"][0]["link"].as_str().is_some_and(|link| link.starts_with("https://")));
    assert!(json["source"].as_str().is_some_and(|source| !source.is_empty()));

    let (code, json) = explain("all is well");
    assert_eq!((code, &json["causes"]), (Some(3), &serde_json::json!([])));
    assert_eq!((&json["code"], &json["certainty"]), (&().into(), &"unknown".into()));
}

#[test]
fn what_an_explanation_does_not_look_at_is_refused() {
    for other in [&["--server", "a.test"][..], &["--to", "b@example.org"], &["--verbose"]] {
        let (code, text) = run(&[&["doctor", "--explain", "535"][..], other].concat());
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("cannot be used with"), "{text}");
    }
}
