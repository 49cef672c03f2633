//! The folder for a person with a real Windows: its script finds that everything works.

use std::net::TcpListener;
use std::process::Command;

use crate::hosts::{checkout, succeed, work_folder};
use crate::wine::{Width, both_widths, built, program};

both_widths! {
    check_cmd,
}

fn check_cmd(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    // As `make windows-check` does it, with a folder for each test.
    let folder = work_folder(&format!("windows-check-{}", width.folder()));
    let script = checkout("packaging/windows/check.sh");
    let made = dll.parent().and_then(|folder| folder.parent()).expect("target/windows");
    succeed(Command::new("bash").arg(script).arg(made).arg(&folder));

    let ports = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
    let [mail_port, token_port] =
        ports.map(|listener| listener.local_addr().expect("an address").port().to_string());
    let mut cmd = program(width, "cmd".as_ref());
    cmd.args(["/c", "check.cmd", width.folder()]).current_dir(&folder);
    cmd.env("MAIL_PORT", mail_port).env("TOKEN_PORT", token_port);
    let said = succeed(&mut cmd);
    assert!(said.contains("Everything works."), "{said}");
    assert_eq!(said.matches(": ok").count(), 10, "{said}");
}
