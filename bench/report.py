"""The table as markdown, with the machine and the versions."""

import os
import platform
import re
import subprocess
from pathlib import Path

OURS = "Postrider"
LIMIT = "limit"
BEGIN, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"


def table(rows, names):
    heads = ["work", *names, "× libcurl", "× best peer", "to reach"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.cells[name].text if name in row.cells else "failed" for name in names]
        lines.append(
            "| " + " | ".join([row.title, *cells, against(row, ["libcurl"]), against(row, names), row.goal]) + " |"
        )
    return "\n".join(lines)


def against(row, names):
    """How many times better we are than the best of `names`."""
    ours = row.cells.get(OURS)
    peers = [row.cells[name].value for name in names if name in row.cells and name not in (OURS, LIMIT)]
    peers = [value for value in peers if value]
    if not ours or not ours.value or not peers:
        return "–"
    ratio = ours.value / max(peers) if row.higher_is_better else min(peers) / ours.value
    return f"{ratio:.2f}"


def machine(clients):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    peers = ", ".join(f"{client.name} {client.version}" for client in clients if client.name != LIMIT)
    return (
        f"Machine: {cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} CPUs, "
        f"Linux {platform.release()}, {rustc}.  \nVersions: {peers}."
    )


def write_between_markers(path, text):
    page = path.read_text()
    before, rest = page.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
