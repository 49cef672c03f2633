#!/bin/sh
# What `make install` and `make uninstall` run, with PREFIX, LIBDIR, INCLUDEDIR, DESTDIR and TARGET
# (cargo's target folder) in the environment.
#
#   install.sh            installs
#   install.sh uninstall  removes what it installed
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
abi=$(sed -n 's/^#define MAIL_ABI_VERSION //p' include/postrider.h)
# What a program needs beside the static library; tests/install.rs asks rustc for the same list.
static_libs="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc"
cpp_headers="postrider.hpp postrider_account.hpp postrider_base.hpp"
docdir=$PREFIX/share/doc/postrider

fill() { # TEMPLATE: written to standard output
    sed -e "s|@PREFIX@|$PREFIX|g" -e "s|@LIBDIR@|$LIBDIR|g" -e "s|@INCLUDEDIR@|$INCLUDEDIR|g" \
        -e "s|@VERSION@|$version|g" -e "s|@ABI@|$abi|g" -e "s|@STATIC_LIBS@|$static_libs|g" "$1"
}

put() { # MODE SOURCE TARGET: copies a file, making its folder
    mkdir -p "$(dirname "$DESTDIR$3")"
    install -m "$1" "$2" "$DESTDIR$3"
}

put_filled() { # TEMPLATE TARGET
    mkdir -p "$(dirname "$DESTDIR$2")"
    fill "$1" >"$DESTDIR$2"
    chmod 644 "$DESTDIR$2"
}

link() { # TEXT NAME
    ln -sf "$1" "$DESTDIR$2"
}

if [ "${1:-}" = uninstall ]; then
    for name in "libpostrider.so.$version" "libpostrider.so.$abi" libpostrider.so libpostrider.a \
        pkgconfig/postrider.pc; do
        rm -f "$DESTDIR$LIBDIR/$name"
    done
    for name in postrider.h $cpp_headers; do
        rm -f "$DESTDIR$INCLUDEDIR/$name"
    done
    rm -rf "$DESTDIR$LIBDIR/cmake/postrider" "$DESTDIR$docdir"
    exit 0
fi

put 755 "$TARGET/release/libpostrider.so" "$LIBDIR/libpostrider.so.$version"
link "libpostrider.so.$version" "$LIBDIR/libpostrider.so.$abi"
link "libpostrider.so.$abi" "$LIBDIR/libpostrider.so"
put 644 "$TARGET/release/libpostrider.a" "$LIBDIR/libpostrider.a"
# What is compiled from C would tell debuggers, and everybody, where it was built.
strip --strip-debug "$DESTDIR$LIBDIR/libpostrider.a"
put 644 include/postrider.h "$INCLUDEDIR/postrider.h"
for name in $cpp_headers; do
    put 644 "bindings/cpp/$name" "$INCLUDEDIR/$name"
done
put_filled packaging/postrider.pc.in "$LIBDIR/pkgconfig/postrider.pc"
put_filled packaging/postriderConfig.cmake.in "$LIBDIR/cmake/postrider/postriderConfig.cmake"
put_filled packaging/postriderConfigVersion.cmake.in \
    "$LIBDIR/cmake/postrider/postriderConfigVersion.cmake"
for text in LICENSE-MIT LICENSE-APACHE packaging/THIRD-PARTY-LICENSES.txt README.md CHANGELOG.md \
    SECURITY.md; do
    put 644 "$text" "$docdir/$(basename "$text")"
done
