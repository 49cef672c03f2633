//! Unix: starting a program that outlives us and that we never wait for.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Starts `command` as nobody's child, in a session of its own, without the host's files. An error
/// means that it could not be executed.
pub(crate) fn launch(command: &mut Command) -> io::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: between fork and exec only functions that are safe there are called (`signal-safety`
    // lists them, or they are bare system calls), and nothing is allocated.
    unsafe { command.pre_exec(detach) };
    // Both ends in moments: the child has forked and exited when spawn() returns (it waits for the
    // exec of the grandchild, whose error it also reports). So no zombie is left.
    command.spawn()?.wait().map(|_| ()).or_else(|error| match error.raw_os_error() {
        // A host that ignores SIGCHLD has no children to wait for.
        Some(libc::ECHILD) => Ok(()),
        _ => Err(error),
    })
}

/// In the child: goes on as its own child, which init adopts.
fn detach() -> io::Result<()> {
    // SAFETY: see `launch`; `_exit` ends the child without running anything of the host's.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        // Ctrl+C at the host's terminal is not meant for the browser.
        libc::setsid();
        keep_files_here();
    }
    Ok(())
}

/// Whatever the host has open stays out of the new program. The descriptors are marked and not
/// closed: the standard library still needs one to report a failed exec.
fn keep_files_here() {
    #[cfg(target_os = "linux")]
    // SAFETY: a bare system call (Linux 5.11; older ones say ENOSYS or EINVAL).
    if unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }
        == 0
    {
        return;
    }
    for descriptor in 3..1024 {
        // SAFETY: one that is not open is an error without effect.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::{Duration, Instant};

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        let error = launch(&mut Command::new("/nowhere/browser")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_launched_is_not_waited_for_and_is_no_child_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        let script = "echo $$ $PPID > $0.part; mv $0.part $0; exec sleep 60";
        let began = Instant::now();
        launch(Command::new("sh").arg("-c").arg(script).arg(&told)).unwrap();
        assert!(began.elapsed() < Duration::from_secs(20), "it was waited for");
        while !told.exists() {
            assert!(began.elapsed() < Duration::from_secs(30), "it does not run");
            std::thread::yield_now();
        }
        let told = fs::read_to_string(told).unwrap();
        let (it, parent) = told.trim().split_once(' ').unwrap();
        // SAFETY: it is the process that we have started, and it sleeps.
        unsafe { libc::kill(it.parse().unwrap(), libc::SIGKILL) };
        assert_ne!(parent, std::process::id().to_string());
    }
}
