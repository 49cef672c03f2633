//! Unix: waiting for sockets, the name of the computer, the local time zone, file locks, the user.

use super::Interest;
use socket2::Socket;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// For sends on a socket: an error when the other side is gone, and not SIGPIPE, which would end a
/// host that does not ignore it. Apple's systems have a socket option instead, which socket2 sets.
#[cfg(not(target_vendor = "apple"))]
pub(crate) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
pub(crate) const SEND_FLAGS: i32 = 0;

/// Waits until one of the sockets is ready (or has failed) or the time is over.
/// The answer has a `bool` for each socket; all are false when the time ran out.
pub(crate) fn poll(
    sockets: &[(&Socket, Interest)],
    timeout: Duration,
    ready: &mut Vec<bool>,
) -> io::Result<()> {
    let mut entries: [libc::pollfd; 16] = [libc::pollfd { fd: -1, events: 0, revents: 0 }; 16];
    let entries = entries
        .get_mut(..sockets.len())
        .ok_or_else(|| io::Error::other("too many sockets to wait for"))?;
    for (entry, (socket, interest)) in entries.iter_mut().zip(sockets) {
        entry.fd = socket.as_raw_fd();
        entry.events = match interest {
            Interest::Read => libc::POLLIN,
            Interest::Write => libc::POLLOUT,
            Interest::ReadWrite => libc::POLLIN | libc::POLLOUT,
        };
    }
    // Rounded up: a wait that ends too early would turn into a busy loop.
    let milliseconds = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    // SAFETY: `entries` is a valid array of as many entries as we say.
    let found =
        unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, milliseconds) };
    ready.clear();
    if found < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    ready.extend(entries.iter().map(|entry| found > 0 && entry.revents != 0));
    Ok(())
}

/// Before a listening socket is bound. Without this the port could not be used again for a minute
/// after it was closed (TIME_WAIT). Two sockets cannot listen on it even so.
pub(crate) fn claim_address(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// The name of this computer, when it has one.
pub(crate) fn host_name() -> Option<String> {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is as long as we say, and the last byte stays NUL.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = name.iter().position(|byte| *byte == 0)?;
    (failed == 0 && end > 0).then(|| String::from_utf8_lossy(&name[..end]).into_owned())
}

/// How far the local time is ahead of UTC at a moment; 0 when the system does not know.
pub(crate) fn local_utc_offset_minutes(unix_seconds: i64) -> i32 {
    // 32 bits on old systems: a moment they cannot express has no local time.
    let time = unix_seconds as libc::time_t;
    let mut local = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid; localtime_r writes `local` or returns NULL.
    let found = unsafe { libc::localtime_r(&raw const time, local.as_mut_ptr()) };
    if found.is_null() {
        return 0;
    }
    // SAFETY: all zeroes are a valid `tm`, and localtime_r has filled it.
    let local = unsafe { local.assume_init() };
    i32::try_from(local.tm_gmtoff / 60).unwrap_or(0)
}

/// Takes the lock of a file, which belongs to this opening of it; false when another has it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    // SAFETY: the descriptor is that of an open file.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
        _ => Err(error),
    }
}

/// Gives the lock back.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is that of an open file.
    match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The user whose rights this process has.
pub(crate) fn user_id() -> u32 {
    // SAFETY: it has no conditions and cannot fail.
    unsafe { libc::geteuid() }
}

/// The library stays in memory after dlclose(): the linker saw to it (see build.rs).
#[cfg(feature = "capi")]
pub(crate) fn stay_loaded() {}
