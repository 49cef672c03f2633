//! What a newcomer's program is told, in every language: it breaks one setting after another, reads
//! the advice, and does what that says. See `tests/c/newcomer.c` and its sisters.

use std::process::Command;

use super::rig::{self, Rig};

/// How many each of the programs shows.
const SENTENCES: usize = 21;

/// The working settings, what takes their place, and a door for each mistake that needs one.
pub fn tell(rig: &Rig, command: &mut Command) {
    let ports = [
        ("RIG_PORT", rig.ports.submission),
        ("RIG_TLS_PORT", rig.ports.submissions),
        ("RIG_CLOSED_PORT", rig.ports.closed),
        ("RIG_NAME_ONLY_PORT", rig.ports.nameonly),
        ("RIG_PASSWORD_ONLY_PORT", rig.ports.password_only),
        ("RIG_SIGN_IN_PORT", rig.ports.dovecot_submission),
        ("RIG_RELAY_PORT", rig.ports.plain),
        ("RIG_OWN_FROM_PORT", rig.ports.own_from),
        ("RIG_SMALL_PORT", rig.ports.small),
    ];
    command.envs(ports.map(|(name, port)| (name, port.to_string())));
    command
        .env("RIG_HOST", "localhost")
        .env("RIG_CA_FILE", &rig.ca_file)
        .env("RIG_USER", rig::ALICE)
        .env("RIG_TOKEN", rig.token("service"))
        .env("RIG_PASSWORD", &rig.password)
        .env("RIG_EXPIRED_TOKEN", rig.expired_token())
        .env("RIG_RECIPIENT", rig::BOB)
        .env("RIG_RECIPIENT_TOKEN", rig.foreign_token())
        .env("RIG_REFUSED", rig::UNKNOWN_USER)
        .env("RIG_ELSEWHERE", rig::ELSEWHERE);
}

/// Shows the sentences, one for each wrong setting: "cause: advice".
///
/// # Panics
/// When one was left out.
pub fn show(said: &str) {
    println!("{said}");
    let sentences = said.lines().filter(|line| line.contains(": ") && line.ends_with('.'));
    assert_eq!(sentences.count(), SENTENCES, "{said}");
}
