#!/bin/bash
# Makes a Rust toolchain that compiles for Windows, on Debian or Ubuntu, from Debian's own packages:
# rustc-web with the standard library compiled from its source, and MinGW as the linker. They are
# unpacked, not installed: what rustup or apt have put on this computer stays as it is.
#
#   toolchain.sh     makes it, unless it is there, and prints the file to source before calling cargo
#
# It is kept in $WINDOWS_BUILD, else in the user's cache; it can be removed at any time.
#
# The targets are Rust's for Windows 7: they run on everything since, and import nothing that older
# systems or Wine 8 lack.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../debian.sh"

TARGETS="x86_64-win7-windows-gnu i686-win7-windows-gnu"
BUILD=${WINDOWS_BUILD:-${XDG_CACHE_HOME:-$HOME/.cache}/postrider/windows}
MINGW="gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-i686-win32"

mingw_is_there() { command -v x86_64-w64-mingw32-gcc && command -v i686-w64-mingw32-gcc; }

# The compiler, and what it needs that is no part of every system.
packages() {
  local names=(rustc-web cargo-web rust-web-src libstd-rust-web-dev)
  local std
  std=$(depends libstd-rust-web-dev | grep '^libstd-rust-web-')
  names+=("$std")
  for name in $(depends "$std") $(depends cargo-web); do
    case $name in libllvm* | libgit2-* | libssh2-*) names+=("$name") ;; esac
  done
  echo "${names[@]}"
}

depends() { apt-cache --no-recommends --no-suggests depends "$1" | awk '$1 == "Depends:" { print $2 }'; }

unpack() { # FOLDER
  apt-cache show rustc-web >/dev/null 2>&1 || update_package_lists >&2
  mkdir "$1/packages"
  chmod 755 "$1" "$1/packages"
  # shellcheck disable=SC2046 # one word per package is meant
  (cd "$1/packages" && apt-get -q download $(packages)) >&2
  for package in "$1"/packages/*.deb; do dpkg -x "$package" "$1/tree"; done
  rm -r "$1/packages"
}

# To be sourced: cargo and rustc of the folder, and the names that the build scripts of crates look
# for under "win7".
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
compile_std() { # FOLDER
  local sysroot target library flags
  . "$1/env.sh"
  sysroot=$("$RUSTC" --print sysroot)
  library=$sysroot/lib/rustlib/src/rust/library
  mkdir -p "$1/std/src"
  cd "$1/std"
  : >src/lib.rs
  printf '[package]\nname = "std-for-windows"\nedition = "2021"\n[profile.release]\ndebug = 0\n' >Cargo.toml
  # Bitcode for our link-time optimisation; no place of this computer in the messages of panics.
  flags="-Cembed-bitcode=yes --remap-path-prefix=$sysroot=/rust --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
  for target in $TARGETS; do
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=target cargo build -q --release \
      -Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test --target "$target" >&2
    mkdir -p "$sysroot/lib/rustlib/$target/lib"
    cp target/"$target"/release/deps/*.rlib "$sysroot/lib/rustlib/$target/lib/"
    rm "$sysroot/lib/rustlib/$target/lib"/libstd_for_windows-*
    # Where unwinding begins and ends: cargo does not make them, 32-bit programs do not link without.
    for object in rsbegin rsend; do
      RUSTC_BOOTSTRAP=1 "$RUSTC" --target "$target" --emit=obj -o "$sysroot/lib/rustlib/$target/lib/$object.o" \
        "$library/rtstartup/$object.rs"
    done
  done
  cd /
  rm -r "$1/std"
}

make_toolchain() { # FOLDER
  echo "Making a Rust toolchain for Windows in $1 (two minutes, once)." >&2
  mkdir -p "$(dirname "$1")"
  # Made under its final name, for the compiler knows where it is; trusted only when it is complete.
  rm -rf "$1"
  mkdir "$1"
  unpack "$1"
  environment "$1" >"$1/env.sh"
  (compile_std "$1")
  : >"$1/complete"
}

mingw_is_there >/dev/null || install_packages $MINGW >&2
mkdir -p "$BUILD"
exec 9>"$BUILD/rust.lock"
flock 9
[ -e "$BUILD/rust/complete" ] || make_toolchain "$BUILD/rust"
echo "$BUILD/rust/env.sh"
