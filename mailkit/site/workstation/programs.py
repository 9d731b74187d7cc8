"""Mail programs by the names Windows has for them: a default value, a ProgId, an app's id."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from msgspec import Struct

from mailkit.knowledge import read

__all__ = ["Program", "program_of_client", "program_of_id", "programs"]


class Program(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail program that is known by name."""

    name: str
    mapi: bool
    clients: tuple[str, ...]
    ids: tuple[str, ...]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    programs: dict[str, Program]


@cache
def programs() -> dict[str, Program]:
    """Give every program of :file:`programs.toml` by its id (``outlook``, ``new-outlook``, …)."""
    return read(Path(__file__).with_name("programs.toml"), _Table).programs


def program_of_client(name: str) -> str | None:
    r"""Give the program whose key under ``Clients\Mail`` is ``name``."""
    for program, known in programs().items():
        for pattern in known.clients:
            if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.IGNORECASE):
                return program
    return None


def program_of_id(prog_id: str) -> str | None:
    """Give the program that a ProgId or an AppUserModelID stands for."""
    for program, known in programs().items():
        if any(prog_id.casefold().startswith(start.casefold()) for start in known.ids):
            return program
    return None
