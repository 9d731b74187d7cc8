"""Probing beside a bare script and beside other programs, all against one server, all in one run (RSA-2048 on loopback)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from bare import sessions, trusting
from peers import OURS, PEERS, Peer
from server import FIRST

from mailkit.probe import ProbeSettings, probe, probe_many

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Bench:
    """The server to measure against, and what a program needs to ask it."""

    process: subprocess.Popen[str]
    port: int
    ca: Path
    hosts: list[str]

    def counted(self) -> dict[str, Any]:
        """Return what the server counted since the last call."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        counts: dict[str, Any] = json.loads(self.process.stdout.readline())
        return counts

    def command(self, peer: Peer, arguments: tuple[str, ...], hosts: list[str]) -> list[str] | None:
        """Return the command line with which ``peer`` asks this server at ``hosts``."""
        listed = self.ca.with_name("targets.txt")
        listed.write_text("".join(f"{host}:{self.port}\n" for host in hosts))
        return peer.command(arguments, hosts, self.port, self.ca, listed)

    def run(self, command: list[str], typed: str) -> int | None:
        """Run one program to its end and return its exit status; ``None`` when it took more than a minute."""
        environment = os.environ | {"SSL_CERT_FILE": str(self.ca)}
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                command, input=typed, text=True, capture_output=True, timeout=60, check=False, env=environment
            ).returncode
        return None

    @property
    def settings(self) -> ProbeSettings:
        """The settings with which this server is probed."""
        return ProbeSettings(ca_file=str(self.ca))


@contextlib.contextmanager
def serving(folder: Path, addresses: int, delay: float = 0) -> Iterator[Bench]:
    """Run the server in a process of its own."""
    command = [sys.executable, str(HERE / "server.py"), str(folder), str(addresses), str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        hosts = [str(FIRST + number) for number in range(addresses)]
        try:
            yield Bench(process, ready["port"], folder / "ca.pem", hosts)
        finally:
            process.terminate()


def table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return one Markdown table."""
    lines = [f"## {title}", "", " | ".join(("", *heads, "")).strip(), "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(" | ".join(("", *row, "")).strip() for row in rows), ""])


def verdict(ratio: float, goal: float, unit: str = "") -> str:
    """Return a figure and whether it meets its goal."""
    return f"{ratio:.2f}{unit} ({'within' if ratio <= goal else '**over**'} {goal:g}{unit})"


async def alternating(times: int, *jobs: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the median seconds of each job; they take turns, so that a busy moment hits them all."""
    taken: list[list[float]] = [[] for _ in jobs]
    for turn in range(times + 2):
        for job, seconds in zip(jobs, taken, strict=True):
            begun = time.perf_counter()
            await job()
            if turn >= 2:  # the first two warm up
                seconds.append(time.perf_counter() - begun)
    return [statistics.median(seconds) for seconds in taken]


def one_warm(folder: Path) -> str:
    """Measure one target inside a running process."""
    with serving(folder, 1) as bench:
        context, settings, host = trusting(str(bench.ca)), bench.settings, bench.hosts[0]
        bare, ours = asyncio.run(
            alternating(
                25,
                lambda: sessions([host], bench.port, context),
                lambda: probe(f"{host}:{bench.port}", settings),
            )
        )
        bench.counted()
        asyncio.run(probe(f"{host}:{bench.port}", settings))
        connections = bench.counted()["connections"]
    rows = [
        ("bare asyncio script", f"{bare * 1000:.1f}", "1", "1"),
        ("mailkit", f"{ours * 1000:.1f}", verdict(ours / bare, 1.5), f"{connections} (goal: at most 4)"),
    ]
    return table("One target, in a running process", ("", "ms (median of 25)", "ratio", "connections"), rows)


def one_process(folder: Path, peers: tuple[Peer, ...]) -> str:
    """Measure one target with a whole process each."""
    rows: list[tuple[str, ...]] = []
    baseline = 0.0
    with serving(folder, 1) as bench:
        for peer in peers:
            command = bench.command(peer, peer.arguments, bench.hosts)
            if command is None:
                rows.append((peer.name, "not installed", "", "", "", ""))
                continue
            walls, starts, ended = [], [], None
            for _ in range(6):
                bench.counted()
                begun = time.monotonic()
                ended = bench.run(command, peer.typed)
                walls.append(time.monotonic() - begun)
                counted = bench.counted()
                starts.append((counted["first"] or float("inf")) - begun)
            wall, start = statistics.median(walls[1:]), statistics.median(starts[1:])  # the first warms up
            baseline = baseline or wall
            shown = verdict(start, 0.5, " s") if peer.name.startswith("mailkit") else f"{start:.2f} s"
            rows.append((peer.name, f"{wall:.2f}", f"{wall / baseline:.1f}", shown, str(counted["connections"]), str(ended)))
    heads = ("", "s (median of 5)", "ratio", "start to first connection", "connections", "exit status")
    return table("One target, as a whole process", heads, rows)


def hundred_processes(folder: Path, peers: tuple[Peer, ...]) -> str:
    """Measure a hundred targets with whole processes: all in one where a program can, else sixteen side by side."""
    rows = {peer.name: [peer.name, "one process" if peer.many else "16 at a time"] for peer in peers}
    for delay in (0.0, 0.05):
        with serving(folder, 100, delay) as bench, ThreadPoolExecutor(16) as pool:
            for peer in peers:
                groups = [bench.hosts] if peer.many else [[host] for host in bench.hosts]
                commands = [bench.command(peer, peer.many or peer.arguments, group) for group in groups]
                begun = time.monotonic()
                ended = list(pool.map(bench.run, filter(None, commands), itertools.repeat(peer.typed)))
                wall = time.monotonic() - begun
                rows[peer.name].append(f"{wall:.1f}" if ended else "not installed")
    heads = ("", "", "no latency, s", "50 ms before each reply line, s")
    return table("A hundred targets, as whole processes (one run)", heads, [tuple(row) for row in rows.values()])


def hundred(folder: Path) -> str:
    """Measure a hundred targets at once, without and with latency."""
    rows = []
    for delay in (0.0, 0.05):
        with serving(folder, 100, delay) as bench:
            context, settings = trusting(str(bench.ca)), bench.settings

            async def ours(bench: Bench = bench, settings: ProbeSettings = settings) -> None:
                targets = [f"{host}:{bench.port}" for host in bench.hosts]
                assert len([document async for document in probe_many(targets, settings)]) == len(targets)

            async def bare(bench: Bench = bench, context: ssl.SSLContext = context) -> None:
                await sessions(bench.hosts, bench.port, context)

            yardstick, taken = asyncio.run(alternating(3, bare, ours))
            bench.counted()
            asyncio.run(ours())
            most = bench.counted()["most"]
        what = f"{delay * 1000:.0f} ms before each reply line" if delay else "no latency"
        goal = verdict(taken / yardstick, 1.5) if delay else f"{taken / yardstick:.2f}"
        rows.append((what, f"{yardstick:.2f}", f"{taken:.2f}", goal, f"{most} (goal: at most 4)"))
    heads = ("", "bare script, s", "mailkit, s", "ratio", "connections per address, at most")
    return table("A hundred targets at once (median of 3)", heads, rows)


def thousand(folder: Path) -> str:
    """Run a thousand targets and look at the memory."""
    with serving(folder, 1000) as bench:
        arguments = [str(bench.ca), str(bench.port), "1000", "50"]
        done = subprocess.run([sys.executable, str(HERE / "memory.py"), *arguments], capture_output=True, text=True, check=True)
        most = bench.counted()["most"]
    measured = json.loads(done.stdout)
    sizes = measured["resident"]
    growth = (sizes[-1] - sizes[4]) / 500
    rows = [
        ("seconds", f"{measured['seconds']:.1f}"),
        ("resident after 100, 500, 1,000 targets", ", ".join(f"{sizes[place] / 2**20:.1f} MiB" for place in (0, 4, 9))),
        ("growth per target over the second half", f"{growth / 1024:.2f} KiB"),
        ("connections per address, at most", f"{most} (goal: at most 4)"),
    ]
    return table("A thousand targets, 50 at a time", ("", "mailkit"), rows)


def probing(*, with_peers: bool = True) -> str:
    """Measure everything about probing."""
    peers = OURS + PEERS if with_peers else OURS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        identity = authority.issue_cert("mx.bench.test", str(FIRST), key_type=trustme.KeyType.RSA)
        identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        return "\n".join(
            measure(folder)
            for measure in (
                one_warm,
                hundred,
                thousand,
                lambda folder: one_process(folder, peers),
                # Half a second of import for each of a hundred targets says nothing more about it.
                lambda folder: hundred_processes(folder, tuple(peer for peer in peers if peer.many or not peer.package)),
            )
        )
