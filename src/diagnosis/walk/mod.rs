//! The steps in their order: each is taken with the pieces that a send uses, on a connection of its
//! own, and nothing is ever given to the server but commands.
//!
//! A step that fails ends the walk ([`Stop`]) unless a later one can still tell something. What was
//! not reached is skipped, so every step is in the report once.
//!
//! - `identity`  account and token
//! - `reach`     look-up, connection, TLS from the first byte
//! - `session`   from the greeting to the recipients
//! - `behind`    what a server offers whose certificate was refused

mod behind;
mod identity;
mod reach;
mod session;

use super::settings::look_at_server;
use super::{Diagnosis, Step, StepName};
use crate::error::{Cause, Error, Result, Status};
use crate::message::{Message, Prepared};
use crate::net::{Cancellation, Presented, Watch};
use crate::secret::Secret;
use crate::transport::{Connection, Log, LogFile, Observer, Server, Situation};
use identity::SignIn;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Waits for a connection or a handshake that are longer than this end in nothing; what is left of
/// the time is for finding out why.
const PATIENCE: Duration = Duration::from_secs(20);
/// A server that has not greeted by then may be waiting for TLS: that is tried beside it.
const QUIET: Duration = Duration::from_secs(8);
/// For each other port, and each look at what a port speaks.
const GLANCE: Duration = Duration::from_secs(5);

/// Everything that one diagnosis needs.
pub(crate) struct Job<'a> {
    pub server: &'a Arc<Server>,
    pub old_name: Option<&'a str>,
    pub message: &'a Arc<Message>,
    pub all_or_none: bool,
    pub timeout: Duration,
    pub cancellation: Cancellation,
    pub observer: &'a dyn Observer,
    pub log_file: Option<&'a LogFile>,
    pub show: &'a mut dyn FnMut(&Step),
}

/// Goes the way.
pub(crate) fn diagnose(job: Job) -> Diagnosis {
    let began = Instant::now();
    let log = Log { observer: job.observer, file: job.log_file, began };
    let presented = Presented::default();
    let mut server = Server::clone(job.server);
    server.trust.presented = Some(presented.clone());
    let mut tick = || job.observer.progress(0, 0);
    let watch = Watch::new(job.timeout, job.cancellation, &mut tick);
    let mut walk = Walk {
        server: Arc::new(server),
        old_name: job.old_name,
        message: job.message,
        all_or_none: job.all_or_none,
        presented,
        secret: None,
        watch,
        log,
        steps: Vec::new(),
        show: job.show,
    };
    if let Err(Stop(why)) = walk.go() {
        walk.skip_the_rest(&why);
    }
    Diagnosis { steps: walk.steps, took: began.elapsed() }
}

/// The walk cannot go on, for this reason.
struct Stop(String);

type Walked<T = ()> = std::result::Result<T, Stop>;

struct Walk<'a> {
    server: Arc<Server>,
    old_name: Option<&'a str>,
    message: &'a Arc<Message>,
    all_or_none: bool,
    presented: Presented,
    /// With which somebody signs in.
    secret: Option<Secret>,
    watch: Watch<'a>,
    log: Log<'a>,
    steps: Vec<Step>,
    show: &'a mut dyn FnMut(&Step),
}

impl Walk<'_> {
    fn go(&mut self) -> Walked {
        let is_set = self.settings()?;
        let (credentials, missing) = match self.account_and_token()? {
            SignIn::With(credentials) => (Some(credentials), None),
            SignIn::None => (None, None),
            SignIn::Missing(why) => (None, Some(why)),
        };
        self.secret = credentials.as_ref().map(|credentials| credentials.secret().clone());
        if !is_set {
            return Err(Stop("no server was set".into()));
        }
        let mut stream = self.connect()?;
        if self.server.is_implicit_tls() {
            self.implicit_tls(&mut stream)?;
            self.skip(StepName::HelloInClear, "TLS begins with the first byte");
        }
        let mut connection = Connection::over(stream, &self.server, credentials, &self.log);
        connection.session.listens = true;
        let result = self.talk(&mut connection, missing);
        // As after a send: a server that has answered hears a last word.
        let lost = |error: &Error| {
            use Status::{Cancelled, ConnectionLost, Protocol, Timeout};
            matches!(error.status(), Cancelled | ConnectionLost | Protocol | Timeout)
        };
        if !self.steps.iter().filter_map(|step| step.error.as_ref()).any(lost) {
            connection.quit();
        }
        result
    }

    fn talk(&mut self, connection: &mut Connection, missing: Option<String>) -> Walked {
        self.greeting(connection)?;
        let mut pending = Ok(());
        if !self.server.is_implicit_tls() {
            pending = self.hello(connection, StepName::HelloInClear)?;
            pending = self.starttls(connection, pending)?;
        }
        if connection.session.is_secure() {
            pending = self.hello(connection, StepName::Hello)?;
        }
        let pending = self.mechanisms(connection, pending)?;
        self.sign_in(connection, pending, missing)?;
        self.envelope(connection)
    }

    /// `false` when there is no server to go to.
    fn settings(&mut self) -> Walked<bool> {
        let mut step = Step::begin(StepName::Settings);
        let server = self.server.clone();
        let is_set = !server.host.is_empty();
        let looked = match is_set {
            true => look_at_server(&server, self.old_name, &mut step),
            false => Err(Error::incomplete(Cause::ServerMissing, "no server was set")),
        };
        // What would end a send before it connects: the envelope is tried as far as it is known.
        if let Err(why) = Prepared::to_send(self.message) {
            step.warn(format!("The message cannot be sent yet: {why}."));
        }
        self.end(step, looked.err());
        self.watch.check().map_err(|error| Stop(error.to_string()))?;
        Ok(is_set)
    }

    /// Does something that may take no longer than this.
    fn within<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Watch, &Log) -> Result<T>,
    ) -> Result<T> {
        let log = &self.log;
        self.watch.within(limit, |watch| work(watch, log))
    }

    /// For one wait; the rest is for finding out why it was in vain.
    fn patience(&self) -> Duration {
        PATIENCE.min(self.watch.left() / 2)
    }

    /// Whether the walk was cancelled or its time is over.
    fn is_over(&self, error: Option<&Error>) -> bool {
        error.is_some_and(|error| error.status() == Status::Cancelled)
            || self.watch.left().is_zero()
    }

    fn skip(&mut self, name: StepName, why: impl Into<String>) {
        self.add(Step::skipped(name, why));
    }

    fn end(&mut self, mut step: Step, error: Option<Error>) {
        if step.error.is_none() {
            step.end(error);
        }
        self.add(step);
    }

    /// Ends the step with an error, and with it the walk.
    fn fail(&mut self, mut step: Step, error: Error) -> Stop {
        match step.error.is_some() {
            // Its time was taken already.
            true => step.error = Some(error.clone()),
            false => step.end(Some(error.clone())),
        }
        let why = match error.status() {
            Status::Cancelled => "cancelled".into(),
            _ if self.watch.left().is_zero() => "the time was over".into(),
            _ => format!("not reached: {} failed", step.name.title()),
        };
        self.log.note(|| error.to_string());
        self.add(step);
        Stop(why)
    }

    fn add(&mut self, mut step: Step) {
        let explain = |error| {
            let situation = Situation::new(&self.server, self.message.author());
            let recipients = self.message.recipients();
            // Which one was refused is not told.
            let only = recipients.first().filter(|_| recipients.len() == 1);
            situation.explain(error, only.map(String::as_str))
        };
        step.error = step.error.map(explain);
        step.judge();
        (self.show)(&step);
        self.steps.push(step);
    }

    fn skip_the_rest(&mut self, why: &str) {
        for name in StepName::ALL {
            if !self.steps.iter().any(|step| step.name == *name) {
                self.skip(*name, why);
            }
        }
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}
