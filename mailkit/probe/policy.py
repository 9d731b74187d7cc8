"""What all connections of a run share: how many may be opened, and that a wrong password is tried once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

__all__ = ["MAX_CONNECTIONS", "AuthGate", "Budget"]

MAX_CONNECTIONS = 4
"""Connections one address gets in one probe at most. Servers and intrusion guards begin to object at about ten a minute."""


@dataclass(slots=True)
class Budget:
    """The connections to one address: one is kept for each port to be tried, the rest is for whoever needs a second."""

    kept: int
    spare: int = field(init=False)

    def __post_init__(self) -> None:
        self.spare = max(0, MAX_CONNECTIONS - self.kept)

    def release(self) -> None:
        """Give a kept connection back: its port was closed, the server has seen none."""
        self.spare += 1

    def take(self) -> bool:
        """Ask for one more connection."""
        if self.spare <= 0:
            return False
        self.spare -= 1
        return True

    def put_back(self) -> None:
        """Give back what was taken and not needed."""
        self.spare += 1


class AuthGate:
    """Let log-ins through one after the other, and none any more once the credentials were refused.

    One wrong password costs the account exactly one failed log-in, however many addresses, ports and targets a run has.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.closed = False
