//! How long a send may wait, and who may end it.
//!
//! Every wait of the library is cut into slices: between two slices the deadline and the
//! cancellation are looked at, and the host's progress callback is called. So each of them gets
//! through within a slice, whatever the network does.

use crate::error::{Error, Result, Stage};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The longest wait without a look around: half of the 100 ms that are promised.
const SLICE: Duration = Duration::from_millis(50);

/// Ends the sends that are running now, from any thread; later ones are not affected.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<AtomicU64>);

impl Canceller {
    /// Cancels what is running now.
    pub fn cancel(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// What a send that begins now looks at.
    pub(crate) fn watch(&self) -> Cancellation {
        Cancellation { counter: self.clone(), began: self.0.load(Ordering::Relaxed) }
    }
}

/// Tells one send whether it was cancelled.
#[derive(Clone, Debug)]
pub(crate) struct Cancellation {
    counter: Canceller,
    began: u64,
}

impl Cancellation {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.counter.0.load(Ordering::Relaxed) != self.began
    }
}

/// Deadline, limit of the current step, cancellation and progress of one send.
pub(crate) struct Watch<'a> {
    deadline: Instant,
    total: Duration,
    stage: Stage,
    step_ends: Instant,
    cancellation: Cancellation,
    next_tick: Instant,
    /// Tells the host how far we are; `false` cancels.
    tick: &'a mut dyn FnMut() -> bool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        total: Duration,
        cancellation: Cancellation,
        tick: &'a mut dyn FnMut() -> bool,
    ) -> Self {
        let now = Instant::now();
        let deadline = now + total;
        let (stage, step_ends) = (Stage::Resolve, deadline);
        Self { deadline, total, stage, step_ends, cancellation, next_tick: now, tick }
    }

    /// Begins a step: errors name it, and it may take no longer than its limit.
    pub(crate) fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.step_ends = self.deadline.min(Instant::now() + step_limit(stage));
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Does something that may take no longer than this, nor than the whole; what comes then has the
    /// time of the whole again.
    pub(crate) fn within<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let (deadline, total, stage) = (self.deadline, self.total, self.stage);
        let ends = Instant::now() + limit;
        if ends < deadline {
            (self.deadline, self.total) = (ends, limit);
        }
        self.begin(stage);
        let result = work(self);
        (self.deadline, self.total) = (deadline, total);
        self.begin(stage);
        result
    }

    /// How much of the time is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Looks around: an error when the time is over or the send was cancelled; else how long to
    /// wait at most before looking again.
    pub(crate) fn check(&mut self) -> Result<Duration> {
        let now = Instant::now();
        if now >= self.next_tick {
            self.next_tick = now + SLICE;
            if !(self.tick)() {
                return Err(Error::cancelled(self.stage));
            }
        }
        if self.cancellation.is_cancelled() {
            return Err(Error::cancelled(self.stage));
        }
        if now >= self.step_ends {
            let whole = self.step_ends == self.deadline;
            let limit = if whole { self.total } else { step_limit(self.stage) };
            return Err(Error::timeout(self.stage, limit));
        }
        Ok((self.step_ends - now).min(self.next_tick.saturating_duration_since(now)))
    }

    /// Waits, unless the time is over before or somebody ends it.
    pub(crate) fn pause(&mut self, duration: Duration) -> Result<()> {
        let until = Instant::now() + duration;
        loop {
            let slice = self.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(slice));
        }
    }
}

/// How long each step may take at most (RFC 5321 §4.5.3.2, shortened where a person waits).
fn step_limit(stage: Stage) -> Duration {
    Duration::from_secs(match stage {
        Stage::Resolve | Stage::Connect | Stage::Tls | Stage::Proxy => 60,
        Stage::Store | Stage::Token => 60,
        Stage::Argument | Stage::Compose => 60,
        Stage::Greeting | Stage::Hello | Stage::Starttls | Stage::SignIn => 120,
        Stage::Sender | Stage::Recipients => 300,
        // A person at a browser: the deadline of the whole is the limit.
        Stage::Authorize => 86_400,
        // From each piece of content to the next, and from the last to the final reply: servers
        // scan for viruses before they answer.
        Stage::Data => 600,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn cancelling_ends_what_runs_and_not_what_comes() {
        let canceller = Canceller::default();
        let running = canceller.watch();
        canceller.cancel();
        assert!(running.is_cancelled());
        assert!(!canceller.watch().is_cancelled());
    }

    #[test]
    fn a_tick_may_cancel() {
        let mut tick = || false;
        let cancellation = Canceller::default().watch();
        let mut watch = Watch::new(Duration::from_secs(9), cancellation, &mut tick);
        assert_eq!(watch.check().unwrap_err().status(), Status::Cancelled);
    }

    #[test]
    fn a_part_of_the_time_ends_before_the_whole_and_leaves_the_rest() {
        let mut tick = || true;
        let cancellation = Canceller::default().watch();
        let mut watch = Watch::new(Duration::from_secs(9), cancellation, &mut tick);
        watch.begin(Stage::Greeting);
        let error = watch.within(Duration::ZERO, |watch| {
            watch.begin(Stage::Tls);
            watch.check()
        });
        assert_eq!(error.unwrap_err().stage(), Stage::Tls);
        assert!(watch.check().is_ok());
        assert_eq!(watch.stage(), Stage::Greeting);
        let longer = watch.within(Duration::from_secs(99), |watch| Ok(watch.left()));
        assert!(longer.unwrap() <= Duration::from_secs(9));
    }

    #[test]
    fn the_deadline_bounds_every_step() {
        let mut tick = || true;
        let cancellation = Canceller::default().watch();
        let mut watch = Watch::new(Duration::ZERO, cancellation, &mut tick);
        watch.begin(Stage::Greeting);
        let error = watch.check().unwrap_err();
        assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Greeting));
    }
}
