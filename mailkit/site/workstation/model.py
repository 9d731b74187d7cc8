"""A workstation as far as mail programs go: which are there, which is the default, what classic Outlook has set up.

Everywhere ``None`` means *not known* (the export does not show that part of the registry), and ``""``, ``False`` or ``()``
*looked at, and not there*; the two are never mixed.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mailkit.site.workstation.registry import Fault

__all__ = ["Account", "Bits", "Client", "Default", "NewOutlook", "Notes", "Outlook", "Profile", "Windows", "Workstation"]

Bits = Literal[32, 64]


class Windows(Struct, frozen=True, kw_only=True):
    """The Windows of the workstation."""

    name: str | None = None
    """Such as ``Windows 11 Pro``, in the language of the installation."""
    build: str | None = None
    release: str | None = None
    """Such as ``24H2``."""
    bits: Bits | None = None
    server: bool | None = None
    session_host: bool | None = None
    """Several people work on it at once: a terminal server (Remote Desktop Session Host)."""


class Client(Struct, frozen=True, kw_only=True):
    r"""A mail program registered under ``Clients\Mail``."""

    name: str
    key: str
    dll: str | None = None
    """``DLLPath``: the library that programs reach it by (Simple MAPI)."""
    dll_ex: str | None = None
    """``DLLPathEx``: the same for Extended MAPI."""
    component: str | None = None
    """``MSIComponentID``: the Windows Installer finds the library."""
    bits: Bits | None = None
    """Of that library, as its path tells."""

    @property
    def offers_mapi(self) -> bool | None:
        """There is a library behind it (``mapi32.dll`` alone is Windows' own, which only passes calls on)."""
        dll = self.dll if self.dll is None else self.dll.replace("/", "\\").rpartition("\\")[2].strip('"').casefold()
        if self.component or self.dll_ex or (dll and dll != "mapi32.dll"):
            return True
        return None if None in (dll, self.dll_ex, self.component) else False


class Default(Struct, frozen=True, kw_only=True):
    """The default mail program, as the user or the machine has it."""

    name: str | None = None
    key: str
    registered: bool | None = None
    """There is a key of that name."""
    client: Client | None = None
    """Where the name leads; ``None``: nowhere, or not known."""

    @property
    def works(self) -> bool | None:
        """A program that asks for it gets a library."""
        if self.name is None or self.registered is None:
            return None
        return bool(self.name) and self.registered and (self.client.offers_mapi if self.client else None)


class Outlook(Struct, frozen=True, kw_only=True):
    """Classic Outlook."""

    installed: bool | None = None
    version: str | None = None
    bits: Bits | None = None
    path: str | None = None
    key: str | None = None
    """What tells that it is there, or not."""


class NewOutlook(Struct, frozen=True, kw_only=True):
    """The new Outlook for Windows, which offers programs nothing."""

    in_use: bool | None = None
    """The switch *New Outlook* is on."""
    installed: bool | None = None
    coming: bool | None = None
    """A setting or policy says that the user is moved to it."""
    key: str | None = None
    coming_key: str | None = None


class Account(Struct, frozen=True, kw_only=True):
    """A mail account of an Outlook profile."""

    address: str | None = None
    """``""``: none that looks like an address."""
    name: str | None = None
    kind: Literal["exchange", "pop", "imap", "eas"] | None = None
    smtp_server: str | None = None
    default: bool | None = None
    """Mail leaves from it unless the writer says otherwise."""


class Profile(Struct, frozen=True, kw_only=True):
    """An Outlook profile of the user."""

    name: str
    key: str
    default: bool | None = None
    accounts: tuple[Account, ...] | None = None

    @property
    def default_account(self) -> Account | None:
        """The account mail leaves from; ``None``: there is none, or it is not known."""
        return next((one for one in self.accounts or () if one.default), None)


class Notes(Struct, frozen=True, kw_only=True):
    """Lotus, IBM or HCL Notes."""

    installed: bool | None = None
    path: str | None = None
    bits: Bits | None = None
    key: str | None = None


class Workstation(Struct, frozen=True, kw_only=True):
    """What is known of a workstation."""

    schema: Literal["mailkit.workstation/1"] = "mailkit.workstation/1"
    windows: Windows = Windows()
    user_default: Default = Default(key="")
    machine_default: Default = Default(key="")
    clients: tuple[Client, ...] | None = None
    """The mail programs registered for the machine and the user."""
    mailto: str | None = None
    """The program that opens mailto links: a name of :file:`programs.toml`, or else the ProgId."""
    mapi_64: bool | None = None
    """``MAPI=1`` for 64-bit programs (for all, on 32-bit Windows)."""
    mapi_32: bool | None = None
    """``MAPI=1`` for 32-bit programs; on 32-bit Windows the same."""
    outlook: Outlook = Outlook()
    new_outlook: NewOutlook = NewOutlook()
    profiles: tuple[Profile, ...] | None = None
    """The profiles of the Outlook that is installed."""
    profiles_key: str | None = None
    default_profile: str | None = None
    profile_prompt: bool | None = None
    """Outlook asks at each start which profile to use."""
    notes: Notes = Notes()
    branches: tuple[str, ...] = ()
    """The parts of the registry that were there to be looked at."""
    users: tuple[str, ...] = ()
    """The SIDs of users an export of ``HKEY_USERS`` shows, where it is not clear which one is meant."""
    not_understood: tuple[Fault, ...] = ()
    more_not_understood: int = 0

    @property
    def default(self) -> Default | None:
        """The default program that counts: the user's choice, or the machine's where the user's leads nowhere.

        ``None``: not known. When none is set, its name is ``""``.
        """
        if self.user_default.name is None:
            return self.machine_default if self.machine_default.name else None
        if self.user_default.name == "":
            return self.machine_default if self.machine_default.name is not None else None
        if self.user_default.works is False and self.machine_default.works:
            return self.machine_default
        return self.user_default

    @property
    def active_profile(self) -> Profile | None:
        """The profile Outlook starts with; ``None``: there is none, it is asked for, or it is not known."""
        return next((one for one in self.profiles or () if one.default), None)
