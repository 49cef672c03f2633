//! A code on another device (RFC 8628), where a person types it or refuses it.

use crate::harness::{SIGN_IN, account, assert_declined};
use crate::support::browser::Step::{Press, See};
use crate::support::rig::ALICE;
use crate::support::{browser, provider};

#[test]
fn a_person_lets_a_device_in() {
    let (Some(provider), Some(browser)) = (provider::shared(), browser::shared()) else { return };
    let account = account(&provider.issuer, "desktop");
    let mut sign_in = account.begin_device_sign_in().unwrap();
    let type_the_code = [
        browser::Step::Fill("user_code", sign_in.user_code()),
        Press("Continue"),
        Press("Continue"),
    ];
    let steps = [&type_the_code[..], &SIGN_IN, &[See("Sign-in Success")]].concat();
    browser.walk(sign_in.verification_uri(), &steps);
    sign_in.wait().unwrap();
    assert_eq!(account.access_token().unwrap().user.as_deref(), Some(ALICE));
}

#[test]
fn a_person_refuses_a_device() {
    let (Some(provider), Some(browser)) = (provider::shared(), browser::shared()) else { return };
    let account = account(&provider.issuer, "desktop");
    let mut sign_in = account.begin_device_sign_in().unwrap();
    // The code is filled in, to be compared.
    let address = sign_in.verification_uri_complete().unwrap().to_owned();
    browser.walk(&address, &[Press("[ Abort ]"), See("interrupted")]);
    assert_declined(&sign_in.wait().unwrap_err(), &account);
}
