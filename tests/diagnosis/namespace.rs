//! Addresses that never answer, in a network of the test's own: `tests/support/namespace.rs`
//! says how.

use crate::harness::check;
use crate::support::namespace;
use postrider::diagnosis::StepName::{Connect, Greeting, Resolve};
use postrider::diagnosis::{Diagnosis, StepName, StepState};
use postrider::{Mail, Stage, Status};
use std::time::{Duration, Instant};

/// Addresses are those for documentation (RFC 5737): .1 is ours, .2 never answers.
const SET_UP: &str = "set -e
ip link set lo up
ip link add here type veth peer name nowhere
ip addr add 192.0.2.1/24 dev here
ip link set nowhere up
ip link set here up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev here nud permanent
printf '%s\\n' '127.0.0.1 localhost' '192.0.2.2 silent.test' > \"$1\"
mount --bind \"$1\" /etc/hosts
shift
exec \"$@\"";

fn is_inside(test: &str) -> bool {
    namespace::is_inside(test, SET_UP)
}

fn text(diagnosis: &Diagnosis, name: StepName) -> String {
    diagnosis.steps.iter().find(|step| step.name == name).expect("it is there").to_string()
}

#[test]
fn an_address_that_does_not_answer_leaves_time_to_try_the_usual_ports() {
    if !is_inside("an_address_that_does_not_answer_leaves_time_to_try_the_usual_ports") {
        return;
    }
    let mut mail = Mail::new();
    mail.set_server("silent.test", 2525).unwrap();
    mail.set_timeout_ms(4000).unwrap();
    let began = Instant::now();
    let diagnosis = mail.diagnose(&());
    let took = began.elapsed();
    check(&diagnosis);
    assert!(took < Duration::from_secs(6), "{took:?}");
    let error = diagnosis.error().unwrap();
    assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Connect), "{diagnosis}");
    assert!(text(&diagnosis, Resolve).contains("silent.test is 192.0.2.2"), "{diagnosis}");
    let told = text(&diagnosis, Connect);
    assert!(told.contains("none of the usual ports 587, 465, 25 either"), "{diagnosis}");
    assert!(diagnosis.steps.iter().any(|s| s.name == Greeting && s.state == StepState::Skipped));
}

#[test]
fn another_port_of_the_same_host_that_answers_is_named() {
    if !is_inside("another_port_of_the_same_host_that_answers_is_named") {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:465").unwrap();
    let mut mail = Mail::new();
    mail.set_server("localhost", 587).unwrap();
    mail.set_timeout_ms(10_000).unwrap();
    let diagnosis = mail.diagnose(&());
    check(&diagnosis);
    let told = text(&diagnosis, Connect);
    assert!(told.contains("the same host answers on port 465"), "{diagnosis}");
    assert_eq!(diagnosis.status(), Status::Connect);
    drop(listener);
}

#[test]
fn a_name_without_an_address_is_told() {
    if !is_inside("a_name_without_an_address_is_told") {
        return;
    }
    let mut mail = Mail::new();
    mail.set_server("missing.test", 587).unwrap();
    mail.set_timeout_ms(20_000).unwrap();
    let diagnosis = mail.diagnose(&());
    check(&diagnosis);
    assert_eq!(diagnosis.status(), Status::Resolve, "{diagnosis}");
    assert!(text(&diagnosis, Connect).contains("not reached: look-up failed"), "{diagnosis}");
}
