//! What a person sees while a message travels, on standard error: a bar, or the dialogue.

use crate::output::note;
use postrider::Observer;
use std::cell::Cell;
use std::io::{IsTerminal, Write};

const WIDTH: usize = 30;
const MEGABYTE: f64 = 1_000_000.0;

pub struct Progress {
    transcript: bool,
    bar: bool,
    /// The length of the line that stands there.
    shown: Cell<usize>,
}

impl Observer for Progress {
    fn wants_log(&self) -> bool {
        self.transcript
    }

    fn log(&self, line: &str) {
        if self.transcript {
            note(line);
        }
    }

    fn progress(&self, sent: u64, total: u64) -> bool {
        if self.bar && total > 0 {
            self.draw(&bar(sent, total));
        }
        true
    }
}

impl Progress {
    /// The dialogue when it is wanted, else a bar where somebody looks at it.
    pub fn new(transcript: bool) -> Self {
        let bar = !transcript && std::io::stderr().is_terminal();
        Self { transcript, bar, shown: Cell::new(0) }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if self.shown.get() > 0 {
            self.draw("");
            self.draw("");
        }
    }

    /// Writes over what stands there. Blanks, since old consoles know no escape sequences.
    fn draw(&self, text: &str) {
        let mut stderr = std::io::stderr();
        let before = self.shown.replace(text.len());
        let _ = write!(stderr, "\r{text:before$}").and_then(|()| stderr.flush());
    }
}

fn bar(sent: u64, total: u64) -> String {
    let share = sent.min(total) as f64 / total as f64;
    let done = "#".repeat((share * WIDTH as f64) as usize);
    let (sent, total) = (sent as f64 / MEGABYTE, total as f64 / MEGABYTE);
    format!("{:3.0} % [{done:WIDTH$}] {sent:.1} of {total:.1} MB", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_bar_fills_up() {
        let empty = format!("  0 % [{:30}] 0.0 of 3.0 MB", "");
        assert_eq!(bar(0, 3_000_000), empty);
        let half = format!(" 50 % [{:30}] 1.5 of 3.0 MB", "#".repeat(15));
        assert_eq!(bar(1_500_000, 3_000_000), half);
        assert!(bar(9, 3).contains(&format!("100 % [{}]", "#".repeat(30))));
    }
}
