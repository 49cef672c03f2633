#!/bin/bash
# Builds Postrider for Windows: `make windows` calls it, and says where cargo puts things (TARGET).
#
#   $TARGET/windows/x64, x86    postrider.dll, the import libraries for MSVC (.lib) and MinGW
#                               (.dll.a), what they are made of (.def), and the command
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

OUT=$(mkdir -p "$TARGET/windows" && cd "$TARGET/windows" && pwd)
toolchain=$(bash packaging/windows/toolchain.sh)
eval "$toolchain"
# Apart from other builds: this is another compiler.
export CARGO_TARGET_DIR=$OUT/cargo
# The places of this machine do not belong into the library.
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/postrider"

library() { # WIDTH TARGET
  cargo rustc --locked --release --lib --crate-type cdylib --target "$2"
  mkdir -p "$OUT/$1"
  cp "$CARGO_TARGET_DIR/$2/release/postrider.dll" "$OUT/$1/"
  cp "packaging/windows/$1.def" "$OUT/$1/postrider.def"
}

command_line() { # WIDTH TARGET
  cargo build --locked --release --features cli --bin postrider --target "$2"
  cp "$CARGO_TARGET_DIR/$2/release/postrider.exe" "$OUT/$1/"
}

# -k: the names in the DLL are without @bytes.
import_libraries() { # WIDTH MINGW MACHINE
  local definition=$OUT/$1/postrider.def
  "$2-dlltool" -k -d "$definition" -l "$OUT/$1/libpostrider.dll.a"
  llvm-dlltool -k -m "$3" -d "$definition" -l "$OUT/$1/postrider.lib"
}

build() { # WIDTH TARGET MINGW MACHINE
  library "$1" "$2"
  command_line "$1" "$2"
  import_libraries "$1" "$3" "$4"
}

build x64 x86_64-win7-windows-gnu x86_64-w64-mingw32 i386:x86-64
build x86 i686-win7-windows-gnu i686-w64-mingw32 i386
ls -l "$OUT"/x64/* "$OUT"/x86/*
