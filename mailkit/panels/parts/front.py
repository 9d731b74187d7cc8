"""The front end of a part that builds elements: its own ``.js`` file behind the few lines in ``make.js`` that they share.

anywidget takes one module, and these are not worth a bundler.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["front"]


def front(part: str) -> str:
    """Return the module of the part whose Python file this is."""
    shared = Path(__file__).with_name("make.js").read_text(encoding="utf-8")
    return shared + Path(part).with_suffix(".js").read_text(encoding="utf-8")
