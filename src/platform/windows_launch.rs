//! Windows: handing an address to the shell, which knows the user's browser.
//!
//! The shell's libraries are loaded when they are needed and not with us: a service or a server that
//! only sends should not get a user interface loaded into it.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use windows_sys::Win32::Foundation::HMODULE;
use windows_sys::Win32::System::Com::{COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::Threading::GetCurrentProcessId;
use windows_sys::Win32::UI::Shell::{SEE_MASK_FLAG_NO_UI, SEE_MASK_NOASYNC, SHELLEXECUTEINFOW};
use windows_sys::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;
use windows_sys::core::{BOOL, HRESULT};

/// How long the shell may take until we take it for done: it can show a question of its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// Session 0 is that of the services: nobody sees what is opened there.
pub(crate) fn is_service() -> bool {
    let mut session = 0;
    // SAFETY: the pointer is valid for the call.
    let known = unsafe { ProcessIdToSessionId(GetCurrentProcessId(), &mut session) };
    known != 0 && session == 0
}

/// Opens an address as a double click on it would. It is one argument and never a command line.
///
/// On a thread of its own, which ends by itself: the shell wants COM in its own way, and the
/// caller's thread has it in the host's.
pub(crate) fn open_url(url: &str) -> io::Result<()> {
    let url: Vec<u16> = url.encode_utf16().chain([0]).collect();
    let (result, done) = channel();
    std::thread::Builder::new().name("postrider-browser".into()).spawn(move || {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let _floats = super::OurFloats::set();
        let _ = result.send(shell_execute(&url));
    })?;
    match done.recv_timeout(PATIENCE) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => Ok(()),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the shell gave no answer")),
    }
}

type CoInitializeEx = unsafe extern "system" fn(*const std::ffi::c_void, u32) -> HRESULT;
type CoUninitialize = unsafe extern "system" fn();
type ShellExecuteExW = unsafe extern "system" fn(*mut SHELLEXECUTEINFOW) -> BOOL;

/// `url` ends with a NUL.
fn shell_execute(url: &[u16]) -> io::Result<()> {
    let ole = Library::load("ole32.dll")?;
    let shell = Library::load("shell32.dll")?;
    let verb: Vec<u16> = "open\0".encode_utf16().collect();
    let mut order = SHELLEXECUTEINFOW {
        cbSize: size_of::<SHELLEXECUTEINFOW>() as u32,
        // No message boxes of the shell; and done when it returns, since the thread ends then.
        fMask: SEE_MASK_FLAG_NO_UI | SEE_MASK_NOASYNC,
        lpVerb: verb.as_ptr(),
        lpFile: url.as_ptr(),
        nShow: SW_SHOWNORMAL,
        ..Default::default()
    };
    // SAFETY: the types are those of the documentation of these functions; the texts end with NUL
    // and live until the end; COM is left as often as it was entered.
    unsafe {
        let enter: CoInitializeEx = std::mem::transmute(ole.function(c"CoInitializeEx")?);
        let leave: CoUninitialize = std::mem::transmute(ole.function(c"CoUninitialize")?);
        let execute: ShellExecuteExW = std::mem::transmute(shell.function(c"ShellExecuteExW")?);
        let model = (COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE) as u32;
        let entered = enter(std::ptr::null(), model) >= 0;
        let done = execute(&mut order);
        let error = io::Error::last_os_error();
        if entered {
            leave();
        }
        if done != 0 { Ok(()) } else { Err(error) }
    }
}

/// A library of the system. It stays loaded: the shell may have left threads behind.
struct Library(HMODULE);

impl Library {
    fn load(name: &str) -> io::Result<Self> {
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        // SAFETY: the name ends with NUL. Only the system's folder is searched.
        let module = unsafe {
            LoadLibraryExW(name.as_ptr(), std::ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32)
        };
        if module.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(module)) }
    }

    fn function(&self, name: &std::ffi::CStr) -> io::Result<unsafe extern "system" fn() -> isize> {
        // SAFETY: the module is loaded and the name ends with NUL.
        let found = unsafe { GetProcAddress(self.0, name.as_ptr().cast()) };
        found.ok_or_else(io::Error::last_os_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_user_is_no_service() {
        assert!(!is_service());
    }

    #[test]
    #[ignore = "opens the browser of whoever runs it, at an address of this computer"]
    fn the_shell_opens_an_address_with_all_its_parameters() {
        open_url("http://127.0.0.1:9/cb?a=1&b=%20%22,x&state=postrider").unwrap();
    }

    #[test]
    fn an_address_that_nothing_opens_is_an_error_and_no_message_box() {
        open_url("postrider-unknown-scheme:x").unwrap_err();
    }
}
