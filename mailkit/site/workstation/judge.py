"""What stands in the way of a mode on a workstation. Pure: a :class:`~.model.Workstation` in, findings out.

The words are in :file:`findings/workstation.toml`; here are only the conditions. What is not known is never taken for good or
bad: it is said to be missing, with the key to ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.finding import Finding, Product, Severity
from mailkit.site.erp import Mode
from mailkit.site.opinion import Opinion, worded
from mailkit.site.screens import mode_words
from mailkit.site.workstation.model import Bits, Default, Workstation
from mailkit.site.workstation.programs import program_of_client, programs
from mailkit.text import shorten, visible

__all__ = ["judge"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2, "ok": 3}
_MAPI_KEY = r"HKLM\SOFTWARE\Microsoft\Windows Messaging Subsystem"
_MAIL_KEY = r"SOFTWARE\Clients\Mail"


def judge(
    workstation: Workstation,
    mode: Mode,
    *,
    program_bits: Bits | None = None,
    product: Product = "maestro-erp",
    account: str | None = None,
) -> tuple[Finding, ...]:
    """Say what stands in the way of a mode on this workstation: errors first, in the order in which they cause each other.

    Args:
        workstation: what is known of it.
        mode: ``outlook``, ``other`` (MAPI) or ``lotus-notes``; the other two need nothing there.
        program_bits: whether the program that sends is a 32-bit or a 64-bit one, where that is known.
        product: the product whose screens the ways out name.
        account: the address the mail should leave from, to be compared with Outlook's default account.

    Raises:
        InputError: there is no such mode.
    """
    if mode not in get_args(Mode):
        raise InputError(f"there is no mode {visible(str(mode))[:40]!r}; modes are {', '.join(get_args(Mode))}")
    if mode in ("smtp", "modern-auth"):
        means = mode_words()[mode].means
        return (worded(_good("not-needed", "workstation", means=means), product),)
    case = _Case(workstation, program_bits, account.strip() if account else None)
    opinions = list({"outlook": case.outlook, "other": case.other, "lotus-notes": case.notes}[mode]())
    opinions += case.surroundings()
    broken = any((one.severity or worded(one, None).severity) == "error" for one in opinions)
    opinions += case.gaps(broken=broken)
    findings = sorted((worded(one, product) for one in opinions), key=lambda one: _RANK[one.severity])
    if all(one.severity in ("info", "ok") for one in findings):
        findings.append(worded(Opinion(code="workstation.ok", subject="workstation", evidence={"mode": mode}), product))
    # The workstation first, then the way round it on the product's screens.
    return tuple(replace(one, fix=tuple(sorted(one.fix, key=lambda fix: fix.where is not None))) for one in findings)


def _good(variant: str, subject: str, **evidence: Any) -> Opinion:  # noqa: ANN401 - evidence is of any kind
    return Opinion(code="workstation.ok", variant=variant, subject=subject, evidence=evidence)


class _Case:
    """One workstation and what is asked of it; collects on the way what could not be answered."""

    def __init__(self, workstation: Workstation, program_bits: Bits | None, account: str | None) -> None:
        self.workstation = workstation
        self.program_bits = program_bits
        self.account = account
        self.missing: dict[str, str] = {}
        """What is not known, in words, and the key to export."""

    # ── the three modes ────────────────────────────────────────────────────────────────────────────────────────────

    def outlook(self) -> Iterator[Opinion]:
        """Mode Outlook: classic Outlook, its profile and its default account."""
        station = self.workstation
        outlook, new = station.outlook, station.new_outlook
        if new.in_use:
            evidence = {"key": new.key, "value": "UseNewOutlook = 1"}
            yield Opinion(code="workstation.new-outlook", subject="Outlook", evidence=evidence)
        elif outlook.installed is False and new.installed:
            yield Opinion(code="workstation.new-outlook", variant="only", subject="Outlook", evidence={"key": outlook.key})
        elif outlook.installed is False:
            evidence = {"key": outlook.key, "value": "not there"}
            yield Opinion(code="workstation.outlook-missing", subject="Outlook", evidence=evidence)
        else:
            yield from self.outlook_itself()
            yield from self.outlook_bits()
            yield from self.profile()
        default = station.default
        if default and default.name and program_of_client(default.name) != "outlook":
            yield self.not_needed(default)

    def other(self) -> Iterator[Opinion]:
        """Mode Other: the default mail program and its MAPI library."""
        station = self.workstation
        default = station.default
        if station.user_default.name is None:
            self.missing["the user's own choice of a default mail program"] = f"HKCU\\{_MAIL_KEY}"
        if default is None:
            if not station.user_default.name and station.machine_default.name is None:
                self.missing["the default mail program"] = f"HKLM\\{_MAIL_KEY}"
        elif not default.name:
            yield from self.no_default()
        else:
            yield from self.default_program(default)
            yield from self.links(default)

    def notes(self) -> Iterator[Opinion]:
        """Mode Lotus Notes: the Notes client."""
        notes = self.workstation.notes
        if notes.installed is None:
            self.missing["whether Notes is installed"] = r"HKLM\SOFTWARE\Lotus"
        elif not notes.installed:
            yield Opinion(code="workstation.notes-missing", subject="Notes", evidence={"key": notes.key, "value": "not there"})
        else:
            yield _good("notes", "Notes", path=notes.path, key=notes.key)
            yield from self.compared("Notes", notes.bits, "notes", path=notes.path, key=notes.key)
        default = self.workstation.default
        if default and default.name and program_of_client(default.name) != "notes":
            yield self.not_needed(default)

    # ── Outlook ────────────────────────────────────────────────────────────────────────────────────────────────────

    def outlook_itself(self) -> Iterator[Opinion]:
        station = self.workstation
        outlook, new = station.outlook, station.new_outlook
        if outlook.installed is None:
            self.missing["whether classic Outlook is installed"] = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
        else:
            bits = f"{outlook.bits}-bit" if outlook.bits else "32-bit or 64-bit not known"
            version = f"version {outlook.version}" if outlook.version else "version not known"
            yield _good("outlook", "Outlook", version=version, bits=bits, path=outlook.path, key=outlook.key)
        if new.in_use is None:
            self.missing["whether the new Outlook is in use"] = r"HKCU\SOFTWARE\Microsoft\Office\16.0\Outlook"
        if new.coming:
            value = (new.coming_key or "").rpartition(", ")[2]
            evidence = {"key": new.coming_key, "value": value}
            yield Opinion(code="workstation.new-outlook", variant="coming", subject="Outlook", evidence=evidence)

    def outlook_bits(self) -> Iterator[Opinion]:
        outlook = self.workstation.outlook
        yield from self.compared("Outlook", outlook.bits, "outlook", path=outlook.path, key=outlook.key)

    def profile(self) -> Iterator[Opinion]:
        """The profile Outlook starts with, and the account it sends from."""
        station = self.workstation
        if station.profiles is None:
            self.missing["the user's Outlook profiles"] = (station.profiles_key or "").removesuffix("\\Profiles")
            return
        names = [one.name for one in station.profiles]
        evidence: dict[str, Any] = {"profile": station.default_profile, "profiles": names, "key": station.profiles_key}
        active = station.active_profile
        if not names:
            yield Opinion(code="workstation.profile-missing", subject="Outlook", evidence={"key": station.profiles_key})
            return
        if station.profile_prompt:
            key = r"HKCU\SOFTWARE\Microsoft\Exchange\Client\Options"
            evidence_of_prompt = {"key": key, "value": "PickLogonProfile = 1", "profiles": names}
            yield Opinion(code="workstation.profile-prompt", subject="Outlook", evidence=evidence_of_prompt)
        if active is None and station.default_profile:
            yield Opinion(code="workstation.profile-missing", variant="default-gone", subject="Outlook", evidence=evidence)
        elif active is None and station.default_profile == "":
            yield Opinion(code="workstation.profile-missing", variant="none-chosen", subject="Outlook", evidence=evidence)
        elif active is None:
            self.missing["which Outlook profile is the default"] = (station.profiles_key or "").removesuffix("\\Profiles")
        else:
            yield _good("profile", "Outlook", profile=active.name, key=active.key)
            yield from self.sender()

    def sender(self) -> Iterator[Opinion]:
        """The account mail leaves from, compared with the one it should leave from."""
        profile = self.workstation.active_profile
        assert profile is not None
        account = profile.default_account
        addresses = [one.address for one in profile.accounts or () if one.address]
        default = account.address if account else None
        evidence = {
            "default": default,
            "expected": self.account,
            "profile": profile.name,
            "accounts": addresses,
            "key": profile.key,
        }
        if not self.account:
            if default:
                yield _good("sends-from", "Outlook", default=default, profile=profile.name, key=profile.key)
        elif default and default.casefold() == self.account.casefold():
            yield _good("sends-from", "Outlook", default=default, profile=profile.name, key=profile.key)
        elif profile.accounts is not None and self.account.casefold() not in [one.casefold() for one in addresses]:
            if any(not one.address for one in profile.accounts):
                self.missing["the address of every account in the Outlook profile"] = profile.key
            else:
                yield Opinion(
                    code="workstation.default-account-differs",
                    variant="absent",
                    subject=self.account,
                    evidence=evidence,
                    confidence="likely",
                )
        elif default:
            yield Opinion(
                code="workstation.default-account-differs", subject=self.account, evidence=evidence, confidence="likely"
            )
        else:
            self.missing["the account Outlook sends from"] = profile.key

    # ── the default program ────────────────────────────────────────────────────────────────────────────────────────

    def no_default(self) -> Iterator[Opinion]:
        station = self.workstation
        evidence = {
            "key": station.user_default.key or f"HKCU\\{_MAIL_KEY}",
            "value": "(Default) not set, nor for all users",
            "mailto": self.shown(station.mailto),
            "programs": [one.name for one in station.clients or ()],
        }
        if station.mailto == "mail-app":
            yield Opinion(code="workstation.mail-app", subject="Mail", evidence=evidence)
        elif station.mailto == "new-outlook":
            program = programs()["new-outlook"].name
            yield Opinion(
                code="workstation.new-outlook", variant="default", subject="Outlook", evidence={"program": program, **evidence}
            )
        variant = "none-there" if station.clients == () else None
        yield Opinion(code="workstation.no-default-client", variant=variant, subject="default mail program", evidence=evidence)

    def default_program(self, default: Default) -> Iterator[Opinion]:
        """The program Windows hands the mail to."""
        station = self.workstation
        name = default.name or ""
        program = program_of_client(name)
        evidence = {"name": name, "key": default.key, "programs": [one.name for one in station.clients or ()]}
        own = station.user_default
        if own.name and own is not default:
            beside = {"name": own.name, "other": name, "key": own.key}
            yield Opinion(code="workstation.client-not-registered", variant="user-only", subject=own.name, evidence=beside)
        if program == "outlook" and (default.works is not False or station.outlook.installed is False):
            yield from self.outlook_by_mapi(default)
        elif default.works is False and program in ("mail-app", "new-outlook"):
            known = programs()[program]
            if program == "mail-app":
                yield Opinion(code="workstation.mail-app", subject=name, evidence=evidence)
            else:
                told = {"program": known.name, **evidence}
                yield Opinion(code="workstation.new-outlook", variant="default", subject=name, evidence=told)
        elif default.works is False:
            variant = "no-library" if default.registered else None
            yield Opinion(code="workstation.client-not-registered", variant=variant, subject=name, evidence=evidence)
        elif default.works is None:
            self.missing[f"how {shorten(visible(name), 60)} is registered"] = f"HKLM\\{_MAIL_KEY}"
        else:
            yield from self.library(default, default.client.bits if default.client else None)

    def outlook_by_mapi(self, default: Default) -> Iterator[Opinion]:
        """Outlook is the default program: what holds for mode Outlook holds here, too."""
        station = self.workstation
        new = station.new_outlook
        if station.outlook.installed is False:
            evidence = {"key": station.outlook.key, "value": "not there", "default": default.name}
            if new.installed:
                yield Opinion(code="workstation.new-outlook", variant="only", subject="Outlook", evidence=evidence)
            else:
                yield Opinion(code="workstation.outlook-missing", variant="mapi", subject="Outlook", evidence=evidence)
            return
        if new.in_use:
            evidence = {"key": new.key, "value": "UseNewOutlook = 1", "default": default.name}
            yield Opinion(
                code="workstation.new-outlook", variant="mapi", subject="Outlook", evidence=evidence, confidence="likely"
            )
        if default.works is None:
            self.missing["how Outlook is registered"] = f"HKLM\\{_MAIL_KEY}"
        else:
            yield from self.library(default, station.outlook.bits or default.client.bits if default.client else None)
        yield from self.profile()

    def library(self, default: Default, bits: Bits | None) -> Iterator[Opinion]:
        """The MAPI library of the default program: there, of the right kind, and announced."""
        client = default.client
        assert client is not None
        path = client.dll_ex or client.dll or client.component
        yield _good("client", client.name, name=client.name, library=path, key=client.key)
        yield from self.compared(client.name, bits, None, library=path, key=client.key)
        station = self.workstation
        kinds = {64: station.mapi_64, 32: station.mapi_32}
        wanted = [kinds[self.program_bits]] if self.program_bits else list(kinds.values())
        if all(one is False for one in wanted):
            words = f"{self.program_bits}-bit" if self.program_bits else "32-bit and 64-bit"
            narrow = self.program_bits == 32 and station.windows.bits == 64
            key = _MAPI_KEY.replace("SOFTWARE", "SOFTWARE\\WOW6432Node", 1) if narrow else _MAPI_KEY
            yield Opinion(
                code="workstation.mapi-missing",
                variant=None if program_of_client(client.name) == "outlook" else "other-program",
                subject=client.name,
                evidence={"key": key, "value": "MAPI", "bits": words, "default": client.name},
                confidence="likely",
            )

    def links(self, default: Default) -> Iterator[Opinion]:
        """What opens mailto links is another setting; people take it for this one."""
        mailto = self.workstation.mailto
        program = program_of_client(default.name or "")
        if not mailto or mailto == program or (mailto not in programs() and mailto.casefold() in (default.name or "").casefold()):
            return
        evidence = {"default": default.name, "mailto": self.shown(mailto), "key": default.key}
        if mailto == "mail-app":
            yield Opinion(code="workstation.mail-app", variant="links", subject="Mail", evidence=evidence)
        elif mailto in programs():
            yield Opinion(code="workstation.default-client-differs", subject=default.name or "", evidence=evidence)

    def not_needed(self, default: Default) -> Opinion:
        evidence = {"default": default.name, "key": default.key}
        return Opinion(
            code="workstation.default-client-differs", variant="not-needed", subject=default.name or "", evidence=evidence
        )

    def shown(self, program: str | None) -> str | None:
        known = programs().get(program or "")
        return known.name if known else program

    # ── all modes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def compared(self, name: str, bits: Bits | None, variant: str | None, **seen: str | None) -> Iterator[Opinion]:
        """32-bit or 64-bit: the program and what it loads."""
        evidence = {"name": name, "bits": bits, "program_bits": self.program_bits, **seen}
        if bits is None:
            if self.program_bits:
                self.missing[f"whether {shorten(visible(name), 60)} is 32-bit or 64-bit"] = r"HKLM\SOFTWARE\Microsoft\Office"
        elif self.program_bits is None:
            yield Opinion(code="workstation.bitness-mismatch", variant="not-known", subject=name, evidence=evidence)
        elif bits == self.program_bits:
            yield _good("bits", name, **evidence)
        else:
            yield Opinion(
                code="workstation.bitness-mismatch", variant=variant, subject=name, evidence=evidence, confidence="likely"
            )

    def surroundings(self) -> Iterator[Opinion]:
        station = self.workstation
        if station.windows.session_host:
            key = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
            evidence = {"key": key, "value": "TSAppCompat = 1", "windows": station.windows.name}
            yield Opinion(code="workstation.terminal-server", subject="workstation", evidence=evidence)
        if station.not_understood:
            lines = [f"{one.file} line {one.line} ({one.what})" for one in station.not_understood]
            more = [f"{station.more_not_understood} more"] if station.more_not_understood else []
            yield Opinion(code="workstation.not-understood", subject="workstation", evidence={"lines": [*lines, *more]})

    def gaps(self, *, broken: bool) -> Iterator[Opinion]:
        """What could not be answered; where something is wrong anyway, it does not decide the verdict."""
        station = self.workstation
        severity: Severity | None = "info" if broken else None
        if station.users:
            evidence: dict[str, Any] = {"users": list(station.users)}
            yield Opinion(
                code="workstation.not-known", variant="users", subject="workstation", evidence=evidence, severity=severity
            )
        if self.missing:
            evidence = {"missing": list(self.missing), "keys": list(dict.fromkeys(self.missing.values()))}
            yield Opinion(code="workstation.not-known", subject="workstation", evidence=evidence, severity=severity)
