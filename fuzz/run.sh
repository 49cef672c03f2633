#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (60), two at a time, from the seeds in fuzz/seeds and from what
# earlier runs have found. The first crash fails the run, with the way to repeat it.
# usage: fuzz/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
cargo_fuzz=0.13.2
built=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

missing() {
    if [ "${CI:-}" = true ]; then
        echo "fuzz: $1 is missing" >&2
        exit 1
    fi
    echo "fuzz: skipped: install $1: $2"
    exit 0
}

cargo +nightly --version >/dev/null 2>&1 ||
    missing "the nightly toolchain" "rustup toolchain install nightly --profile minimal"
# In a place of its own: the user may have another version.
mkdir -p "$built/tools"
tools=$(cd "$built/tools" && pwd)
export PATH=$tools/bin:$PATH
[ "$(cargo fuzz --version 2>/dev/null)" = "cargo-fuzz $cargo_fuzz" ] ||
    cargo install cargo-fuzz --version "$cargo_fuzz" --locked --root "$tools"
# cargo-fuzz has no --locked: the lock file must fit as it is.
cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null

# AddressSanitizer and overflow checks are on by default.
cargo +nightly fuzz build --target-dir "$built"

run() {
    local target=$1 corpus=$built/corpus/$1 artifacts=$built/artifacts/$1
    mkdir -p "$corpus" "$artifacts"
    # The limits of a case: octets, MB of one allocation, MB in all (most of which AddressSanitizer
    # keeps to find what is used after it was freed), seconds.
    if "$built/$host/release/$target" "$corpus" "fuzz/seeds/$target" \
        -artifact_prefix="$artifacts/" -max_total_time="$seconds" -print_final_stats=1 \
        -max_len=16384 -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=10 \
        >"$built/$target.log" 2>&1; then
        awk -v target="$target" '/^stat::number_of_executed_units/ { cases = $2 }
            /^stat::peak_rss_mb/ { peak = $2 }
            / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
            END { printf "fuzz: %-12s %9d cases, %5d edges covered, %4d MB at most\n", target, cases, edges, peak }' \
            "$built/$target.log"
    else
        grep -m 1 -A 4 -E 'panicked at|ERROR: ' "$built/$target.log" || tail -n 20 "$built/$target.log"
        echo "fuzz: $target failed; repeat it with: cargo +nightly fuzz run $target" \
            "$(sed -n 's/.*Test unit written to //p' "$built/$target.log" | tail -n 1)"
        return 1
    fi
}

failed=0
while read -r first second; do
    run "$first" & one=$!
    two=
    [ -z "$second" ] || { run "$second" & two=$!; }
    wait "$one" || failed=1
    [ -z "$two" ] || wait "$two" || failed=1
done <<'TARGETS'
session message
reply address_list
explanation
TARGETS
exit "$failed"
