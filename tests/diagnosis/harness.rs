//! A diagnosis and its steps.

use crate::support::rig::{self, Rig};
use parking_lot::Mutex;
use postrider::diagnosis::{Diagnosis, Step, StepName, StepState};
use postrider::{Kind, Mail, Observer};
use std::fmt;
use std::ops::Deref;

/// The numbers of `mail_security`.
pub const PLAIN: i32 = 0;
pub const STARTTLS: i32 = 2;
pub const TLS: i32 = 3;

/// The rig's certificates live for a day, and every report warns of that.
pub const SHORT: (StepName, StepState) = (StepName::Tls, StepState::Warning);

pub const ANY_MECHANISM: i32 = -1;

/// A mail from Alice to Bob: trusts the rig's authority, does not sign in.
pub fn mail(rig: &Rig, port: u16, security: i32) -> Mail {
    let mut mail = Mail::new();
    mail.set_server("localhost", port.into()).unwrap();
    mail.set_security(security).unwrap();
    mail.add_ca_file(rig.ca_file.to_str().unwrap()).unwrap();
    mail.set_timeout_ms(60_000).unwrap();
    mail.set_from(None, rig::ALICE).unwrap();
    mail.add_recipient_as(None, rig::BOB, Kind::To).unwrap();
    mail.set_subject("diagnosed, never sent").unwrap();
    mail
}

/// Keeps the transcript.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn wants_log(&self) -> bool {
        true
    }

    fn log(&self, line: &str) {
        self.0.lock().push(line.to_owned());
    }
}

/// What was found.
pub struct Found {
    diagnosis: Diagnosis,
    pub transcript: Vec<String>,
}

impl Deref for Found {
    type Target = Diagnosis;

    fn deref(&self) -> &Diagnosis {
        &self.diagnosis
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnosis.fmt(f)
    }
}

/// Diagnoses; `secrets` must not be in anything that is shown.
pub fn diagnose(mail: &Mail, secrets: &[&str]) -> Found {
    let recorder = Recorder::default();
    let mut shown = Vec::new();
    let mut show = |step: &Step| shown.push(step.to_string());
    let diagnosis = mail.diagnose_step_by_step(&recorder, &mut show);
    let transcript = recorder.0.into_inner();
    check(&diagnosis);
    let steps: Vec<_> = diagnosis.steps.iter().map(ToString::to_string).collect();
    assert_eq!(shown, steps, "each step is shown once, when it ends");
    let everything =
        [diagnosis.to_string(), diagnosis.json(), format!("{diagnosis:?}"), transcript.join("\n")];
    for secret in secrets {
        for text in &everything {
            assert!(!text.contains(secret), "a secret is shown in\n{text}");
        }
    }
    let data = transcript.iter().any(|line| line.starts_with("C: DATA"));
    assert!(!data, "DATA was said: {transcript:#?}");
    let sign_ins = transcript.iter().filter(|line| line.starts_with("C: AUTH ")).count();
    assert!(sign_ins <= 1, "{sign_ins} sign-ins: {transcript:#?}");
    Found { diagnosis, transcript }
}

/// What holds for every diagnosis.
pub fn check(diagnosis: &Diagnosis) {
    let json: serde_json::Value = serde_json::from_str(&diagnosis.json()).expect("JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["status"], diagnosis.status().code());
    assert_eq!(json["state"], diagnosis.state().word());
    assert_eq!(json["steps"].as_array().map(Vec::len), Some(StepName::ALL.len()));
    for name in StepName::ALL {
        let count = diagnosis.steps.iter().filter(|step| step.name == *name).count();
        assert_eq!(count, 1, "{name:?} in\n{diagnosis}");
    }
    for step in &diagnosis.steps {
        let is_failed = step.state == StepState::Failed;
        assert_eq!(step.error.is_some(), is_failed, "{step}");
        assert!(step.state != StepState::Warning || !step.warnings.is_empty(), "{step}");
        assert!(step.took <= diagnosis.took, "{step}");
    }
}

impl Found {
    pub fn step(&self, name: StepName) -> &Step {
        self.diagnosis.steps.iter().find(|step| step.name == name).expect("every step is there")
    }

    /// The words for the state of every step, with the name of the step where it is not as the
    /// `usual` one.
    pub fn assert_states(&self, usual: StepState, others: &[(StepName, StepState)]) {
        for step in &self.diagnosis.steps {
            let other = others.iter().find(|(name, _)| *name == step.name);
            let wanted = other.map_or(usual, |(_, state)| *state);
            assert_eq!(step.state, wanted, "{:?} in\n{}", step.name, self.diagnosis);
        }
    }

    /// Everything that was found in a step.
    pub fn text(&self, name: StepName) -> String {
        let step = self.step(name);
        [step.found.join("\n"), step.warnings.join("\n")].join("\n")
    }

    pub fn assert_says(&self, name: StepName, part: &str) {
        let text = self.step(name).to_string();
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }

    pub fn count(&self, beginning: &str) -> usize {
        self.transcript.iter().filter(|line| line.starts_with(beginning)).count()
    }
}
