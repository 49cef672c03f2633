//! Hosts in C: programs of `tests/c/`, each compiled strictly as C99, linked with the library as a
//! user would, and run as it is, under valgrind, and with gcc's sanitizers.
//!
//! The programs check for themselves and say where they failed; this file builds and runs them, and
//! looks at what only another process can see: the delivered mail, and the header on its own.
#![cfg(target_os = "linux")]

#[path = "c/build.rs"]
mod build;
#[path = "c/header.rs"]
mod header;
#[path = "c/story.rs"]
mod story;
mod support;

use std::fs;

use build::Program;
use support::{newcomer, rig};

/// A test for each way to run each program that needs nothing but the library.
macro_rules! programs {
    ($($program:ident: $($way:ident)+;)+) => {
        $(mod $program {
            $(#[test]
            fn $way() {
                if let Some(program) = super::build::$way(stringify!($program)) {
                    program.run();
                }
            })+
        })+
    };
}

programs! {
    smoke: plain valgrind sanitizers against_the_static_library;
    misuse: plain valgrind sanitizers;
    getters: plain valgrind sanitizers;
    account_misuse: plain valgrind sanitizers;
    account: plain valgrind sanitizers;
    callbacks: plain valgrind sanitizers;
    threads: plain valgrind sanitizers;
    hangup: plain;
    // Neither of the tools leaves the memory as it is.
    secrets: plain against_the_static_library;
}

// valgrind knows no unmasked exceptions, and many other processors have none.
#[cfg(target_arch = "x86_64")]
programs! {
    fpu: plain sanitizers;
}

mod send {
    use super::{build, send_through_the_rig};

    #[test]
    fn plain() {
        send_through_the_rig(build::plain("send"), "C plain");
    }

    #[test]
    fn valgrind() {
        send_through_the_rig(build::valgrind_of_tls("send"), "C valgrind");
    }

    #[test]
    fn sanitizers() {
        send_through_the_rig(build::sanitizers("send"), "C sanitizers");
    }
}

mod newcomers {
    use super::{build, do_what_the_advice_says};

    #[test]
    fn plain() {
        do_what_the_advice_says(build::plain("newcomer"));
    }

    #[test]
    fn valgrind() {
        do_what_the_advice_says(build::valgrind_of_tls("newcomer"));
    }

    #[test]
    fn sanitizers() {
        do_what_the_advice_says(build::sanitizers("newcomer"));
    }
}

mod steady {
    use super::{build, rig, story};

    // As it is only: the tools need memory of their own.
    #[test]
    fn plain() {
        let (Some(mut program), Some(rig)) = (build::plain("steady"), rig::shared()) else {
            return;
        };
        story::tell(rig, "C steady", &mut program.command);
        program.run();
    }
}

/// A function without a test in those programs is a hole that nobody would notice.
#[test]
fn misuse_knows_every_function() {
    let read = |file| fs::read_to_string(support::tools::tests_folder(file)).unwrap();
    let files = ["c/misuse.c", "c/getters.c", "c/misuse.h", "c/account_misuse.c"];
    let programs = files.map(read).concat();
    for function in header::functions() {
        let short = function.strip_prefix("mail_").unwrap();
        // Called, or without the prefix as an argument of the macros that call.
        let shorter = short.strip_prefix("account_").unwrap_or(short);
        let forms = [format!("{function}("), format!("({short},"), format!("({short})")];
        let forms = forms.into_iter().chain([format!("({shorter})")]);
        let named = forms.into_iter().any(|form| programs.contains(&form));
        assert!(named, "neither misuse.c nor its sisters call {function}()");
    }
}

/// Runs send.c, and takes apart what Bob got.
fn send_through_the_rig(program: Option<Program>, subject: &str) {
    let (Some(mut program), Some(rig)) = (program, rig::shared()) else { return };
    story::tell(rig, subject, &mut program.command);
    program.run();
    story::assert_delivered(rig, subject);
}

fn do_what_the_advice_says(program: Option<Program>) {
    let (Some(mut program), Some(rig)) = (program, rig::shared()) else { return };
    newcomer::tell(rig, &mut program.command);
    newcomer::show(&program.run());
}
