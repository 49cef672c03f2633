//! The session, from the greeting to the recipients.

use super::{QUIET, Stop, Walk, Walked};
use crate::diagnosis::{Step, StepName};
use crate::error::{Cause, Error, Outcome, Result, Stage, Status};
use crate::message::{Carrier, Prepared};
use crate::net::Watch;
use crate::smtp::{Envelope, Reply, Transaction};
use crate::transport::{Connection, Log, Security, envelope};

const MOST_RECIPIENTS: usize = 100;

impl Walk<'_> {
    pub(super) fn greeting(&mut self, connection: &mut Connection) -> Walked {
        let mut step = Step::begin(StepName::Greeting);
        let early = QUIET.min(self.watch.left() / 2);
        let mut greeted =
            self.within(early, |watch, log| pass(connection, Stage::Greeting, watch, log));
        let is_silent = |error: &Error| {
            matches!(error.status(), Status::Timeout | Status::ConnectionLost)
                || error.cause() == Cause::NotSmtp
        };
        if let Err(error) = &greeted
            && is_silent(error)
            && !self.is_over(Some(error))
            && !connection.session.is_secure()
        {
            if self.look(Security::Tls).is_some() {
                let port = self.server.port;
                let text = format!(
                    "the server speaks TLS from the first byte on port {port}, and nothing before"
                );
                step.find("set the security to TLS, or use the port for STARTTLS (mostly 587)");
                let error = Error::new(Status::Tls, Stage::Greeting, Cause::TlsFailed, text);
                return Err(self.fail(step, error));
            }
            if error.status() == Status::Timeout {
                greeted = pass(connection, Stage::Greeting, &mut self.watch, &self.log);
            }
        }
        match greeted {
            Ok(()) => {
                step.find(heard(connection));
                self.end(step, None);
                Ok(())
            }
            Err(error) => Err(self.fail(step, error)),
        }
    }

    /// Gives what the session says about a later step: that is the one that failed.
    pub(super) fn hello(
        &mut self,
        connection: &mut Connection,
        name: StepName,
    ) -> Walked<Result<()>> {
        let mut step = Step::begin(name);
        match pass(connection, Stage::Hello, &mut self.watch, &self.log) {
            Err(error) if error.stage() == Stage::Hello => Err(self.fail(step, error)),
            result => {
                tell_offer(connection, &mut step);
                self.end(step, None);
                Ok(result)
            }
        }
    }

    pub(super) fn starttls(
        &mut self,
        connection: &mut Connection,
        pending: Result<()>,
    ) -> Walked<Result<()>> {
        let mut step = Step::begin(StepName::Tls);
        let is_mine = |error: &Error| error.stage() == Stage::Starttls;
        if let Err(error) = &pending
            && is_mine(error)
        {
            return Err(self.fail(step, error.clone()));
        }
        if pending.is_err() || connection.stage() != Stage::Starttls {
            let why = match self.server.security {
                Security::StarttlsIfOffered => "the server does not offer STARTTLS",
                _ => "no TLS is wanted",
            };
            self.skip(StepName::Tls, why);
            self.skip(StepName::Hello, "there is no TLS");
            return Ok(pending);
        }
        let limit = self.patience();
        let started =
            self.within(limit, |watch, log| pass(connection, Stage::Starttls, watch, log));
        match started {
            Ok(()) => {
                self.tell_tls(&connection.stream, &mut step);
                self.end(step, None);
                Ok(Ok(()))
            }
            Err(error) => {
                self.tell_chain(&mut step);
                let goes_on = error.status() == Status::Certificate && !self.is_over(Some(&error));
                let stop = self.fail(step, error);
                Err(if goes_on { self.look_behind(stop) } else { stop })
            }
        }
    }

    pub(super) fn mechanisms(
        &mut self,
        connection: &Connection,
        pending: Result<()>,
    ) -> Walked<Result<()>> {
        let mut step = Step::begin(StepName::Mechanisms);
        tell_mechanisms(connection, &mut step);
        match pending {
            Err(error)
                if matches!(error.cause(), Cause::AuthNotOffered | Cause::MechanismNotOffered) =>
            {
                Err(self.fail(step, error))
            }
            pending => {
                self.end(step, None);
                Ok(pending)
            }
        }
    }

    pub(super) fn sign_in(
        &mut self,
        connection: &mut Connection,
        pending: Result<()>,
        missing: Option<String>,
    ) -> Walked {
        if let Some(why) = missing {
            self.skip(StepName::SignIn, format!("there is no token: {why}"));
            return Err(Stop("not signed in".into()));
        }
        if self.server.credentials.is_none() && self.server.account.is_none() {
            self.skip(StepName::SignIn, "no sign-in was set");
            return Ok(());
        }
        let mut step = Step::begin(StepName::SignIn);
        let signed_in =
            pending.and_then(|()| pass(connection, Stage::SignIn, &mut self.watch, &self.log));
        match signed_in {
            Ok(()) => {
                step.find(heard(connection));
                self.end(step, None);
                Ok(())
            }
            Err(error) => {
                if self.server.account.is_some() && error.cause() == Cause::TokenRefused {
                    step.find("a send would ask for a new token now, once, and try again");
                }
                Err(self.fail(step, error))
            }
        }
    }

    /// Asks for sender and recipients together, as a send does, and takes it back.
    pub(super) fn envelope(&mut self, connection: &mut Connection) -> Walked {
        let mut step = Step::begin(StepName::Sender);
        let Some(sender) = self.message.return_path().map(str::to_owned) else {
            self.skip(StepName::Sender, "no From address was set");
            return Err(Stop("no From address was set".into()));
        };
        let envelope = match self.whole_envelope(connection) {
            Ok(envelope) => envelope,
            Err(error) => return Err(self.fail(step, error)),
        };
        connection.session.begin(Transaction::new(envelope));
        let asked = pass(connection, Stage::Sender, &mut self.watch, &self.log);
        let refused = connection.session.transaction().error.clone();
        match asked.err().or(refused.filter(|error| error.stage() == Stage::Sender)) {
            Some(error) => return Err(self.fail(step, error)),
            None => step.find(format!("<{sender}> is accepted")),
        }
        self.end(step, None);
        self.recipients(connection)
    }

    fn whole_envelope(&self, connection: &Connection) -> Result<Envelope> {
        let only_asks = true;
        let Ok(prepared) = Prepared::to_send(self.message) else {
            return Ok(Envelope {
                return_path: self.message.return_path().unwrap_or_default().to_owned(),
                recipients: self.message.recipients(),
                utf8: self.message.needs_utf8(),
                only_asks,
                ..Envelope::default()
            });
        };
        let eight_bit = connection.session.capabilities().eight_bit_mime;
        let content = prepared.compose(Carrier { eight_bit })?;
        Ok(Envelope { only_asks, ..envelope(&prepared, &content) })
    }

    fn recipients(&mut self, connection: &mut Connection) -> Walked {
        if self.message.recipients().is_empty() {
            self.skip(StepName::Recipients, "no recipient was added");
            return Ok(());
        }
        let mut step = Step::begin(StepName::Recipients);
        let asked = pass(connection, Stage::Recipients, &mut self.watch, &self.log);
        if let Err(error) = asked {
            return Err(self.fail(step, error));
        }
        // The answer to RSET tells nothing.
        let _ = pass(connection, Stage::Sender, &mut self.watch, &self.log);
        let transaction = connection.session.take_transaction();
        let answers = || transaction.envelope.recipients.iter().zip(&transaction.replies);
        for (address, reply) in answers().take(MOST_RECIPIENTS) {
            let reply = reply.as_ref().map_or("no answer".into(), ToString::to_string);
            step.find(format!("<{address}>: {reply}"));
        }
        let is_refused = |reply: &Option<Reply>| !reply.as_ref().is_some_and(Reply::is_positive);
        let refused = answers().filter(|(_, reply)| is_refused(reply)).count();
        let error = match transaction.error {
            None if refused > 0 => Some(self.refused_for_some(refused, transaction.replies.len())),
            error => error,
        };
        self.end(step, error);
        Ok(())
    }

    fn refused_for_some(&self, refused: usize, all: usize) -> Error {
        let (status, ends) = match self.all_or_none {
            true => (Status::Recipients, ", and all or none was asked"),
            false => (Status::Partial, ""),
        };
        let text = format!("the server refuses {refused} of {all} recipients{ends}");
        Error::new(status, Stage::Recipients, Cause::RecipientsRefused, text)
            .with_outcome(Outcome::NotSent)
    }
}

/// Drives the session until it is in another stage, or ready.
pub(super) fn pass(
    connection: &mut Connection,
    stage: Stage,
    watch: &mut Watch,
    log: &Log,
) -> Result<()> {
    watch.begin(stage);
    while connection.stage() == stage && !connection.is_reusable() {
        connection.step(None, watch, log)?;
    }
    Ok(())
}

pub(super) fn heard(connection: &Connection) -> String {
    connection.session.heard().map(ToString::to_string).unwrap_or_default()
}

/// What the server has offered, line by line as it said it.
pub(super) fn tell_offer(connection: &Connection, step: &mut Step) {
    let Some(reply) = connection.session.heard() else { return };
    let mut lines = reply.text().split('\n').filter(|line| !line.is_empty());
    step.find(format!("the server calls itself {}", lines.next().unwrap_or_default()));
    let offered: Vec<_> = lines.collect();
    step.find(match offered.as_slice() {
        [] => "it offers nothing".into(),
        lines => format!("it offers {}", lines.join(", ")),
    });
}

pub(super) fn tell_mechanisms(connection: &Connection, step: &mut Step) {
    step.find(match connection.session.capabilities().mechanisms.as_slice() {
        [] => "none is offered".into(),
        some => some.join(", "),
    });
}
