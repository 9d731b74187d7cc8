"""``mailkit diagnose FILE [FILE]``: judge saved observations again, or compare two of them."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mailkit.cli.output import declare_output, show
from mailkit.diagnosis import compare, diagnosed
from mailkit.errors import InputError
from mailkit.observation import ProbeDocument
from mailkit.report.comparison import render

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="one file saved with mailkit probe --save, or two to compare")
    declare_output(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if len(chosen.files) > 2:
        raise InputError("more than two files; give one to judge it again, or two to compare")
    files = [[diagnosed(document, chosen.product) for document in _read(name)] for name in chosen.files]
    if len(files) == 2:
        return _compare(files[0], files[1], chosen)
    for document in files[0]:
        show(document, chosen)
    return 1 if any(document.verdict == "error" for document in files[0]) else 0


def _compare(before: list[ProbeDocument], after: list[ProbeDocument], chosen: argparse.Namespace) -> int:
    pairs = list(_pairs(before, after, chosen.files))
    for one, other in pairs:
        found = compare(one, other)
        width = min(100, shutil.get_terminal_size((100, 24)).columns)
        print(msgspec.json.encode(found).decode() if chosen.json else render(found, width=width))
    return 1 if any(other.verdict == "error" for _, other in pairs) else 0


def _pairs(
    before: list[ProbeDocument], after: list[ProbeDocument], names: list[str]
) -> Iterator[tuple[ProbeDocument, ProbeDocument]]:
    """Pair by target; two single documents are compared whatever they are called."""
    if len(before) == 1 and len(after) == 1:
        yield before[0], after[0]
        return
    later = {document.target: document for document in after}
    common = [document for document in before if document.target in later]
    if not common:
        raise InputError(f"{names[0]} and {names[1]} have no target in common; save both with the same targets")
    for document in common:
        yield document, later[document.target]


def _read(name: str) -> list[ProbeDocument]:
    try:
        rows = Path(name).read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"the file {name} cannot be read ({error.strerror}); give one saved with mailkit probe --save") from None
    documents: list[ProbeDocument] = []
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        try:
            documents.append(msgspec.json.decode(row, type=ProbeDocument))
        except msgspec.MsgspecError as error:
            raise InputError(
                f"{name}, line {number}: not a saved probe ({error}); give a file saved with mailkit probe --save"
            ) from None
    if not documents:
        raise InputError(f"the file {name} is empty; give one saved with mailkit probe --save")
    return documents
