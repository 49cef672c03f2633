"""Where a measurement happens: the files that are sent, the sink, and the path with a 50 ms round trip."""

import json
import os
import random
import re
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

import build

USER = "bench@example.com"
TOKEN_LENGTH = 1500  # what Microsoft and Google hand out is between 200 and 2,500 octets
ROUND_TRIP_MS = 50
ADDRESSES = ("192.0.2.1", "192.0.2.2")  # TEST-NET-1, inside namespaces of our own
RUN_LIMIT = 40  # seconds


class ClientFailed(Exception):
    """A client did not deliver what it was asked to."""


@dataclass(frozen=True)
class Job:
    """What clients/job.h describes."""

    keep: bool = True
    messages: int = 1
    recipients: int = 1
    connections: int = 1
    attachment: Path | None = None
    signed_in: bool = False


@dataclass(frozen=True)
class Run:
    """What one run of a client cost; times are CLOCK_MONOTONIC seconds."""

    job: Job
    started: float
    cpu_us: int
    peak_kb: int
    sink: dict

    @property
    def first_accepted(self):
        return self.sink["first_message"] - self.started

    @property
    def between_first_and_last(self):
        return self.sink["last_message"] - self.sink["first_message"]


class Files:
    """Text, attachments, certificates and token, made once for each start of the harness."""

    def __init__(self, folder, attachment_size):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.text = folder / "text.txt"
        self.text.write_text(report_text(5000), newline="")
        self.small = self.attachment("small.bin", 100_000)
        self.large = self.attachment("large.bin", attachment_size)
        self.token = folder / "token"
        self.token.write_text("".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789._-", k=TOKEN_LENGTH)))
        self.token.chmod(0o600)
        self.make_certificates()

    def attachment(self, name, size):
        path = self.folder / name
        path.write_bytes(random.Random(name).randbytes(size))
        ready_made(path, self.text.read_text())
        return path

    def make_certificates(self):
        names = ",".join(f"IP:{address}" for address in ("127.0.0.1", ADDRESSES[1]))
        new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-x509"]
        build.run(*new, "-days", "2", "-subj", "/CN=Bench CA", "-keyout", "ca.key", "-out", "ca.pem",
                  "-addext", "keyUsage=critical,keyCertSign", cwd=self.folder)  # fmt: skip
        build.run(*new, "-days", "2", "-subj", "/CN=sink.example.net", "-keyout", "sink.key", "-out", "sink.pem",
                  "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName={names}",
                  "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
                  cwd=self.folder)  # fmt: skip
        self.ca = self.folder / "ca.pem"


def report_text(size):
    """Plain lines, some of which begin with a dot."""
    lines = []
    while sum(map(len, lines)) < size:
        number = len(lines)
        dot = "." if number % 10 == 3 else ""
        lines.append(f"{dot}{number:03} The quick brown fox jumps over the lazy dog and counts.\r\n")
    return "".join(lines)


def ready_made(attachment, text):
    """The whole message beside the attachment, dots stuffed: what clients/limit.c sends."""
    message = EmailMessage()
    message["From"] = "Bench Sender <sender@example.com>"
    message["To"] = "recipient0@example.net"
    message["Subject"] = "Monthly report"
    message.set_content(text)
    message.add_attachment(attachment.read_bytes(), "application", "octet-stream", filename="report.bin")
    stuffed = re.sub(rb"(?m)^\.", b"..", message.as_bytes(policy=policy.SMTP))
    Path(f"{attachment}.eml").write_bytes(stuffed)


class Sink:
    """The measuring server, and the clients that are sent against it."""

    def __init__(self, files, address="127.0.0.1", netns=None, client_netns=None):
        self.files = files
        self.address = address
        self.client_netns = client_netns
        enter = ["nsenter", f"--net={netns}"] if netns else []
        command = [build.BIN / "sink", address, files.folder / "sink.pem", files.folder / "sink.key", USER, files.token]
        self.process = subprocess.Popen(
            [*enter, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = self.answer()["port"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sink ended with {self.process.wait(10)}")
        return json.loads(line)

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def run(self, client, job):
        """One run of a client; fails unless every message arrived whole."""
        arguments = [
            "kept" if job.keep else "fresh", self.address, self.port, job.messages, job.recipients, job.connections,
            self.files.text, job.attachment or "-", self.files.ca if job.signed_in else "-", USER, self.files.token,
        ]  # fmt: skip
        self.order("reset")
        report = meter([*client.command, *map(str, arguments)], client.environment, self.client_netns)
        counters = self.order("stats")
        least = self.files.text.stat().st_size + (job.attachment.stat().st_size * 4 // 3 if job.attachment else 0)
        if report["exit"] != 0:
            raise ClientFailed(f"{client.name}: exit {report['exit']}: {report['stderr']}")
        if counters["messages"] != job.messages or counters["recipients"] != job.messages * job.recipients:
            raise ClientFailed(f"{client.name}: {job} arrived as {counters}")
        if counters["errors"] or counters["body_bytes"] < job.messages * least * 0.98:
            raise ClientFailed(f"{client.name}: {job} arrived damaged: {counters}")
        if job.signed_in and counters["auth_ok"] != counters["connections"]:
            raise ClientFailed(f"{client.name}: {job} was sent without signing in: {counters}")
        return Run(job, report["started"], report["cpu_us"], report["peak_kb"], counters)


def meter(command, environment, netns):
    """Runs a command under tools/meter.c, whose report comes on descriptor 3."""
    read_end, write_end = os.pipe()

    def report_on_3():
        os.dup2(write_end, 3)

    with open(read_end) as report:
        process = subprocess.Popen(
            [str(build.BIN / "meter"), str(RUN_LIMIT), netns or "-", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(3,),
            preexec_fn=report_on_3,
            env=os.environ | environment,
            text=True,
        )
        os.close(write_end)
        errors = process.communicate(timeout=RUN_LIMIT + 10)[1]
        line = report.read()
    if not line:
        raise RuntimeError(f"the meter failed: {errors}")
    return json.loads(line) | {"stderr": errors.strip()[-500:]}


@contextmanager
def one_cpu():
    """Client and sink share one CPU: on small virtual machines a wake-up across CPUs drowns everything."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def holder(stack):
    """A process that holds a fresh network namespace until we end it, or end."""
    command = ["unshare", "--net", "sh", "-c", "echo ready; exec cat"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(end, process)
    if process.stdout.readline() != "ready\n":
        raise OSError("no network namespace")
    return f"/proc/{process.pid}/ns/net"


def end(process):
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


@contextmanager
def distant_sink(files):
    """A sink one round trip of 50 ms away. Needs root, because it makes network namespaces."""
    with ExitStack() as stack:
        near, far = holder(stack), holder(stack)
        command = [build.BIN / "tundelay", near, ADDRESSES[0], far, ADDRESSES[1], ROUND_TRIP_MS / 2]
        path = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(end, path)
        if path.stdout.readline() != "ready\n":
            raise OSError("no TUN device")
        yield stack.enter_context(Sink(files, ADDRESSES[1], far, near))
