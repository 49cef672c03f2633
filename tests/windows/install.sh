#!/bin/bash
# Installs what it takes to make and run Windows programs on Debian or Ubuntu: the packages of
# tools.txt, a small i386 system with the 32-bit Wine and Free Pascal, and Free Pascal's units for
# Windows. Needs root. What is not a package goes to ~/.cache/postrider/windows (or
# $WINDOWS_BUILD), which may be deleted at any time.
#
#   install.sh           installs what is missing; with nothing missing it returns at once
#   install.sh --list    prints what is missing, a tool and its package per line;
#                        exit 0 when nothing is missing, 1 otherwise
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. /etc/os-release

# What is built, per line: the package it comes from, then the arguments of make_once.
builds() {
  local source
  source=$(dpkg-query -Wf '${Version}' fpc-source 2>/dev/null) || source=none
  echo "mmdebstrap i386 $VERSION_CODENAME make_i386"
  echo "fpc-source units64 $source make_units 64"
  echo "fpc-source units32 $source make_units 32"
}

missing() {
  local package build
  missing_tools "$WINDOWS/tools.txt"
  while read -r package build; do
    # shellcheck disable=SC2086 # a build is several words
    is_made $build || printf '%s %s\n' "${build%% *}" "$package"
  done < <(builds)
}

# The release of this machine without its updates: those of i386 may be missing or older than the
# index says, and for tests the release is good enough.
apt_sources() {
  # shellcheck disable=SC2016 # apt expands these
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$3 !~ /-/' | sort -u
}

# wine.sh puts its /usr in place of the machine's own; ppc386 needs nothing else of it.
make_i386() { # FOLDER
  apt_sources | mmdebstrap --quiet --mode=root --architectures=i386 --skip=check/qemu \
    --variant=apt --include=wine32,fp-compiler --aptopt=<(apt-config dump Acquire) "$VERSION_CODENAME" "$1" -
}

# Compiles what the tests use of the RTL, fcl-base and rtl-extra. Debian's source package has no
# Makefiles; the order is theirs.
make_units() { # 64|32 FOLDER
  local target=win$1 units=$2 cpu=x86_64 source compiler packages unit
  [ "$1" = 64 ] || cpu=i386
  source=$(echo /usr/share/fpcsrc/*)
  packages=$source/packages
  cd "$source/rtl/$target"
  compiler=("$(pascal_compiler "$1")" -n "-T$target" -ve -O2 -Xs "-FU$units" "-Fu$units"
    -Fi../inc "-Fi../$cpu" -Fi../win -Fi../win/wininc
    -Fi../objpas -Fi../objpas/sysutils -Fi../objpas/classes
    -Fu../inc "-Fu../$cpu" -Fu../common -Fu../win -Fu../win/wininc -Fu../objpas)
  "${compiler[@]}" -Us -Sg system.pp
  for unit in ../inc/uuchar.pp ../objpas/objpas.pp sysinitpas.pp buildrtl.pp; do
    [ ! -e "$unit" ] || "${compiler[@]}" "$unit"
  done
  for unit in fcl-base/src/syncobjs rtl-extra/src/win/winsock2 rtl-extra/src/win/sockets; do
    "${compiler[@]}" "-Fi$packages/rtl-extra/src/win" "-Fi$packages/rtl-extra/src/inc" \
      "$packages/$unit.pp"
  done
}

if [ "${1:-}" = --list ]; then
  missing=$(missing)
  [ -n "$missing" ] || exit 0
  printf '%s\n' "$missing"
  exit 1
fi

install_tools "$WINDOWS/tools.txt"
while read -r _ build; do
  # shellcheck disable=SC2086 # a build is several words
  make_once $build </dev/null
done < <(builds)
