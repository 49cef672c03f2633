# Everything that builds, checks or releases Postrider. `make help` lists it.

CARGO ?= cargo
# Exactly the crates of Cargo.lock; `make OFFLINE=--offline library` when they are all there.
BUILD = $(CARGO) build --locked $(OFFLINE)
OFFLINE =

# Where `make install` puts things. DESTDIR goes in front of all of them.
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
DESTDIR =
TARGET = $(or $(CARGO_TARGET_DIR),target)
INSTALL = PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' DESTDIR='$(DESTDIR)' \
	TARGET='$(TARGET)' sh packaging/install.sh

# The places of this machine do not belong into the library.
CARGO_HOME ?= $(HOME)/.cargo
PLACES = --remap-path-prefix=$(CARGO_HOME)=/cargo --remap-path-prefix=$(CURDIR)=/postrider

.DEFAULT_GOAL := help

help: ## Lists what can be made
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 16

library: ## Builds the shared and the static library: target/release/libpostrider.*
	RUSTFLAGS="$(RUSTFLAGS) $(PLACES)" $(BUILD) --release --lib

command: ## Builds the postrider command: target/release/postrider
	RUSTFLAGS="$(RUSTFLAGS) $(PLACES)" $(BUILD) --release --features cli --bin postrider

install: library ## Installs library, headers, pkg-config and CMake files, licences (PREFIX, LIBDIR, DESTDIR)
	$(INSTALL)

uninstall: ## Removes what `make install` installed
	$(INSTALL) uninstall

windows: ## Builds the libraries for Windows, 64 and 32 bit: target/windows (on Debian or Ubuntu)
	TARGET='$(TARGET)' bash packaging/windows/build.sh

windows-check: windows ## Makes target/windows/check, to be tried on a computer with Windows
	bash packaging/windows/check.sh '$(TARGET)/windows' '$(TARGET)/windows/check'
	@echo 'Copy $(TARGET)/windows/check to a computer with Windows, and call check.cmd there.'

python: library ## Installs the Python package, with the library inside, with pip
	python3 -m pip install ./bindings/python

demo: library ## Builds the library, starts the sandbox, sends a message from C and shows it
	$(BUILD) --features cli --bin postrider
	@sh docs/demo.sh

test: tools lint ## Runs every test; as root, or with CI=true, first installs what the tests need
	bash tests/records.sh $(CARGO) test --locked --all-features

test-windows: windows ## Tests the libraries for Windows with Wine; installs what it needs as `make test` does
	TARGET='$(TARGET)' bash tests/windows/test.sh

lint: ## Checks the formatting, and asks clippy
	@if $(CARGO) fmt --version >/dev/null 2>&1 && $(CARGO) clippy --version >/dev/null 2>&1; then \
		set -x; $(CARGO) fmt --check && \
		$(CARGO) clippy --locked --all-targets --all-features -- -D warnings; \
	elif [ "$$CI" = true ]; then echo 'missing: rustfmt and clippy' >&2; exit 1; \
	else echo 'skipped: install rustfmt and clippy'; fi

tools: ## Installs what the tests need (as root, or with CI=true), else says what is missing
	@if [ "$$(id -u)" = 0 ] || [ "$$CI" = true ]; then bash tests/rig/install.sh; \
	else bash tests/rig/install.sh --list || echo 'Tests that need these are skipped.'; fi

bench: ## Compares with other mail clients; writes docs/performance.md (about five minutes)
	python3 bench/run.py --write docs/performance.md

bench-quick: ## A few messages of the same: does the comparison work?
	python3 bench/run.py --quick

bindings: ## Rewrites the header and the declarations of every language from src/ffi/api
	POSTRIDER_BLESS=1 $(CARGO) test --locked --test bindings

licences: ## Rewrites packaging/THIRD-PARTY-LICENSES.txt from the crates that are in the library
	POSTRIDER_BLESS=1 $(CARGO) test --locked --test project licences_of_the_dependencies

errors: ## Rewrites docs/errors.md from the tables of causes and of what servers say
	POSTRIDER_BLESS=1 $(CARGO) test --locked --lib the_page_of_errors_is_current

fuzz: ## Feeds the parsers with garbage for a minute each (needs a nightly toolchain)
	bash fuzz/run.sh

.PHONY: help library command install uninstall windows windows-check python fuzz demo test test-windows lint tools bench bench-quick bindings licences errors
