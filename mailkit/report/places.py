"""Where a field is on the screens: a field id such as ``erp.port`` as the way to it."""

from __future__ import annotations

__all__ = ["place"]


def place(where: str | None) -> str | None:
    """Return the way to a field, or ``None`` when the fix is on no screen."""
    return where
