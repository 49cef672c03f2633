//! People with a browser: headless Chromium, driven by `tests/rig/browser/person.mjs`, which also says
//! what a walk and its report are.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};

use super::script::Script;
use super::{http, rig, tools};

const SCRIPT: &str = "browser/person.mjs";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a person does.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Fill(&'a str, &'a str),
    Press(&'a str),
    See(&'a str),
    /// Waits until the browser is led to another server, and does not go there.
    Leave,
}

/// What there was on the way.
pub struct Report(Value);

/// One page, as it came.
pub struct Page<'a>(&'a Value);

/// A running browser.
pub struct Browser {
    origin: String,
    _script: Script,
}

/// The browser of this test binary. `None` when this machine lacks what it needs, which has then
/// been said; the test is to return at once.
pub fn shared() -> Option<&'static Browser> {
    static BROWSER: OnceLock<Browser> = OnceLock::new();
    if !tools::require_all(&["chromium", "node"]) || !rig::is_installed("browser") {
        return None;
    }
    Some(BROWSER.get_or_init(|| {
        let script = Script::start(SCRIPT);
        Browser { origin: script.text("ORIGIN"), _script: script }
    }))
}

impl Browser {
    /// A person opens the address and does all this.
    pub fn walk(&self, address: &str, steps: &[Step]) -> Report {
        let walk = json!({ "address": address, "steps": written(steps) });
        Report(http::post_json(&self.origin, "/", &walk)).of_a_whole_walk()
    }
}

/// Puts a program into this folder that opens addresses: it starts a browser of its own, in which a
/// person does all this. The report is found with [`report_in`].
pub fn put_program(folder: &Path, name: &str, steps: &[Step]) {
    let (script, report) = (tools::tests_folder("rig").join(SCRIPT), folder.join("report"));
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let text = format!(
        "#!/bin/sh\nSTEPS={} REPORT={} exec {} \"$1\"\n",
        quoted(&written(steps).to_string()),
        quoted(report.to_str().unwrap()),
        quoted(script.to_str().unwrap())
    );
    // Written by another process: a fork that another test makes of this one could have it open, and
    // it would be busy.
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 700 \"$0\""])
        .arg(folder.join(name))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

/// Waits for the report of the program in this folder.
pub fn report_in(folder: &Path) -> Report {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = fs::read(folder.join("report")) {
            return Report(serde_json::from_slice(&text).unwrap()).of_a_whole_walk();
        }
        assert!(Instant::now() < deadline, "no browser was opened");
        thread::sleep(Duration::from_millis(20));
    }
}

fn written(steps: &[Step]) -> Value {
    let written = |step: &Step| match step {
        Step::Fill(name, text) => json!(["fill", name, text]),
        Step::Press(name) => json!(["press", name]),
        Step::See(text) => json!(["see", text]),
        Step::Leave => json!(["leave"]),
    };
    steps.iter().map(written).collect()
}

impl Report {
    fn of_a_whole_walk(self) -> Self {
        assert!(self.0["failure"].is_null(), "the person is stuck: {}", self.0["failure"]);
        self
    }

    /// The pages of a server, in their order.
    pub fn pages_of(&self, origin: &str) -> Vec<Page<'_>> {
        let pages = self.0["pages"].as_array().expect("a list").iter().map(Page);
        pages.filter(|page| page.url().starts_with(origin)).collect()
    }

    /// The last page of all.
    pub fn last(&self) -> Page<'_> {
        Page(self.0["pages"].as_array().and_then(|pages| pages.last()).expect("a page"))
    }

    /// What the console says of errors at this server, such as what the policy of a page forbids.
    pub fn errors(&self, origin: &str) -> Vec<&str> {
        self.rows("errors", "url", origin).map(|row| row["text"].as_str().expect("text")).collect()
    }

    /// Requests to other computers that pages of this server wanted.
    pub fn strangers(&self, origin: &str) -> Vec<&str> {
        self.rows("strangers", "page", origin)
            .map(|row| row["url"].as_str().expect("text"))
            .collect()
    }

    fn rows(&self, table: &str, column: &str, beginning: &str) -> impl Iterator<Item = &Value> {
        let rows = self.0[table].as_array().expect("a list").iter();
        rows.filter(move |row| row[column].as_str().is_some_and(|text| text.starts_with(beginning)))
    }

    /// Where [`Step::Leave`] led.
    pub fn left(&self) -> &str {
        self.0["left"].as_str().expect("an address")
    }
}

impl<'a> Page<'a> {
    pub fn url(&self) -> &'a str {
        self.0["url"].as_str().expect("text")
    }

    pub fn status(&self) -> u64 {
        self.0["status"].as_u64().expect("a status")
    }

    /// A field of its header, named in lower case.
    pub fn header(&self, name: &str) -> &'a str {
        self.0["headers"][name].as_str().unwrap_or_default()
    }

    pub fn html(&self) -> &'a str {
        self.0["html"].as_str().expect("text")
    }
}
