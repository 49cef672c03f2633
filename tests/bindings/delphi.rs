//! The declarations for Delphi and Free Pascal, in words that Delphi 7 knows.

use crate::interface::{Crossing, Interface, Routine};
use std::fmt::Write as _;

const HEAD: &str = "\
// Generated from src/ffi/api by `make bindings`. Do not edit.
//
// The functions of include/postrider.h as they are; Postrider.pas is the class on top of them.
unit PostriderApi;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}

interface

// The name that Delphi has for it.
{$IFDEF DARWIN}{$DEFINE MACOS}{$ENDIF}

const
{$IFDEF MSWINDOWS}
  MAIL_LIB = 'postrider.dll';
{$ELSE}
{$IFDEF MACOS}
  MAIL_LIB = 'libpostrider.1.dylib';
{$ELSE}
  MAIL_LIB = 'libpostrider.so.1';
{$ENDIF}
{$ENDIF}

";

/// The only place with words that Delphi 7 does not know; it skips them.
const SIZE: &str = "
type
  // size_t. NativeUInt is right since XE2 (23.0); before that, Delphi had 32 bits only.
{$IFDEF FPC}
  TPostriderSize = PtrUInt;
{$ELSE}
{$IF CompilerVersion >= 23.0}
  TPostriderSize = NativeUInt;
{$ELSE}
  TPostriderSize = Cardinal;
{$IFEND}
{$ENDIF}
";

const TYPES: &str = "  PPostriderByte = ^Byte;
  TMailStatus = Integer;
  PMail = Pointer;

";

const CALL: &str = "{$IFDEF MSWINDOWS} stdcall{$ELSE} cdecl{$ENDIF};";

pub fn unit(interface: &Interface) -> String {
    let mut out = HEAD.to_owned();
    for constant in &interface.constants {
        comment(&constant.comment, "  ", &mut out);
        writeln!(out, "  {} = {};", constant.name, constant.value).unwrap();
    }
    for group in &interface.enums {
        writeln!(out).unwrap();
        comment(&group.comment, "  ", &mut out);
        writeln!(out).unwrap();
        for value in &group.values {
            comment(&value.comment, "  ", &mut out);
            writeln!(out, "  {} = {};", value.name, value.value).unwrap();
        }
    }
    out.push_str(SIZE);
    out.push_str(TYPES);
    for callback in &interface.callbacks {
        comment(&callback.comment, "  ", &mut out);
        let declaration = routine("", callback);
        writeln!(out, "  {} = {declaration};{CALL}", type_name(&callback.name)).unwrap();
    }
    for function in &interface.functions {
        writeln!(out).unwrap();
        comment(&function.comment, "", &mut out);
        let declaration = routine(&function.name, function);
        writeln!(out, "{declaration};{CALL} external MAIL_LIB;").unwrap();
    }
    out + "\nimplementation\n\nend.\n"
}

fn comment(lines: &[String], indent: &str, out: &mut String) {
    for line in lines {
        let separator = if line.is_empty() { "" } else { " " };
        writeln!(out, "{indent}//{separator}{line}").unwrap();
    }
}

fn routine(name: &str, routine: &Routine) -> String {
    let parameters = routine.parameters.iter();
    let parameters = parameters.map(|(name, ty)| format!("{}: {}", pascal(name), pascal_type(ty)));
    let parameters = parameters.collect::<Vec<_>>().join("; ");
    let list = if parameters.is_empty() { String::new() } else { format!("({parameters})") };
    let space = if name.is_empty() { "" } else { " " };
    match &routine.result {
        Crossing::Nothing => format!("procedure{space}{name}{list}"),
        result => format!("function{space}{name}{list}: {}", pascal_type(result)),
    }
}

fn pascal_type(ty: &Crossing) -> String {
    match ty {
        Crossing::Nothing => unreachable!("only a result can be nothing"),
        Crossing::Int32 => "Integer".into(),
        Crossing::Int64 => "Int64".into(),
        Crossing::Size => "TPostriderSize".into(),
        Crossing::Status => "TMailStatus".into(),
        Crossing::Text | Crossing::TextBuffer => "PAnsiChar".into(),
        Crossing::Bytes | Crossing::ByteBuffer => "PPostriderByte".into(),
        Crossing::UserData => "Pointer".into(),
        Crossing::Handle(name) => format!("P{}", pascal(name.trim_end_matches("_t"))),
        Crossing::Callback(name) => type_name(name),
    }
}

fn type_name(name: &str) -> String {
    format!("T{}", pascal(name))
}

/// `user_data` → `UserData`
fn pascal(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// Every word that the unit may use, besides names of its own and of parameters.
const DELPHI_7: &[&str] = &[
    "unit",
    "interface",
    "implementation",
    "end",
    "const",
    "type",
    "external",
    "procedure",
    "function",
    "stdcall",
    "cdecl",
    "Byte",
    "Cardinal",
    "Integer",
    "Int64",
    "PAnsiChar",
    "Pointer",
    "IFDEF",
    "ELSE",
    "ENDIF",
    "DEFINE",
    "MODE",
    "DELPHI",
    "FPC",
    "MSWINDOWS",
    "MACOS",
    "DARWIN",
];

#[test]
fn delphi_7_knows_every_word() {
    let unit = unit(&crate::INTERFACE);
    assert_eq!(unit.matches(SIZE).count(), 1);
    let unit = unit.replace(SIZE, "");
    let functions = crate::INTERFACE.functions.iter();
    let routines = functions.chain(&crate::INTERFACE.callbacks);
    let parameters: Vec<_> =
        routines.flat_map(|item| &item.parameters).map(|(name, _)| pascal(name)).collect();
    let own = ["mail_", "MAIL_", "TMail", "PMail", "TPostrider", "PPostrider", "PostriderApi"];
    for line in unit.lines().filter(|line| !line.trim_start().starts_with("//")) {
        // What is between apostrophes is no code.
        let code: String = line.split('\'').step_by(2).collect();
        for word in code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let known = word.chars().all(|c| c.is_ascii_digit())
                || own.iter().any(|prefix| word.starts_with(prefix))
                || DELPHI_7.contains(&word)
                || parameters.iter().any(|name| name == word);
            assert!(known, "{word:?} in {line:?}");
        }
    }
}
