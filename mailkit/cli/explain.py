"""``mailkit explain TEXT|FILE…|-``: what a reply, a client's error, a session, a log or a bounce means, and what to change."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mailkit.attempt import Attempt
from mailkit.cli.output import Progress
from mailkit.errors import InputError
from mailkit.explain import (
    BounceReading,
    Explanation,
    Returned,
    Rules,
    Sent,
    explain,
    explanations,
    load_rules,
    looks_like_mail,
    read_bounce,
    read_heap,
    redact,
    redacted,
)
from mailkit.finding import PRODUCTS
from mailkit.report.explained import bounce, came_back, explanation, tally
from mailkit.report.machine import line

__all__ = ["declare"]

_TEXT_LIMIT = 8 << 20
_LINE_LIMIT = 4 << 20
_MOST = 5
"""Telling lines of one text that people are shown."""
OWN_RULES = "explain.toml"
"""A person's own rules: a file of this name beside ``site.toml`` is read without being asked for."""


class _Line(msgspec.Struct):
    """One row of the file behind ``--lines``."""

    text: str
    stage: str | None = None
    host: str | None = None


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "what",
        nargs="*",
        metavar="TEXT|FILE|-",
        help="a text; files (a bounce, an mbox, a folder, a session or log); - for standard input",
    )
    parser.add_argument(
        "--lines",
        metavar="FILE",
        help='JSON Lines of {"text": …} in, one explanation a line out, in the same order (- for standard input)',
    )
    parser.add_argument("--stage", help="where the text was said: greeting, ehlo, starttls, auth, sender, recipient, data")
    parser.add_argument("--host", help="whose server said it")
    parser.add_argument("--product", choices=PRODUCTS, help="only the screens of this product in the fixes")
    parser.add_argument(
        "--rules", metavar="FILE", help=f"own rules that go before the shipped ones (default: {OWN_RULES} beside site.toml)"
    )
    parser.add_argument(
        "--why", action="store_true", help="also show which rule matched, on which words, and where it comes from"
    )
    parser.add_argument(
        "--sent", metavar="FILE", help="JSON Lines of attempts: says which of the mails sent came back, by message id"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document a line instead of text")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    rules = _rules(chosen.rules)
    if chosen.lines is not None:
        if chosen.what:
            raise InputError("--lines takes its texts from the file; leave out the other texts and files")
        _lines(chosen, rules)
        return 0
    if not chosen.what:
        raise InputError("nothing to explain; give a text, a file, or - for standard input")
    sent = _sent(chosen.sent)
    for number, document in enumerate(_documents(chosen, rules, sent)):
        if chosen.json:
            print(line(document), flush=True)
        else:
            print(("\n" if number else "") + _text(document, chosen, sent), end="", flush=True)
    return 0


def _sent(name: str | None) -> Sent | None:
    if name is None:
        return None
    decoder = msgspec.json.Decoder(Attempt)
    attempts: list[Attempt] = []
    try:
        with Path(name).open("rb") as stream:
            number = 0
            while row := stream.readline(_LINE_LIMIT):
                number += 1
                if row.strip():
                    attempts.append(decoder.decode(row))
    except OSError as error:
        raise InputError(f"the file {name} cannot be read ({error.strerror}); give JSON Lines of attempts") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{name}, line {number}: {error}; each line is a document “attempt”") from None
    return Sent(attempts)


def _rules(name: str | None) -> Rules | None:
    if name is not None:
        return load_rules(Path(name))
    own = Path(OWN_RULES)
    return load_rules(own) if Path("site.toml").is_file() and own.is_file() else None


def _documents(chosen: argparse.Namespace, rules: Rules | None, sent: Sent | None) -> Iterator[Explanation | BounceReading]:
    for document in _read(chosen, rules, sent):
        if isinstance(document, BounceReading):
            clean = redacted(document)
            yield sent.named(clean) if sent else clean
        else:
            yield document


def _read(chosen: argparse.Namespace, rules: Rules | None, sent: Sent | None) -> Iterator[Explanation | BounceReading]:
    for what in _meant(chosen.what):
        if isinstance(what, str):
            yield from _explained(what, chosen, rules)
        elif what == Path("-"):
            yield from _content(sys.stdin.buffer.read(_TEXT_LIMIT), None, chosen, rules)
        elif what.is_dir():
            yield from _heap(what, chosen, rules, sent)
        else:
            try:
                with what.open("rb") as stream:
                    head = stream.read(_TEXT_LIMIT)
            except OSError as error:
                raise InputError(f"the file {what} cannot be read ({error.strerror}); give one you may read") from None
            if head.startswith(b"From ") and looks_like_mail(head):
                yield from _heap(what, chosen, rules, sent)
            else:
                yield from _content(head, str(what), chosen, rules)


def _meant(words: list[str]) -> Iterator[str | Path]:
    """Tell files from texts; words that are no files are one text, as they are when somebody forgets the quotes."""
    if not any(word == "-" or _exists(word) for word in words):
        if len(words) == 1 and _like_a_file(words[0]):
            raise InputError(f"there is no file {words[0]}; give one that exists, or a text in quotes")
        yield " ".join(words)
        return
    for word in words:
        if word != "-" and not _exists(word):
            raise InputError(f"there is no file {word}; give files that exist, or one text in quotes")
        yield Path(word)


def _exists(word: str) -> bool:
    try:
        return len(word) < 1000 and "\n" not in word and Path(word).exists()
    except (OSError, ValueError):
        return False


def _like_a_file(word: str) -> bool:
    return (
        " " not in word
        and "\n" not in word
        and ("/" in word or "\\" in word or word.lower().endswith((".eml", ".msg", ".txt", ".log", ".mbox")))
    )


def _content(
    raw: bytes, name: str | None, chosen: argparse.Namespace, rules: Rules | None
) -> Iterator[Explanation | BounceReading]:
    if looks_like_mail(raw):
        yield msgspec.structs.replace(read_bounce(raw, rules=rules, product=chosen.product), file=name)
        return
    text = raw.decode("utf-8", "replace")
    if not text.strip():
        raise InputError(f"{name or 'standard input'} is empty; give a text, a mail, a session or a log")
    yield from _explained(text, chosen, rules)


def _explained(text: str, chosen: argparse.Namespace, rules: Rules | None) -> Iterator[Explanation]:
    told = explanations(redact(text), stage=chosen.stage, host=chosen.host, product=chosen.product, rules=rules)
    yield from told if chosen.json else told[:_MOST]


def _heap(
    path: Path, chosen: argparse.Namespace, rules: Rules | None, sent: Sent | None
) -> Iterator[Explanation | BounceReading]:
    shown = Progress(0)
    read: list[BounceReading] = []
    try:
        for one in read_heap(path, rules=rules, product=chosen.product):
            reading = msgspec.structs.replace(one.reading, file=one.name)
            shown.say(0, f"{100 * one.done // max(1, one.total)} % {one.name}")
            if chosen.json:
                yield reading
            else:
                read.append(reading)
    finally:
        shown.clear()
    if len(read) == 1:
        yield read[0]
    elif read:
        print(tally(read, width=_width()), end="")
        if sent:
            found = (one for reading in read for one in sent.returned(reading))
            print(came_back([one for one in found if isinstance(one, Returned)], width=_width()), end="")


def _lines(chosen: argparse.Namespace, rules: Rules | None) -> None:
    try:
        with sys.stdin.buffer if chosen.lines == "-" else Path(chosen.lines).open("rb") as stream:
            number = 0
            while row := stream.readline(_LINE_LIMIT):
                number += 1
                if row.strip():
                    _line(row, number, chosen, rules)
    except OSError as error:
        raise InputError(f"the file {chosen.lines} cannot be read ({error.strerror}); give JSON Lines") from None


def _line(row: bytes, number: int, chosen: argparse.Namespace, rules: Rules | None) -> None:
    try:
        asked = msgspec.json.decode(row, type=_Line)
    except msgspec.MsgspecError as error:
        raise InputError(f'{chosen.lines}, line {number}: {error}; each line is {{"text": "…"}}') from None
    text = redact(asked.text)
    told = explain(text, stage=asked.stage or chosen.stage, host=asked.host or chosen.host, product=chosen.product, rules=rules)
    print(line(msgspec.structs.replace(told, text=text)))


def _text(document: Explanation | BounceReading, chosen: argparse.Namespace, sent: Sent | None) -> str:
    if isinstance(document, BounceReading):
        told = bounce(document, width=_width(), why=chosen.why, product=chosen.product)
        if sent is None:
            return told
        found = [one for one in sent.returned(document) if isinstance(one, Returned)]
        return f"{told}\n{came_back(found, width=_width())}"
    return explanation(document, width=_width(), why=chosen.why, product=chosen.product)


def _width() -> int:
    return min(100, shutil.get_terminal_size((100, 24)).columns)
