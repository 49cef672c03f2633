//! The few system calls that the standard library lacks, per system.
//!
//! With `ffi` the only place for unsafe code.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod fpu;
#[cfg(unix)]
mod unix;

#[cfg(all(feature = "capi", any(target_arch = "x86", target_arch = "x86_64")))]
pub(crate) use fpu::HostFloats;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) use fpu::OurFloats;
#[cfg(unix)]
pub(crate) use unix::{Interest, SEND_FLAGS, host_name, local_utc_offset_minutes, poll};
