"""From keys and values to what they mean: a :class:`~.registry.Registry` becomes a :class:`~.model.Workstation`.

No opinion here; :mod:`.judge` has those. How Windows finds the default mail program follows Microsoft's own code for it
(``mapiUnicodeHelp.h`` of the Windows SDK): the user's choice first, its key under the user or the machine, then the machine's.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from mailkit.site.workstation.model import (
    Account,
    Bits,
    Client,
    Default,
    NewOutlook,
    Notes,
    Outlook,
    Profile,
    Windows,
    Workstation,
)
from mailkit.site.workstation.programs import program_of_id
from mailkit.site.workstation.registry import Registry

__all__ = ["examine"]

_MAIL = r"SOFTWARE\Clients\Mail"
_OFFICE = r"SOFTWARE\Microsoft\Office"
_APP_PATHS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
_OLD_PROFILES = r"HKCU\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles"
_ACCOUNTS = "9375CFF0413111d3B88A00104B2A6676"
_MAIL_ACCOUNTS = "{ED475418-B0D6-11D2-8C3B-00104B2A6676}"
_VERSION = re.compile(r"\d{1,3}\.\d")
_FIRST_11 = 22_000
_MOST = 100
"""Profiles, accounts and programs of one workstation that are looked at."""

_KINDS: dict[str, Literal["exchange", "pop", "imap", "eas"]] = {
    "{ed475411-b0d6-11d2-8c3b-00104b2a6676}": "pop",
    "{ed475412-b0d6-11d2-8c3b-00104b2a6676}": "imap",
    "{ed475414-b0d6-11d2-8c3b-00104b2a6676}": "exchange",
    "{4db5cbf0-3b77-4852-bc8e-bb81908861f3}": "eas",
}
_ADDRESS_BOOKS = ("contab", "emablt")
_WORDS: dict[str, Bits] = {"x86": 32, "x64": 64, "arm64": 64}


class _Root(Struct, frozen=True):
    """Where one version of Outlook was installed."""

    version: str
    key: str
    path: str
    bits: Bits | None


def examine(registry: Registry) -> Workstation:
    """Say what a registry tells of the workstation it is from. Pure; unknown stays unknown."""
    windows = _windows(registry)
    outlook = _outlook(registry, windows)
    profiles_key, default_profile = _profiles_place(registry, outlook)
    profiles = _profiles(registry, profiles_key, default_profile) if profiles_key else None
    mapi = {
        view: registry.switch(key, "MAPI") for view, key in registry.views(r"HKLM\SOFTWARE\Microsoft\Windows Messaging Subsystem")
    }
    own = any(path[0] == "hkcu" for path in (*registry.keys, *registry.branches))
    return Workstation(
        windows=windows,
        user_default=_default(registry, "HKCU", windows),
        machine_default=_default(registry, "HKLM", windows),
        clients=_clients(registry, windows),
        mailto=_mailto(registry),
        mapi_64=mapi["64"],
        mapi_32=mapi["64"] if windows.bits == 32 else mapi["32"],
        outlook=outlook,
        new_outlook=_new_outlook(registry),
        profiles=profiles,
        profiles_key=profiles_key,
        default_profile=default_profile,
        profile_prompt=registry.switch(r"HKCU\SOFTWARE\Microsoft\Exchange\Client\Options", "PickLogonProfile"),
        notes=_notes(registry, windows),
        branches=tuple(registry.branches.values()),
        users=() if own else registry.users,
        not_understood=registry.faults,
        more_not_understood=registry.more_faults,
    )


def _windows(registry: Registry) -> Windows:
    key = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    name, build = registry.text(key, "ProductName"), registry.text(key, "CurrentBuild")
    if name and build and build.isdecimal() and len(build) < 10 and int(build) >= _FIRST_11:
        # Windows 11 still calls itself 10 there.
        name = name.replace("Windows 10", "Windows 11")
    kind = registry.text(r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType")
    return Windows(
        name=name,
        build=build,
        release=registry.text(key, "DisplayVersion"),
        bits=_windows_bits(registry, registry.text(key, "BuildLabEx") or ""),
        server=None if kind is None else kind.casefold() in ("servernt", "lanmannt"),
        session_host=registry.switch(r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server", "TSAppCompat"),
    )


def _windows_bits(registry: Registry, lab: str) -> Bits | None:
    if registry.wow:
        return 64
    processor = (
        registry.text(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment", "PROCESSOR_ARCHITECTURE") or ""
    )
    for text in (processor.casefold(), lab.casefold()):
        if "amd64" in text or "arm64" in text:
            return 64
        if "x86" in text:
            return 32
    return None


def _copy(registry: Registry, key: str) -> str:
    """Give the place of a key that all programs share; older Windows, and a 32-bit regedit, show it for 32-bit programs."""
    places = [place for _, place in registry.views(key)]
    return next((place for place in places if registry.there(place)), None) or next(
        (place for place in places if registry.there(place) is not None), key
    )


def _default(registry: Registry, hive: str, windows: Windows) -> Default:
    key = _copy(registry, f"{hive}\\{_MAIL}")
    name = registry.text(key)
    if not name:
        return Default(name=name, key=key)
    places = [f"{key}\\{name}"]
    if hive == "HKCU":
        places.append(_copy(registry, f"HKLM\\{_MAIL}") + f"\\{name}")
    seen = [registry.there(place) for place in places]
    client = next((_client(registry, place, windows) for place, there in zip(places, seen, strict=True) if there), None)
    return Default(name=name, key=key, registered=True if client else None if None in seen else False, client=client)


def _clients(registry: Registry, windows: Windows) -> tuple[Client, ...] | None:
    machine = _copy(registry, f"HKLM\\{_MAIL}")
    listed = {key: registry.under(key) for key in (f"HKCU\\{_MAIL}", machine)}
    if listed[machine] is None:
        return None
    return tuple(_client(registry, f"{key}\\{name}", windows) for key, names in listed.items() for name in (names or ())[:_MOST])


def _client(registry: Registry, key: str, windows: Windows) -> Client:
    dll, dll_ex = registry.text(key, "DLLPath"), registry.text(key, "DLLPathEx")
    return Client(
        name=key.rpartition("\\")[2],
        key=key,
        dll=dll,
        dll_ex=dll_ex,
        component=registry.text(key, "MSIComponentID"),
        bits=_bits_of_path(dll_ex or "", windows) or _bits_of_path(dll or "", windows),
    )


def _bits_of_path(path: str, windows: Windows) -> Bits | None:
    """Tell by its place whether a program or library is 32-bit or 64-bit; where both could be, it is not known."""
    place = path.strip('"').casefold()
    if re.search(r"\\programfiles(?:common)?x64\\", place):
        return 64
    if re.search(
        r"\\programfiles(?:common)?x86\\|\\program files \(x86\)\\|\\syswow64\\|:\\progra~2\\|%programfiles\(x86\)%", place
    ):
        return 32
    if re.search(r":\\program files\\|:\\progra~1\\|%programw6432%", place):
        return windows.bits
    return None


def _mailto(registry: Registry) -> str | None:
    chosen = registry.text(r"HKCU\SOFTWARE\Microsoft\Windows\Shell\Associations\UrlAssociations\mailto\UserChoice", "ProgId")
    if not chosen:
        return chosen
    if "\\" not in chosen:
        for hive in ("HKCU", "HKLM"):
            app = registry.text(f"{hive}\\SOFTWARE\\Classes\\{chosen}\\Application", "AppUserModelID")
            if app:
                return program_of_id(app) or app
    return program_of_id(chosen) or chosen


def _outlook(registry: Registry, windows: Windows) -> Outlook:
    app = _copy(registry, f"{_APP_PATHS}\\OUTLOOK.EXE")
    path = registry.text(app)
    if path and "\\windowsapps\\" in path.casefold():
        path = ""  # the new Outlook answers to that name, too
    root = _install_root(registry)
    click_to_run = f"HKLM\\{_OFFICE}\\ClickToRun\\Configuration"
    program = _copy(registry, r"HKLM\SOFTWARE\Classes\Outlook.Application\CLSID")
    class_id = registry.text(program)
    version = registry.text(click_to_run, "VersionToReport") or (root.version if root else None) or _current_version(registry)
    library = registry.text(_copy(registry, f"HKLM\\{_MAIL}") + "\\Microsoft Outlook", "DLLPathEx")
    told = (
        _WORDS.get((registry.text(click_to_run, "Platform") or "").casefold())
        or _bitness(registry, root, windows)
        or _bits_of_path(library or "", windows)
    )
    if path or root:
        place = path or (root.path if root else "")
        key = app if path or root is None else root.key
        return Outlook(installed=True, version=version, bits=_bits_of_path(place, windows) or told, path=place, key=key)
    if path == "":
        return Outlook(installed=False, version="", path="", key=app)
    if class_id:
        return Outlook(installed=True, version=version, bits=told, key=program)
    key = program if class_id is not None or told is None else f"HKLM\\{_OFFICE}"
    return Outlook(installed=None if class_id is None else False, version=version, bits=told, key=key)


def _install_root(registry: Registry) -> _Root | None:
    """Give the newest Outlook whose folder is noted."""
    found = []
    for view, office in registry.views(f"HKLM\\{_OFFICE}"):
        for version in (registry.under(office) or ())[:_MOST]:
            key = f"{office}\\{version}\\Outlook\\InstallRoot"
            path = registry.text(key, "Path") if _VERSION.fullmatch(version) else None
            if path:
                found.append(_Root(version, key, path, 32 if view == "32" else None))
    return max(found, key=lambda one: float(one.version), default=None)


def _current_version(registry: Registry) -> str | None:
    text = registry.text(_copy(registry, r"HKLM\SOFTWARE\Classes\Outlook.Application\CurVer"))
    number = (text or "").rpartition(".")[2]
    return f"{number}.0" if number.isdecimal() and len(number) <= 3 else None


def _bitness(registry: Registry, root: _Root | None, windows: Windows) -> Bits | None:
    """Read ``Bitness`` of the version that is installed: other parts of Office write it for versions that are not."""
    if root and root.bits:
        return root.bits
    version = root.version if root else _current_version(registry)
    words = {
        word
        for _, office in registry.views(f"HKLM\\{_OFFICE}")
        for one in ((version,) if version else (registry.under(office) or ())[:_MOST])
        if (word := (registry.text(f"{office}\\{one}\\Outlook", "Bitness") or "").casefold()) in _WORDS
    }
    # Where it is not known which version is installed, it is said only if all that are noted say the same.
    return _WORDS[words.pop()] if len(words) == 1 else 32 if windows.bits == 32 else None


def _new_outlook(registry: Registry) -> NewOutlook:
    own, policy = f"HKCU\\{_OFFICE}\\16.0\\Outlook", r"HKCU\SOFTWARE\Policies\Microsoft\Office\16.0\Outlook"
    switches = [(key, registry.switch(key, "UseNewOutlook")) for key in (f"{policy}\\Preferences", f"{own}\\Preferences")]
    in_use = next((key for key, on in switches if on), None)
    moves = [
        (f"{policy}\\Preferences", "NewOutlookMigrationUserSetting"),
        (f"{policy}\\Options\\General", "DoNewOutlookAutoMigration"),
        (f"{own}\\Options\\General", "DoNewOutlookAutoMigration"),
    ]
    coming = next((f"{key}, {value}" for key, value in moves if registry.switch(key, value)), None)
    return NewOutlook(
        in_use=True if in_use else False if switches[1][1] is not None else None,
        installed=_new_outlook_installed(registry),
        coming=True if coming else None if any(registry.switch(key, value) is None for key, value in moves) else False,
        key=in_use or switches[1][0],
        coming_key=coming,
    )


def _new_outlook_installed(registry: Registry) -> bool | None:
    packages = (
        r"HKCU\SOFTWARE\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages",
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications",
    )
    listed = [registry.under(key) for key in packages]
    if any(name.casefold().startswith("microsoft.outlookforwindows_") for names in listed for name in names or ()):
        return True
    if registry.text(r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\olk.exe"):
        return True
    return None if listed[0] is None else False


def _profiles_place(registry: Registry, outlook: Outlook) -> tuple[str | None, str | None]:
    """Give the key with the profiles of this Outlook, and the name of its default profile.

    Since Outlook 2013 (15.0) each version has its own; older ones share one place.
    """
    major = (outlook.version or "").partition(".")[0]
    offices = registry.under(f"HKCU\\{_OFFICE}") or ()
    versions = sorted((one for one in offices if _VERSION.fullmatch(one)), key=float, reverse=True)
    with_profiles = [one for one in versions if registry.under(f"HKCU\\{_OFFICE}\\{one}\\Outlook\\Profiles")]
    if major.isdecimal() and int(major) < 15:
        return _OLD_PROFILES, registry.text(_OLD_PROFILES, "DefaultProfile")
    if major.isdecimal():
        version = f"{major}.0"
    elif with_profiles:
        version = with_profiles[0]
    elif registry.under(_OLD_PROFILES):
        return _OLD_PROFILES, registry.text(_OLD_PROFILES, "DefaultProfile")
    else:
        version = "16.0"
    key = f"HKCU\\{_OFFICE}\\{version}\\Outlook"
    return f"{key}\\Profiles", registry.text(key, "DefaultProfile")


def _profiles(registry: Registry, key: str, default: str | None) -> tuple[Profile, ...] | None:
    names = registry.under(key)
    if names is None:
        return None
    if default == "" and len(names) == 1:
        default = names[0]
    return tuple(
        Profile(
            name=name,
            key=f"{key}\\{name}",
            default=None if default is None else name.casefold() == default.casefold(),
            accounts=_accounts(registry, f"{key}\\{name}\\{_ACCOUNTS}"),
        )
        for name in names[:_MOST]
    )


def _accounts(registry: Registry, key: str) -> tuple[Account, ...] | None:
    """Read the mail accounts of a profile, the default one first where the order is known."""
    names = registry.under(key)
    if names is None:
        return None
    order = _order(registry.data(key, _MAIL_ACCOUNTS))
    listed = {int(name, 16): name for name in names[:_MOST] if re.fullmatch(r"[0-9A-Fa-f]{8}", name)}
    accounts = []
    for number in sorted(listed, key=lambda one: (order.index(one) if one in order else len(order), one)):
        place = f"{key}\\{listed[number]}"
        email, name = registry.text(place, "Email"), registry.text(place, "Account Name")
        address = next((one for one in (email, name) if one and "@" in one), None if None in (email, name) else "")
        service = (registry.text(place, "Service Name") or "").casefold()
        if number not in order and (not address or service in _ADDRESS_BOOKS):
            continue
        accounts.append(
            Account(
                address=address,
                name=name,
                kind=_KINDS.get((registry.text(place, "clsid") or "").casefold()),
                smtp_server=registry.text(place, "SMTP Server"),
                default=number == order[0] if order else True if len(listed) == 1 else None,
            )
        )
    return tuple(accounts)


def _order(data: object) -> list[int]:
    """Give the numbers of the mail accounts, the default one first: 32 bits each, the low byte first."""
    if not isinstance(data, bytes):
        return []
    return [int.from_bytes(data[start : start + 4], "little") for start in range(0, min(len(data) - 3, 4 * _MOST), 4)]


def _notes(registry: Registry, windows: Windows) -> Notes:
    places: list[tuple[str, str, Bits | None]] = []
    seen: list[bool | None] = []
    for maker in ("Lotus", "HCL"):
        for view, key in registry.views(f"HKLM\\SOFTWARE\\{maker}\\Notes"):
            below = (f"{key}\\{name}" for name in (registry.under(key) or ())[:_MOST])
            places += [(place, "Path", 32 if view == "32" else None) for place in (key, *below)]
            seen.append(registry.there(key))
    places += [(_copy(registry, f"{_APP_PATHS}\\notes.exe"), "", None), (r"HKCU\SOFTWARE\Lotus\Notes\Installer", "PROGDIR", None)]
    for place, value, bits in places:
        path = registry.text(place, value)
        if path:
            return Notes(installed=True, path=path, bits=bits or _bits_of_path(path, windows), key=place)
    # Without a key of Lotus in either copy (32-bit Windows has one) it is not there.
    unknown = seen[0] is None or (seen[1] is None and windows.bits != 32)
    return Notes(installed=None if unknown else False, path=None if unknown else "", key=r"HKLM\SOFTWARE\Lotus\Notes")
