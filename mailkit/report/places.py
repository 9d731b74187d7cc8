"""Where a field is on the product's screens: a field id such as ``erp.port`` as the way to it."""

from __future__ import annotations

from mailkit.site.screens import screens

__all__ = ["place"]


def place(where: str | None) -> str | None:
    """Return the way to a field; an id this version does not know stays as it is, ``None`` is on no screen.

    >>> place("pms.port")
    'Global Maintenance > Mail > Email Setup > Email Server Port'
    """
    field = screens().get(where) if where else None
    return f"{field.path} > {field.label}" if field else where
