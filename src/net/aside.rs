//! Work that cannot be interrupted, on a thread that nobody has to wait for.
//!
//! The thread holds nothing of the host's and ends by itself, whether or not somebody still wants
//! what it found.

use crate::error::{Error, Result};
use crate::net::Watch;
use std::sync::mpsc::{RecvTimeoutError, channel};

/// Runs `work` on a thread of its own and waits for it no longer than the watch allows; `failed`
/// makes the error when there is no thread, or when it ends without a result.
pub(crate) fn run_aside<T: Send + 'static>(
    name: &str,
    watch: &mut Watch,
    work: impl FnOnce() -> T + Send + 'static,
    failed: impl Fn(&str) -> Error,
) -> Result<T> {
    let (result, finished) = channel();
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            let _floats = crate::platform::OurFloats::set();
            // Nobody may be waiting any more; then the result is dropped.
            let _ = result.send(work());
        })
        .map_err(|error| failed(&format!("no thread for it: {error}")))?;
    loop {
        match finished.recv_timeout(watch.check()?) {
            Ok(found) => return Ok(found),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(failed("it ended without a result")),
        }
    }
}
