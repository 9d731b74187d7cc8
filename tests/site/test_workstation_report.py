"""The script for the site asks for the documented keys and no others, and its report is read however it arrives."""

from __future__ import annotations

import json
import re
import sys

import pytest
import tree_sitter
import tree_sitter_powershell
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.site.workstation import SCRIPT, judge, read_files, read_report, this_workstation
from mailkit.site.workstation.keys import rows

from .workstation_exports import LIBRARY_64, Keys, healthy, reg

SHORT = {"HKEY_LOCAL_MACHINE": "HKLM", "HKEY_CURRENT_USER": "HKCU"}


def report(*parts: Keys, **changes: object) -> dict[str, object]:
    """What the script would write on a workstation with these keys."""
    keys = []
    for part in parts:
        for key, values in part.items():
            root, _, rest = key.partition("\\")
            keys.append({"key": f"{SHORT[root]}\\{rest}", "values": [_value(name, value) for name, value in values.items()]})
    asked = [row.base for row in rows()]
    asked += [
        base.replace("HKLM\\SOFTWARE", "HKLM\\SOFTWARE\\WOW6432Node") for base in asked if base.startswith("HKLM\\SOFTWARE")
    ]
    return {"schema": "mailkit.workstation-report/1", "asked": asked, "denied": [], "keys": keys, **changes}


def _value(name: str, value: object) -> dict[str, object]:
    if isinstance(value, bytes):
        return {"name": name, "kind": "Binary", "data": value.hex().upper()}
    return {"name": name, "kind": "DWord" if isinstance(value, int) else "String", "data": value}


def written(document: object, encoding: str = "utf-8") -> bytes:
    return json.dumps(document).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_report_is_read_as_written_and_as_the_arrow_of_powershell_writes_it(encoding: str) -> None:
    station = read_report(written(report(*healthy()), encoding))
    assert station.outlook.bits == 64
    assert station.active_profile is not None
    assert {one.severity for one in judge(station, "other", program_bits=64)} == {"ok"}


def test_a_report_says_also_what_is_not_there() -> None:
    station = read_report(written(report({})))
    assert station.user_default.name == ""
    assert station.outlook.installed is False
    assert station.notes.installed is False
    assert station.profiles == ()


def test_keys_that_were_refused_are_not_known() -> None:
    station = read_report(written(report({}, denied=[r"HKCU\SOFTWARE\Clients\Mail"])))
    assert station.user_default.name is None


def test_an_export_and_a_report_can_be_given_together() -> None:
    export = reg({r"HKEY_CURRENT_USER\SOFTWARE\Clients\Mail": {"": "Eudora"}})
    assert read_files(written(report(*healthy())), export).user_default.name == "Eudora"


def test_lists_as_windows_powershell_mangles_them_are_still_lists() -> None:
    whole = report({})
    whole["keys"] = {
        "value": [{"key": r"HKLM\SOFTWARE\Clients\Mail", "values": {"name": "", "kind": "String", "data": "x"}}],
        "Count": 1,
    }
    assert read_report(written(whole)).machine_default.name == "x"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"schema": "mailkit.workstation-report/1", "keys": [', "not a complete report"),
        (b'{"schema": "mailkit.probe/1"}', "no report of a workstation"),
        (b"[]", "no report of a workstation"),
        (b"[" * 100_000, "not a complete report"),
    ],
)
def test_what_is_no_report_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_report(data)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda some: (
        st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(["key", "values", "name", "kind", "data"]), some, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(keys=anything, asked=anything, denied=anything)
def test_no_json_whatsoever_makes_the_reader_fail(keys: object, asked: object, denied: object) -> None:
    assert judge(read_report(written(report({}, keys=keys, asked=asked, denied=denied))), "outlook")


def test_the_script_lists_every_documented_key_with_its_values() -> None:
    listed = dict(re.findall(r"(?m)^(HK\w+)\|(?:all|each)\|(.+)\|.*$", SCRIPT))
    assert set(listed) == {"HKLM", "HKCU"}
    for row in rows():
        hive, _, key = row.key.partition("\\")
        names = ";".join(value or "@" for value in row.values)
        assert re.search(rf"(?m)^{hive}\|(all|each)\|{re.escape(key)}\|{re.escape(names)}$", SCRIPT), row.key


def test_the_script_is_plain_ascii_and_holds_no_command_that_changes_or_sends() -> None:
    assert SCRIPT.isascii()
    for word in (
        "Set-Item",
        "New-Item",
        "Remove-Item",
        "SetValue",
        "CreateSubKey",
        "DeleteSubKey",
        "Invoke-",
        "WebRequest",
        "Net.",
        "Start-Process",
    ):
        assert word not in SCRIPT
    assert "{rows}" not in SCRIPT
    assert LIBRARY_64 not in SCRIPT


@pytest.mark.skipif(sys.platform == "win32", reason="there it reads the registry")
def test_elsewhere_than_on_windows_there_is_no_registry_to_read() -> None:
    with pytest.raises(InputError, match="--script"):
        this_workstation()


def test_the_script_is_powershell_as_its_grammar_has_it() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(SCRIPT.encode()).root_node.has_error
    assert parser.parse(SCRIPT.replace("foreach (", "foreach [", 1).encode()).root_node.has_error
