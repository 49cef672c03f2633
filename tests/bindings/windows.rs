//! What the import libraries for Windows are made of: packaging/windows/*.def.
//!
//! The DLL exports plain names, as Delphi and VB6 look for them. On 32 bits a C compiler looks for
//! `name@bytes` instead, the bytes being what a stdcall function takes off the stack: `-k` of the
//! dlltools cuts them off again for the name in the DLL.

use crate::interface::{Crossing, Interface, Routine};
use std::fmt::Write as _;

pub fn definition_64(interface: &Interface) -> String {
    definition(interface, |function| function.name.clone())
}

pub fn definition_32(interface: &Interface) -> String {
    definition(interface, |function| format!("{}@{}", function.name, stack_bytes(function)))
}

fn definition(interface: &Interface, name: impl Fn(&Routine) -> String) -> String {
    let mut out = "; Generated from src/ffi/api by `make bindings`. Do not edit.\n\
                   LIBRARY postrider.dll\n\
                   EXPORTS\n"
        .to_owned();
    for function in &interface.functions {
        writeln!(out, "    {}", name(function)).unwrap();
    }
    out
}

/// What the parameters take on a 32-bit stack.
fn stack_bytes(function: &Routine) -> usize {
    function.parameters.iter().map(|(_, ty)| if *ty == Crossing::Int64 { 8 } else { 4 }).sum()
}
