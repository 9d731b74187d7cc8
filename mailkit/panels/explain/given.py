"""What somebody hands over, taken apart: a text, a mail, an mbox, a ZIP archive of them, a folder. Pure but for reading files.

Whatever it is, one answer comes after the other, so that the work can be watched and stopped. What looks like a password is
taken out before anything is explained.
"""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailkit.explain import Rules, explanations, load_rules, looks_like_mail, mails, read_bounce, redact, redacted
from mailkit.finding import Product
from mailkit.report.answers import Answer

__all__ = ["PASTED", "Given", "Question", "Step", "is_mail", "steps"]

PASTED = "pasted text"
"""The name of what was pasted."""
MOST = 20_000
"""Mails of one run; more are for the command line."""
_FILE = 256 << 20
"""Bytes of a file given by its path."""
_MEMBER = 4 << 20
_MEMBERS = 5000
_MESSAGE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}


@dataclass(frozen=True)
class Given:
    """One thing: its name, and its content or where it is (a file or a folder)."""

    name: str
    data: bytes | Path
    masked: bool = False
    """What looked like a password has been taken out already."""

    @classmethod
    def text(cls, text: str) -> Given:
        """Return a pasted text, without what looks like a password."""
        clean = redact(text)
        return cls(PASTED, clean.encode("utf-8", "replace"), clean != text)

    @property
    def size(self) -> int:
        """Bytes, as far as they are here."""
        return len(self.data) if isinstance(self.data, bytes) else 0


@dataclass(frozen=True)
class Question:
    """What is asked about all of it: whose screens to name, whose server spoke, where a person's own rules are."""

    product: Product | None = None
    host: str | None = None
    own_rules: Path | None = None


@dataclass(frozen=True)
class Step:
    """One thing read: its answer, or why there is none, and how much of everything has been read (0 to 1)."""

    answer: Answer | None
    name: str
    part: float
    why: str = ""


def steps(things: Iterable[Given], question: Question) -> Iterator[Step]:
    """Read one thing after the other; whatever cannot be read is a step that says why.

    Raises:
        InputError: the person's own rules have a mistake.
    """
    rules = load_rules(question.own_rules) if question.own_rules else None
    every = list(things)
    read = 0
    for number, one in enumerate(every):
        for name, raw, part in _pieces(one):
            if read == MOST:
                told = f"the first {MOST:,} were read; “mailkit explain” in a terminal reads any number"
                yield Step(None, one.name, 1, told)
                return
            read += 1
            yield _step(name, raw, (number + part) / len(every), question, rules, masked=one.masked)


def is_mail(raw: bytes) -> bool:
    """Tell whether this is a mail or an mbox; else it is taken for text."""
    return looks_like_mail(raw)


def _step(name: str, raw: bytes | str, part: float, question: Question, rules: Rules | None, *, masked: bool) -> Step:
    if isinstance(raw, str):
        return Step(None, name, part, raw)
    if raw.startswith(_MESSAGE):
        return Step(None, name, part, "Outlook's own format is not read; save the mail as .eml or paste its text")
    if is_mail(raw):
        reading = read_bounce(raw, rules=rules, product=question.product)
        shown = redacted(reading)
        return Step(Answer(name, shown, masked or shown != reading), name, part)
    coding = next((coding for mark, coding in _MARKS.items() if raw.startswith(mark)), "utf-8")
    text = raw.decode(coding, "replace")
    if not text.strip():
        return Step(None, name, part, "it is empty")
    if "\x00" in text[:2000]:
        return Step(None, name, part, "it is neither a mail nor a text")
    clean = redact(text)
    told = explanations(clean, host=question.host, product=question.product, rules=rules)
    return Step(Answer(name, told, masked or clean != text), name, part)


def _pieces(one: Given) -> Iterator[tuple[str, bytes | str, float]]:
    """Give the mails and texts in a thing, each with the part of the thing read then; a text instead of bytes says why not."""
    try:
        if isinstance(one.data, bytes):
            yield from _inside(one.name, one.data)
        elif one.data.is_dir():
            files = sorted(file for file in one.data.rglob("*") if file.is_file() and not file.name.startswith("."))
            for number, file in enumerate(files):
                name = str(file.relative_to(one.data))
                for inner, raw, part in _inside(name, _content(file)):
                    yield inner, raw, (number + part) / len(files)
        else:
            yield from _inside(one.name, _content(one.data))
    except OSError as error:
        yield one.name, f"it cannot be read ({error.strerror})", 1


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_FILE)


def _inside(name: str, data: bytes) -> Iterator[tuple[str, bytes | str, float]]:
    if data.startswith(b"PK\x03\x04"):
        yield from _archived(name, data)
    elif data.startswith(b"From ") and is_mail(data):
        done = 0
        for number, (raw, length) in enumerate(mails(io.BytesIO(data)), 1):
            done += length
            alone = number == 1 and length >= len(data)
            yield (name if alone else f"{name}#{number}"), raw, min(1.0, done / len(data))
    else:
        yield name, data, 1.0


def _archived(name: str, data: bytes) -> Iterator[tuple[str, bytes | str, float]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
            if len(files) > _MEMBERS:
                yield name, f"it has more than {_MEMBERS:,} files", 1
                return
            for number, one in enumerate(files, 1):
                called = f"{name}/{one.filename}"[:255]
                if one.flag_bits & 1:
                    yield called, "it is encrypted", number / len(files)
                    continue
                with archive.open(one) as stream:
                    yield called, stream.read(_MEMBER), number / len(files)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError):
        yield name, "the archive is damaged or of an unusual kind", 1
