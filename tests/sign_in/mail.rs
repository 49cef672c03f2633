//! From the first sign-in to the next refresh: a person signs in once, mail goes out, the token ends,
//! and mail goes out again. Through Postfix and through Dovecot, which asks the provider about each
//! token.

use crate::harness::{account, sign_in_and_see_the_end, walk_and_poll};
use crate::support::provider::{Asked, refresh_token, witness};
use crate::support::rig::{ALICE, BOB, Rig};
use crate::support::{browser, http, maildir, rig};
use postrider::oauth::{Account, Store};
use postrider::{Kind, Mail, Status};
use std::thread;
use std::time::{Duration, SystemTime};

fn send(rig: &Rig, account: &Account, port: u16, mark: &str) {
    let mut mail = Mail::new();
    mail.set_account(account).unwrap();
    mail.set_server("localhost", port.into()).unwrap();
    mail.set_security(2).unwrap();
    mail.add_ca_file(rig.ca_file.to_str().unwrap()).unwrap();
    mail.set_from(None, ALICE).unwrap();
    mail.add_recipient_as(None, BOB, Kind::To).unwrap();
    mail.set_subject(mark).unwrap();
    let delivery = mail.send(&());
    assert_eq!(delivery.status(), Status::Ok, "{:?}", delivery.error());
    maildir::wait_for(rig, BOB, mark);
}

fn refreshes(rig: &Rig, client: &str) -> Vec<Asked> {
    let asked = witness(&rig.issuer).into_iter().filter(|asked| asked.client == client);
    asked.filter(|asked| asked.grant == "refresh_token").collect()
}

#[test]
fn who_signed_in_once_sends_after_the_token_has_ended() {
    let (Some(rig), Some(browser)) = (rig::shared(), browser::shared()) else { return };
    let folder = tempfile::tempdir().unwrap();
    // Each send is a program of its own, as it were: it finds the sign-in in the store.
    let account = || {
        let account = account(&rig.issuer, "desktop-brief");
        account.set_store(Store::file(folder.path()).unwrap());
        account
    };
    let mut sign_in = account().begin_sign_in().unwrap();
    let (_, outcome) = walk_and_poll(browser, &mut sign_in, &sign_in_and_see_the_end());
    outcome.unwrap();

    for (port, mark) in
        [(rig.ports.submission, "by Postfix"), (rig.ports.dovecot_submission, "by Dovecot")]
    {
        send(rig, &account(), port, &format!("signed in, {mark}"));
        let token = account().access_token().unwrap();
        let before = refreshes(rig, "desktop-brief").len();
        let end = token.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        thread::sleep(end + Duration::from_millis(10));
        send(rig, &account(), port, &format!("after the end, {mark}"));
        let refreshes = refreshes(rig, "desktop-brief");
        assert!(refreshes.len() > before, "the token that had ended was used");
        assert!(refreshes.iter().all(|asked| asked.status == 200), "{refreshes:?}");
    }
}

/// A token that still looks good here is worth nothing at the provider: all who send learn it at the
/// mail server, and one of them gets the next token for all.
#[test]
fn a_spoilt_token_is_renewed_once_for_all_who_send() {
    let Some(rig) = rig::shared() else { return };
    let account = account(&rig.issuer, "desktop");
    account.set_user(ALICE).unwrap();
    account.set_refresh_token(&refresh_token(&rig.issuer, "desktop")).unwrap();
    let token = account.access_token().unwrap();
    http::get(&rig.issuer, &format!("/rig/spoil?token={}", token.text()));
    let before = refreshes(rig, "desktop").len();
    thread::scope(|scope| {
        for number in 0..8 {
            let account = &account;
            let mark = format!("spoilt, {number}");
            scope.spawn(move || send(rig, account, rig.ports.submission, &mark));
        }
    });
    assert_eq!(refreshes(rig, "desktop").len(), before + 1);
}
