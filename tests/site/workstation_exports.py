"""Exports as regedit writes them, put together from documented keys: what the tests about workstations are about."""

from __future__ import annotations

import re

HEAD = "Windows Registry Editor Version 5.00\n"
ACCOUNTS = "9375CFF0413111d3B88A00104B2A6676"
OFFICE = r"HKEY_CURRENT_USER\Software\Microsoft\Office"
CLIENTS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Clients\Mail"
MINE = r"HKEY_CURRENT_USER\SOFTWARE\Clients\Mail"
APP_PATHS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
LINKS = r"HKEY_CURRENT_USER\SOFTWARE\Microsoft\Windows\Shell\Associations\UrlAssociations\mailto\UserChoice"
PACKAGES = (
    r"HKEY_CURRENT_USER\Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
)

OUTLOOK_32 = r"C:\Program Files (x86)\Microsoft Office\root\Office16\OUTLOOK.EXE"
OUTLOOK_64 = r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE"
LIBRARY_32 = r"C:\Program Files (x86)\Microsoft Office\Root\VFS\ProgramFilesCommonX86\SYSTEM\MSMAPI\1036\MSMAPI32.DLL"
LIBRARY_64 = r"C:\Program Files\Microsoft Office\Root\VFS\ProgramFilesCommonX64\SYSTEM\MSMAPI\1033\MSMAPI32.DLL"
THUNDERBIRD_64 = r"C:\Program Files\Mozilla Thunderbird\mozMapi32_InUse.dll"
THUNDERBIRD_32 = r"C:\Program Files (x86)\Mozilla Thunderbird\mozMapi32_InUse.dll"

Value = str | int | bytes
Keys = dict[str, dict[str, Value]]


def reg(*parts: Keys, encoding: str = "utf-16") -> bytes:
    """Write keys and values as regedit does."""
    lines = [HEAD]
    for part in parts:
        for key, values in part.items():
            lines += ["", f"[{key}]", *(f"{_name(name)}={_data(value)}" for name, value in values.items())]
    return "\r\n".join("\n".join(lines).replace("\r\n", "\n").split("\n")).encode(encoding)


def _name(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' if name else "@"


def _data(value: Value) -> str:
    if isinstance(value, int):
        return f"dword:{value:08x}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = "hex:" + ",".join(f"{byte:02x}" for byte in value)
    return re.sub(r"(.{60,75},)", r"\1\\\n  ", text)


def windows(name: str = "Windows 10 Pro", build: str = "26100", *, session_host: bool = False, kind: str = "WinNT") -> Keys:
    return {
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
            "ProductName": name,
            "CurrentBuild": build,
            "DisplayVersion": "24H2",
            "BuildLabEx": "26100.1.amd64fre.ge_release.240331-1435",
        },
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server": {"TSAppCompat": int(session_host)},
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions": {"ProductType": kind},
    }


def clients(default: str | None, **libraries: str) -> Keys:
    """``Clients\\Mail`` of the machine: the default name, and the programs with their libraries (``outlook=…``)."""
    keys: Keys = {CLIENTS: {"": default} if default is not None else {}}
    for program, library in libraries.items():
        if program == "outlook":
            keys[f"{CLIENTS}\\Microsoft Outlook"] = {
                "": "Microsoft Outlook",
                "DLLPath": "mapi32.dll",
                "DLLPathEx": library,
                "MSIComponentID": "{FF1D0740-D227-11D1-A4B0-006008AF820E}",
            }
        else:
            keys[f"{CLIENTS}\\{program.replace('_', ' ')}"] = {"": program, "DLLPath": library} if library else {"": program}
    return keys


def my_default(name: str | None = None) -> Keys:
    return {MINE: {"": name} if name is not None else {}}


def mapi(*views: str) -> Keys:
    """``Windows Messaging Subsystem`` in both copies; ``MAPI=1`` in those named (``64``, ``32``)."""
    return {
        f"HKEY_LOCAL_MACHINE\\SOFTWARE\\{node}Microsoft\\Windows Messaging Subsystem": {"MAPI": "1"} if view in views else {}
        for view, node in (("64", ""), ("32", "WOW6432Node\\"))
    }


def outlook(path: str | None, *, bitness: str = "x64") -> Keys:
    """Classic Outlook by Click-to-Run at a path; ``None``: ``App Paths`` without it."""
    if path is None:
        return {APP_PATHS: {}, f"{APP_PATHS}\\notepad.exe": {"": "x"}}
    return {
        APP_PATHS: {},
        f"{APP_PATHS}\\OUTLOOK.EXE": {"": path, "Path": path.rpartition("\\")[0]},
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Office\ClickToRun\Configuration": {
            "Platform": bitness,
            "ProductReleaseIds": "O365BusinessRetail",
            "VersionToReport": "16.0.18526.20168",
        },
    }


def use_new_outlook(value: int | None) -> Keys:
    key = f"{OFFICE}\\16.0\\Outlook\\Preferences"
    return {key: {} if value is None else {"UseNewOutlook": value}}


def new_outlook_package(*, there: bool = True) -> Keys:
    package = f"{PACKAGES}\\Microsoft.OutlookForWindows_1.2025.916.400_x64__8wekyb3d8bbwe"
    return {PACKAGES: {}, package: {"DisplayName": "Outlook"}} if there else {PACKAGES: {}}


def profile(name: str, *addresses: str, default: int = 0, office: str = f"{OFFICE}\\16.0\\Outlook") -> Keys:
    """A profile with an address book (00000001) and accounts from 00000002 on; ``default`` counts from 0."""
    base = f"{office}\\Profiles\\{name}"
    numbers = list(range(2, 2 + len(addresses)))
    order = [numbers[default], *(one for one in numbers if one != numbers[default])] if numbers else []
    keys: Keys = {
        base: {},
        f"{base}\\{ACCOUNTS}": {
            "{ED475418-B0D6-11D2-8C3B-00104B2A6676}": b"".join(one.to_bytes(4, "little") for one in order),
            "{ED475419-B0D6-11D2-8C3B-00104B2A6676}": (1).to_bytes(4, "little"),
        },
        f"{base}\\{ACCOUNTS}\\00000001": {
            "clsid": "{ED475414-B0D6-11D2-8C3B-00104B2A6676}",
            "Service Name": "CONTAB",
            "Account Name": "Outlook Address Book",
        },
    }
    for number, address in zip(numbers, addresses, strict=True):
        keys[f"{base}\\{ACCOUNTS}\\{number:08X}"] = {
            "clsid": "{ED475412-B0D6-11D2-8C3B-00104B2A6676}",
            "Account Name": address.encode("utf-16-le") + b"\0\0",  # binary in some versions, text in others
            "Email": address,
            "SMTP Server": "smtp.builder.test",
            "IMAP Password": b"\x02\x01\x00\x00hunter2",
        }
    return keys


def profiles(default: str | None, *made: Keys) -> Keys:
    keys: Keys = {f"{OFFICE}\\16.0\\Outlook": {"DefaultProfile": default} if default is not None else {}}
    keys[f"{OFFICE}\\16.0\\Outlook\\Profiles"] = {}
    for one in made:
        keys |= one
    return keys


def healthy(bits: int = 64) -> list[Keys]:
    """A workstation on which everything is as it should be: classic Outlook, one profile, the default program."""
    path, library = (OUTLOOK_64, LIBRARY_64) if bits == 64 else (OUTLOOK_32, LIBRARY_32)
    return [
        windows(),
        clients("Microsoft Outlook", outlook=library),
        my_default(),
        mapi("64", "32"),
        outlook(path, bitness="x64" if bits == 64 else "x86"),
        profiles("Outlook", profile("Outlook", "frontdesk@builder.test")),
        use_new_outlook(0),
        new_outlook_package(there=False),
        {LINKS: {"ProgId": "Outlook.URL.mailto.15"}},
    ]
