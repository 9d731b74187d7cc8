"""The desk of one hotel's traces: preview, activate, queue what is new. What commands and panels work with.

Everything here blocks while files, databases and the store work: off the event loop, please. Nothing is sent here; what is queued
is sent by :mod:`mailkit.mail.sending`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from mailkit.errors import InputError
from mailkit.finding import Finding
from mailkit.journal.store import Store
from mailkit.mail.account import Account
from mailkit.mail.plan import PlanSettings
from mailkit.site.backfill import preview as backfill
from mailkit.site.check.pms import ever_activated, setups
from mailkit.site.pms import EmailSetup, PmsSite, Switch
from mailkit.text import visible
from mailkit.traces.decision import Decider, recorded, switched_on
from mailkit.traces.ledger import Activation, Ledger
from mailkit.traces.letters import Letters
from mailkit.traces.preview import ActivationKind, Preview, Tally, WindowShown, parameters
from mailkit.traces.queueing import Queued, Writer
from mailkit.traces.rerouting import reroute
from mailkit.traces.sorting import Exclusion, Sorted, Sorter, Windows, skipped_key
from mailkit.traces.source import Source
from mailkit.traces.trace import KINDS, Unusable
from mailkit.traces.window import Basis, Reach, Window

__all__ = ["Desk", "Queued"]

_CHUNK = 500
_COUNTED: tuple[Basis, ...] = ("created", "due", "business")


class Desk:
    """One hotel, its source of traces and, where there is one, its store.

    Args:
        site: the hotel.
        source: its traces.
        now: the moment, with its zone: of the activation, or of this run.
        store: the journal; without it there is only a preview.
        reach: how far the back-fill reaches; without it, as the site file and the source say.
        chosen: names of what a person chose himself, for the preview.
        settings: what holds for every connection.
        folder: where the site file is, for the site's own texts.
        properties: only these are activated; ``None``: all.

    Raises:
        InputError: a text of the site's own or a choice is not usable, or the store is another hotel's.
    """

    def __init__(
        self,
        site: PmsSite,
        source: Source,
        *,
        now: dt.datetime,
        store: Store | None = None,
        reach: Reach | None = None,
        chosen: tuple[str, ...] = (),
        settings: PlanSettings | None = None,
        folder: Path | None = None,
        properties: tuple[str, ...] | None = None,
    ) -> None:
        self.site, self.source, self.now, self.store = site, source, now.astimezone(dt.UTC), store
        self._settings = settings or PlanSettings()
        self._chosen = dict.fromkeys(chosen, "chosen")
        self._properties = _checked(site, properties)
        self.ledger = Ledger(store, site.name) if store is not None else None
        self._activations = self.ledger.activations() if self.ledger is not None else {}
        self.kind: ActivationKind = self._activation_kind()
        self.reach = reach or Reach(days=site.traces.days)
        if self.kind == "active":
            self.reach = self._activations.get("", next(iter(self._activations.values()))).reach
        elif self.reach.basis == "created" and "basis" not in self._chosen:
            self._count_by_what_is_there()
        if source.column(self.reach.basis) is None:
            raise InputError(
                f"{source.name} has no column for the date to count by ({self.reach.basis}); name it under"
                f" [traces.source.columns], or count by another one: --basis {' or '.join(self._dates()) or '…'}"
            )
        self.letters = Letters(site, source.zones, folder)

    # ── what holds ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _dates(self) -> list[Basis]:
        return [basis for basis in _COUNTED if self.source.column(basis) is not None]

    def _count_by_what_is_there(self) -> None:
        """Count by another date where the source has no column for the day a trace was made."""
        there = self._dates()
        if there and "created" not in there:
            self.reach = msgspec.structs.replace(self.reach, basis=there[0])
            self._chosen["basis"] = "inferred"

    def _activation_kind(self) -> ActivationKind:
        codes = [""] if self._properties is None else list(self._properties)
        active = bool(self._activations) and all(code in self._activations or "" in self._activations for code in codes)
        if active:
            off = [setup.email_traces is False for code, setup in self._setups().items()]
            return "again" if off and all(off) else "active"
        return "taking-over" if ever_activated(self.site) else "first"

    def _setups(self) -> dict[str | None, EmailSetup]:
        found = setups(self.site)
        if self._properties is None:
            return found
        return {code: setup for code, setup in found.items() if (code or "").strip().casefold() in self._properties}

    @property
    def repeats(self) -> bool:
        """An activation now would send what is in the window, not only what comes after it."""
        return self.kind == "first" or self.reach.repeat

    def _anchor(self) -> dt.date | None:
        return self.site.business_date if self.reach.basis == "business" else None

    def _windows(self, *, planned: bool) -> Windows:
        return Windows(
            self.source.zones,
            self.now,
            self._activations,
            planned=self.reach if planned and self.kind != "active" else None,
            repeats=self.repeats,
            again=planned and self.kind == "again",
            anchor=self._anchor(),
            only=self._properties,
        )

    def _sorter(self, windows: Windows, site: PmsSite, exclusion: Exclusion | None) -> tuple[Sorter, Decider]:
        decider = Decider(site, self._settings)
        known = self.ledger.known if self.ledger is not None else None
        return Sorter(decider, windows, exclusion=exclusion, known=known), decider

    @property
    def flagged(self) -> PmsSite:
        """The site with ``Email Traces`` at Y and nothing else changed: what a site file may say before anything is queued."""
        return self.site if self.kind == "active" else switched_on(self.site, self._codes())

    def _codes(self) -> tuple[str, ...] | None:
        """Give the codes of the properties to be switched on as the site file writes them; ``None``: all."""
        if self._properties is None:
            return None
        return tuple(one.code for one in self.site.properties if one.code.strip().casefold() in self._properties)

    # ── preview ────────────────────────────────────────────────────────────────────────────────────────────────────

    def preview(self, exclusion: Exclusion | None = None, *, progress: Callable[[int], None] | None = None) -> Preview:
        """Foresee what activating would send, or (where trace mail is on already) the next run; nothing is changed.

        ``Email Traces`` counts as Y where it would be switched on; everything else as it is.
        """
        windows = self._windows(planned=True)
        sorter, decider = self._sorter(windows, self.flagged, exclusion)
        compared = self.kind != "active" and not exclusion and self.repeats
        tally = Tally(decider, windows, self.reach, self.site.business_date, compared=compared)
        for one in sorter.sort(self.source):
            tally.add(one)
            if progress is not None and tally.rows % 5000 == 0:
                progress(tally.rows)
        by_day = tally.by_day()
        return Preview(
            at=self.now,
            site=self.site.name,
            source=self.source.name,
            columns=self.source.columns,
            ignored=self.source.ignored,
            notes=self.source.notes,
            activation=self.kind,
            windows=self._shown(windows),
            parameters=parameters(self.reach, self._statuses_of_parameters(), self.site.traces.mail, self.source.zones),
            rows=tally.rows,
            sending=tally.sending,
            excluded=tally.count_of("excluded"),
            by_kind=tally.by_kind(),
            by_clerk=tally.by_clerk(),
            by_day=by_day,
            oldest=min(by_day, default=None),
            newest=max(by_day, default=None),
            left=tally.left(),
            unusable=tally.unusable,
            unusable_rows=tuple(tally.bad),
            shared=tally.shared(),
            forecasts=tally.forecasts(),
            alternatives=tally.alternatives(self._dates()),
            findings=(*tally.findings, *self._findings(tally.sending)),
        )

    def _statuses_of_parameters(self) -> dict[str, str]:
        mail = self.site.traces.mail
        said = {name: "site-file" for name in ("leave", "uncertain") if getattr(mail, name) is not None}
        days = {"days": "site-file"} if self.reach.days == self.site.traces.days != 7 else {}
        return {**said, **days, **self._chosen}

    def _findings(self, count: int) -> tuple[Finding, ...]:
        """What the site alone says about switching on, with the number that is known now."""
        if self.kind == "active":
            return ()
        counted = msgspec.structs.replace(self.site, traces=msgspec.structs.replace(self.site.traces, waiting=count))
        day = self.source.zones.hotel.day(self.now)
        return backfill(counted, day, days=self.reach.days).findings

    def _shown(self, windows: Windows) -> tuple[WindowShown, ...]:
        """Give the window of each property, those with the same days together."""
        found: dict[tuple[object, ...], list[str]] = {}
        shown: dict[tuple[object, ...], tuple[Window, str, bool, dt.datetime | None]] = {}
        codes: list[str | None] = [one.code for one in self.site.properties] or [None]
        for code in codes:
            window = windows.of(code)
            if window is None:
                continue
            zone = self.source.zones.of(code)
            was = windows.activation(code)
            key = (zone.name, window[0].first, window[0].last, was.moment if was else None)
            found.setdefault(key, []).extend([code] if code else [])
            shown[key] = (window[0], zone.name, zone.known, was.moment if was else None)
        every = len(found) == 1
        return tuple(
            WindowShown(
                properties=() if every and self._properties is None else tuple(found[key]),
                zone=name,
                zone_known=known,
                first=window.first if window.repeats else window.anchor,
                last=window.last if window.repeats else window.anchor,
                repeats=window.repeats,
                activated=moment,
            )
            for key, (window, name, known, moment) in shown.items()
        )

    # ── activation ─────────────────────────────────────────────────────────────────────────────────────────────────

    def switched(self) -> PmsSite:
        """Give the site with ``Email Traces`` at Y, and with this activation in its history: what the site file is to say."""
        site = switched_on(self.site, self._codes())
        day = self.source.zones.hotel.day(self.now)
        traces = site.traces
        was_off = any(setup.email_traces is False for setup in setups(self.site).values()) or not ever_activated(self.site)
        return msgspec.structs.replace(
            site,
            traces=msgspec.structs.replace(
                traces,
                activated=True,
                first_activated=traces.first_activated or (day if self.kind == "first" else None),
                switches=(*traces.switches, Switch(on=day, to=True)) if was_off else traces.switches,
                waiting=None,
            ),
        )

    def activate(
        self, exclusion: Exclusion | None = None, *, mark_sent: bool = False, progress: Callable[[int], None] | None = None
    ) -> Queued:
        """Queue the back-fill and record the moment. Nothing leaves; a second time queues nothing again.

        Args:
            exclusion: what is left out, for good.
            mark_sent: write everything down as sent without sending it.
            progress: told how many rows have been read.

        Raises:
            InputError: Email Setup is not complete, so nothing could leave.
            StoreError: the store cannot be written. What was queued until then stays queued, and is not queued again.
        """
        ledger = self._needs_ledger()
        if self.kind == "active":
            return self._queue(
                self._windows(planned=False), self.site, None, mark_sent=False, batch=self._batch(), progress=progress
            )
        site = self.flagged
        self.refuse_incomplete()
        batch = self._batch("backfill")
        done = self._queue(self._windows(planned=True), site, exclusion, mark_sent=mark_sent, batch=batch, progress=progress)
        # Last: a back-fill that was stopped half-way is simply done again, and what is queued already is not queued twice.
        scopes = ({*self._activations, ""} if self.kind == "again" else {""}) if self._properties is None else self._properties
        ledger.activate(
            Activation(
                scope=scope,
                site=self.site.name or "",
                moment=self.now,
                anchor=self._anchor(),
                reach=self.reach,
                repeats=self.repeats,
                batch=batch,
            )
            for scope in sorted(scopes)
        )
        self._activations = ledger.activations()
        self.site = self.switched()
        self.kind = "active"
        return msgspec.structs.replace(done, activated=True)

    def collect(self, *, progress: Callable[[int], None] | None = None) -> Queued:
        """Queue what is new at the source since the activation.

        Raises:
            InputError: trace mail of this hotel was never activated.
            StoreError: the store cannot be written.
        """
        self._needs_ledger()
        if not self._activations:
            raise InputError(
                "trace mail of this hotel has not been activated in this store; look at mailkit traces preview, then activate"
            )
        rerouted = reroute(self._needs_ledger().store, Decider(self.site, self._settings), self.now)
        done = self._queue(self._windows(planned=False), self.site, None, mark_sent=False, batch=self._batch(), progress=progress)
        return msgspec.structs.replace(done, rerouted=rerouted)

    def _batch(self, what: Literal["backfill", "traces"] = "traces") -> str:
        return f"{what}-{self.now:%Y%m%dT%H%M%S}"

    def _needs_ledger(self) -> Ledger:
        if self.ledger is None:
            raise InputError("this needs a store; name one with --store history.sqlite3")
        return self.ledger

    def refuse_incomplete(self) -> None:
        """Refuse to switch on what cannot send.

        Raises:
            InputError: no property could send a trace.
        """
        decider = Decider(self.flagged, self._settings)
        codes: list[str | None] = [one.code for one in self.site.properties] or [None]
        ways = [
            decider.way(code, "trace")
            for code in codes
            if self._properties is None or (code or "").casefold() in self._properties
        ]
        if ways and all(way.reason is not None for way in ways):
            way = ways[0]
            why = (
                way.finding.summary
                if way.finding
                else {"version-too-old": "the version is older than 5.1"}.get(way.reason or "", "Email Setup is not complete")
            )
            raise InputError(
                f"trace mail cannot be activated: {visible(why)} Nothing was queued; mailkit site check says what to put right"
            )

    # ── queueing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _queue(
        self,
        windows: Windows,
        site: PmsSite,
        exclusion: Exclusion | None,
        *,
        mark_sent: bool,
        batch: str,
        progress: Callable[[int], None] | None,
    ) -> Queued:
        assert self.ledger is not None, "asked for before"
        ledger, store = self.ledger, self.ledger.store
        sorter, decider = self._sorter(windows, site, exclusion)
        writer = Writer(site, decider, self.letters, self.source.zones, now=self.now, batch=batch, mark_sent=mark_sent)
        tally = Tally(decider, windows, self.reach, None, compared=False)
        for chunk in _chunks(sorter.sort(self.source)):
            for one in chunk:
                tally.add(one)
            told = [one for one in chunk if isinstance(one, Sorted) and one.decision.reason and recorded(one.decision.reason)]
            # A reason for silence is written down once, not at every run.
            known = ledger.queued([one.key or skipped_key(one.trace, one.decision) for one in told]) if told else set()
            new = [
                one for one in chunk if isinstance(one, Sorted) and (one.key or skipped_key(one.trace, one.decision)) not in known
            ]
            items = [row for one in new if (row := writer.row(one)) is not None]
            if items:
                store.enqueue(items, now=self.now)
                ledger.remember([(one.source_key, one.key) for one in new if one.source_key and one.key], self.now)
            if progress is not None:
                progress(tally.rows)
        left = {one.reason: one.count for one in tally.left()}
        excluded, already = left.pop("excluded", 0), left.pop("already-queued", 0)
        return Queued(
            at=self.now,
            batch=batch,
            activated=False,
            queued=0 if mark_sent else tally.sending,
            marked=tally.sending if mark_sent else 0,
            excluded=excluded,
            skipped=left,
            already=already,
            unusable=tally.unusable,
            unusable_rows=tuple(tally.bad),
            findings=tally.findings,
        )


def accounts(site: PmsSite, settings: PlanSettings | None = None) -> dict[str, Account]:
    """Give the accounts that traces of a hotel leave by, by their keys; properties that share one are one."""
    decider = Decider(switched_on(site), settings)
    codes: list[str | None] = [None, *(one.code for one in site.properties)]
    ways = [decider.way(code, kind) for code in codes for kind in KINDS]
    return {way.account.key: way.account for way in ways if way.account is not None}


def _checked(site: PmsSite, properties: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Give the codes of properties as they are compared.

    Raises:
        InputError: there is no such property.
    """
    if properties is None:
        return None
    there = {one.code.strip().casefold(): one.code for one in site.properties}
    for code in properties:
        if code.strip().casefold() not in there:
            names = ", ".join(visible(one) for one in there.values()) or "none"
            raise InputError(f"{visible(code)!r} is no property of the site file; there is {names}")
    return tuple(sorted({code.strip().casefold() for code in properties}))


def _chunks(every: Iterator[Sorted | Unusable]) -> Iterator[list[Sorted | Unusable]]:
    chunk: list[Sorted | Unusable] = []
    for one in every:
        chunk.append(one)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
