#!/bin/bash
# Builds Postrider for Windows: `make windows` calls it, and says where cargo puts things (TARGET).
#
#   $TARGET/windows/x64, x86    postrider.dll, the import libraries for MSVC (.lib) and MinGW
#                               (.dll.a) and what they are made of (.def)
#   $TARGET/windows/x64         postrider.exe, the command with its sandbox, too
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

OUT=$(mkdir -p "$TARGET/windows" && cd "$TARGET/windows" && pwd)
. "$(bash packaging/windows/toolchain.sh)"
# Apart from other builds: this is another compiler.
export CARGO_TARGET_DIR=$OUT/cargo
# The places of this machine do not belong into the library.
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/postrider"

library() { # WIDTH TARGET
  cargo rustc --locked --release --lib --crate-type cdylib --target "$2"
  mkdir -p "$OUT/$1"
  cp "$CARGO_TARGET_DIR/$2/release/postrider.dll" "packaging/windows/$1.def" "$OUT/$1/"
}

command() { # WIDTH TARGET
  cargo build --locked --release --features cli --bin postrider --target "$2"
  cp "$CARGO_TARGET_DIR/$2/release/postrider.exe" "$OUT/$1/"
}

# -k: the names in the DLL are without @bytes.
import_libraries() { # WIDTH MINGW MACHINE
  local definition=$OUT/$1/$1.def
  "$2-dlltool" -k -d "$definition" -l "$OUT/$1/libpostrider.dll.a"
  llvm-dlltool -k -m "$3" -d "$definition" -l "$OUT/$1/postrider.lib"
}

library x64 x86_64-win7-windows-gnu
library x86 i686-win7-windows-gnu
command x64 x86_64-win7-windows-gnu
import_libraries x64 x86_64-w64-mingw32 i386:x86-64
import_libraries x86 i686-w64-mingw32 i386
ls -l "$OUT"/x64/* "$OUT"/x86/*
