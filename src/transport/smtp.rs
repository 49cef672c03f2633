//! Submission over SMTP: a kept connection or a new one, one transaction, and what came of it.

use crate::error::{Cause, Error, Result, Status};
use crate::message::{Message, Prepared};
use crate::net::{Cancellation, Watch};
use crate::smtp::{Envelope, Transaction};
use crate::transport::connection::{KeptConnection, Progress};
use crate::transport::delivery::Delivery;
use crate::transport::explain::Situation;
use crate::transport::log::{Log, LogFile, Observer};
use crate::transport::server::Server;
use crate::transport::sign_in;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything that one send needs.
pub(crate) struct Job<'a> {
    pub server: &'a Arc<Server>,
    /// The name that the program gave to the server, when it has another today.
    pub old_name: Option<&'a str>,
    pub message: &'a Arc<Message>,
    pub all_or_none: bool,
    pub timeout: Duration,
    pub kept: &'a KeptConnection,
    pub keep: bool,
    pub cancellation: Cancellation,
    pub observer: &'a dyn Observer,
    pub log_file: Option<&'a LogFile>,
}

/// Sends the message.
pub(crate) fn send(job: Job) -> Delivery {
    let log = Log { observer: job.observer, file: job.log_file, began: Instant::now() };
    let delivery = try_to_send(&job, &log).unwrap_or_else(Delivery::failed);
    let delivery = match delivery.error() {
        Some(_) => delivery.explained(&Situation::new(job.server, job.message.author())),
        None => delivery,
    };
    log.note(|| match delivery.error() {
        None => "accepted for every recipient".into(),
        Some(error) => error.to_string(),
    });
    delivery
}

fn try_to_send(job: &Job, log: &Log) -> Result<Delivery> {
    if job.server.host.is_empty() {
        return Err(Error::incomplete(Cause::ServerMissing, "no server was set"));
    }
    if let Some(old) = job.old_name {
        log.note(|| format!("{old} is {} today", job.server.host));
    }
    let prepared = Prepared::to_send(job.message)?;
    let progress = Progress::default();
    let mut tick = || job.observer.progress(progress.sent.get(), progress.total.get());
    let mut watch = Watch::new(job.timeout, job.cancellation.clone(), &mut tick);
    let mut kept = job.kept.take(job.server);
    loop {
        let reused = kept.is_some();
        let opened = match kept.take() {
            Some(connection) => {
                log.note(|| "using the kept connection".into());
                Ok(connection)
            }
            None => sign_in::open(job.server, &mut watch, log),
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => return Ok(Delivery::of(never_begun(&prepared), Some(error))),
        };
        let ended = connection.transact(&prepared, job.all_or_none, &progress, &mut watch, log);
        match ended {
            Ok(transaction) => {
                if job.keep && connection.is_reusable() {
                    job.kept.put(connection);
                } else {
                    connection.quit();
                }
                if transaction.was_accepted() {
                    // The last call shows the whole; whether it wants to go on decides nothing.
                    let total = progress.total.get();
                    let _ = job.observer.progress(total, total);
                }
                return Ok(Delivery::of(transaction, None));
            }
            // The server ended a connection that it had left alone until now.
            Err(broken) if reused && broken.before_content && is_stale(&broken.error) => {
                log.note(|| format!("{}; trying a new connection", broken.error));
            }
            Err(broken) => return Ok(Delivery::of(broken.transaction, Some(broken.error))),
        }
    }
}

/// For a send that got no connection: the recipients, and no reply to any.
fn never_begun(prepared: &Prepared) -> Transaction {
    Transaction::new(Envelope { recipients: prepared.recipients(), ..Envelope::default() })
}

fn is_stale(error: &Error) -> bool {
    matches!(error.status(), Status::ConnectionLost | Status::Unavailable)
}
