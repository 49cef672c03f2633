//! A person signs in. What they are shown goes to standard error: standard output is for results.

use crate::output::{Failure, Result, note};
use postrider::oauth::Account;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Between two looks whether the browser has come back.
const PAUSE: Duration = Duration::from_millis(50);

/// In the browser of this computer, which comes back by itself.
pub fn with_browser(account: &Account, timeout: Duration) -> Result<()> {
    let mut show = |url: &str| {
        note(format_args!(
            "A browser opens, in which you can sign in. If none does, open this address:\n\n  {url}\n"
        ));
    };
    Ok(account.sign_in(timeout, &mut show)?)
}

/// In a browser anywhere; the address of the page where it ends is pasted. A browser of this
/// computer may come back by itself, too.
pub fn with_pasted_address(account: &Account, timeout: Duration) -> Result<()> {
    // So that the answer stands in the address.
    account.allow_browser(false);
    let mut sign_in = account.begin_sign_in()?;
    note(format_args!(
        "Open this address in a browser and sign in:\n\n  {}\n\nThe browser ends at a page that \
         cannot be reached, or says that you can close it.\nIn the first case copy the whole \
         address of that page, paste it here, and press Enter.",
        sign_in.url()
    ));
    let pasted = pasted_line();
    let deadline = Instant::now() + timeout;
    loop {
        match pasted.recv_timeout(PAUSE) {
            Ok(address) => return Ok(sign_in.complete(&address)?),
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody can paste anything, but the browser may still come back.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(PAUSE),
        }
        if sign_in.poll()? {
            return Ok(());
        }
        before(deadline)?;
    }
}

/// The first line of standard input that is not empty.
fn pasted_line() -> mpsc::Receiver<Zeroizing<String>> {
    let (sender, receiver) = mpsc::channel();
    // It waits in a read that nothing can interrupt, and ends with the process.
    std::thread::spawn(move || {
        let mut line = Zeroizing::new(String::new());
        while matches!(std::io::stdin().read_line(&mut line), Ok(1..)) {
            if !line.trim().is_empty() {
                let _ = sender.send(Zeroizing::new(line.trim().to_owned()));
                return;
            }
        }
    });
    receiver
}

/// With a code, on any device.
pub fn with_device(account: &Account, timeout: Duration) -> Result<()> {
    let mut sign_in = account.begin_device_sign_in()?;
    note(format_args!(
        "Open this page on any device, and enter the code:\n\n  {}\n  {}\n",
        sign_in.verification_uri(),
        sign_in.user_code()
    ));
    if let Some(complete) = sign_in.verification_uri_complete() {
        note(format_args!("Or this one, where the code is filled in:\n\n  {complete}\n"));
    }
    let deadline = Instant::now() + timeout;
    while !sign_in.poll()? {
        before(deadline)?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn before(deadline: Instant) -> Result<()> {
    match Instant::now() < deadline {
        true => Ok(()),
        false => Err(Failure::sign_in_timed_out()),
    }
}
