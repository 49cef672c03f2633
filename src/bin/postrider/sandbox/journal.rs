//! What the sandbox tells the person who started it, on standard output.
//!
//! Text that came over the network passes through `printable` first, so that a message cannot
//! send control sequences to a terminal. Tokens never come here.

use std::io::Write;

pub struct Journal {
    quiet: bool,
}

impl Journal {
    pub fn new(quiet: bool) -> Self {
        Journal { quiet }
    }

    /// Prints whole lines at once. A reader who has gone away is no reason to stop serving.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{text}").and_then(|()| out.flush());
        }
    }
}

/// `text` on one line, without control characters and not endlessly long.
pub fn printable(text: &str) -> String {
    const MOST: usize = 500;
    let safe = |character: char| {
        if character.is_control() { '\u{FFFD}' } else { character }
    };
    let mut shown: String = text.chars().take(MOST).map(safe).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
