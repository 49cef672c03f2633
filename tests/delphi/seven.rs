//! Reads Pascal as Delphi 7 would, and finds what Delphi 7 does not know.
//!
//! No Delphi can be had here, and Free Pascal in Delphi mode takes much that came later. The words
//! are looked for in what Delphi 7 would compile: `{$IFDEF}` is decided by its defines, so newer
//! words may stand where only newer compilers read.

/// What Delphi 7 defines by itself, as far as it matters here.
const DEFINES: [&str; 5] = ["MSWINDOWS", "WIN32", "VER150", "CPU386", "CONDITIONALEXPRESSIONS"];

/// The directives of Delphi 7 that the units use.
const DIRECTIVES: [&str; 7] = ["IFDEF", "IFNDEF", "ELSE", "ENDIF", "DEFINE", "APPTYPE", "MODE"];

/// Words and types that came with a later version.
#[rustfmt::skip]
const NEWER: [&str; 40] = [
    "inline", "strict", "sealed", "operator", "helper", "reference", "static", "final", "delayed",
    "generic", "specialize", "unicodestring", "rawbytestring", "utf8string", "tbytes", "tarray",
    "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "nativeint", "nativeuint",
    "intptr", "uintptr", "ptrint", "ptruint", "sizeint", "fixedint", "fixeduint", "pint64",
    "tencoding", "charinset", "utf8tostring", "tproc", "tfunc", "winapi", "unsafe",
];

/// What Delphi 7 would not understand in `source`, each with its place; empty is good.
pub fn newer_words(source: &str) -> Vec<String> {
    let (tokens, mut found) = tokens(source);
    let word = |i: usize| tokens.get(i).map_or("", |token: &Token| token.word.as_str());
    let is_name = |i: usize| word(i).starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let mut in_record = false;
    let mut in_uses = false;
    for (i, token) in tokens.iter().enumerate() {
        let before = if i == 0 { "" } else { word(i - 1) };
        match word(i) {
            "record" => in_record = true,
            "uses" => in_uses = true,
            "end" => in_record = false,
            ";" => in_uses = false,
            _ => {}
        }
        let newer = match (word(i), word(i + 1)) {
            (one, _) if NEWER.contains(&one) => true,
            ("exit", "(") => true,
            ("class", "var" | "const" | "property" | "constructor" | "type" | "abstract") => true,
            ("for", "var") => true,
            ("var", _) if word(i + 2) == ":=" => true,
            ("in", _) if i >= 2 && word(i - 2) == "for" => true,
            ("procedure" | "function", _) if matches!(before, ":=" | "(" | ",") => true,
            ("procedure" | "function" | "constructor" | "private" | "public", _) => in_record,
            ("<", _) => {
                i > 0 && is_name(i - 1) && is_name(i + 1) && matches!(word(i + 2), ">" | ",")
            }
            (".", _) => in_uses,
            ("&", _) => true,
            _ => false,
        };
        if newer {
            let text = [before, word(i), word(i + 1)].join(" ");
            found.push(format!("line {}: {text}", token.line));
        }
    }
    found
}

struct Token {
    word: String,
    line: usize,
}

/// The tokens that Delphi 7 would compile, in lower case, without texts; and the directives that it
/// does not know.
fn tokens(source: &str) -> (Vec<Token>, Vec<String>) {
    let mut tokens = Vec::new();
    let mut unknown = Vec::new();
    let mut defines: Vec<String> = DEFINES.iter().map(|&define| define.to_owned()).collect();
    let mut active = vec![true];
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let line = source[..source.len() - rest.len()].lines().count().max(1);
        let length = if rest.starts_with("{$") {
            let length = rest.find('}').map_or(rest.len(), |end| end + 1);
            let inside = rest[2..length].trim_end_matches('}');
            let (name, argument) = inside.split_once(' ').unwrap_or((inside, ""));
            let defined = defines.iter().any(|define| define == argument);
            let here = *active.last().expect("a balanced source");
            match name {
                "IFDEF" => active.push(here && defined),
                "IFNDEF" => active.push(here && !defined),
                "ELSE" => {
                    active.pop();
                    let outside = *active.last().expect("a balanced source");
                    active.push(outside && !here);
                }
                "ENDIF" => drop(active.pop()),
                "DEFINE" if here => defines.push(argument.to_owned()),
                _ if !here || DIRECTIVES.contains(&name) => {}
                _ => unknown.push(format!("line {line}: {{${name}}}")),
            }
            length
        } else if rest.starts_with('{') {
            rest.find('}').map_or(rest.len(), |end| end + 1)
        } else if rest.starts_with("(*") {
            rest.find("*)").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '\'' {
            rest[1..].find('\'').map_or(rest.len(), |end| end + 2)
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with(":=") => 2,
                0 => first.len_utf8(),
                _ => word,
            };
            if *active.last().expect("a balanced source") && !first.is_whitespace() {
                tokens.push(Token { word: rest[..length].to_ascii_lowercase(), line });
            }
            length
        };
        rest = &rest[length..];
    }
    assert_eq!(active, [true], "each {{$IFDEF}} has its {{$ENDIF}}");
    (tokens, unknown)
}
