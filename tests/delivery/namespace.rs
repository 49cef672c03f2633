//! A server that asks the DNS, in a network where nobody answers it: `tests/support/namespace.rs` says
//! how. Postfix says the same of a domain that does not exist.

use crate::explained::{Refused, only_to};
use crate::support::{namespace, rig};
use postrider::Cause::{RecipientDomainUnknown, SenderDomainUnknown};
use postrider::{Certainty, Retry};

const SET_UP: &str = "set -e
ip link set lo up
shift
exec \"$@\"";

#[test]
fn domains_that_the_server_does_not_find_are_explained() {
    let name = "domains_that_the_server_does_not_find_are_explained";
    if !rig::available() || !namespace::is_inside(name, SET_UP) {
        return;
    }
    let Some(rig) = rig::shared() else { return };
    let port = rig.refusing("RESOLVING");
    Refused {
        port,
        change: &|mail| mail.set_from(None, "alice@missing.test").unwrap(),
        reply: "450 4.1.8 <alice@missing.test>: Sender address rejected: Domain not found",
        found: (SenderDomainUnknown, Certainty::Sure, Retry::No),
        advice: "alice@missing.test",
    }
    .assert(rig);
    Refused {
        port,
        change: &|mail| {
            only_to(mail, "bob@missing.test");
            // Else the relay is denied before.
            mail.set_auth_xoauth2(rig::ALICE, &rig.token("service")).unwrap();
        },
        reply: "450 4.1.2 <bob@missing.test>: Recipient address rejected: Domain not found",
        found: (RecipientDomainUnknown, Certainty::Sure, Retry::No),
        advice: "bob@missing.test",
    }
    .assert(rig);
}
