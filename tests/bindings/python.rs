//! The declarations for Python's ctypes.

use crate::interface::{Crossing, Interface, Routine};
use std::fmt::Write as _;

const HEAD: &str = "\
# Generated from src/ffi/api by `make bindings`. Do not edit.
\"\"\"The functions of include/postrider.h for ctypes; the package is the class on top of them.\"\"\"

import ctypes
import sys

";

const TAIL: &str = "

def load(path: str) -> ctypes.CDLL:
    \"\"\"Opens the shared library and declares every function.\"\"\"
    library = (ctypes.WinDLL if sys.platform == \"win32\" else ctypes.CDLL)(path)
    found = library.mail_library_abi()
    if found != MAIL_ABI_VERSION:
        raise OSError(f\"{path} has interface number {found}, this package needs {MAIL_ABI_VERSION}\")
    for name, (result, parameters) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
    return library
";

pub fn module(interface: &Interface) -> String {
    let mut out = HEAD.to_owned();
    for constant in &interface.constants {
        writeln!(out, "{} = {}", constant.name, constant.value).unwrap();
    }
    for group in &interface.enums {
        writeln!(out, "\n# {}", group.comment.first().map_or("", |line| line)).unwrap();
        for value in &group.values {
            writeln!(out, "{} = {}", value.name, value.value).unwrap();
        }
    }
    writeln!(
        out,
        "\n_FUNCTION = ctypes.WINFUNCTYPE if sys.platform == \"win32\" else ctypes.CFUNCTYPE"
    )
    .unwrap();
    for callback in &interface.callbacks {
        let types = std::iter::once(python_type(&callback.result)).chain(parameters(callback));
        let types = types.collect::<Vec<_>>().join(", ");
        writeln!(out, "{} = _FUNCTION({types})", callback.name).unwrap();
    }
    out.push_str("\n# name: (type of the result, types of the parameters)\nPROTOTYPES = {\n");
    for function in &interface.functions {
        let parameters = parameters(function).collect::<Vec<_>>();
        let result = python_type(&function.result);
        let line = format!("    \"{}\": ({result}, [{}]),", function.name, parameters.join(", "));
        if line.len() <= 100 {
            writeln!(out, "{line}").unwrap();
            continue;
        }
        writeln!(out, "    \"{}\": (\n        {result},\n        [", function.name).unwrap();
        for parameter in parameters {
            writeln!(out, "            {parameter},").unwrap();
        }
        out.push_str("        ],\n    ),\n");
    }
    out + "}\n" + TAIL
}

fn parameters(routine: &Routine) -> impl Iterator<Item = String> + '_ {
    routine.parameters.iter().map(|(_, ty)| python_type(ty))
}

fn python_type(ty: &Crossing) -> String {
    match ty {
        Crossing::Nothing => "None".into(),
        Crossing::Int32 | Crossing::Status => "ctypes.c_int32".into(),
        Crossing::Int64 => "ctypes.c_int64".into(),
        Crossing::Size => "ctypes.c_size_t".into(),
        // Python hands over the address of its own bytes: NULs within them are no end.
        Crossing::Text | Crossing::Bytes => "ctypes.c_char_p".into(),
        Crossing::TextBuffer | Crossing::ByteBuffer => "ctypes.c_void_p".into(),
        Crossing::UserData | Crossing::Handle(_) => "ctypes.c_void_p".into(),
        Crossing::Callback(name) => name.clone(),
    }
}
