//! Windows: waiting for sockets, the name of the computer, the local time zone, file locks, staying loaded.

use super::Interest;
use socket2::Socket;
use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, FILETIME, SYSTEMTIME,
};
use windows_sys::Win32::Networking::WinSock::{
    FD_SET, SO_EXCLUSIVEADDRUSE, SOCKET, SOCKET_ERROR, SOL_SOCKET, TIMEVAL, WSAGetLastError,
    select, setsockopt,
};
use windows_sys::Win32::Storage::FileSystem::{
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFile,
};
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNameDnsFullyQualified, GetComputerNameExW,
};
use windows_sys::Win32::System::Time::{
    FileTimeToSystemTime, SystemTimeToFileTime, SystemTimeToTzSpecificLocalTime,
};

/// No signals here: a send to a side that is gone is an error anyway.
pub(crate) const SEND_FLAGS: i32 = 0;

/// From 1 January 1601, where FILETIME begins, to 1970, in its steps of 100 ns.
const UNIX_EPOCH_TICKS: i64 = 116_444_736_000_000_000;
const TICKS_PER_SECOND: i64 = 10_000_000;

/// Waits until one of the sockets is ready (or has failed) or the time is over.
/// The answer has a `bool` for each socket; all are false when the time ran out.
///
/// By select(): before Windows 10 2004, WSAPoll() never tells that a connect has failed.
pub(crate) fn poll(
    sockets: &[(&Socket, Interest)],
    timeout: Duration,
    ready: &mut Vec<bool>,
) -> io::Result<()> {
    let (mut readable, mut writable, mut failed) = (empty_set(), empty_set(), empty_set());
    for (socket, interest) in sockets {
        if *interest != Interest::Write {
            add(&mut readable, socket)?;
        }
        if *interest != Interest::Read {
            add(&mut writable, socket)?;
            // A connect that has failed is told here and nowhere else.
            add(&mut failed, socket)?;
        }
    }
    // Rounded up: a wait that ends too early would turn into a busy loop.
    let milliseconds = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    let limit = TIMEVAL { tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000 };
    // SAFETY: the sets and the limit are valid; the first parameter is ignored by Windows.
    let found = unsafe { select(0, &mut readable, &mut writable, &mut failed, &limit) };
    if found == SOCKET_ERROR {
        // SAFETY: reads the error of this thread.
        return Err(io::Error::from_raw_os_error(unsafe { WSAGetLastError() }));
    }
    ready.clear();
    ready.extend(sockets.iter().map(|(socket, _)| {
        [&readable, &writable, &failed].iter().any(|set| contains(set, socket))
    }));
    Ok(())
}

fn empty_set() -> FD_SET {
    FD_SET { fd_count: 0, fd_array: [0; 64] }
}

fn raw(socket: &Socket) -> SOCKET {
    // Both are as wide as a pointer.
    socket.as_raw_socket() as SOCKET
}

fn add(set: &mut FD_SET, socket: &Socket) -> io::Result<()> {
    let place = set.fd_array.get_mut(set.fd_count as usize);
    *place.ok_or_else(|| io::Error::other("too many sockets to wait for"))? = raw(socket);
    set.fd_count += 1;
    Ok(())
}

fn contains(set: &FD_SET, socket: &Socket) -> bool {
    set.fd_array.iter().take(set.fd_count as usize).any(|one| *one == raw(socket))
}

/// Before a listening socket is bound: nobody else can bind the address then. (SO_REUSEADDR would
/// let two programs listen on one port here, and one of them would get nothing.)
pub(crate) fn claim_address(socket: &Socket) -> io::Result<()> {
    let on = 1i32;
    // SAFETY: the socket is open, and the value is as long as we say.
    let failed = unsafe {
        setsockopt(raw(socket), SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (&raw const on).cast(), 4)
    };
    match failed {
        0 => Ok(()),
        // SAFETY: reads the error of this thread.
        _ => Err(io::Error::from_raw_os_error(unsafe { WSAGetLastError() })),
    }
}

/// The name of this computer, with its domain when it is in one.
pub(crate) fn host_name() -> Option<String> {
    let mut name = [0u16; 256];
    let mut length = name.len() as u32;
    // SAFETY: the buffer is as long as we say.
    let found = unsafe {
        GetComputerNameExW(ComputerNameDnsFullyQualified, name.as_mut_ptr(), &mut length)
    };
    let name = name.get(..length as usize)?;
    (found != 0 && !name.is_empty()).then(|| String::from_utf16_lossy(name))
}

/// How far the local time is ahead of UTC at a moment; 0 when the system does not know.
pub(crate) fn local_utc_offset_minutes(unix_seconds: i64) -> i32 {
    let offset = || {
        let utc = unix_seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(UNIX_EPOCH_TICKS)?;
        let local = ticks(&local_time(&system_time(utc)?)?)?;
        i32::try_from((local - utc) / TICKS_PER_SECOND / 60).ok()
    };
    offset().unwrap_or(0)
}

fn system_time(ticks: i64) -> Option<SYSTEMTIME> {
    let ticks = u64::try_from(ticks).ok()?;
    let time = FILETIME { dwLowDateTime: ticks as u32, dwHighDateTime: (ticks >> 32) as u32 };
    let mut parts = SYSTEMTIME::default();
    // SAFETY: both pointers are valid.
    (unsafe { FileTimeToSystemTime(&time, &mut parts) } != 0).then_some(parts)
}

fn local_time(utc: &SYSTEMTIME) -> Option<SYSTEMTIME> {
    let mut local = SYSTEMTIME::default();
    // SAFETY: both pointers are valid; NULL is the time zone of the system.
    let found = unsafe { SystemTimeToTzSpecificLocalTime(std::ptr::null(), utc, &mut local) };
    (found != 0).then_some(local)
}

fn ticks(time: &SYSTEMTIME) -> Option<i64> {
    let mut ticks = FILETIME::default();
    // SAFETY: both pointers are valid.
    let found = unsafe { SystemTimeToFileTime(time, &mut ticks) };
    let all = u64::from(ticks.dwHighDateTime) << 32 | u64::from(ticks.dwLowDateTime);
    (found != 0).then(|| i64::try_from(all).ok()).flatten()
}

/// Takes the lock of a file, which belongs to this opening of it; false when another has it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let mut from_the_beginning = OVERLAPPED::default();
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is that of an open file, and the call does not wait, so nothing uses the
    // structure after it.
    let done = unsafe {
        LockFileEx(file.as_raw_handle(), flags, 0, u32::MAX, u32::MAX, &mut from_the_beginning)
    };
    if done != 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING) => Ok(false),
        _ => Err(error),
    }
}

/// Gives the lock back.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    // SAFETY: the handle is that of an open file.
    match unsafe { UnlockFile(file.as_raw_handle(), 0, 0, u32::MAX, u32::MAX) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Keeps the library in memory until the process ends: FreeLibrary must not take the code away from
/// under a helper thread.
#[cfg(feature = "capi")]
pub(crate) fn stay_loaded() {
    static WITHIN: u8 = 0;
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the "name" is any address inside the module. Nothing depends on the
    // result: a host that never unloads the library does not need it.
    unsafe { GetModuleHandleExW(flags, (&raw const WITHIN).cast(), &mut module) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Type};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};

    fn connecting_to(address: SocketAddr) -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let begun = socket.connect(&address.into()).unwrap_err();
        assert_eq!(begun.kind(), io::ErrorKind::WouldBlock);
        socket
    }

    #[test]
    fn a_connect_that_succeeds_and_one_that_fails_both_end_the_wait() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            other.local_addr().unwrap()
        };
        for (address, works) in [(open, true), (closed, false)] {
            let socket = connecting_to(address);
            let mut ready = Vec::new();
            poll(&[(&socket, Interest::Write)], Duration::from_secs(30), &mut ready).unwrap();
            assert_eq!(ready, [true]);
            assert_eq!(socket.take_error().unwrap().is_none(), works);
        }
    }

    #[test]
    fn the_computer_has_a_name() {
        assert!(!host_name().unwrap().is_empty());
    }

    #[test]
    fn the_time_zone_is_that_of_a_place_on_earth() {
        for moment in [0, 1_700_000_000, 1_720_000_000] {
            assert!((-14 * 60..=14 * 60).contains(&local_utc_offset_minutes(moment)));
        }
        assert_eq!(local_utc_offset_minutes(i64::MAX), 0);
    }
}
