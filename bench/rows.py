"""The rows of the table: what each client is asked to do, and what is counted."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

import build
from lab import ClientFailed, Job, distant_sink
from report import OURS


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    runs: int  # of each client in each row, interleaved; the median counts
    seconds: float  # of one run of a rate row: the number of messages follows from it
    distant_kept: int  # messages
    distant_fresh: int
    connections: int
    one_handle: int
    attachment: int  # octets


FULL = Effort(3, 1.0, 11, 4, 20_000, 100_000, 25_000_000)
QUICK = Effort(1, 0.1, 3, 2, 400, 2_000, 2_500_000)


@dataclass(frozen=True)
class Cell:
    text: str
    value: float | None = None  # what ratios are made of


@dataclass(frozen=True)
class Row:
    title: str
    goal: str
    cells: dict[str, Cell]
    higher_is_better: bool = True


class Bench:
    """Runs the rows one after the other; `failures` is what went wrong."""

    def __init__(self, clients, sink, effort):
        self.clients = clients
        self.sink = sink
        self.effort = effort
        self.failures = []

    def rows(self):
        one, flights_one = self.rate("kept connection, 5 KB, 1 recipient", "1.5 × libcurl", Job())
        fifty, flights_fifty = self.rate("the same with 50 recipients", "8 × libcurl", Job(recipients=50))
        yield one
        yield fifty
        yield flights(flights_one, flights_fifty)
        yield from self.distant()
        yield self.rate(
            "fresh connections, STARTTLS + XOAUTH2", "2 × libcurl, resumed", Job(keep=False, signed_in=True)
        )[0]
        yield self.attachment()
        four = f"{self.effort.connections:,} messages over 4 connections"
        yield self.rate(four, "1.5 × libcurl", Job(connections=4))[0]
        yield self.start()
        yield self.one_handle()
        yield self.library_size()

    def each(self, measure, clients=None):
        """What `measure` gives for each client that does not fail."""
        results = {}
        for client in self.clients if clients is None else clients:
            try:
                results[client.name] = measure(client)
            except ClientFailed as failure:
                self.failures.append(str(failure))
        return results

    def interleaved(self, measure, clients=None):
        """The results of all rounds for each client that never failed.

        The clients take turns in every round, so that a busy moment of the machine meets them all.
        """
        remaining = self.clients if clients is None else clients
        results = {client.name: [] for client in remaining}
        for _ in range(self.effort.runs):
            round_results = self.each(measure, remaining)
            remaining = [client for client in remaining if client.name in round_results]
            for client in remaining:
                results[client.name].append(round_results[client.name])
        return {client.name: results[client.name] for client in remaining}

    def rate(self, title, goal, job):
        """Messages a second after the first one. Also gives the flights per message, counted on the way."""
        counts = self.each(lambda client: self.messages_for(client, job))

        def measure(client):
            first = self.sink.run(client, replace(job, messages=job.connections))
            return first, self.sink.run(client, replace(job, messages=counts[client.name]))

        able = [client for client in self.clients if client.name in counts]
        results = self.interleaved(measure, able)
        cells, flights_per_message = {}, {}
        for name, pairs in results.items():
            rate = median((run.job.messages - 1) / run.between_first_and_last for _, run in pairs)
            cpu = median(per_message(first, run, lambda r: r.cpu_us) for first, run in pairs)
            note = resumption(pairs[-1][1]) if job.signed_in else ""
            cells[name] = Cell(f"{round_rate(rate):,} /s ({cpu:.0f} µs{note})", rate)
            flights_per_message[name] = median(per_message(*pair, lambda r: r.sink["flights"]) for pair in pairs)
        return Row(title, goal, cells), flights_per_message

    def messages_for(self, client, job):
        """So many messages that a run takes the effort's time: peers differ a thousandfold."""
        probe = self.sink.run(client, replace(job, messages=20))
        wanted = int(19 / probe.between_first_and_last * self.effort.seconds)
        most = self.effort.connections if job.connections > 1 else 100_000
        wanted = max(20, min(wanted, most))
        return wanted - wanted % job.connections

    def distant(self):
        kept_title = "50 ms round trip, kept connection, per message"
        fresh_title = "50 ms round trip, fresh connection, STARTTLS, XOAUTH2, 1.5 KB token"
        with ExitStack() as stack:
            try:
                sink = stack.enter_context(distant_sink(self.sink.files))
            except OSError as reason:
                skipped = {client.name: Cell("skipped") for client in self.clients}
                print(f"skipped: the rows with 50 ms need root and TUN devices ({reason})")
                yield Row(kept_title, "103 ms", skipped)
                yield Row(fresh_title, "460 ms", skipped)
                return
            yield self.delay(sink, kept_title, "103 ms", Job(messages=self.effort.distant_kept))
            fresh = Job(keep=False, signed_in=True, messages=self.effort.distant_fresh)
            yield self.delay(sink, fresh_title, "460 ms", fresh)

    def delay(self, sink, title, goal, job):
        results = self.interleaved(lambda client: sink.run(client, job))
        cells = {}
        for name, runs in results.items():
            milliseconds = median(run.between_first_and_last / (job.messages - 1) * 1000 for run in runs)
            note = resumption(runs[-1], " (", ")") if job.signed_in else ""
            cells[name] = Cell(f"{milliseconds:.0f} ms{note}", milliseconds)
        return Row(title, goal, cells, higher_is_better=False)

    def attachment(self):
        title = f"{self.effort.attachment / 1e6:g} MB attachment from disk, start to accepted (peak memory)"
        return self.from_start(title, "100 ms, 10 MB", Job(attachment=self.sink.files.large))

    def start(self):
        return self.from_start("process start to first message accepted (peak memory)", "5 ms, 8 MB", Job())

    def from_start(self, title, goal, job):
        results = self.interleaved(lambda client: self.sink.run(client, job))
        cells = {}
        for name, runs in results.items():
            milliseconds = median(run.first_accepted * 1000 for run in runs)
            cells[name] = Cell(f"{milliseconds:.1f} ms ({megabytes(median(r.peak_kb for r in runs))})", milliseconds)
        return Row(title, goal, cells, higher_is_better=False)

    def one_handle(self):
        """Peak memory after a hundredth of the messages and after all of them."""
        many = self.effort.one_handle

        def measure(client):
            return self.sink.run(client, Job(messages=many // 100)), self.sink.run(client, Job(messages=many))

        cells = self.nothing_to_show()
        for client in self.clients:
            if client.name in (OURS, "libcurl"):
                cells.pop(client.name)
        results = self.each(measure, [client for client in self.clients if client.name not in cells])
        for name, (few, all_of_them) in results.items():
            growth = all_of_them.peak_kb - few.peak_kb
            cells[name] = Cell(f"{megabytes(all_of_them.peak_kb)} ({growth:+d} kB after the first 1 %)")
        return Row(f"{many:,} messages through one handle: peak memory", "flat", cells)

    def library_size(self):
        cells = self.nothing_to_show()
        if OURS in cells:
            cells[OURS] = Cell(f"{build.LIBRARY.stat().st_size / 1e6:.2f} MB")
        return Row("shared library, stripped", "3.5 MB", cells)

    def nothing_to_show(self):
        return {client.name: Cell("–") for client in self.clients}


def per_message(first, run, count):
    """What the messages cost after the first of each connection: start-up is subtracted."""
    return (count(run) - count(first)) / (run.job.messages - first.job.messages)


def resumption(run, before=", ", after=""):
    resumed = run.sink["tls_resumed"] == run.sink["tls_handshakes"] - 1  # the first cannot be
    return f"{before}{'resumed' if resumed else 'full handshakes'}{after}"


def flights(one, fifty):
    cells = {name: Cell(f"{one[name]:.0f} / {fifty[name]:.0f}") for name in one if name in fifty}
    return Row("flights per message, 1 / 50 recipients", "2 / 2", cells)


def round_rate(rate):
    """Three digits are more than the machine repeats."""
    return int(rate) if rate < 1000 else int(rate / 100 + 0.5) * 100


def megabytes(kilobytes):
    return f"{kilobytes / 1024:.1f} MB"
