//! A diagnosis as text: a column for the state, one for the step, one for the time, then what was
//! found, line by line.

use super::{Diagnosis, Step, StepState, advice};
use std::fmt;

/// From the beginning of a line to what was found.
const INDENT: usize = 9 + 17 + 9 + 2;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = match self.state {
            StepState::Skipped => String::new(),
            _ => format!("{} ms", self.took.as_millis()),
        };
        let beginning = format!("{:9}{:17}{took:>9}", self.state.word(), self.name.title());
        let mut lines: Vec<String> = self.found.clone();
        lines.extend(self.warnings.iter().map(|warning| format!("! {warning}")));
        if let Some(error) = &self.error {
            lines.push(format!("error ({}): {error}", error.cause().code()));
            lines.push(format!("-> {}", advice(error)));
        }
        let lines = lines.join(&format!("\n{:INDENT$}", ""));
        write!(f, "{}", format!("{beginning}  {lines}").trim_end())
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        write!(f, "\n{} (in {} ms)", self.summary(), self.took.as_millis())
    }
}

impl Diagnosis {
    /// One sentence.
    pub fn summary(&self) -> String {
        let failed = self.steps.iter().find(|step| step.state == StepState::Failed);
        let warnings: usize = self.steps.iter().map(|step| step.warnings.len()).sum();
        match (failed, warnings) {
            (Some(step), _) => {
                format!("A message would not get through: see {}.", step.name.title())
            }
            (None, 0) => "Nothing is wrong on the way; nothing was sent.".into(),
            (None, 1) => "The way is open, with one warning; nothing was sent.".into(),
            (None, n) => format!("The way is open, with {n} warnings; nothing was sent."),
        }
    }
}
