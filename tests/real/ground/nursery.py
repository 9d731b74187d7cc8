"""Senders to be killed: one process that has loaded everything makes a child for each order, so that a death costs milliseconds.

An order is a line of JSON on its standard input (:class:`Order`). It answers with the child's process id, and with how the child
ended when that is asked for. Linux only, as all of this folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailkit.errors import StoreError
from mailkit.explain import explain
from mailkit.journal import open_store
from mailkit.mail.account import Access, Account, Pace
from mailkit.mail.patience import Patience
from mailkit.mail.sending import SendSettings, send
from mailkit.mail.waiting import left_over


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What a sender is to do: send what is in a store by the plain server at a port, until nothing is left (or once)."""

    store: str
    port: int
    connections: int = 1
    lease: float = 0.5
    until_done: bool = True
    largest_file: int | None = None
    """Bytes that a file may have: a disk that is full."""
    patience: float = 30.0

    @property
    def account(self) -> Account:
        return Account(host="127.0.0.1", port=self.port, security="none", pace=Pace(connections=self.connections))


class Nursery:
    """The process that makes senders."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _ask(self, what: dict[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def send(self, order: Order) -> int:
        """Start a sender and return its process id."""
        return self._ask(dataclasses.asdict(order))

    def ended(self, pid: int) -> int:
        """Wait for its end; the exit status, or minus the signal."""
        return self._ask({"ended": pid})


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", "from tests.real.ground.nursery import main; main()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=20)


def main() -> None:
    explain("250 2.0.0 Ok")
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            _answer(os.waitstatus_to_exitcode(os.waitpid(order["ended"], 0)[1]))
            continue
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                status = _child(Order(**order))
            finally:
                os._exit(status)
        _answer(pid)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _child(order: Order) -> int:
    if order.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file, order.largest_file))
    try:
        asyncio.run(_send(order))
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


async def _send(order: Order) -> None:
    account = order.account
    waits = Patience(connect=2, greeting=2, envelope=5, behind=2, data=5, block=5, end=5, goodbye=0.2)
    ahead = dt.timedelta()  # what was put off is not waited for: the sender's clock goes forward
    settings = SendSettings(
        patience=waits, lease=dt.timedelta(seconds=order.lease), idle=1, now=lambda: dt.datetime.now(dt.UTC) + ahead
    )
    store = await asyncio.to_thread(open_store, order.store, patience=order.patience)
    end = time.monotonic() + 60
    with store:
        while True:
            async for _ in send(store, {account.key: Access(account)}, settings):
                pass
            waiting, _ = await asyncio.to_thread(left_over, store, [account.key], batch=None, kinds=None)
            held = (await asyncio.to_thread(store.counts)).get("sending", 0)
            if not order.until_done or not (waiting or held) or time.monotonic() > end:
                return
            ahead += dt.timedelta(minutes=15)
