"""What is wrong with the mail configuration of a hotel, seen from its Email Setup, its clerks and its history alone.

What is not known is no mistake and is left to :mod:`mailkit.site.check`, which lists it once.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mailkit.site.check import clerks as of_clerks
from mailkit.site.check import endpoint as of_endpoint
from mailkit.site.check.password import hosted, is_old_windows, other_server, password_ends, tls_too_old
from mailkit.site.check.sender import trace_sender
from mailkit.site.endpoint import UsedEndpoint
from mailkit.site.facts import facts
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import phrase
from mailkit.site.pms import LEAVE, EmailSetup, PmsSite, Setting
from mailkit.site.providers import Provider, providers
from mailkit.site.screens import screens

__all__ = ["ever_activated", "has_traces", "opinions", "setups"]

_YES, _NO = {"true", "yes", "y", "1", "on"}, {"false", "no", "n", "0", "off"}
_FIRST_WITH_TRACES = (5, 1)


def opinions(site: PmsSite, today: dt.date) -> Iterator[Opinion]:
    """Judge one hotel on a day."""
    yield from _version(site)
    yield from _each_setup(site, today)
    yield from _leave(site)
    yield from _backfill(site, today)
    yield from of_clerks.opinions(site.clerks)


def has_traces(version: str | None) -> bool | None:
    """Say whether a version can send traces by e-mail; ``None``: it is not known, or has no second number that would tell.

    >>> has_traces("Maestro 5.1.03"), has_traces("v4"), has_traces("5")
    (True, False, None)
    """
    found = re.search(r"(\d{1,4})(?:\.(\d{1,4}))?", version or "", re.ASCII)
    if found is None or (found[2] is None and int(found[1]) == _FIRST_WITH_TRACES[0]):
        return None
    return (int(found[1]), int(found[2] or 0)) >= _FIRST_WITH_TRACES


def setups(site: PmsSite) -> dict[str | None, EmailSetup]:
    """Give the general Email Setup (key ``None``) and each property's, filled up with the general one field by field."""
    general = site.email_setup
    found: dict[str | None, EmailSetup] = {}
    if general != EmailSetup() or not site.properties:
        found[None] = general
    for one in site.properties:
        own = {name: value for name, value in msgspec.structs.asdict(one.email_setup).items() if value is not None}
        found[one.code] = msgspec.structs.replace(general, **own)
    return found


def ever_activated(site: PmsSite) -> bool | None:
    """Say whether trace mail has ever been on; ``None``: not known."""
    traces = site.traces
    if traces.activated is None and (traces.first_activated is not None or any(switch.to for switch in traces.switches)):
        return True
    return traces.activated


def _version(site: PmsSite) -> Iterator[Opinion]:
    if has_traces(site.version) is False:
        yield Opinion(code="site.version-too-old", subject=phrase("the-program"), evidence={"version": site.version})


def _each_setup(site: PmsSite, today: dt.date) -> Iterator[Opinion]:
    """Judge every Email Setup; a property that only inherits what is wrong is not named again."""
    said: dict[bytes, Opinion] = {}
    for place, setup in setups(site).items():
        for opinion in _setup(setup, site, today):
            key = msgspec.json.encode((opinion.code, opinion.variant, opinion.evidence), order="deterministic")
            before = said.get(key)
            if before is None:
                named = {} if place is None else {"properties": [place]}
                subject = opinion.subject if place is None else f"{opinion.subject} of {place}"
                said[key] = msgspec.structs.replace(opinion, subject=subject, evidence={**opinion.evidence, **named})
            elif place is not None and "properties" in before.evidence:
                before.evidence["properties"].append(place)
    yield from said.values()


def _setup(setup: EmailSetup, site: PmsSite, today: dt.date) -> Iterator[Opinion]:
    if setup.email_traces is False:
        yield Opinion(code="site.trace-flag-off", subject="Email Traces")
    named = providers().get(site.provider or "")
    login = setup.auth_name if setup.mechanism != "none" else None
    provider = hosted(setup.server, named, login)
    other = other_server(setup.server, login)
    if other is not None and other.server is not None:
        evidence = {"host": setup.server, "login": login, "provider": other.name, "right": other.server.host}
        yield Opinion(code="site.provider-differs", variant="login", subject="Email server IP", evidence=evidence)
    if setup.server and setup.server.strip():
        port = setup.port if isinstance(setup.port, int) else None
        yield from of_endpoint.opinions(
            UsedEndpoint(host=setup.server.strip(), port=port, encrypted=None, users=(), mailings=("trace",), certain=True), named
        )
    yield from _log_in(setup, provider, site)
    yield from trace_sender(setup, provider, site.clerks)
    if setup.mechanism != "none" and setup.auth_name != "" and provider is not None:
        yield from password_ends(provider, today, ())
    if site.operating_system and provider is not None:
        yield from tls_too_old(provider, site.operating_system, today)


def _log_in(setup: EmailSetup, provider: Provider | None, site: PmsSite) -> Iterator[Opinion]:
    name = setup.auth_name.strip() if setup.auth_name is not None else None
    evidence = {
        "method": setup.auth_meth or setup.mechanism,
        "login": name,
        "server": setup.server,
        "provider": provider.name if provider else None,
        "system": site.operating_system,
    }
    subject = "Email Auth Name"
    wanted = provider is not None and provider.user != "none"
    if setup.mechanism == "none" or name == "":
        contradiction = "name-unused" if name else "log-in-needed" if wanted else None
        if setup.mechanism not in ("none", None):
            contradiction = "name-missing"
        if contradiction is not None:
            yield Opinion(code="site.auth-contradiction", variant=contradiction, subject=subject, evidence=evidence)
        return
    offered = facts().mechanisms.get(provider.id, ()) if provider is not None else ()
    if setup.mechanism is not None and offered and setup.mechanism not in offered:
        told = {**evidence, "mechanism": setup.mechanism, "offered": list(offered)}
        yield Opinion(code="site.auth-contradiction", variant="not-offered", subject="Email Auth Meth", evidence=told)
    if name:
        yield from _name_and_password(name, setup, provider, evidence)


def _name_and_password(name: str, setup: EmailSetup, provider: Provider | None, evidence: dict[str, Any]) -> Iterator[Opinion]:
    if name != setup.auth_name:
        yield Opinion(code="site.login-blank", variant="traces", subject="Email Auth Name", evidence=evidence)
    if "@" not in name:
        form = _bare_name(name, setup.server, provider)
        if form != "fine":
            yield Opinion(code="site.auth-name-without-domain", variant=form, subject="Email Auth Name", evidence=evidence)
    if setup.password == "empty":  # noqa: S105 (the word for there being none)
        how = "provider" if provider is not None else "old-windows" if is_old_windows(evidence["system"]) else None
        yield Opinion(code="site.password-blank", variant=how, subject="Window > Set Password", evidence=evidence)


def _bare_name(name: str, server: str | None, provider: Provider | None) -> str | None:
    """Judge a log-in without a domain: right in one's own network, wrong where the whole address is asked for."""
    if provider is not None:
        return "provider" if provider.user == "address" else "fine"
    if server and of_endpoint.is_inside(server):
        return "fine" if "\\" in name else "inside"
    return "inside" if "\\" in name else None


def _leave(site: PmsSite) -> Iterator[Opinion]:
    for field in LEAVE:
        was, now = getattr(site.baseline, field), getattr(site.email_setup, field)
        if was is not None and now is not None and _plain(was) != _plain(now):
            label = screens()[f"pms.{field}"].label
            evidence = {"field": f"pms.{field}", "label": label, "was": _shown(was), "now": _shown(now)}
            yield Opinion(code="site.leave-field-changed", variant=field, subject=label, evidence=evidence)


def _plain(value: Setting) -> str:
    """Make a value comparable: a flag may be written as ``true``, ``"Y"`` or ``1``."""
    word = str(value).strip().casefold()
    return "y" if word in _YES else "n" if word in _NO else word


def _shown(value: Setting) -> str:
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value) if str(value).strip() else "empty"


def _backfill(site: PmsSite, today: dt.date) -> Iterator[Opinion]:
    """Say when the first activation sends, or has just sent, the traces of the days before."""
    traces, on = site.traces, site.email_setup.email_traces
    first = traces.first_activated or min((switch.on for switch in traces.switches if switch.to), default=None)
    ever = ever_activated(site)
    evidence = {"days": traces.days, "waiting": traces.waiting, "first": first.isoformat() if first else None}
    if ever is False:
        variant = "now" if on else None
    elif first is not None and 0 <= (today - first).days <= traces.days:
        variant = "recent"
    elif ever and on is False:
        variant = "again"
    else:
        return
    if traces.waiting is not None and variant in (None, "now"):
        variant = "now-counted" if variant else "counted"
    yield Opinion(code="site.backfill-pending", variant=variant, subject="Email Traces", evidence=evidence)
