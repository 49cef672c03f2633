//! `postrider doctor` as a Windows program: the report, the exit code, and a token from its input.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::hosts::said;
use crate::support::records;
use crate::support::rig::{self, Rig};
use crate::wine::{Width, both_widths, built, program};

both_widths! {
    an_open_way,
    a_refusal,
}

fn an_open_way(width: Width) {
    let Some(rig) = rig::shared() else { return };
    let Some(output) = doctor(width, rig, &rig.token("service"), &["--to", rig::BOB]) else {
        return;
    };
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in
        ["TLS 1.3", "issued by Rig Test CA", "235 ", "<bob@rig.test>: 250", "nothing was sent"]
    {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

fn a_refusal(width: Width) {
    let Some(rig) = rig::shared() else { return };
    let Some(output) = doctor(width, rig, "mistyped", &["--json"]) else { return };
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let steps = report["steps"].as_array().expect("steps");
    let sign_in = steps.iter().find(|step| step["name"] == "sign_in").expect("a sign-in");
    assert_eq!(sign_in["error"]["cause"], "token_refused", "{report}");
    let advice = sign_in["error"]["advice"].as_str().expect("a sentence");
    assert!(advice.contains(rig::ALICE), "{advice}");
}

/// Runs it with the token as its input; `None` when it was not built.
fn doctor(width: Width, rig: &Rig, token: &str, more: &[&str]) -> Option<Output> {
    let mut doctor = program(width, &built(width, "postrider.exe")?);
    let server = format!("localhost:{}", rig.ports.submission);
    doctor.args(["doctor", "--server", &server, "--security", "starttls", "--user", rig::ALICE]);
    doctor.args(["--auth", "xoauth2", "--token-file", "-", "--ca-file"]).arg(&rig.ca_file);
    doctor.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut doctor = doctor.spawn().expect("Wine runs");
    let mut input = doctor.stdin.take().expect("a pipe");
    input.write_all(token.as_bytes()).expect("it reads");
    drop(input);
    let output = doctor.wait_with_output().expect("it ends");
    records::produced(&said(&output));
    Some(output)
}
