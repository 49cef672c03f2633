#!/bin/bash
# A Rust toolchain that compiles for Windows, on Debian or Ubuntu, from Debian's own packages:
# rustc-web with the standard library compiled from its source, and MinGW as the linker. The
# compiler is unpacked, not installed: what rustup or apt have put on this computer stays as it is.
#
#   eval "$(toolchain.sh)"     makes it unless it is there (two minutes), and has cargo use it
#
# The targets are Rust's for Windows 7: they run on everything since, and import nothing that older
# systems or Wine 8 lack.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

TARGETS="x86_64-win7-windows-gnu i686-win7-windows-gnu"

make_rust() { # FOLDER
  unpack "$1"
  eval "$(environment "$1")"
  compile_std "$1/std" "$("$RUSTC" --print sysroot)"
  rm -r "$1/std"
}

unpack() { # FOLDER
  apt-cache show rustc-web >/dev/null 2>&1 || apt update
  # shellcheck disable=SC2046 # one word per package is meant
  (cd "$1" && apt-get -q download $(packages))
  for package in "$1"/*.deb; do
    dpkg -x "$package" "$1/tree"
    rm "$package"
  done
}

# The compiler, and the libraries it needs that are no part of every system.
packages() {
  local std
  std=$(depends libstd-rust-web-dev | grep '^libstd-rust-web-')
  echo rustc-web cargo-web rust-web-src libstd-rust-web-dev "$std"
  { depends "$std" && depends cargo-web; } | grep -E '^(libllvm|libgit2-|libssh2-)' | sort -u
}

depends() { apt-cache --no-recommends --no-suggests depends "$1" | awk '$1 == "Depends:" { print $2 }'; }

# Cargo and rustc of the folder, and the names that the build scripts of crates look for under "win7".
environment() { # FOLDER
  local target mingw name
  echo "export PATH='$1/tree/usr/bin':\$PATH RUSTC='$1/tree/usr/bin/rustc'"
  echo "export LD_LIBRARY_PATH='$1/tree/usr/lib/$(gcc -print-multiarch)'"
  for target in $TARGETS; do
    mingw=${target%%-*}-w64-mingw32
    name=${target//-/_}
    echo "export CARGO_TARGET_${name^^}_LINKER=$mingw-gcc CC_$name=$mingw-gcc AR_$name=$mingw-ar"
  done
}

# The standard library of each target, once for all builds to come.
compile_std() { # FOLDER SYSROOT
  local target library object
  mkdir -p "$1/src"
  cd "$1"
  : >src/lib.rs
  printf '[package]\nname = "std-for-windows"\nedition = "2021"\n[profile.release]\ndebug = 0\n' >Cargo.toml
  export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target
  # Bitcode for link-time optimisation; no place of this computer in the messages of panics.
  export RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$2=/rust --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
  for target in $TARGETS; do
    cargo build -q --release -Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test --target "$target"
    library=$2/lib/rustlib/$target/lib
    mkdir -p "$library"
    cp "target/$target/release/deps/"*.rlib "$library/"
    rm "$library"/libstd_for_windows-*
    # Where unwinding begins and ends: cargo does not make them, 32-bit programs do not link without.
    for object in rsbegin rsend; do
      "$RUSTC" --target "$target" --emit=obj -o "$library/$object.o" \
        "$2/lib/rustlib/src/rust/library/rtstartup/$object.rs"
    done
  done
}

install_tools "$(dirname "$(readlink -f "$0")")/tools.txt" >&2
make_once rust "$TARGETS" make_rust
environment "$WINDOWS_BUILD/rust"
