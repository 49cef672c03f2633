//! What cbindgen leaves out of the C header: the calling convention. Hence the layout of
//! declarations is done here, too.

use crate::interface::Routine;

const WIDTH: usize = 100;

/// Puts `MAIL_CALL` into every declaration: stdcall on 32-bit Windows.
pub fn with_calling_convention(
    header: &str,
    functions: &[Routine],
    callbacks: &[Routine],
) -> String {
    let functions = functions.iter().map(|item| format!("{}(", item.name));
    let callbacks = callbacks.iter().map(|item| format!("*{})(", item.name));
    let mut names: Vec<_> = functions.chain(callbacks).collect();
    let mut out = String::new();
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        let begins_function = line.starts_with("MAIL_API");
        let begins_callback = line.starts_with("typedef ") && line.contains("(*");
        let mut line = line.to_owned();
        if begins_function || begins_callback {
            while !line.ends_with(';') {
                let more = lines.next().expect("a declaration ends with a semicolon");
                line = format!("{line} {}", more.trim_start());
            }
            let name = names.iter().position(|name| declares(&line, name));
            let name = names.remove(name.unwrap_or_else(|| panic!("not in the interface: {line}")));
            line = layout(&line.replacen(&name, &format!("MAIL_CALL {name}"), 1));
        }
        out.push_str(&line);
        out.push('\n');
    }
    assert!(names.is_empty(), "not in the header: {names:?}");
    out
}

/// Whether the name stands there, and not only the end of a longer one.
fn declares(line: &str, name: &str) -> bool {
    line.find(name).is_some_and(|at| line[..at].ends_with([' ', '*', '(']))
}

/// Parameters below each other when a line cannot hold them.
fn layout(declaration: &str) -> String {
    if declaration.len() <= WIDTH {
        return declaration.to_owned();
    }
    let opening = declaration.rfind('(').expect("parameters stand in parentheses");
    declaration.replace(", ", &format!(",\n{}", " ".repeat(opening + 1)))
}
