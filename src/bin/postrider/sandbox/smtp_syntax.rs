//! The grammar of SMTP commands (RFC 5321 §4.1), as far as a submission server meets it.

/// The verb in upper case and what follows it.
pub fn command(line: &str) -> (String, &str) {
    let line = line.trim_end();
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    (verb.to_ascii_uppercase(), argument.trim())
}

/// Address and parameters of `FROM:<address> KEY=VALUE …` or `TO:<address> …`.
pub fn path<'a>(keyword: &str, argument: &'a str) -> Option<(&'a str, Vec<(String, &'a str)>)> {
    let head = argument.get(..keyword.len())?;
    let rest = argument[keyword.len()..].trim_start();
    let rest = rest.strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(keyword))?;
    let (address, parameters) = rest.split_at(closing_bracket(rest)?);
    let parameters = parameters[1..].split_ascii_whitespace().map(|parameter| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (key.to_ascii_uppercase(), value)
    });
    Some((address, parameters.collect()))
}

/// Where the path ends: at the first `>` that no quoted local part contains.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(position),
            _ => {}
        }
    }
    None
}

/// `local@domain` with both sides there and nothing that does not belong into a command.
pub fn is_address(text: &str) -> bool {
    let clean = !text.chars().any(|character| character.is_control() || character == '\u{FFFD}');
    clean
        && matches!(text.rsplit_once('@'), Some((local, domain)) if !local.is_empty() && !domain.is_empty())
}
