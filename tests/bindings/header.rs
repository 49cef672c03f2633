//! What cbindgen leaves out of the C header: the calling convention.

use crate::interface::Routine;

/// Puts `MAIL_CALL` into every declaration: stdcall on 32-bit Windows.
pub fn with_calling_convention(
    header: &str,
    functions: &[Routine],
    callbacks: &[Routine],
) -> String {
    let mut code = Vec::new();
    let mut found = 0;
    for line in header.lines() {
        let is_comment = line.trim_start().starts_with(['*', '/']);
        code.push(if is_comment {
            line.to_owned()
        } else {
            convert(line, functions, callbacks, &mut found)
        });
    }
    let declared = functions.len() + callbacks.len();
    assert_eq!(found, declared, "declarations in the header, and in the interface");
    code.join("\n") + "\n"
}

fn convert(line: &str, functions: &[Routine], callbacks: &[Routine], found: &mut usize) -> String {
    for Routine { name, .. } in functions {
        for before in [" ", "*"] {
            let declared = format!("{before}{name}(");
            if line.contains(&declared) {
                *found += 1;
                return line.replace(&declared, &format!("{before}MAIL_CALL {name}("));
            }
        }
    }
    for Routine { name, .. } in callbacks {
        let declared = format!("(*{name})(");
        if line.contains(&declared) {
            *found += 1;
            return line.replace(&declared, &format!("(MAIL_CALL *{name})("));
        }
    }
    line.to_owned()
}
