#!/bin/bash
# Runs every test, then looks for the secrets of the suite in all that it produced (tests/records.rs).
# `make test` calls it, with what is to run before the names of tests.
set -uo pipefail
POSTRIDER_TEST_RECORDS=$(mktemp -d)
export POSTRIDER_TEST_RECORDS
trap 'rm -rf "$POSTRIDER_TEST_RECORDS"' EXIT
mkdir "$POSTRIDER_TEST_RECORDS/produced"
"$@" --no-fail-fast 2>&1 | tee "$POSTRIDER_TEST_RECORDS/produced/output"
status=$?
"$@" --test records -- --nocapture || status=1
exit $status
