"""Builds the sink, the meter and the clients under build/bench, and says which versions they are."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = ROOT / "build" / "bench"
BIN = BUILD / "bin"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
LIBRARY = TARGET / "release" / "libpostrider.so"

C_FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
CURL_PACKAGE = "libcurl4-openssl-dev"


class MissingTool(Exception):
    """A tool that only one client needs is not there; the text says what to install."""


@dataclass(frozen=True)
class Client:
    name: str
    command: list[str]
    version: str
    environment: dict[str, str] = field(default_factory=dict)


def run(*command, cwd=ROOT, **options):
    """Runs a build step; shows what it said only when it fails."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=1200, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def compile_c(program, sources, *libraries):
    target = BIN / program
    newest = max(path.stat().st_mtime for path in [*sources, BENCH / "clients" / "job.h", BENCH / "sink" / "sink.h"])
    if not target.exists() or target.stat().st_mtime < newest:
        run("gcc", *C_FLAGS, *sources, "-o", target, *libraries)
    return target


def tools():
    """The parts that every row needs."""
    for tool in ("gcc", "openssl"):
        if not shutil.which(tool):
            raise MissingTool(f"install {tool}")
    BIN.mkdir(parents=True, exist_ok=True)
    compile_c("sink", sorted((BENCH / "sink").glob("*.c")), "-lssl", "-lcrypto")
    compile_c("meter", [BENCH / "tools" / "meter.c"])
    compile_c("tundelay", [BENCH / "tools" / "tundelay.c"])


def postrider():
    run("make", "library")
    soname = BIN / "libpostrider.so.1"
    shutil.copy(LIBRARY, soname)
    program = BIN / "postrider"
    run("gcc", *C_FLAGS, BENCH / "clients" / "postrider.c", "-I", ROOT / "include", soname,
        "-Wl,-rpath,$ORIGIN", "-pthread", "-o", program)  # fmt: skip
    return Client("Postrider", [str(program)], run(program, "--version"))


def libcurl():
    if not shutil.which("curl-config"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise MissingTool(f"install {CURL_PACKAGE}")
        run("apt-get", "install", "-y", "--no-install-recommends", CURL_PACKAGE)
    program = compile_c("libcurl", [BENCH / "clients" / "libcurl.c"], "-lcurl", "-pthread")
    return Client("libcurl", [str(program)], run(program, "--version"))


def lettre():
    manifest = BENCH / "clients" / "lettre" / "Cargo.toml"
    run("cargo", "build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", BUILD / "lettre")
    lock = (manifest.parent / "Cargo.lock").read_text()
    version = lock.split('name = "lettre"\nversion = "')[1].split('"')[0]
    return Client("lettre", [str(BUILD / "lettre" / "release" / "bench-lettre")], version)


def smtplib():
    return Client("smtplib", [sys.executable, str(BENCH / "clients" / "smtplib_client.py")], sys.version.split()[0])


def nodemailer():
    if not shutil.which("npm"):
        raise MissingTool("install nodejs and npm")
    folder = BUILD / "nodemailer"
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(BENCH / "clients" / "nodemailer" / name, folder)
    installed = folder / "node_modules" / "nodemailer" / "package.json"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]["nodemailer"]
    if not installed.exists() or json.loads(installed.read_text())["version"] != wanted:
        run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    return Client(
        "Nodemailer",
        [shutil.which("node"), str(BENCH / "clients" / "nodemailer" / "client.js")],
        f"{wanted} (Node {run('node', '--version').lstrip('v')})",
        {"NODE_PATH": str(folder / "node_modules")},
    )


def limit():
    program = compile_c("limit", [BENCH / "clients" / "limit.c"], "-lssl", "-lcrypto", "-pthread")
    return Client("limit", [str(program)], "a bare pipelined loop in C")


# In the order of the table's columns.
CLIENTS = {each.__name__: each for each in (postrider, libcurl, lettre, smtplib, nodemailer, limit)}
