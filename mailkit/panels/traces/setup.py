"""The Email Setup of a hotel in words: the flag, the server, the sender, and everything that is in the way. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from mailkit.finding import Finding
from mailkit.panels.site.markup import card
from mailkit.report.markup import text
from mailkit.report.places import place
from mailkit.report.words import SEVERITY, count, who_words
from mailkit.site.check import check
from mailkit.site.check.pms import setups
from mailkit.site.mailbox import flaw_of
from mailkit.site.pms import EmailSetup, PmsSite
from mailkit.site.providers import provider_of_host, providers
from mailkit.text import shorten

__all__ = ["findings_of", "in_the_way", "setup_card"]

_SAID_BY_THE_PREVIEW = "site.backfill-pending"
_LONG = 200


def findings_of(site: PmsSite, today: dt.date) -> tuple[Finding, ...]:
    """Return the errors and warnings of a hotel; what a back-fill would send is the preview's affair."""
    found = check(site, today)
    return tuple(one for one in found if one.severity in ("error", "warning") and one.code != _SAID_BY_THE_PREVIEW)


def setup_card(site: PmsSite) -> str:
    """Return the card: is trace mail on, by which server does it leave, from whom, as whom."""
    flags = {setup.email_traces for setup in setups(site).values()}
    if flags == {True}:
        tone, headline = "ok", "Email Traces is Y: traces are sent by e-mail."
    elif True in flags:
        tone, headline = "warning", "Email Traces is Y at some properties and not at others."
    elif False in flags:
        tone, headline = "warning", "Email Traces is N: nothing is queued and nothing leaves."
    else:
        tone, headline = "unknown", "The site file does not say whether Email Traces is Y or N."
    return card(tone, headline, _rows(site))


def in_the_way(found: tuple[Finding, ...]) -> str:
    """Return what is in the way: each with the field it is put right at, and who does that."""
    if not found:
        return ""
    entries = "".join(f"<li>{_hindrance(one)}</li>" for one in found)
    return f'<section class="mk-group"><h4>In the way, and what to look at</h4><ul class="mk-findings">{entries}</ul></section>'


def _hindrance(one: Finding) -> str:
    fixes = "".join(
        f'<div class="mk-more"><b>{text(who_words(fix.who, start=True))}:</b> {text(shorten(fix.action, _LONG * 2))}'
        f"{f' <span class=mk-place>{text(place(fix.where) or str())}</span>' if fix.where else ''}</div>"
        for fix in one.fix
    )
    word = f'<span class="mk-word mk-{one.severity}">{SEVERITY[one.severity]}</span>'
    return f'{word} <span class="mk-summary">{text(shorten(one.summary, _LONG * 2))}</span>{fixes}'


def _rows(site: PmsSite) -> Iterator[tuple[str, str]]:
    setup = site.email_setup
    yield "Server", _server(site, setup)
    yield "From", _said(setup.trace_rep_addr)
    yield "Log-in", _login(setup)
    for one in site.properties:
        own = setups(site).get(one.code, setup)
        yield (
            "Properties",
            f"{one.code}: Email Traces {_flag(own.email_traces)}, {_server(site, own)}, from {_said(own.trace_rep_addr)}",
        )
    yield "Version", _said(site.version)
    if site.business_date is not None:
        yield "Hotel's date", f"{site.business_date}"
    usable = sum(1 for one in site.clerks if one.status != "inactive" and one.email and flaw_of(one.email) is None)
    yield "Clerks", f"{count(len(site.clerks), 'clerk')}, {usable} of them with an address that can be used"


def _server(site: PmsSite, setup: EmailSetup) -> str:
    known = providers().get(site.provider or "") or (provider_of_host(setup.server) if setup.server else None)
    port = f", port {setup.port}" if setup.port else ", port not known" if setup.port is None else ", no port"
    return f"{_said(setup.server)}{port}{f' ({known.name})' if known else ''}"


def _login(setup: EmailSetup) -> str:
    if setup.mechanism == "none":
        return "nobody logs in"
    password = {"set": "a password is set", "empty": "the password is empty", None: "whether a password is set is not known"}
    method = setup.mechanism or setup.auth_meth or "method not known"
    return f"{_said(setup.auth_name)}, {method}, {password[setup.password]}"


def _flag(flag: bool | None) -> str:  # noqa: FBT001 - a value of the site, not a switch
    return {True: "Y", False: "N", None: "not known"}[flag]


def _said(value: str | None) -> str:
    return "not known" if value is None else shorten(value, _LONG) or "empty"
