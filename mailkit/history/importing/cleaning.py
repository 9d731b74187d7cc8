"""Values out of logs and exports, made harmless and short before an event keeps them."""

from __future__ import annotations

from functools import lru_cache

from mailkit.text import shorten, visible

__all__ = ["address", "clean", "decoded", "domain_of"]

_LONGEST = 4000
"""Characters of a reply that are kept; SMTP's own limit for one is far below."""
_ADDRESS = 500


def decoded(raw: bytes) -> str:
    """Read bytes as UTF-8, or as Windows-1252 where they are not: what programs write who do not know better."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "backslashreplace")


def clean(raw: bytes | str, limit: int = _LONGEST) -> str:
    r"""Give a text in which every character shows itself.

    >>> clean(b"250 \x1b[31mok caf\xe9")
    '250 \\x1b[31mok café'
    """
    if isinstance(raw, str):
        text = raw
    elif raw.isascii():
        text = raw.decode("ascii")
    else:
        text = decoded(raw[: 4 * limit])
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    return shorten(visible(text[: 2 * limit]), limit)


@lru_cache(maxsize=20_000)  # the same few thousand correspondents, again and again
def address(raw: bytes | str) -> str | None:
    """Give a mail address, or ``None`` where there is none; the empty sender of bounces is ``<>``.

    >>> address(b" <frontdesk@hotel.test>")
    'frontdesk@hotel.test'
    """
    text = clean(raw, _ADDRESS).strip()
    if text == "<>":
        return text
    return text.removeprefix("<").removesuffix(">").strip() or None


@lru_cache(maxsize=20_000)
def domain_of(recipient: str | None) -> str | None:
    """Give the domain of an address, in small letters.

    >>> domain_of("frontdesk@Hotel.test"), domain_of("root")
    ('hotel.test', None)
    """
    return (recipient or "").rpartition("@")[2].lower().rstrip(".") or None if "@" in (recipient or "") else None
