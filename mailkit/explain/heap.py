"""Many bounces at once: a folder, a maildir, an mbox, one after the other, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.explain.bounce import read_bounce
from mailkit.explain.fact import BounceReading
from mailkit.explain.rule import Rules
from mailkit.finding import Product

__all__ = ["Progress", "looks_like_mail", "mails", "read_heap"]

_LIMIT = 4 << 20
"""Bytes of one mail that are kept; the reader looks at fewer."""


class Progress(Struct, frozen=True):
    """One mail of the heap, and how far the reading is."""

    name: str
    """File name; in an mbox with the number of the mail: ``bounces.mbox#12``."""
    reading: BounceReading
    done: int
    """Bytes read until now."""
    total: int
    """Bytes of the whole heap."""


def looks_like_mail(raw: bytes) -> bool:
    """Tell a mail from a text pasted into a file, by its first lines."""
    head = raw[:4000].lstrip(b"\r\n")
    if head.startswith(b"From ") and b"@" in head.split(b"\n", 1)[0]:
        return True
    names = set()
    for line in head.splitlines()[:60]:
        if not line.strip():
            break
        if line[:1] in b" \t":
            continue
        name, colon, _ = line.partition(b":")
        if not colon or b" " in name.strip() or not name.strip():
            return False
        names.add(name.strip().lower())
    return (
        len(
            names
            & {
                b"from",
                b"to",
                b"subject",
                b"date",
                b"received",
                b"message-id",
                b"return-path",
                b"mime-version",
                b"content-type",
                b"delivered-to",
            }
        )
        >= 2
    )


def read_heap(path: Path, *, rules: Rules | None = None, product: Product | None = None) -> Iterator[Progress]:
    """Read every mail in a folder (with those below it) or an mbox, in the order of their names.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    try:
        files = (
            sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith(".")) if path.is_dir() else [path]
        )
        sizes = [one.stat().st_size for one in files]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a folder of mails, an mbox or a mail") from None
    total, done = sum(sizes), 0
    for file, size in zip(files, sizes, strict=True):
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        at = done
        for number, (raw, length) in enumerate(_mails(file), 1):
            at += length
            yield Progress(
                name if number == 1 and length >= size else f"{name}#{number}",
                read_bounce(raw, rules=rules, product=product),
                min(at, done + size),
                total,
            )
        done += size


def _mails(file: Path) -> Iterator[tuple[bytes, int]]:
    try:
        with file.open("rb") as stream:
            yield from mails(stream)
    except OSError as error:
        raise InputError(f"the file {file} cannot be read ({error.strerror}); give one you may read") from None


def mails(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Cut an mbox at its ``From `` lines; each mail with the bytes it takes there. Anything else is one mail."""
    lines: list[bytes] = []
    kept = length = 0
    blank = True
    while line := stream.readline(1 << 16):
        if (
            blank
            and lines
            and line.startswith(b"From ")
            and b"@" in line + b"@"
            and line.count(b":") >= 2
            and lines[0].startswith(b"From ")
        ):
            yield b"".join(lines), length
            lines, kept, length = [], 0, 0
        length += len(line)
        if kept < _LIMIT:
            lines.append(line)
            kept += len(line)
        blank = not line.strip()
    if lines:
        yield b"".join(lines), length
