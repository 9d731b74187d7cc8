"""Exports of the registry are read as regedit, reg.exe and people leave them, and nothing but mail settings is kept."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.site.workstation import judge, read_files, read_reg
from mailkit.site.workstation.keys import documented, key_path, rows

from .workstation_exports import CLIENTS, HEAD, LIBRARY_64, OFFICE, clients, healthy, my_default, profile, profiles, reg, windows

EXPORTS = Path(__file__).parent / "exports"
SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
MAIL = r"HKEY_LOCAL_MACHINE\SOFTWARE\Clients\Mail"


def text(*lines: str, head: str = HEAD) -> bytes:
    return ("\n".join([head, *lines]) + "\n").encode()


def default_name(data: bytes) -> str | None:
    return read_reg(data).machine_default.name


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "cp1252"])
def test_an_export_reads_the_same_in_every_encoding(encoding: str) -> None:
    data = reg(clients("Messagerie privée", Messagerie_privée=r"C:\Program Files\Privée\mapi.dll"), encoding=encoding)
    station = read_reg(data)
    assert station.machine_default.name == "Messagerie privée"
    assert station.machine_default.registered


def test_what_reg_exe_of_wine_exported_is_read_with_its_odd_names() -> None:
    station = read_files(EXPORTS / "mail.reg", EXPORTS / "outlook.reg")
    assert station.machine_default.name == "Microsoft Outlook"
    assert [one.name for one in station.clients or ()] == ["Microsoft Outlook", "Mozilla Thunderbird", "Native Mail Client"]
    assert [one.name for one in station.profiles or ()] == ["Outlook", 'Étude [2] = "x"']
    assert [one.address for one in (station.profiles or ())[0].accounts or ()] == [
        "bookkeeping@builder.test",
        "estimating@builder.test",
    ]
    assert not station.not_understood


def test_what_reg_query_prints_shows_what_is_there_and_proves_nothing_absent() -> None:
    station = read_reg(EXPORTS / "query.txt")
    assert station.machine_default.name == "Microsoft Outlook"
    assert station.machine_default.client is not None
    assert station.machine_default.client.bits == 64
    assert (station.clients or ())[1].dll_ex is None


def test_reg_query_in_french_names_the_default_value_in_french() -> None:
    printed = f"\r\n{MAIL}\r\n    (par défaut)    REG_SZ    Microsoft Outlook\r\n\r\n".encode("cp850")
    assert default_name(printed) == "Microsoft Outlook"
    unset = b"\r\nHKEY_CURRENT_USER\\SOFTWARE\\Clients\\Mail\r\n    (Default)    REG_SZ    (value not set)\r\n"
    assert read_reg(unset).user_default.name == ""


def test_regedit4_holds_its_texts_in_bytes_of_one_each() -> None:
    data = text(f"[{MAIL}]", "@=hex(2):45,75,64,6f,72,61,00", head="REGEDIT4")
    assert default_name(data) == "Eudora"


def test_hex_goes_on_over_lines_and_the_account_order_with_it() -> None:
    lines = [
        f"[{OFFICE}\\16.0\\Outlook]",
        '"DefaultProfile"="Outlook"',
        f"[{OFFICE}\\16.0\\Outlook\\Profiles\\Outlook\\9375CFF0413111d3B88A00104B2A6676]",
        '"{ED475418-B0D6-11D2-8C3B-00104B2A6676}"=hex:03,00,\\',
        "  00,00,02,00,\\",
        "  00,00",
        f"[{OFFICE}\\16.0\\Outlook\\Profiles\\Outlook\\9375CFF0413111d3B88A00104B2A6676\\00000002]",
        '"Email"="one@builder.test"',
        f"[{OFFICE}\\16.0\\Outlook\\Profiles\\Outlook\\9375CFF0413111d3B88A00104B2A6676\\00000003]",
        '"Email"="two@builder.test"',
    ]
    station = read_reg(text(*lines))
    assert station.active_profile is not None
    assert station.active_profile.default_account is not None
    assert station.active_profile.default_account.address == "two@builder.test"


def test_names_are_compared_without_case_and_what_comes_later_wins() -> None:
    data = text(
        r"[hkey_local_machine\Software\CLIENTS\mail]",
        '@="Eudora"',
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Clients\Mail]",
        '@="Mailbird"',
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Clients\Mail\MAILBIRD]",
        r'"dllpath"="C:\\Program Files\\Mailbird\\m.dll"',
    )
    station = read_reg(data)
    assert station.machine_default.works
    assert station.machine_default.name == "Mailbird"


def test_later_files_win_over_earlier_ones() -> None:
    station = read_files(reg(clients("Eudora")), reg(clients("Microsoft Outlook", outlook=LIBRARY_64)))
    assert station.machine_default.name == "Microsoft Outlook"


def test_deleted_keys_and_values_are_known_to_be_gone() -> None:
    data = text(f"[{MAIL}]", '@="Eudora"', "@=-", f"[-{MAIL}\\Eudora]", r"[-HKEY_CURRENT_USER\SOFTWARE\Clients\Mail]")
    station = read_reg(data)
    assert station.machine_default.name == ""
    assert station.user_default.name == ""


def test_comments_blank_lines_and_the_short_names_of_the_roots_are_understood() -> None:
    data = text("; exported for support", "", "[HKLM\\SOFTWARE\\Clients\\Mail] ; the key", '@="Eudora" ; the value')
    assert default_name(data) == "Eudora"
    assert not read_reg(data).not_understood


def test_a_piece_copied_without_the_first_line_is_still_read() -> None:
    assert default_name(f'[{MAIL}]\n@="Eudora"\n'.encode()) == "Eudora"


def test_lines_that_make_no_sense_are_listed_by_number_and_not_repeated() -> None:
    data = text(f"[{MAIL}]", '"Password"="hunter2', "nonsense hunter2", '"x"=dword:zz', "[HKEY_NOWHERE\\x]", "y=z", '@="Eudora"')
    station = read_reg(data)
    assert [one.line for one in station.not_understood] == [4, 5, 6, 7, 8]
    assert "hunter2" not in str(msgspec.json.encode(station))
    assert "hunter2" not in str(judge(station, "other"))


def test_a_text_with_line_breaks_does_not_swallow_what_follows() -> None:
    data = text(f"[{MAIL}\\Notes]", '"text"="one', 'two"', f"[{MAIL}]", '@="Eudora"', '"open"="never closed', f"[{MAIL}\\Eudora]")
    station = read_reg(data)
    assert station.machine_default.registered
    assert [one.what for one in station.not_understood] == ["a value that does not end"]


def test_passwords_and_everything_else_undocumented_are_never_kept() -> None:
    station = read_reg(reg(profiles("Outlook", profile("Outlook", "frontdesk@builder.test"))))
    kept = msgspec.json.encode(station)
    assert b"frontdesk@builder.test" in kept
    assert b"hunter2" not in kept
    assert b"password" not in kept.lower()


def test_control_characters_of_an_export_show_themselves() -> None:
    findings = judge(read_reg(reg(clients("Eu\x1b[31mdora"), my_default())), "other")
    assert "\x1b" not in str([one.summary for one in findings])
    assert findings[0].code == "workstation.client-not-registered"


def test_another_users_part_is_read_as_the_current_users() -> None:
    mine = {key.replace("HKEY_CURRENT_USER", rf"HKEY_USERS\{SID}"): values for one in healthy() for key, values in one.items()}
    station = read_reg(reg(mine))
    assert station.active_profile is not None
    assert station.user_default.name == ""
    assert station.mailto == "outlook"
    assert station.users == ()


def test_of_several_users_one_has_to_be_named() -> None:
    other = SID[:-1] + "2"
    both = {rf"HKEY_USERS\{sid}\SOFTWARE\Clients\Mail": {"": name} for sid, name in ((SID, "Eudora"), (other, "Mailbird"))}
    assert read_reg(reg(both)).user_default.name is None
    assert any("whoami /user" in fix.action for one in judge(read_reg(reg(both)), "other") for fix in one.fix)
    assert read_reg(reg(both), user=other).user_default.name == "Mailbird"


def test_a_whole_hive_of_users_says_also_what_is_not_there() -> None:
    station = read_reg(reg({"HKEY_USERS": {}, rf"HKEY_USERS\{SID}\Software": {}}))
    assert station.user_default.name == ""


def test_classes_root_and_the_first_control_set_are_where_windows_keeps_them() -> None:
    control = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\Terminal Server"
    station = read_reg(reg({r"HKEY_CLASSES_ROOT\Outlook.Application\CLSID": {"": "{0006F03A}"}, control: {"TSAppCompat": 1}}))
    assert station.outlook.installed
    assert station.windows.session_host


def test_32_bit_windows_has_one_copy_of_everything() -> None:
    environment = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
    messaging = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Messaging Subsystem"
    station = read_reg(reg({environment: {"PROCESSOR_ARCHITECTURE": "x86"}, messaging: {"MAPI": "1"}}))
    assert (station.windows.bits, station.mapi_32, station.mapi_64) == (32, True, True)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no export"),
        (b"hello\n", "no export"),
        (b"regf\x00\x00", "registry hive"),
        ("Nom de la clé : HKEY_LOCAL_MACHINE\n".encode(), r"\*\.reg"),
        (b'{"schema": "mailkit.workstation-report/1"}', "read_report"),
        (b"x" * 50_000_001, "larger than 50 MB"),
    ],
)
def test_what_is_no_export_is_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        read_reg(data)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"gone\.reg"):
        read_reg("gone.reg")


def test_every_documented_key_is_recognised_in_both_copies_and_for_other_users() -> None:
    for row in rows():
        key = row.key.replace("<mailto>", "AppX1").replace("*", "16.0")
        names = {value.casefold() for value in row.values}
        path = key_path(key)
        assert path is not None
        assert names <= (documented(path) or set()), row.key
        if path[0] == "hkcu":
            assert documented(("hku", SID.casefold(), *path[1:])) == documented(path)
        elif path[1] == "software":
            assert documented((*path[:2], "wow6432node", *path[2:])) == documented(path)


def test_more_keys_and_faults_than_any_workstation_has_are_cut_off() -> None:
    many = [f"[{MAIL}\\{number}]" for number in range(21_000)] + ["nonsense"] * 200
    station = read_reg(text(*many))
    assert len(station.not_understood) == 100
    assert station.more_not_understood == 1_100


pieces = st.sampled_from(
    [
        HEAD,
        "REGEDIT4",
        f"[{MAIL}]",
        f"[{CLIENTS}\\x]",
        "[-HKLM\\SOFTWARE",
        "[HKEY_USERS]",
        f"[HKU\\{SID}]",
        "[",
        "]",
        '"',
        '@="',
        "@=hex(7):",
        "61,00",
        ",\\",
        "\\",
        "\n",
        "\r\n",
        "=",
        "-",
        "dword:",
        ";",
        "\0",
        "é",
        "    (Default)    REG_SZ    x",
        f"\n{MAIL}\n",
        "REG_DWORD    zz",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=30), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_no_text_whatsoever_makes_the_reader_fail_otherwise(parts: list[str], encoding: str) -> None:
    try:
        station = read_files("".join(parts).encode(encoding, "replace"))
    except InputError as error:
        assert str(error)  # noqa: PT017 - either this, or findings
    else:
        assert judge(station, "other")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_whatsoever_make_the_reader_fail_otherwise(data: bytes) -> None:
    for start in (b"", HEAD.encode(), b"\xff\xfe", HEAD.encode("utf-16")):
        try:
            read_files(start + data)
        except InputError as error:
            assert str(error)  # noqa: PT017 - either this, or a workstation


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\r\n\\", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20),
        st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40),
        max_size=6,
    )
)
def test_any_names_and_texts_come_back_as_they_were_exported(libraries: dict[str, str]) -> None:
    keys = {f"{CLIENTS}\\{name}": {"DLLPath": library} for name, library in libraries.items()}
    station = read_reg(reg({CLIENTS: {"": "x"}, **keys}, windows()))
    expected = {name.casefold(): library.strip("\0 ") for name, library in libraries.items()}
    assert {one.name.casefold(): one.dll for one in station.clients or ()} == expected
