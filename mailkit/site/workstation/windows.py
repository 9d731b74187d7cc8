"""The registry of the workstation this program runs on: only the keys of :mod:`.keys`, only reading, no administrator needed.

Windows alone has a registry; elsewhere an :class:`~mailkit.errors.InputError` says what to give instead.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator

from mailkit.errors import InputError
from mailkit.site.workstation.keys import KeyPath, Row, key_path, rows
from mailkit.site.workstation.registry import Data, Key, Registry
from mailkit.text import visible

__all__ = ["read_windows"]


def read_windows() -> Registry:
    """Read this machine's registry, the current user's part and the machine's.

    Raises:
        InputError: this is not Windows.
    """
    if sys.platform == "win32":
        return _read()
    raise InputError(
        "only Windows has a registry to read; give a .reg export, or the report of the script that "
        "mailkit site workstation --script prints"
    )


if sys.platform == "win32":
    import winreg

    _ROOTS = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}

    def _read() -> Registry:
        keys: dict[KeyPath, Key] = {}
        branches: dict[KeyPath, str] = {}
        refused: set[KeyPath] = set()
        mailto = _mailto()
        for row in rows():
            if "<mailto>" in row.key and not mailto:
                continue
            steps = tuple(mailto if step == "<mailto>" else step for step in row.key.split("\\"))
            for access in _accesses(row):
                base = _named(row.base, access)
                branches[_path(base)] = base
                try:
                    for name, values in _walk(steps[:1], steps[1:], row.values, access):
                        shown = _named(name, access)
                        before = keys.get(_path(shown))
                        keys[_path(shown)] = Key(shown, {**before.values, **values} if before else values)
                except OSError:
                    refused.add(_path(base))
        return Registry(keys=keys, branches={path: name for path, name in branches.items() if path not in refused})

    def _accesses(row: Row) -> Iterator[int]:
        """Give the ways to each copy of a key: on 64-bit Windows there are two of what is not shared."""
        yield winreg.KEY_WOW64_64KEY
        if not row.shared and row.key.startswith("HKLM\\SOFTWARE\\") and platform.machine().endswith("64"):
            yield winreg.KEY_WOW64_32KEY

    def _walk(
        done: tuple[str, ...], steps: tuple[str, ...], wanted: tuple[str, ...], access: int
    ) -> Iterator[tuple[str, dict[str, Data]]]:
        """Give each key that is there and fits the steps still to go, with the values that are looked at."""
        fixed = next((number for number, step in enumerate(steps) if "*" in step), len(steps))
        done, varied = (*done, *steps[:fixed]), steps[fixed:]
        try:
            opened = winreg.OpenKey(_ROOTS[done[0]], "\\".join(done[1:]), 0, winreg.KEY_READ | access)
        except FileNotFoundError:
            return
        with opened:
            if not varied:
                yield "\\".join(done), _values(opened, wanted)
                return
            names = [visible(winreg.EnumKey(opened, number)) for number in range(winreg.QueryInfoKey(opened)[0])]
        for name in names:
            if re.fullmatch(re.escape(varied[0]).replace(r"\*", ".*"), name, re.IGNORECASE | re.DOTALL):
                yield from _walk((*done, name), varied[1:], wanted, access)

    def _values(opened: winreg.HKEYType, wanted: tuple[str, ...]) -> dict[str, Data]:
        values: dict[str, Data] = {}
        for name in wanted:
            try:
                data, _ = winreg.QueryValueEx(opened, name)
            except FileNotFoundError:
                continue
            if isinstance(data, list):
                values[name.casefold()] = tuple(str(one) for one in data)
            elif isinstance(data, str | int | bytes):
                values[name.casefold()] = data
        return values

    def _mailto() -> str:
        """Give the ProgId that the user chose for mailto links, if there is one."""
        steps = next(tuple(row.key.split("\\")) for row in rows() if row.key.endswith(r"\mailto\UserChoice"))
        for _, values in _walk(steps[:1], steps[1:], ("ProgId",), winreg.KEY_WOW64_64KEY):
            chosen = values.get("progid")
            if isinstance(chosen, str) and not set(chosen) & {"\\", "*"}:
                return chosen
        return ""

    def _named(key: str, access: int) -> str:
        return key.replace("HKLM\\SOFTWARE", "HKLM\\SOFTWARE\\WOW6432Node", 1) if access == winreg.KEY_WOW64_32KEY else key

    def _path(key: str) -> KeyPath:
        path = key_path(key)
        assert path is not None, key
        return path
