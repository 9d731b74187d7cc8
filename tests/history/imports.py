"""How the tests of importing look at what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mailkit.history.importing import Tally, Unreadable, read
from mailkit.journal import Event

SAMPLES = Path(__file__).with_name("samples")


def events(what: Any, **how: Any) -> list[Event]:
    """Read, and give the events; nothing may be unreadable."""
    found = list(read(what, **how))
    assert [one for one in found if isinstance(one, Unreadable)] == []
    return [one for one in found if isinstance(one, Event)]


def both(what: Any, **how: Any) -> tuple[list[Event], list[Unreadable], Tally]:
    """Read, and give the events, what was unreadable, and the tally."""
    tally = Tally()
    found = list(read(what, tally=tally, **how))
    return [one for one in found if isinstance(one, Event)], [one for one in found if isinstance(one, Unreadable)], tally


def written(folder: Path, text: str | bytes, name: str = "mail.log") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def sent(stamp: str, number: int = 1, *, host: str = "relay", to: str = "guest@guest.test") -> str:
    """Write a line of Postfix that says that a mail was taken."""
    return (
        f"{stamp} {host} postfix/smtp[9]: 4Xyz{number:06d}: to=<{to}>, relay=mx.guest.test[198.51.100.5]:25, delay=1,"
        " delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9F1C2)\n"
    )
