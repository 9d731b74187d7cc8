"""Text from a server, a mail or a DNS record, made harmless before anything keeps it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["shorten", "visible"]

# Characters that act instead of showing themselves: controls (ESC starts a terminal command), and the format
# characters that reorder or hide text (bidirectional overrides, zero-width).
_ACTIVE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(raw: bytes | str) -> str:
    r"""Return ``raw`` as text in which every character shows itself.

    Bytes are read as UTF-8; what is not valid UTF-8, and every control or invisible format character, becomes its
    escape. Harmless for a terminal and for JSON; markup is still to be escaped where a page is made.

    >>> visible(b"250 \x1b[31mred\x00 caf\xc3\xa9 \xff")
    '250 \\x1b[31mred\\x00 café \\xff'
    """
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    return _ACTIVE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters, saying so with an ellipsis."""
    return text if len(text) <= limit else unicodedata.normalize("NFC", text[: limit - 1]) + "…"
