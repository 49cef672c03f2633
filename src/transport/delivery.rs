//! What became of a message and of each recipient.

use crate::error::{Cause, Error, Outcome, Result, Stage, Status};
use crate::smtp::{Reply, Transaction};
use crate::transport::explain::Situation;

/// The result of one send.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What became of the message.
    pub outcome: Outcome,
    /// Every recipient once, in the order in which they were added.
    pub recipients: Vec<RecipientResult>,
    error: Option<Error>,
    final_reply: Option<Reply>,
}

/// What became of one recipient.
#[derive(Clone, Debug)]
pub struct RecipientResult {
    /// The address as it was sent to the server.
    pub address: String,
    /// Whether the server accepted the message for it.
    pub accepted: bool,
    /// The server's answer to RCPT TO; `None` when there was none.
    pub reply: Option<Reply>,
}

impl Delivery {
    /// Nothing was sent, for this reason.
    pub(crate) fn failed(error: Error) -> Self {
        Self {
            outcome: error.outcome(),
            recipients: Vec::new(),
            error: Some(error),
            final_reply: None,
        }
    }

    /// The end of a transaction; `error` is what ended the connection with it.
    pub(crate) fn of(transaction: Transaction, error: Option<Error>) -> Self {
        let accepted = transaction.was_accepted();
        let recipients: Vec<_> = transaction
            .envelope
            .recipients
            .into_iter()
            .zip(transaction.replies)
            .map(|(address, reply)| {
                let accepted = accepted && reply.as_ref().is_some_and(Reply::is_positive);
                RecipientResult { address, accepted, reply }
            })
            .collect();
        let final_reply = transaction.final_reply;
        if accepted {
            let error = partial(&recipients);
            return Self { outcome: Outcome::Accepted, recipients, error, final_reply };
        }
        let error = error.or(transaction.error);
        let outcome = error.as_ref().map_or(Outcome::NotSent, Error::outcome);
        Self { outcome, recipients, error, final_reply }
    }

    /// The delivery with the meaning of its error.
    pub(crate) fn explained(mut self, situation: &Situation) -> Self {
        let refused = self.recipients.iter().find(|recipient| {
            !recipient.accepted && recipient.reply.as_ref().is_some_and(|r| !r.is_positive())
        });
        let address = refused.map(|recipient| recipient.address.clone());
        let reply = refused.and_then(|recipient| recipient.reply.as_ref());
        self.error = self.error.map(|error| {
            let error = match (error.status(), reply) {
                (Status::Partial, Some(reply)) => situation.explain_recipient(error, reply),
                _ => error,
            };
            situation.explain(error, address.as_deref())
        });
        self
    }

    /// OK, PARTIAL, or why nobody gets the message.
    pub fn status(&self) -> Status {
        self.error.as_ref().map_or(Status::Ok, Error::status)
    }

    /// Why not every recipient gets the message; its status is PARTIAL when some do.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The reply that decided: the final one when the message was accepted, else the one that ended
    /// the send.
    pub fn reply(&self) -> Option<&Reply> {
        self.final_reply.as_ref().or_else(|| self.error.as_ref().and_then(Error::reply))
    }

    /// Ok only when every recipient was accepted.
    pub fn as_result(&self) -> Result<()> {
        self.error.clone().map_or(Ok(()), Err)
    }
}

/// The message was accepted, but not for all.
fn partial(recipients: &[RecipientResult]) -> Option<Error> {
    let refused: Vec<_> = recipients.iter().filter(|recipient| !recipient.accepted).collect();
    let first = refused.first()?;
    let said = first.reply.as_ref().map_or_else(|| "no answer".into(), Reply::to_string);
    let text = format!(
        "accepted for {} of {} recipients; refused: <{}>: {said}{}",
        recipients.len() - refused.len(),
        recipients.len(),
        first.address,
        match refused.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        }
    );
    let error = Error::new(Status::Partial, Stage::Recipients, Cause::RecipientsRefused, text);
    Some(error.with_outcome(Outcome::Accepted))
}
