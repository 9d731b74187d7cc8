"""The script that a site runs where mailkit is not installed: Windows PowerShell, reading the keys of :mod:`.keys` alone."""

from __future__ import annotations

from pathlib import Path

from mailkit.site.workstation.keys import rows

__all__ = ["SCRIPT"]


def _listed() -> str:
    lines = []
    for row in rows():
        hive, _, key = row.key.partition("\\")
        copies = "all" if row.shared or not row.key.startswith("HKLM\\SOFTWARE\\") else "each"
        lines.append("|".join((hive, copies, key, ";".join(value or "@" for value in row.values))))
    return "\n".join(lines)


SCRIPT: str = Path(__file__).with_name("script.ps1").read_text("utf-8").replace("{rows}", _listed())
"""The script, ready to be saved as ``mailkit-workstation.ps1``; how to run it stands at its top. Its report is read with
:func:`~mailkit.site.workstation.read_report`."""
