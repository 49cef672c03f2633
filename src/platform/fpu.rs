//! Floating-point exceptions on x86: Delphi and Free Pascal hosts run with them unmasked, and then a
//! division in our code would raise an exception through our frames (or kill a thread we started).
//!
//! [`OurFloats`] sets the masks that Rust expects and gives the host's back when dropped;
//! [`HostFloats`] undoes it for the time of a callback.

use std::arch::asm;
use std::cell::Cell;

/// All exceptions masked, round to nearest: what the ABI gives a fresh thread.
const MXCSR_DEFAULT: u32 = 0x1F80;
const X87_DEFAULT: u16 = 0x037F;

/// The two control registers of a thread.
#[derive(Clone, Copy)]
struct Control {
    mxcsr: u32,
    x87: u16,
}

impl Control {
    const DEFAULT: Control = Control { mxcsr: MXCSR_DEFAULT, x87: X87_DEFAULT };

    fn current() -> Self {
        let (mut mxcsr, mut x87) = (0u32, 0u16);
        // SAFETY: both instructions only store the registers into our variables.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr, options(nostack, preserves_flags));
            asm!("fnstcw word ptr [{}]", in(reg) &raw mut x87, options(nostack, preserves_flags));
        }
        Self { mxcsr, x87 }
    }

    fn set(self) {
        // SAFETY: the values were read from the same registers, or are the ABI's default. Pending
        // x87 exceptions are cleared first: unmasking them would raise them here.
        unsafe {
            asm!(
                "fnclex",
                "fldcw word ptr [{}]",
                in(reg) &raw const self.x87,
                options(nostack, preserves_flags)
            );
            asm!("ldmxcsr [{}]", in(reg) &raw const self.mxcsr, options(nostack, preserves_flags));
        }
    }
}

thread_local! {
    /// The host's masks while this thread is inside the library.
    static HOST: Cell<Control> = const { Cell::new(Control::DEFAULT) };
}

/// While it lives, this thread has the masks that Rust expects.
pub(crate) struct OurFloats {
    host: Control,
    outer: Control,
}

impl OurFloats {
    #[inline(never)]
    pub(crate) fn set() -> Self {
        let host = Control::current();
        let outer = HOST.replace(host);
        Control::DEFAULT.set();
        Self { host, outer }
    }
}

impl Drop for OurFloats {
    #[inline(never)]
    fn drop(&mut self) {
        HOST.set(self.outer);
        self.host.set();
    }
}

/// While it lives, this thread has the masks of the host again: only callbacks need it.
#[cfg(any(feature = "capi", test))]
pub(crate) struct HostFloats {
    ours: Control,
}

#[cfg(any(feature = "capi", test))]
impl HostFloats {
    #[inline(never)]
    pub(crate) fn set() -> Self {
        let ours = Control::current();
        HOST.get().set();
        Self { ours }
    }
}

#[cfg(any(feature = "capi", test))]
impl Drop for HostFloats {
    #[inline(never)]
    fn drop(&mut self) {
        self.ours.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masks_of_the_host_come_back() {
        let before = Control::current();
        let unmasked = Control { mxcsr: 0x1900, x87: 0x0372 };
        unmasked.set();
        let ours = OurFloats::set();
        assert_eq!(Control::current().mxcsr & 0x1F80, MXCSR_DEFAULT);
        let host = HostFloats::set();
        assert_eq!(Control::current().mxcsr & 0x1F80, 0x1900);
        drop(host);
        assert_eq!(Control::current().x87, X87_DEFAULT);
        drop(ours);
        let after = Control::current();
        before.set();
        assert_eq!((after.mxcsr & 0x1F80, after.x87), (0x1900, 0x0372));
    }
}
