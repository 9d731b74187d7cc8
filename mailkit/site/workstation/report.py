"""The report that the script for the site writes (:mod:`.script`): JSON, read back as a :class:`~.registry.Registry`.

The script is run by people on machines nobody here has seen, and its output may have been through ``>``, a mail or a ticket.
What is missing in it is not known; what it says it looked for and does not list is not there.
"""

from __future__ import annotations

import json
from typing import Any

from mailkit.errors import InputError
from mailkit.site.workstation.keys import KeyPath, documented, key_path
from mailkit.site.workstation.registry import Data, Key, Registry
from mailkit.text import visible

__all__ = ["SCHEMA", "is_report", "parse_report"]

SCHEMA = "mailkit.workstation-report/1"

_MOST = 20_000


def is_report(text: str) -> bool:
    """Tell whether a text looks like JSON."""
    return text[:1000].lstrip("\ufeff \t\r\n").startswith("{")


def parse_report(text: str, name: str) -> Registry:
    """Read a report.

    Raises:
        InputError: it is not JSON (cut off, perhaps), or another document.
    """
    shown = visible(name)
    try:
        report = json.loads(text.strip("\ufeff \t\r\n\0"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{shown} is not a complete report ({visible(str(error))[:120]}); "
            "run the script of mailkit site workstation --script again"
        ) from None
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise InputError(
            f'{shown} is JSON, but no report of a workstation ("schema": "{SCHEMA}"); '
            "give the file the script wrote, or a .reg export"
        )
    keys: dict[KeyPath, Key] = {}
    for entry in _list(report.get("keys")):
        key = visible(entry["key"]).rstrip("\\") if isinstance(entry, dict) and isinstance(entry.get("key"), str) else ""
        path = key_path(key)
        wanted = documented(path) if path is not None else None
        if path is not None and wanted is not None:
            values = _values(entry.get("values"), wanted)
            keys[path] = Key(key, {**keys[path].values, **values} if path in keys else values)
    refused = {path for one in _list(report.get("denied")) if isinstance(one, str) and (path := key_path(one))}
    asked = {path: one for one in _list(report.get("asked")) if isinstance(one, str) and (path := key_path(one))}
    return Registry(keys=keys, branches={path: one for path, one in asked.items() if path not in refused})


def _values(listed: object, wanted: frozenset[str]) -> dict[str, Data]:
    values: dict[str, Data] = {}
    for one in _list(listed):
        if isinstance(one, dict) and isinstance(one.get("name"), str) and one["name"].casefold() in wanted:
            data = _data(one.get("kind"), one.get("data"))
            if data is not None:
                values[one["name"].casefold()] = data
    return values


def _data(kind: object, data: Any) -> Data | None:  # noqa: ANN401 - whatever JSON holds
    if isinstance(data, bool):
        return None
    if kind == "Binary" and isinstance(data, str):
        try:
            return bytes.fromhex(data)
        except ValueError:
            return None
    if isinstance(data, str | int):
        return data
    if isinstance(data, list):
        return tuple(one for one in data[:_MOST] if isinstance(one, str))
    return None


def _list(value: object) -> list[Any]:
    """Give a list as one; Windows PowerShell makes an object of some lists, and one thing of a list of one."""
    if isinstance(value, dict) and "Count" in value and "value" in value:
        value = value["value"]
    if isinstance(value, list):
        return value[:_MOST]
    return [] if value is None else [value]
