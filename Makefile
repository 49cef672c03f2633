# Everything that builds, checks or releases Postrider. `make help` lists it.

CARGO ?= cargo
# Reproducible: exactly the crates of Cargo.lock.
BUILD = $(CARGO) build --locked
RELEASE = target/release
TESTS = $(CARGO) test --locked --all-features

.DEFAULT_GOAL := help

help: ## Lists what can be made
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 16

library: ## Builds the shared and the static library: target/release/libpostrider.*
	$(BUILD) --release --lib

demo: library ## Builds the library, starts the sandbox, sends a message from C and shows it
	$(BUILD) --features cli --bin postrider
	@sh docs/demo.sh

test: tools ## Runs every test; as root, or with CI=true, first installs what the tests need
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	$(CARGO) test --locked --no-fail-fast --all-features

tools: ## Installs what the tests need (as root, or with CI=true), else says what is missing
	@if [ "$$(id -u)" = 0 ] || [ "$$CI" = true ]; then sh -c 'exec bash tests/rig/install.sh'; \
	else bash tests/rig/install.sh --list || echo 'Tests that need these are skipped.'; fi

bench: ## Compares with other mail clients; writes docs/performance.md (about five minutes)
	python3 bench/run.py --write docs/performance.md

bench-quick: ## A few messages of the same: does the comparison work?
	python3 bench/run.py --quick

bindings: ## Rewrites the header and the declarations of every language from src/ffi/api
	POSTRIDER_BLESS=1 $(CARGO) test --locked --test bindings

.PHONY: help library demo test tools bench bench-quick bindings
