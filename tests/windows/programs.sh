#!/bin/bash
# Compiles the C hosts for Windows into FOLDER, strictly, with the DLL beside them; they need no
# other file. LIBRARY is the folder of `make windows` for the width. All of them, unless named.
#
#   programs.sh 64|32 LIBRARY FOLDER [PROGRAM...]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
library=$2 folder=$3
case $1 in
  64) mingw=x86_64-w64-mingw32-gcc msvc=x86_64-pc-windows-msvc ;;
  32) mingw=i686-w64-mingw32-gcc msvc=i686-pc-windows-msvc ;;
esac

STRICT=(-Wall -Wextra -Werror -Wpedantic -Iinclude)

compile() { # PROGRAM
  local source
  for source in tests/c/$1.c tests/windows/$1.c; do [ ! -e "$source" ] || break; done
  "$mingw" -std=c99 -D_GNU_SOURCE "${STRICT[@]}" -pthread "$source" -static -L"$library" -lpostrider -lws2_32 -lntdll \
    -o "$folder/$1.exe"
}

# As Visual C++ would, with its import library and its calling convention; there is no C library of
# Microsoft here.
compile_as_msvc() { # PROGRAM
  clang "--target=$msvc" -std=c99 -ffreestanding "${STRICT[@]}" -c "tests/windows/$1.c" -o "$folder/$1.obj"
  lld-link /nodefaultlib /subsystem:console /entry:start "/out:$folder/$1.exe" "$folder/$1.obj" \
    "$library/postrider.lib"
  rm "$folder/$1.obj"
}

mkdir -p "$folder"
cp "$library/postrider.dll" "$folder/"
[ $# -gt 3 ] || set -- "$@" smoke misuse getters account_misuse account callbacks threads send steady newcomer unload msvc
for program in "${@:4}"; do
  case $program in
    msvc) compile_as_msvc "$program" ;;
    *) compile "$program" ;;
  esac
done
