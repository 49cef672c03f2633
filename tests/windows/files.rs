//! What is in the files that `make windows` makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::hosts::{checkout, succeed};
use crate::wine::{Width, both_widths, built};

/// Bytes; what an installer or an e-mail must carry.
const LARGEST: u64 = 3_000_000;

/// They are part of every Windows since 7: nothing has to be installed beside ours.
const OF_THE_SYSTEM: [&str; 8] = [
    "advapi32.dll",
    "bcrypt.dll",
    "crypt32.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "winhttp.dll",
    "ws2_32.dll",
];

both_widths! {
    only_system_dlls_are_imported,
    only_the_interface_is_exported_under_plain_names,
    the_dll_is_small,
    the_version_can_be_read,
    no_place_of_this_machine_is_in_the_dll,
    the_import_library_of_mingw_has_the_names_that_c_looks_for,
    the_import_library_of_msvc_has_the_names_that_c_looks_for,
}

fn only_system_dlls_are_imported(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    let headers = objdump(width, &["-p"], &dll);
    let imported: Vec<_> =
        headers.lines().filter_map(|line| line.split_once("DLL Name: ")).collect();
    assert!(!imported.is_empty(), "{headers}");
    for (_, name) in imported {
        assert!(OF_THE_SYSTEM.contains(&name.to_lowercase().as_str()), "{name} is imported");
    }
}

fn only_the_interface_is_exported_under_plain_names(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    let mut exported: Vec<_> = exports(width, &dll).into_iter().map(|(name, _)| name).collect();
    exported.sort_unstable();
    let mut declared: Vec<_> = definition(Width::X64).into_iter().map(|(name, _)| name).collect();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

/// stdcall: each function takes off the stack what the interface table says, in its `ret`.
#[test]
fn every_32_bit_function_is_stdcall() {
    let Some(dll) = built(Width::X86, "postrider.dll") else { return };
    let code = disassembly(&dll);
    for (name, address) in exports(Width::X86, &dll) {
        let bytes = definition(Width::X86).into_iter().find(|(declared, _)| *declared == name);
        let bytes = bytes.and_then(|(_, bytes)| bytes).expect("a number behind @");
        assert_eq!(bytes_taken_by(&code, address), bytes, "{name}");
    }
}

fn the_dll_is_small(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    let size = fs::metadata(dll).expect("a file").len();
    assert!(size <= LARGEST, "{size} bytes");
}

fn the_version_can_be_read(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    let bytes = fs::read(dll).expect("a file");
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for text in ["ProductVersion", env!("CARGO_PKG_VERSION"), "postrider.dll"] {
        let wanted = wide(text);
        assert!(memchr::memmem::find(&bytes, &wanted).is_some(), "no {text} in the resources");
    }
}

fn no_place_of_this_machine_is_in_the_dll(width: Width) {
    let Some(dll) = built(width, "postrider.dll") else { return };
    let bytes = fs::read(dll).expect("a file");
    let home = std::env::var("HOME").expect("HOME");
    for place in [env!("CARGO_MANIFEST_DIR"), &format!("{home}/"), ".cargo", ".cache"] {
        assert!(memchr::memmem::find(&bytes, place.as_bytes()).is_none(), "{place} is in it");
    }
}

fn the_import_library_of_mingw_has_the_names_that_c_looks_for(width: Width) {
    let Some(library) = built(width, "libpostrider.dll.a") else { return };
    let symbols = succeed(Command::new(width.tool("nm")).arg(library));
    assert_symbols(width, &symbols);
}

fn the_import_library_of_msvc_has_the_names_that_c_looks_for(width: Width) {
    let Some(library) = built(width, "postrider.lib") else { return };
    let symbols = succeed(Command::new("llvm-nm").arg(library));
    assert_symbols(width, &symbols);
}

/// For each function the name that a call refers to, and the one through which `dllimport` calls.
fn assert_symbols(width: Width, listed: &str) {
    let symbols: Vec<_> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    for (name, bytes) in definition(width) {
        let name = match bytes {
            Some(bytes) => format!("_{name}@{bytes}"),
            None => name,
        };
        for symbol in [format!("__imp_{name}"), name] {
            assert!(symbols.contains(&symbol.as_str()), "{symbol} is missing:\n{listed}");
        }
    }
}

/// The functions of the definition that the import libraries are made of, on 32 bits with the bytes
/// of their parameters.
fn definition(width: Width) -> Vec<(String, Option<usize>)> {
    let file = checkout(&format!("packaging/windows/{}.def", width.folder()));
    let text = fs::read_to_string(file).expect("the definition can be read");
    let (_, names) = text.split_once("EXPORTS\n").expect("a list of exports");
    let parse = |line: &str| match line.trim().split_once('@') {
        Some((name, bytes)) => (name.to_owned(), Some(bytes.parse().expect("a number"))),
        None => (line.trim().to_owned(), None),
    };
    names.lines().map(parse).collect()
}

/// Name and address of every export.
fn exports(width: Width, dll: &Path) -> Vec<(String, u64)> {
    let headers = objdump(width, &["-p"], dll);
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let base = headers.lines().find_map(|line| number(line.strip_prefix("ImageBase")?.trim()));
    let base = base.expect("an image base");
    let (_, tables) = headers.split_once("Export Address Table").expect("exports");
    let (addresses, names) = tables.split_once("[Ordinal/Name Pointer] Table").expect("names");
    // "[   5] +base[   6] 1a2b0 Export RVA", and "[   5] +base[   6] mail_send" or "[   5] mail_send"
    let index = |line: &str| {
        let (_, rest) = line.split_once('[')?;
        rest.split_once(']')?.0.trim().parse::<usize>().ok()
    };
    let addresses: Vec<_> = addresses
        .lines()
        .filter_map(|line| {
            Some((
                index(line)?,
                number(line.split_once("Export RVA")?.0.split_whitespace().last()?)?,
            ))
        })
        .collect();
    let names = names.lines().take_while(|line| !line.contains("Section")).filter_map(|line| {
        let name = line.split_whitespace().last()?;
        let index = index(line)?;
        let (_, address) = addresses.iter().find(|(other, _)| *other == index)?;
        Some((name.to_owned(), base + address))
    });
    names.collect()
}

/// Address and text of every instruction.
fn disassembly(dll: &Path) -> Vec<(u64, String)> {
    let text = objdump(Width::X86, &["-d", "--no-show-raw-insn"], dll);
    let instructions = text.lines().filter_map(|line| {
        let (address, instruction) = line.split_once(":\t")?;
        Some((u64::from_str_radix(address.trim(), 16).ok()?, instruction.trim().to_owned()))
    });
    instructions.collect()
}

/// What the first `ret` behind an address takes off the stack, besides the address to return to.
fn bytes_taken_by(code: &[(u64, String)], from: u64) -> usize {
    let start = code.partition_point(|(address, _)| *address < from);
    let ret = code[start..].iter().find_map(|(_, instruction)| instruction.strip_prefix("ret"));
    let bytes = ret.expect("a function returns").trim().trim_start_matches("$0x");
    if bytes.is_empty() { 0 } else { usize::from_str_radix(bytes, 16).expect("a number") }
}

fn objdump(width: Width, options: &[&str], file: &Path) -> String {
    succeed(Command::new(width.tool("objdump")).args(options).arg(file))
}
