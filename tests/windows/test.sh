#!/bin/bash
# What `make test-windows` runs after `make windows`: the library's own tests as Windows programs, and
# hosts in C and Pascal, by Wine, in both widths.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
here=tests/windows

if [ "$(id -u)" = 0 ] || [ "${CI:-}" = true ]; then
  bash tests/rig/install.sh
  bash $here/install.sh
elif ! bash $here/install.sh --list; then
  echo 'skipped: these are missing, and installing them needs root'
  exit 0
fi
trap 'bash $here/wine.sh stop' EXIT

cargo test --locked --all-features --test windows

core() { # 64|32 TARGET
  local runner=CARGO_TARGET_${2//-/_}_RUNNER
  export "${runner^^}=bash $PWD/$here/wine.sh $1"
  # Symbols for a debugger would only make the linker slow.
  CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$TARGET/windows/cargo \
    cargo test --locked --no-fail-fast --all-features --target "$2" --lib --test faults --test file_names --test sandbox
}

toolchain=$(bash packaging/windows/toolchain.sh)
eval "$toolchain"
core 64 x86_64-win7-windows-gnu
core 32 i686-win7-windows-gnu
