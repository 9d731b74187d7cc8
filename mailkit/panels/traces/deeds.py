"""What is done for the panel with a hotel, its traces and its store: preview, activate, settle, resume. All of it blocks."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailkit.errors import InputError
from mailkit.journal import Delivery
from mailkit.journal.store import Decision
from mailkit.mail.account import Account
from mailkit.panels.traces.case import Case
from mailkit.panels.traces.charts import by_day_and_clerk
from mailkit.panels.traces.choice import Choice
from mailkit.report.drawing import Drawing
from mailkit.secret import Secret
from mailkit.site.file import SiteFile
from mailkit.text import visible
from mailkit.traces.desk import Queued, accounts
from mailkit.traces.preview import Preview

__all__ = ["Activated", "Previewed", "activate", "preview", "resume", "settle", "ways"]


@dataclass(frozen=True)
class Previewed:
    """A preview, of which hotel and choice it is, and its chart (``None``: there is nothing to draw, or nothing to draw with)."""

    case: Case
    choice: Choice
    preview: Preview
    chart: Drawing | None = None


@dataclass(frozen=True)
class Activated:
    """What activating did, and the hotel as it is now."""

    case: Case
    choice: Choice
    queued: Queued
    again: bool
    """Trace mail was on already."""


def preview(case: Case, choice: Choice, password: Secret | None = None) -> Previewed:
    """Foresee what activating would send; nothing is changed.

    Raises:
        InputError: something of it cannot be used.
    """
    found = _preview(case, choice, password)
    return Previewed(case, choice, found, by_day_and_clerk(found))


def activate(seen: Previewed, password: Secret | None = None) -> Activated:
    """Switch trace mail on as it was previewed: write the flag into the site file, queue the back-fill. Nothing leaves.

    Raises:
        InputError: the traces are not those of the preview any more, or something cannot be used.
    """
    case, choice = seen.case, seen.choice
    now = _preview(case, choice, password)
    if _sum(now) != _sum(seen.preview):
        raise InputError(
            f"the traces have changed since the preview: it showed {seen.preview.sending:,} mails, now it would be"
            f" {now.sending:,}; nothing was changed, preview again"
        )
    with case.open_store(create=True) as store:
        desk = case.desk(choice, store, _now(), password)
        again = desk.kind == "active"
        file = case.file
        if not again:
            desk.refuse_incomplete()
            # The flag first: if this is cut short, doing it again finds a site that was never activated, and repeats nothing.
            file = _kept(file, desk.flagged)
        after = desk.switched() if not again else case.site
        done = desk.activate(choice.exclusion(case.site), mark_sent=choice.mark_sent)
        if after != file.site:
            file = _kept(file, after)
    return Activated(replace(case, file=file), choice, done, again)


def settle(case: Case, delivery_id: str, decision: Decision) -> Delivery:
    """Write down what a person decided about a mail.

    Raises:
        InputError: of this mail it cannot be said.
    """
    with case.open_store(create=False) as store:
        return store.settle(delivery_id, decision, by=_person(), now=_now())


def resume(case: Case, account: str) -> bool:
    """Let a stopped account be used again; ``False``: it was not stopped."""
    with case.open_store(create=False) as store:
        return store.resume(account)


def ways(case: Case) -> Mapping[str, Account]:
    """Give the accounts that the traces of a hotel leave by, by their keys."""
    return accounts(case.site, case.settings)


def _preview(case: Case, choice: Choice, password: Secret | None) -> Preview:
    store = case.open_store(create=False) if case.store_is_there else None
    try:
        return case.desk(choice, store, _now(), password).preview(choice.exclusion(case.site))
    finally:
        if store is not None:
            store.close()


def _sum(preview: Preview) -> object:
    """What has to be the same for a yes to hold: whether it is the first time, and who gets how many of which days."""
    return preview.activation, [(one.who, one.recipient, one.property, one.days) for one in preview.by_clerk]


def _kept(file: SiteFile, site: object) -> SiteFile:
    """Save the site where it came from; one that was handed over is kept in memory, to be downloaded."""
    assert isinstance(site, type(file.site)), "it was made from it"
    return file.save(site) if file.path is not None else SiteFile(site=site, text=file.with_site(site))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _person() -> str:
    try:
        return visible(getpass.getuser())
    except (OSError, KeyError, ImportError):  # no name is known to this machine
        return "a person"
