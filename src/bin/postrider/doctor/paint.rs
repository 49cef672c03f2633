//! The state of a step in colour, where standard output is a terminal that wants it.

use crate::output::{Result, bytes, harmless};
use postrider::diagnosis::{Step, StepState};
use std::env;
use std::io::IsTerminal;

pub struct Paint(bool);

impl Paint {
    /// <https://no-color.org>; old consoles of Windows know no escape sequences.
    pub fn for_stdout() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let can = match cfg!(windows) {
            true => is_set("WT_SESSION"),
            false => env::var_os("TERM").is_none_or(|term| term != "dumb"),
        };
        Self(can && !is_set("NO_COLOR") && std::io::stdout().is_terminal())
    }

    /// Writes a step of the report.
    pub fn step(&self, step: &Step) -> Result<()> {
        let text = harmless(step);
        let word = step.state.word();
        let colour = match step.state {
            StepState::Ok => "32",
            StepState::Warning => "33",
            StepState::Failed => "1;31",
            StepState::Skipped => "2",
        };
        let text = match (self.0, text.strip_prefix(word)) {
            (true, Some(rest)) => format!("\x1b[{colour}m{word}\x1b[0m{rest}"),
            _ => text,
        };
        bytes(format!("{text}\n").as_bytes())
    }
}
