//! People with a browser: headless Chromium, driven by `tests/rig/browser/person.mjs`, which also says
//! what a walk and its report are.

use std::path::Path;
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

/// Gives the value of `$BROWSER` that names a program in this folder: whatever address it is given, it
/// starts a browser of its own, in which a person does all this. The report is found with
/// [`report_in`].
pub fn program_in(folder: &Path, steps: &[Step]) -> String {
    let (script, report) = (tools::tests_folder("rig").join(SCRIPT), folder.join("report"));
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let text = format!(
        "STEPS={} REPORT={} exec {} \"$1\"\n",
        quoted(&written(steps).to_string()),
        quoted(report.to_str().unwrap()),
        quoted(script.to_str().unwrap())
    );
    let program = folder.join("browser");
    fs::write(&program, text).unwrap();
    // As an argument of sh it may still be open for writing, by a fork of another test.
    format!("sh {}", program.display())
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

    /// What the console says of errors, such as what a policy of the page forbids.
    pub fn errors(&self) -> Vec<&str> {
        let errors = self.0["errors"].as_array().expect("a list").iter();
        errors.map(|error| error.as_str().expect("text")).collect()
    }

    /// Requests to other computers that pages of this server wanted.
    pub fn strangers(&self, origin: &str) -> Vec<&str> {
        let strangers = self.0["strangers"].as_array().expect("a list").iter();
        strangers
            .filter(|one| one["page"].as_str().is_some_and(|page| page.starts_with(origin)))
            .map(|one| one["url"].as_str().expect("text"))
            .collect()
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
