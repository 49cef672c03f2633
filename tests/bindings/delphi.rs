//! The declarations for Delphi and Free Pascal, in words that Delphi 7 knows: tests/delphi.rs reads
//! them as it would.

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

const TYPES: &str = "
// The name since XE8, for every processor; CPUX64 is older.
{$IFDEF CPUX64}{$DEFINE CPU64BITS}{$ENDIF}

type
  // size_t. Delphi has 64 bits only since XE2, where NativeUInt is right; before, Cardinal is.
{$IFDEF FPC}
  TPostriderSize = PtrUInt;
{$ELSE}
{$IFDEF CPU64BITS}
  TPostriderSize = NativeUInt;
{$ELSE}
  TPostriderSize = Cardinal;
{$ENDIF}
{$ENDIF}
  PPostriderByte = ^Byte;
  TMailStatus = Integer;
  PMail = Pointer;
  PMailAccount = Pointer;

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
