r"""The workstation: what it takes for the modes Outlook, Other (MAPI) and Lotus Notes, where no server can be asked.

Which mail programs there are, which is the default, 32-bit or 64-bit, classic or new Outlook, profiles and accounts, all from
the registry: read on Windows itself (:func:`this_workstation`), from ``.reg`` exports and the output of ``reg query``
(:func:`read_reg`), from the report of a short script for the site (:data:`SCRIPT`, :func:`read_report`), or from any mixture of
files (:func:`read_files`). :func:`judge` says what stands in the way of a mode, and who changes what.
"""

from __future__ import annotations

import os
from pathlib import Path

from mailkit.errors import InputError
from mailkit.site.workstation.judge import judge
from mailkit.site.workstation.model import Workstation
from mailkit.site.workstation.reading import examine
from mailkit.site.workstation.regfile import LARGEST, decoded, is_query, is_reg, parse_query, parse_reg
from mailkit.site.workstation.registry import Registry, merged
from mailkit.site.workstation.report import is_report, parse_report
from mailkit.site.workstation.script import SCRIPT
from mailkit.site.workstation.windows import read_windows
from mailkit.text import visible

__all__ = ["SCRIPT", "Workstation", "judge", "read_files", "read_reg", "read_report", "this_workstation"]

Source = bytes | str | os.PathLike[str]
"""A file, or what stands in it as bytes."""


def read_reg(*sources: Source, user: str | None = None) -> Workstation:
    """Read exports of one workstation's registry: ``.reg`` files, or what ``reg query`` printed. What comes later wins.

    Args:
        sources: files, or their bytes; the machine's part (``HKLM``) and the user's (``HKCU``) are often two.
        user: the SID of the user to look at, where the export shows several under ``HKEY_USERS``.

    Raises:
        InputError: a file cannot be read, is too large, or is no export. Lines that cannot be read are listed in the result.
    """
    return examine(merged((_exported(*_text(source)) for source in sources), user))


def read_report(source: Source) -> Workstation:
    """Read the report of :data:`SCRIPT`.

    Raises:
        InputError: it cannot be read, or is no such report.
    """
    return examine(merged([parse_report(*_text(source))]))


def read_files(*sources: Source, user: str | None = None) -> Workstation:
    """Read files about one workstation, each an export or a report, as it shows by itself. Arguments and errors as above."""
    parts: list[Registry] = []
    for source in sources:
        text, name = _text(source)
        parts.append(parse_report(text, name) if is_report(text) else _exported(text, name))
    return examine(merged(parts, user))


def this_workstation() -> Workstation:
    """Read the registry of the machine this runs on, for the user who runs it.

    Raises:
        InputError: this is not Windows.
    """
    return examine(read_windows())


def _text(source: Source) -> tuple[str, str]:
    if isinstance(source, bytes):
        return decoded(source, "the export"), "the export"
    path = Path(source)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise InputError(
            f"the file {visible(str(path))} cannot be read ({why}); give a .reg export or the report of the script"
        ) from None
    return decoded(data, path.name), path.name


def _exported(text: str, name: str) -> Registry:
    if is_reg(text):
        return parse_reg(text, name)
    if is_query(text):
        return parse_query(text, name)
    hint = (
        "it is the report of the script: read it with read_report"
        if is_report(text)
        else ("export a key in regedit with the type Registration Files (*.reg), or with reg export KEY FILE")
    )
    raise InputError(f"{visible(name)} is no export of a registry; {hint}")
