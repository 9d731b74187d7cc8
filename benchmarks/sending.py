"""Measure the sender beside bare aiosmtplib, smtplib and Postfix's smtp-source, against the same sinks in the same run.

``python benchmarks/sending.py`` prints Markdown tables; ``--kills N`` kills the sender N times instead and counts what arrived;
``--two N`` lets two senders drain one queue of N. Needs Debian's postfix. :func:`throughput`, :func:`latency`, :func:`kills` and
:func:`two_senders` return one table each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import gc
import random
import secrets
import shutil
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import aiosmtplib
import trustme

from mailkit.journal import Change, Delivery, open_store
from mailkit.mail import sending
from mailkit.mail.account import Access, Account, Pace
from mailkit.mail.sending import send

HERE = Path(__file__).parent
BODY = b"Check the room before noon.\r\n" * 62
SENDER, RECIPIENT = "traces@hotel.test", "frontdesk@hotel.test"
SEARCH = "/usr/sbin:/sbin:/usr/bin:/bin"


def table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return one Markdown table."""
    lines = [f"## {title}", "", " | ".join(("", *heads, "")).strip(), "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(" | ".join(("", *row, "")).strip() for row in rows), ""])


# --- servers --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """Run Postfix's sink."""
    program = shutil.which("smtp-sink", path=SEARCH)
    assert program, "needs Debian's postfix"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([program, "-u", "postfix", f"127.0.0.1:{port}", "200"]) as process:
        try:
            end = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert time.monotonic() < end
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


@contextlib.contextmanager
def own(*words: object) -> Iterator[int]:
    """Run one of the servers of :mod:`sink`."""
    command = [sys.executable, str(HERE / "sink.py"), *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


# --- senders: each returns messages a second --------------------------------------------------------------------------


def message(token: str) -> bytes:
    """Make a message of some two kilobytes."""
    head = f"From: <{SENDER}>\r\nTo: <{RECIPIENT}>\r\nSubject: trace\r\nMessage-ID: <{token}@hotel.test>\r\n\r\n"
    return head.encode() + BODY


class Nothing:
    """A journal that writes nothing: what the sender would do without one."""

    commits = 0

    def __init__(self, _store: object) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def record(self, *changes: Change) -> int:
        """Forget them."""
        return len(changes)


def kit(port: int, connections: int, count: int, ca: Path | None, *, journal: bool = True) -> float:
    """Send with the kit, from an outbox that was filled before."""
    security: Any = "starttls" if ca else "none"
    pace = Pace(connections=connections)
    account = Account(
        host="127.0.0.1", port=port, security=security, ca_file=str(ca) if ca else None, server_name="sink.bench.test", pace=pace
    )
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder, "store.sqlite3")) as store:
        tokens = [secrets.token_hex(8) for _ in range(count)]
        made = (
            Delivery(
                delivery_id=token,
                key=token,
                kind="trace",
                message_id=f"<{token}@hotel.test>",
                sender=SENDER,
                recipient=RECIPIENT,
                account=account.key,
                created=now,
                due=now,
            )
            for token in tokens
        )
        store.enqueue(((one, message(one.delivery_id)) for one in made), now=now)

        async def run() -> float:
            accepted, begun, trouble = 0, 0.0, ""
            async for news in send(store, {account.key: Access(account)}):
                if isinstance(news, sending.Opened) and not begun:
                    begun = time.perf_counter()
                elif isinstance(news, sending.Moved):
                    accepted += news.event.state == "accepted"
                    ended = time.perf_counter()
                elif isinstance(news, sending.Paused | sending.Halted):
                    trouble = str(news)
            assert accepted == count, f"{accepted} of {count}: {trouble}"
            return count / (ended - begun)

        original = sending.Journal
        sending.Journal = original if journal else Nothing  # type: ignore[misc,assignment]  # the one thing that is to be missing
        try:
            return asyncio.run(run())
        finally:
            sending.Journal = original  # type: ignore[misc]  # put back what was taken away


def unjournalled(port: int, connections: int, count: int, ca: Path | None) -> float:
    """Send with the kit, but write nothing down."""
    return kit(port, connections, count, ca, journal=False)


def bare_aiosmtplib(port: int, connections: int, count: int, ca: Path | None) -> float:
    """Send with aiosmtplib and nothing else, connections kept."""

    async def run() -> float:
        context = ssl.create_default_context(cafile=ca) if ca else None

        async def opened() -> aiosmtplib.SMTP:
            client = aiosmtplib.SMTP(
                hostname="127.0.0.1" if not ca else "localhost", port=port, start_tls=False, local_hostname="bench.test"
            )
            await client.connect()
            if context:
                await client.starttls(tls_context=context, server_hostname="sink.bench.test")
            return client

        first = await opened()
        begun = time.perf_counter()
        left = [message(secrets.token_hex(8)) for _ in range(count)]

        async def work(client: aiosmtplib.SMTP | None) -> None:
            client = client or await opened()
            while left:
                await client.sendmail(SENDER, [RECIPIENT], left.pop())
            await client.quit()

        await asyncio.gather(work(first), *(work(None) for _ in range(connections - 1)))
        return count / (time.perf_counter() - begun)

    return asyncio.run(run())


def bare_smtplib(port: int, connections: int, count: int, ca: Path | None) -> float:
    """Send with smtplib in threads, connections kept."""
    context = ssl.create_default_context(cafile=ca) if ca else None
    if context:
        context.check_hostname = False
    left = [message(secrets.token_hex(8)) for _ in range(count)]

    def work(_number: int) -> None:
        client = smtplib.SMTP("127.0.0.1", port, local_hostname="bench.test")
        if context:
            client.starttls(context=context)
        with contextlib.suppress(IndexError):
            while True:
                client.sendmail(SENDER, [RECIPIENT], left.pop())
        client.quit()

    begun = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections)))
    return count / (time.perf_counter() - begun)


def smtp_source(port: int, connections: int, count: int, ca: Path | None) -> float | None:
    """Send with Postfix's own generator, connections kept; it knows no TLS."""
    program = shutil.which("smtp-source", path=SEARCH)
    if ca or not program:
        return None
    begun = time.perf_counter()
    command = [program, "-d", "-s", str(connections), "-m", str(count), "-l", "2000", "-f", SENDER, "-t", RECIPIENT]
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, timeout=120)
    return count / (time.perf_counter() - begun)


SENDERS: dict[str, Callable[[int, int, int, Path | None], float | None]] = {
    "aiosmtplib": bare_aiosmtplib,
    "mailkit, journal on": kit,
    "mailkit, nothing written down": unjournalled,
    "smtplib (threads)": bare_smtplib,
    "smtp-source (C)": smtp_source,
}


def measured(port: int, connections: int, count: int, ca: Path | None, rounds: int) -> dict[str, float | None]:
    """Return the median rate of each; they take turns, so that a busy moment hits them all."""
    rates: dict[str, list[float | None]] = {name: [] for name in SENDERS}
    for _ in range(rounds):
        for name, sender in SENDERS.items():
            gc.collect()
            rates[name].append(sender(port, connections, count, ca))
    return {name: statistics.median(found) if (found := [one for one in all_ if one]) else None for name, all_ in rates.items()}


def ratio(rates: dict[str, float | None], of: str, to: str, goal: float) -> str:
    """Return how one rate stands to another, and whether that is enough."""
    one, other = rates[of], rates[to]
    assert one
    assert other
    return f"{one / other:.2f} ({'within' if one / other >= goal else '**under**'} {goal:g})"


def throughput(folder: Path, *, rounds: int = 3, scale: float = 1.0) -> str:
    """Measure messages a second on loopback."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("sink.bench.test", "localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "sink.pem"))
    rows = []
    for what, server, ca in (
        ("plain, smtp-sink", smtp_sink, None),
        ("STARTTLS, own sink", lambda: own("tls", folder / "sink.pem"), folder / "authority.pem"),
    ):
        with server() as port:
            for connections, count in ((1, 600), (10, 3000), (50, 4000)):
                rates = measured(port, connections, max(connections, int(count * scale)), ca, rounds)
                shown = [f"{rate:,.0f}" if rate else "" for rate in rates.values()]
                beside = ratio(rates, "mailkit, journal on", "aiosmtplib", 0.9)
                written = ratio(rates, "mailkit, journal on", "mailkit, nothing written down", 0.7)
                rows.append((f"{what}, {connections}", *shown, beside, written))
    heads = ("server, connections", *SENDERS, "to aiosmtplib", "to nothing written down")
    return table(f"Messages a second, connections kept (median of {rounds})", heads, rows)


def latency(*, count: int = 40, delay: float = 0.025) -> str:
    """Measure one connection to a server that is 50 ms away."""
    rows = []
    with smtp_sink() as sink, own("relay", sink, delay) as port:
        for connections in (1, 10):
            rates = {
                "aiosmtplib": bare_aiosmtplib(port, connections, count * connections, None),
                "mailkit, journal on": kit(port, connections, count * connections, None),
            }
            beside = ratio(dict(rates), "mailkit, journal on", "aiosmtplib", 3 if connections == 1 else 0.9)
            rows.append((str(connections), *(f"{rate:.1f}" for rate in rates.values()), beside))
    return table("Messages a second at a round trip of 50 ms (PIPELINING offered)", ("connections", *rates, "ratio"), rows)


def kills(count: int, seed: int = 1) -> str:
    """Kill the sender ``count`` times, and count what arrived."""
    sys.path.insert(0, str(HERE.parent))
    from tests.real.ground.killing import MOMENTS, Counted, live_and_die  # noqa: PLC0415 - found only from here
    from tests.real.ground.nursery import nursery  # noqa: PLC0415 - loaded when it is needed

    chance = random.Random(seed)
    rows = []
    with tempfile.TemporaryDirectory() as name, nursery() as senders:
        for connections, mails in ((1, 8), (10, 60), (50, 300)):
            total = {"ask": Counted(), "resend": Counted()}
            for number in range(max(1, count // 3)):
                policy: Any = "ask" if number % 2 else "resend"
                cut = number % 5 == 4
                moment = chance.choice(MOMENTS[:-1] if cut else MOMENTS)
                total[policy].add(
                    live_and_die(
                        senders,
                        Path(name),
                        moment=moment,
                        mails=mails,
                        connections=connections,
                        chance=chance,
                        cut=cut,
                        policy=policy,
                    )
                )
            for policy, one in total.items():
                shown = (
                    one.deaths,
                    one.mails,
                    one.lost,
                    one.copies,
                    one.uncertain,
                    one.copies_wanted,
                    one.strangers,
                    one.waiting,
                )
                rows.append((f"{connections}, {policy}", *map(str, shown), f"{one.most_uncertain:.2f}"))
    heads = (
        "connections, policy",
        "kills and cuts",
        "mails",
        "lost",
        "copies beyond the window",
        "left uncertain",
        "copies where sending again was chosen",
        "other Message-ID",
        "left over",
        "uncertain or copied per open connection, at most",
    )
    return table("Killed and cut off, then started again", heads, rows)


def two_senders(count: int) -> str:
    """Let two senders drain one queue."""
    sys.path.insert(0, str(HERE.parent))
    from tests.real.ground.nursery import Order, nursery  # noqa: PLC0415 - found only from here
    from tests.real.ground.queueing import message_ids, queue  # noqa: PLC0415 - loaded when it is needed
    from tests.real.ground.receiver import receiving  # noqa: PLC0415 - loaded when it is needed

    with tempfile.TemporaryDirectory() as name, nursery() as senders, receiving() as server:
        path = Path(name, "store.sqlite3")
        order = Order(store=str(path), port=server.port, connections=10, lease=60)
        with open_store(path) as store:
            made = queue(store, order.account, count)
            both = [senders.send(order), senders.send(order)]
            ended = [senders.ended(pid) for pid in both]
            extra = sum(taken - 1 for taken in server.taken.values())
            missing = len(message_ids(made) - set(server.taken))
            states = ", ".join(f"{state} {number}" for state, number in store.counts().items())
    rows = [(str(count), states, str(extra), str(missing), str(ended))]
    return table("Two senders on one queue", ("mails", "states", "extra copies", "missing", "exit status"), rows)


def of_sending(*, killings: int = 240, queue: int = 10_000) -> str:
    """Measure everything about sending."""
    with tempfile.TemporaryDirectory() as name:
        rates = throughput(Path(name))
    return "\n".join((rates, latency(), kills(killings), two_senders(queue)))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, metavar="N", help="kill the sender N times instead")
    parser.add_argument("--two", type=int, metavar="N", help="let two senders drain one queue of N instead")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer messages")
    options = parser.parse_args()
    if options.kills:
        print(kills(options.kills))
    if options.two:
        print(two_senders(options.two))
    if not (options.kills or options.two):
        with tempfile.TemporaryDirectory() as name:
            print(throughput(Path(name), rounds=options.rounds, scale=options.scale), flush=True)
        print(latency())


if __name__ == "__main__":
    main()
