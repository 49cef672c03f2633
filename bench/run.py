#!/usr/bin/env python3
"""make bench: our library and its peers on one sink in one run.

    bench/run.py                               the table, in about five minutes
    bench/run.py --quick                       a few messages each: does everything work?
    bench/run.py --write docs/performance.md   also puts the table between that page's markers
    bench/run.py --clients libcurl,limit       only these

docs/performance.md tells how it is measured.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import build
import content
import report
import sink_check
from lab import ClientFailed, Files, Sink, one_cpu
from rows import FULL, QUICK, Bench


def main():
    arguments = parse_arguments()
    build.tools()
    clients = build_clients(arguments.clients)
    effort = QUICK if arguments.quick else FULL
    started = time.monotonic()
    files = Files(build.BUILD / "files", effort.attachment)
    rows, failures = [], []
    with one_cpu(), Sink(files) as sink:
        sink_check.check(sink)
        clients = [client for client in clients if delivers(sink, client, failures)]
        bench = Bench(clients, sink, effort)
        for row in bench.rows():
            rows.append(row)
            progress(f"{time.monotonic() - started:4.0f} s  {row.title}")
    table = report.table(rows, [client.name for client in clients])
    text = f"{table}\n\n{report.machine(clients)}"
    print(text)
    if arguments.write:
        report.write_between_markers(arguments.write, text)
    failures += bench.failures
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also write the table into this page")
    parser.add_argument("--clients", default=",".join(build.CLIENTS), metavar="NAMES", help="default: %(default)s")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("the times of a smoke run belong into no page")
    return arguments


def build_clients(names):
    """A missing tool is a failure in CI and a visible gap elsewhere."""
    clients = []
    for name in names.split(","):
        progress(f"building {name}")
        try:
            clients.append(build.CLIENTS[name]())
        except build.MissingTool as missing:
            if os.environ.get("CI") == "true":
                raise
            print(f"skipped: {name}: {missing}")
    return clients


def delivers(sink, client, failures):
    try:
        content.check(sink, client)
    except ClientFailed as failure:
        failures.append(str(failure))
        return False
    return True


def progress(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
