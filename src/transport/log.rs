//! The transcript, to the host's observer and to a file.

use crate::error::{Cause, Error, Result, Stage, Status};
use parking_lot::Mutex;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Instant;

/// Watches a send. Called on the thread that sends.
pub trait Observer {
    /// Whether [`Observer::log`] does anything.
    fn wants_log(&self) -> bool {
        false
    }

    /// One line of the protocol transcript, without secrets: "C: " sent, "S: " received, "-- " done.
    fn log(&self, line: &str) {
        let _ = line;
    }

    /// Bytes of the message handed to the network, and bytes in all (0 until that is known); at
    /// least every 100 ms. `false` cancels.
    fn progress(&self, sent: u64, total: u64) -> bool {
        let _ = (sent, total);
        true
    }
}

/// Watches nothing.
impl Observer for () {}

/// A file to which transcripts are added.
#[derive(Debug)]
pub(crate) struct LogFile(Mutex<File>);

impl LogFile {
    pub(crate) fn open(path: &str) -> Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
            let text = format!("the log file {path} cannot be opened: {error}");
            Error::new(Status::File, Stage::Argument, Cause::FileUnwritable, text)
        })?;
        Ok(Self(Mutex::new(file)))
    }

    fn write(&self, line: &str) {
        // A full disk must not keep mail from being sent.
        let _ = self.0.lock().write_all(line.as_bytes());
    }
}

/// Where the lines of one send go.
pub(crate) struct Log<'a> {
    pub observer: &'a dyn Observer,
    pub file: Option<&'a LogFile>,
    pub began: Instant,
}

impl Log<'_> {
    pub(crate) fn is_wanted(&self) -> bool {
        self.file.is_some() || self.observer.wants_log()
    }

    pub(crate) fn write(&self, lines: Vec<String>) {
        for line in lines {
            if let Some(file) = self.file {
                let seconds = self.began.elapsed().as_secs_f64();
                // One write a line: lines of several sends do not mix.
                file.write(&format!("{seconds:9.3} {line}\n"));
            }
            self.observer.log(&line);
        }
    }

    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        if self.is_wanted() {
            self.write(vec![format!("-- {}", text())]);
        }
    }
}
