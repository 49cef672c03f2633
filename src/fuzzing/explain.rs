//! What replies and texts mean.

use crate::diagnosis::explain;
use crate::error::{Cause, Error, Stage, Status};
use crate::explain::{Family, Known, SignedInWith, Signs, refine};
use crate::smtp::ReplyBuffer;

/// Whatever a server says, and whatever somebody pastes, has an answer in one line. The first two
/// digits choose the step, and how the client had signed in at whose server.
pub fn explanation(data: &[u8]) {
    const STAGES: [Stage; 6] = [
        Stage::Greeting,
        Stage::SignIn,
        Stage::Sender,
        Stage::Recipients,
        Stage::Data,
        Stage::Hello,
    ];
    let Some((options, said)) = data.split_at_checked(2) else { return };
    let stage = STAGES[usize::from(super::option(options, 0)) % STAGES.len()];
    let (family, with) = match super::option(options, 1) % 4 {
        0 => (Family::Microsoft, Some(SignedInWith::Token)),
        1 => (Family::Microsoft, Some(SignedInWith::Password)),
        2 => (Family::Google, Some(SignedInWith::Token)),
        _ => (Family::Other, None),
    };
    let known = Known { family, with, signs: Signs::default() };
    let explained = explain(&String::from_utf8_lossy(said));
    assert!(explained.causes.iter().all(|possible| possible.advice.ends_with('.')));

    let mut buffer = ReplyBuffer::default();
    buffer.push(said);
    while let Ok(Some(reply)) = buffer.next(stage, &mut |_| {}) {
        if !reply.is_negative() {
            continue;
        }
        let error = Error::refused(Status::Message, stage, Cause::MessageRefused, "no", reply);
        let error = refine(error, known);
        assert!(error.advice().ends_with('.') && !error.advice().contains(char::is_control));
        let json = error.to_json();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["cause"], error.cause().code());
        assert!(!json.contains('\n'), "one line: {json}");
    }
}
