//! The Pascal hosts of `tests/delphi/` and the example, compiled by Free Pascal in Delphi mode.

use std::path::Path;
use std::process::Command;

use crate::hosts::{self, Story, checkout, succeed, work_folder};
use crate::support::rig::{self, Rig};
use crate::support::{newcomer, tools};
use crate::wine::{Width, both_widths, built, program, programs};

programs! {
    run: misuse callbacks account_misuse account_events floats
}

both_widths! {
    delivery,
    example,
    newcomers,
}

fn delivery(width: Width) {
    let Some(mut delivery) = compiled("tests/delphi/delivery.pas", width) else { return };
    // Of its own: the other width sends the same messages to the same people.
    let Some(rig) = Rig::start() else { return };
    let folder = delivery.get_current_dir().expect("it runs in its folder").to_owned();
    let story = Story::new(&format!("Delphi {}", width.folder()), &folder);
    story.tell(&rig, &mut delivery);
    succeed(&mut delivery);
    story.assert_delivered(&rig);
    hosts::assert_cyrillic_name(&rig);
}

fn example(width: Width) {
    let Some(example) = compiled("bindings/delphi/example.pas", width) else { return };
    let Some(rig) = Rig::start() else { return };
    let path = Path::new(example.get_args().last().expect("a program"));
    hosts::check_example(&rig, "Delphi", || program(width, path));
}

fn newcomers(width: Width) {
    let Some(mut program) = compiled("tests/delphi/newcomer.pas", width) else { return };
    let Some(rig) = rig::shared() else { return };
    newcomer::tell(rig, &mut program);
    newcomer::show(&succeed(&mut program));
}

fn run(name: &str, width: Width) {
    let Some(mut program) = compiled(&format!("tests/delphi/{name}.pas"), width) else { return };
    succeed(&mut program);
}

/// The program, ready to run in a folder of its own.
fn compiled(source: &str, width: Width) -> Option<Command> {
    let dll = built(width, "postrider.dll")?;
    if !tools::require("ppcx64") {
        return None;
    }
    let source = checkout(source);
    let name = source.file_stem().expect("a file").to_string_lossy().into_owned();
    let folder = work_folder(&format!("windows-{}-pascal-{name}", width.folder()));
    std::fs::copy(dll, folder.join("postrider.dll")).expect("a copy");
    let units = |path: &str| format!("-Fu{}", checkout(path).display());
    let mut compile = Command::new("bash");
    compile.arg(tools::tests_folder("windows/pascal.sh")).arg(width.bits());
    compile.arg(&source).arg(&folder);
    compile.args(["-vew", "-Sew"]); // warnings, as errors
    succeed(compile.args([units("bindings/delphi"), units("tests/delphi")]));
    Some(program(width, &folder.join(name).with_extension("exe")))
}
