"""What stands in the way of a mode, seen from exports of workstations as sites have them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.site import workstation
from mailkit.site.screens import screens
from mailkit.site.workstation import judge, read_reg

from .workstation_exports import (
    CLIENTS,
    LIBRARY_32,
    LIBRARY_64,
    LINKS,
    OFFICE,
    OUTLOOK_64,
    THUNDERBIRD_32,
    THUNDERBIRD_64,
    Keys,
    clients,
    healthy,
    mapi,
    my_default,
    new_outlook_package,
    outlook,
    profile,
    profiles,
    reg,
    use_new_outlook,
    windows,
)

ROOM = Path(workstation.__file__).parent.parent


def found(*parts: Keys, mode: str = "outlook", **asked: Any) -> dict[str, Finding]:
    """Errors and warnings by their code."""
    findings = judge(read_reg(reg(*parts)), mode, **asked)
    return {one.code: one for one in findings if one.severity in ("error", "warning")}


def notes_of(*parts: Keys, mode: str = "outlook", **asked: Any) -> list[str]:
    return [one.code for one in judge(read_reg(reg(*parts)), mode, **asked) if one.severity == "info"]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("mode", ["outlook", "other"])
def test_a_workstation_in_order_has_nothing_against_it(mode: str, bits: int) -> None:
    findings = judge(read_reg(reg(*healthy(bits))), mode, program_bits=bits, account="FrontDesk@builder.test")
    assert {one.severity for one in findings} == {"ok"}
    assert findings[-1].summary == "Nothing on this workstation stands in the way of this mode."


@pytest.mark.parametrize("mode", ["smtp", "modern-auth"])
def test_modes_without_a_mail_program_need_nothing_there(mode: str) -> None:
    (only,) = judge(read_reg(reg({})), mode)
    assert (only.code, only.severity) == ("workstation.ok", "ok")


def test_the_new_outlook_in_use_is_the_cause_and_names_the_way_round_it_last() -> None:
    error = found(*healthy(), use_new_outlook(1))["workstation.new-outlook"]
    assert error.severity == "error"
    assert error.evidence["value"] == "UseNewOutlook = 1"
    assert error.evidence["key"].startswith("HKCU")
    assert [(fix.who, fix.where) for fix in error.fix] == [
        ("user", None),
        ("site-admin", "erp.mailing_mode"),
        ("site-admin", "erp.mail_software"),
    ]


def test_a_policy_that_switches_to_the_new_outlook_counts_like_the_users_switch() -> None:
    policy = r"HKEY_CURRENT_USER\SOFTWARE\Policies\Microsoft\office\16.0\outlook\preferences"
    assert "workstation.new-outlook" in found(*healthy(), {policy: {"UseNewOutlook": 1}})


def test_only_the_new_outlook_installed_is_not_called_a_missing_outlook() -> None:
    errors = found(
        windows(), outlook(None), new_outlook_package(), profiles(None), use_new_outlook(None), clients(None), my_default()
    )
    assert list(errors) == ["workstation.new-outlook"]
    assert errors["workstation.new-outlook"].summary.startswith("Only the new Outlook")


def test_a_coming_move_to_the_new_outlook_is_a_warning_with_the_value_to_set() -> None:
    policy = r"HKEY_CURRENT_USER\Software\Policies\Microsoft\office\16.0\outlook\options\general"
    warning = found(*healthy(), {policy: {"donewoutlookautomigration": 1}})["workstation.new-outlook"]
    assert warning.severity == "warning"
    assert "DoNewOutlookAutoMigration set to 0" in warning.fix[0].action


def test_without_any_outlook_it_is_missing() -> None:
    errors = found(windows(), outlook(None), new_outlook_package(there=False), profiles(None), clients(None), my_default())
    assert list(errors) == ["workstation.outlook-missing"]


def test_a_user_without_profile_gets_told_where_to_make_one() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    error = found(*parts, profiles(None))["workstation.profile-missing"]
    assert "Control Panel > Mail" in error.fix[0].action
    assert error.fix[0].who == "user"


def test_a_default_profile_that_was_deleted_is_named_with_those_that_exist() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    error = found(*parts, profiles("Old", profile("New", "frontdesk@builder.test")))["workstation.profile-missing"]
    assert "Old" in error.summary
    assert "New" in error.fix[0].action


def test_two_profiles_of_which_none_is_the_default_make_outlook_ask() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    made = profiles(None, profile("Office", "frontdesk@builder.test"), profile("Private", "private@example.com"))
    warning = found(*parts, made)["workstation.profile-missing"]
    assert warning.severity == "warning"
    assert "Office, Private" in warning.summary


def test_a_single_profile_is_the_default_also_without_being_called_so() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    assert not found(*parts, profiles(None, profile("Outlook", "frontdesk@builder.test")))


def test_outlook_that_asks_for_a_profile_makes_programs_wait() -> None:
    key = r"HKEY_CURRENT_USER\Software\Microsoft\Exchange\Client\Options"
    assert list(found(*healthy(), {key: {"PickLogonProfile": "1"}})) == ["workstation.profile-prompt"]


def test_another_default_account_is_named_with_the_one_expected() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    made = profiles("Outlook", profile("Outlook", "frontdesk@builder.test", "bookkeeping@builder.test", default=1))
    warning = found(*parts, made, account="frontdesk@builder.test")["workstation.default-account-differs"]
    assert warning.severity == "warning"
    assert warning.summary == "Outlook sends from bookkeeping@builder.test, not from frontdesk@builder.test."
    assert not found(*parts, made, account="bookkeeping@builder.test")


def test_an_address_that_no_account_of_the_profile_has_cannot_send() -> None:
    error = found(*healthy(), account="estimating@builder.test")["workstation.default-account-differs"]
    assert error.severity == "error"
    assert "frontdesk@builder.test" in (error.detail or "")


def test_accounts_of_an_address_book_are_no_mail_accounts() -> None:
    station = read_reg(reg(*healthy()))
    assert station.active_profile is not None
    assert [one.address for one in station.active_profile.accounts or ()] == ["frontdesk@builder.test"]


def test_a_32_bit_program_cannot_load_the_library_of_64_bit_outlook() -> None:
    error = found(*healthy(64), mode="other", program_bits=32)["workstation.bitness-mismatch"]
    assert error.severity == "error"
    assert error.confidence == "likely"
    assert error.evidence["library"] == LIBRARY_64


def test_in_mode_outlook_a_mismatch_concerns_mail_to_many_only() -> None:
    warning = found(*healthy(64), program_bits=32)["workstation.bitness-mismatch"]
    assert warning.severity == "warning"
    assert warning.fix[-1].where == "erp.mailing_use_smtp"


def test_a_program_of_unknown_bitness_is_no_reason_to_warn() -> None:
    assert notes_of(*healthy(64), mode="other") == ["workstation.bitness-mismatch"]
    assert not found(*healthy(64), mode="other")


def test_the_bitness_written_by_other_parts_of_office_is_not_taken_for_outlooks() -> None:
    left_by_access = {r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Office\14.0\Outlook": {"Bitness": "x64"}}
    assert read_reg(reg(left_by_access, *healthy(32))).outlook.bits == 32


def test_no_default_program_at_all_names_those_there_are() -> None:
    parts = [clients(None, Mozilla_Thunderbird=THUNDERBIRD_64), my_default(), windows()]
    error = found(*parts, mode="other")["workstation.no-default-client"]
    assert error.severity == "error"
    assert "Mozilla Thunderbird" in error.fix[1].action
    assert error.evidence["key"] == r"HKCU\SOFTWARE\Clients\Mail"


def test_the_users_own_choice_goes_before_the_machines() -> None:
    both = clients("Microsoft Outlook", outlook=LIBRARY_64, Mozilla_Thunderbird=THUNDERBIRD_64)
    findings = judge(read_reg(reg(both, my_default("Mozilla Thunderbird"), windows())), "other", program_bits=64)
    assert any(one.summary == "Programs send through Mozilla Thunderbird, which offers MAPI." for one in findings)


def test_a_users_choice_that_leads_nowhere_leaves_it_to_the_machines() -> None:
    gone = clients("Mozilla Thunderbird", Mozilla_Thunderbird=THUNDERBIRD_64)
    warning = found(gone, my_default("Eudora"), windows(), mode="other")["workstation.client-not-registered"]
    assert warning.severity == "warning"
    assert "Eudora" in warning.summary


def test_a_default_program_that_was_uninstalled_is_an_error() -> None:
    error = found(clients("Eudora"), my_default(), windows(), mode="other")["workstation.client-not-registered"]
    assert error.severity == "error"
    assert "Eudora" in error.summary


def test_a_default_program_without_library_is_an_error_too() -> None:
    error = found(clients("Mailbird", Mailbird=""), my_default(), windows(), mode="other")["workstation.client-not-registered"]
    assert "no MAPI library" in error.summary


def test_windows_own_mapi32_is_no_library_behind_outlook() -> None:
    bare = {CLIENTS: {"": "Microsoft Outlook"}, f"{CLIENTS}\\Microsoft Outlook": {"DLLPath": r"C:\Windows\System32\mapi32.dll"}}
    assert "workstation.client-not-registered" in found(bare, my_default(), windows(), outlook(OUTLOOK_64), mode="other")


def test_thunderbird_as_default_serves_mode_other_and_is_no_matter_in_mode_outlook() -> None:
    thunderbird = [clients("Mozilla Thunderbird", Mozilla_Thunderbird=THUNDERBIRD_32), my_default(), windows()]
    assert not found(*thunderbird, mode="other", program_bits=32)
    assert "workstation.bitness-mismatch" in found(*thunderbird, mode="other", program_bits=64)
    parts = [one for one in healthy() if CLIENTS not in one]
    assert notes_of(*parts, *thunderbird, program_bits=64) == ["workstation.default-client-differs"]


def test_the_mail_app_as_default_explains_why_no_program_is_found() -> None:
    prog_id = "AppXydk58wgm44se4b399557yyyj1w7mbmvd"
    app = rf"HKEY_CURRENT_USER\Software\Classes\{prog_id}\Application"
    user_model = "microsoft.windowscommunicationsapps_8wekyb3d8bbwe!microsoft.windowslive.mail"
    parts = [clients(None), my_default(), {LINKS: {"ProgId": prog_id}, app: {"AppUserModelID": user_model}}]
    assert list(found(*parts, mode="other")) == ["workstation.mail-app", "workstation.no-default-client"]


@pytest.mark.parametrize("name", ["Courrier", "Windows Mail"])
def test_the_mail_app_by_its_name_is_recognised_in_both_languages(name: str) -> None:
    parts = [clients(name, **{name.replace(" ", "_"): ""}), my_default()]
    assert list(found(*parts, mode="other")) == ["workstation.mail-app"]


def test_links_that_open_another_program_are_told_apart_from_the_default_of_programs() -> None:
    parts = [one for one in healthy() if LINKS not in one]
    warning = found(*parts, {LINKS: {"ProgId": "Thunderbird.Url.mailto"}}, mode="other", program_bits=64)
    assert list(warning) == ["workstation.default-client-differs"]
    assert (
        "open Thunderbird, but programs that send use Microsoft Outlook" in warning["workstation.default-client-differs"].summary
    )


def test_mapi_that_windows_does_not_announce_to_32_bit_programs_is_a_warning_with_outlook() -> None:
    parts = [one for one in healthy(32) if not any("Messaging" in key for key in one)]
    warning = found(*parts, mapi("64"), mode="other", program_bits=32)["workstation.mapi-missing"]
    assert "WOW6432Node" in warning.evidence["key"]
    assert not found(*parts, mapi("64"), mode="other", program_bits=None)


def test_outlook_as_default_without_a_profile_cannot_send_in_mode_other_either() -> None:
    parts = [one for one in healthy() if f"{OFFICE}\\16.0\\Outlook" not in one]
    assert list(found(*parts, profiles(None), mode="other", program_bits=64)) == ["workstation.profile-missing"]


def test_outlook_that_was_uninstalled_but_is_still_the_default() -> None:
    left = [clients("Microsoft Outlook", outlook=LIBRARY_32), my_default(), outlook(None), new_outlook_package(there=False)]
    assert list(found(*left, mode="other")) == ["workstation.outlook-missing"]


def test_notes_is_found_where_lotus_keeps_it_and_missed_where_it_is_not() -> None:
    lotus = r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\Lotus"
    there: Keys = {
        lotus: {},
        f"{lotus}\\Notes": {"Path": "C:\\Program Files (x86)\\HCL\\Notes\\", "DataPath": "C:\\Users\\frontdesk\\Notes"},
    }
    assert not found(there, mode="lotus-notes", program_bits=32)
    assert "workstation.bitness-mismatch" in found(there, mode="lotus-notes", program_bits=64)
    gone: Keys = {r"HKEY_LOCAL_MACHINE\SOFTWARE": {}}
    assert list(found(gone, mode="lotus-notes")) == ["workstation.notes-missing"]


def test_a_terminal_server_is_said_with_the_mode_meant_for_it() -> None:
    parts = [one for one in healthy() if not any("Terminal" in key for key in one)]
    server = windows("Windows Server 2022 Standard", "20348", session_host=True, kind="ServerNT")
    findings = judge(read_reg(reg(*parts, server)), "outlook", program_bits=64)
    told = next(one for one in findings if one.code == "workstation.terminal-server")
    assert told.severity == "info"
    assert told.fix[0].where == "erp.mail_software"


def test_french_windows_eleven_is_named_as_what_it_is() -> None:
    station = read_reg(reg(windows("Windows 10 Professionnel")))
    assert (station.windows.name, station.windows.bits, station.windows.server) == ("Windows 11 Professionnel", 64, False)


def test_what_the_export_does_not_show_is_asked_for_and_never_concluded() -> None:
    (only,) = judge(read_reg(reg({r"HKEY_CURRENT_USER\Software\Builder": {}})), "outlook")
    assert (only.code, only.severity) == ("workstation.not-known", "warning")
    assert any("App Paths" in key for key in only.evidence["keys"])
    assert "--script" in only.fix[0].action


def test_an_export_of_the_machine_alone_leaves_the_users_choice_open() -> None:
    station = read_reg(reg(clients("Mozilla Thunderbird", Mozilla_Thunderbird=THUNDERBIRD_64), windows()))
    told = found(clients("Mozilla Thunderbird", Mozilla_Thunderbird=THUNDERBIRD_64), windows(), mode="other")
    assert station.user_default.name is None
    assert list(told) == ["workstation.not-known"]


def test_older_outlooks_have_their_profiles_in_the_place_of_windows_messaging() -> None:
    old = r"HKEY_CURRENT_USER\Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem"
    root = r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\Microsoft\Office\14.0\Outlook\InstallRoot"
    parts: list[Keys] = [
        {root: {"Path": "C:\\Program Files (x86)\\Microsoft Office\\Office14\\"}},
        {f"{old}\\Profiles": {"DefaultProfile": "Outlook"}},
        profile("Outlook", "frontdesk@builder.test", office=old),
        {r"HKEY_CURRENT_USER\Software\Microsoft\Office": {}},
    ]
    station = read_reg(reg(*parts))
    assert (station.outlook.version, station.outlook.bits) == ("14.0", 32)
    assert station.active_profile is not None
    assert not found(*parts, program_bits=32, account="frontdesk@builder.test")


def test_screens_of_the_other_product_are_not_named() -> None:
    findings = judge(read_reg(reg(*healthy(), use_new_outlook(1))), "outlook", product="maestro-pms")
    assert all(fix.where is None for one in findings for fix in one.fix)


def test_where_no_mail_program_is_registered_at_all_one_is_to_be_installed() -> None:
    error = found(clients(None), my_default(), mode="other")["workstation.no-default-client"]
    assert error.fix[0].action.startswith("Install a mail program")


def test_every_sentence_about_workstations_is_used_and_names_fields_that_exist() -> None:
    table = tomllib.loads((ROOM / "findings" / "workstation.toml").read_text("utf-8"))["findings"]
    judges = (ROOM / "workstation" / "judge.py").read_text("utf-8")
    for code, entry in table.items():
        assert f'"{code}"' in judges
        for variant, words in [(None, entry), *entry.get("variants", {}).items()]:
            assert variant is None or f'"{variant}"' in judges, (code, variant)
            for fix in (*words.get("fix", ()), *words.get("maestro-erp", ())):
                assert fix.get("where") is None or fix["where"] in screens()


def test_a_mode_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="pigeon"):
        judge(read_reg(reg({})), "pigeon")


def test_the_noted_bitness_counts_also_in_an_export_that_shows_no_version_installed() -> None:
    note = {r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Office\16.0\Outlook": {"Bitness": "x64"}}
    assert "workstation.bitness-mismatch" in found(my_default("Microsoft Outlook"), note, mode="outlook", program_bits=32)
    other = {r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Office\15.0\Outlook": {"Bitness": "x86"}}
    assert "workstation.bitness-mismatch" not in found(note, other, mode="outlook", program_bits=32)
