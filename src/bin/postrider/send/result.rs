//! What came of a message.

use crate::output::{Exit, Failure, Result, line, of_reply};
use postrider::{Delivery, Outcome, RecipientResult};
use serde_json::{Value, json};

/// Shows it on standard output: a line for people, or JSON for scripts. What went wrong comes back
/// as the failure, for standard error.
pub fn report(sent: Result<Delivery>, as_json: bool) -> Result {
    let (delivery, failure) = match sent {
        Ok(delivery) => {
            let failure = delivery.error().cloned().map(Failure::from);
            (Some(delivery), failure)
        }
        Err(failure) => (None, Some(failure)),
    };
    if as_json {
        line(format_args!("{:#}", json_of(delivery.as_ref(), failure.as_ref())))?;
    } else if let Some(delivery) = &delivery {
        for text in lines_of(delivery) {
            line(text)?;
        }
    }
    failure.map_or(Ok(Exit::Done), Err)
}

fn json_of(delivery: Option<&Delivery>, failure: Option<&Failure>) -> Value {
    let recipients = delivery.map(|delivery| delivery.recipients.as_slice()).unwrap_or_default();
    let exit = failure.map_or(Exit::Done, Failure::exit);
    json!({
        "exit_code": exit as u8,
        "outcome": outcome(delivery.map_or(Outcome::NotSent, |delivery| delivery.outcome)),
        "recipients": recipients.iter().map(json_of_recipient).collect::<Vec<_>>(),
        "reply": delivery.and_then(Delivery::reply).map(of_reply),
        "error": failure.map(Failure::json),
    })
}

fn json_of_recipient(recipient: &RecipientResult) -> Value {
    json!({
        "address": recipient.address,
        "accepted": recipient.accepted,
        "reply": recipient.reply.as_ref().map(of_reply),
    })
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "not_sent",
        Outcome::Accepted => "accepted",
        Outcome::Unknown => "unknown",
    }
}

/// Nothing when nobody gets the message: the failure tells.
fn lines_of(delivery: &Delivery) -> Vec<String> {
    if delivery.outcome != Outcome::Accepted {
        return Vec::new();
    }
    let (accepted, refused): (Vec<_>, Vec<_>) =
        delivery.recipients.iter().partition(|recipient| recipient.accepted);
    let addresses: Vec<_> = accepted.iter().map(|recipient| recipient.address.as_str()).collect();
    let mut lines = vec![format!("accepted for {}", addresses.join(", "))];
    for recipient in refused {
        let reply =
            recipient.reply.as_ref().map_or_else(|| "no answer".into(), ToString::to_string);
        lines.push(format!("refused for {}: {reply}", recipient.address));
    }
    lines.extend(delivery.reply().map(|reply| format!("the server says: {reply}")));
    lines
}
