"""Programs of the operating system, started for the tests and stopped by their own process ids.

Used by the fixtures of this folder for Postfix, Dovecot, Knot and unbound: each runs in the foreground as a child of the tests,
writes into one log file, and is ended together with its own children. Debian and root only.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SEARCH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
"""Debian keeps servers in folders that are not on everybody's path."""


def found(program: str) -> str | None:
    """Return where ``program`` is, or ``None``."""
    return shutil.which(program, path=SEARCH)


def free_ports(count: int) -> list[int]:
    """Return ports that are free at every address, for TCP and UDP.

    They lie below those that Linux gives to outgoing connections: until a server takes its port, nobody else gets it by chance.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = random.randint(10_000, 32_000)
        if port not in ports and _is_free(port):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6, kind) as both, contextlib.suppress(OSError):
            both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # IPv4 and IPv6
            both.bind(("::", port))
            continue
        return False
    return True


def answers(address: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def call(*command: str | Path) -> str:
    """Run a program to its end and return what it printed; its complaint is the error message."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Log:
    """A log file that is still being written."""

    path: Path

    def text(self) -> str:
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def mark(self) -> int:
        """Remember this place, to see later what was written after it."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, mark: int) -> list[str]:
        with self.path.open("rb") as file:
            file.seek(mark)
            return file.read().decode(errors="replace").splitlines()

    def wait(self, mark: int, enough: Callable[[list[str]], bool], seconds: float = 10) -> list[str]:
        """Return the lines after ``mark`` as soon as ``enough`` is true of them (a log comes a moment later than the reply)."""
        end = time.monotonic() + seconds
        while not enough(lines := self.since(mark)):
            assert time.monotonic() < end, f"{self.path.name} does not say what was waited for:\n" + "\n".join(lines)
            time.sleep(0.02)
        return lines


@contextlib.contextmanager
def running(
    command: list[str | Path], log: Path, ready: Callable[[], bool], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block ends; the block starts when ``ready`` is true."""
    with log.open("ab") as sink:
        server = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            env=os.environ | (environment or {}),
        )
    try:
        end = time.monotonic() + 20
        while not ready():
            assert server.poll() is None, f"{command[0]} ended with {server.returncode}: {log.read_text(errors='replace')}"
            assert time.monotonic() < end, f"{command[0]} does not answer: {log.read_text(errors='replace')}"
            time.sleep(0.05)
        assert server.poll() is None, f"another program answers in the place of {command[0]}"
        yield server
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=10)
        with contextlib.suppress(ProcessLookupError):  # what the server left behind in its own group
            os.killpg(server.pid, signal.SIGKILL)
