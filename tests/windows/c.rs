//! The C hosts of `tests/c/`, compiled by MinGW, and one compiled as Visual C++ would.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::hosts::{succeed, work_folder};
use crate::story;
use crate::support::{newcomer, rig, tools};
use crate::wine::{Width, both_widths, built, program, programs};

programs! {
    run: smoke misuse getters account_misuse account callbacks threads unload msvc
}

both_widths! {
    send,
    steady,
    newcomers,
}

fn send(width: Width) {
    let (Some(mut program), Some(rig)) = (compiled("send", width), rig::shared()) else { return };
    let subject = format!("C on Windows {}", width.folder());
    story::tell(rig, &subject, &mut program);
    succeed(&mut program);
    story::assert_delivered(rig, &subject);

    let log = program.get_current_dir().expect("it runs in its folder").join("log.txt");
    let log = fs::read_to_string(log).expect("the transcript");
    let name = succeed(&mut Command::new("hostname"));
    assert!(log.contains(&format!("C: EHLO {}", name.trim_end())), "{log}");
}

fn steady(width: Width) {
    let (Some(mut program), Some(rig)) = (compiled("steady", width), rig::shared()) else { return };
    story::tell(rig, "steady", &mut program);
    print!("{}", succeed(&mut program));
}

fn newcomers(width: Width) {
    let Some(mut program) = compiled("newcomer", width) else { return };
    let Some(rig) = rig::shared() else { return };
    newcomer::tell(rig, &mut program);
    newcomer::show(&succeed(&mut program));
}

fn run(name: &str, width: Width) {
    let Some(mut program) = compiled(name, width) else { return };
    succeed(&mut program);
}

/// The program, ready to run. Each test has a folder of its own: programs write files.
fn compiled(name: &str, width: Width) -> Option<Command> {
    let library = library(width)?;
    let folder = work_folder(&format!("windows-{}-{name}", width.folder()));
    let script = tools::tests_folder("windows/programs.sh");
    let mut compile = Command::new("bash");
    compile.arg(script).arg(width.bits()).arg(library).arg(&folder).arg(name);
    succeed(&mut compile);
    Some(program(width, &folder.join(format!("{name}.exe"))))
}

fn library(width: Width) -> Option<PathBuf> {
    tools::require_all(&["clang", "lld-link"])
        .then(|| built(width, "postrider.dll"))?
        .map(|dll| dll.with_file_name(""))
}
