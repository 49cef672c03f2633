//! The few system calls that the standard library lacks, per system.
//!
//! With `ffi` the only place for unsafe code.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod fpu;
#[cfg(unix)]
#[path = "unix_launch.rs"]
mod launch;
#[cfg(windows)]
#[path = "windows_launch.rs"]
mod launch;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;
#[cfg(windows)]
mod windows_proxy;
#[cfg(windows)]
mod windows_secrets;

#[cfg(all(feature = "capi", any(target_arch = "x86", target_arch = "x86_64")))]
pub(crate) use fpu::HostFloats;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) use fpu::OurFloats;
#[cfg(unix)]
pub(crate) use launch::launch;
#[cfg(windows)]
pub(crate) use launch::{is_service, open_url};
pub(crate) use system::claim_address;
#[cfg(feature = "capi")]
pub(crate) use system::stay_loaded;
#[cfg(unix)]
pub(crate) use system::user_id;
pub(crate) use system::{SEND_FLAGS, host_name, local_utc_offset_minutes, poll, try_lock, unlock};
#[cfg(windows)]
pub(crate) use windows_proxy::system_proxy;
#[cfg(windows)]
pub(crate) use windows_secrets::{
    delete_credential, protect, read_credential, unprotect, write_credential,
};

/// What a socket is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
    ReadWrite,
}
