"""Where the values of a route come from: the lists of places of a table, walked with what a site has in them.

A place that holds something gives the value. One known to be empty sends the walk on. At one that is not known the walk stops:
the value is not known, and what it would be if that place were empty (or still the copy it was made as) is said beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter

from msgspec import Struct

from mailkit.site.mailbox import is_mailbox, same
from mailkit.site.route import RouteFields, RouteValue, Source
from mailkit.site.routing.table import FIELDS, FieldName, Rules, Step, Takes
from mailkit.site.screens import screens

__all__ = ["Places", "Records", "agreed"]

Records = Mapping[str, Struct | None]
"""The tables of the site file that values are in (``users``, ``general_settings.smtp``, …); ``None``: not known which."""

_Raw = str | int | bool | None

_SOURCES: Mapping[str, Source] = {
    "users": "user",
    "users.authentication": "token",
    "general_settings.smtp": "general",
    "mailing_configuration": "mailing",
    "email_setup": "email-setup",
    "client": "client",
    "token": "token",
}
_EMPTY = frozenset({"empty", "not-authenticated"})
_CODE = "users.code"
_REMEMBERED = 10_000


class _Slot(Struct, frozen=True, kw_only=True, eq=False):
    """One value to find: in which lists, and what of the mail's own records it depends on."""

    name: str
    """In :class:`~mailkit.site.route.RouteFields`."""
    field: FieldName
    lists: tuple[str | None, ...]
    """Of each row that is possible; ``None``: it has no such value."""
    depends: tuple[tuple[str, Callable[[Struct], object]], ...]


class _Spot(Struct, frozen=True, kw_only=True, eq=False):
    """A place, found in the site file and on the screens."""

    table: str
    name: str
    """The field; empty: what is no field of the site file."""
    source: Source | None
    where: str | None
    secret: bool
    """The site file says only whether there is one."""
    code: bool


class Places:
    """The places of a table, for one site: what is the same for many mails is looked up once."""

    def __init__(
        self,
        rules: Rules,
        shared: Records,
        *,
        code_domain: str | None = None,
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        """Take the records that all mails share, the domain added to user codes, and fields whose source is a special one."""
        self._rules, self._shared, self._sources = rules, shared, sources or {}
        self._domain = code_domain if code_domain is None else code_domain.strip().lstrip("@")
        self._slots: dict[int, tuple[tuple[Takes, ...], tuple[_Slot, ...]]] = {}
        self._spots: dict[str, _Spot] = {}
        self._known: dict[tuple[object, ...], RouteValue] = {}

    def fields(self, takes: tuple[Takes, ...], own: Records) -> RouteFields:
        """Give the six values; where several rows are possible, only what all of them agree on is the value.

        ``takes`` are those of a :class:`.decision.Decision`, the assumed row first; ``own`` are the mail's records.
        """
        found = self._slots.get(id(takes))
        if found is None:
            # The key is the object's id, so the object has to stay as long as the entry.
            found = self._slots[id(takes)] = takes, tuple(self._slot_of(field, takes) for field in FIELDS)
        return RouteFields(**{slot.name: self._value(slot, own) for slot in found[1]})

    def _slot_of(self, field: FieldName, takes: tuple[Takes, ...]) -> _Slot:
        lists = tuple(dict.fromkeys(one.get(field) for one in takes))
        steps = [step for name in lists if name is not None for step in self._rules.places[field][name]]
        names: dict[str, dict[str, None]] = {}
        for take in [take for step in steps for take in (step.take, step.copy_of) if take is not None]:
            table, name = _split(take)
            if table != take and table not in self._shared:
                names.setdefault(table, {})[name] = None
        depends = tuple((table, attrgetter(*own)) for table, own in names.items())
        return _Slot(name="sender" if field == "from" else field, field=field, lists=lists, depends=depends)

    def _value(self, slot: _Slot, own: Records) -> RouteValue:
        raws = [None if (record := own.get(table)) is None else of(record) for table, of in slot.depends]
        key = (slot.field, slot.lists, *raws)
        value = self._known.get(key)
        if value is None:
            places = self._rules.places[slot.field]
            first, *others = (
                RouteValue() if name is None else self._walk(places[name], own, deep=place == 0)
                for place, name in enumerate(slot.lists)
            )
            value = _agreed(first, others, self._rules.words.depends)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = value
        return value

    def _walk(self, steps: tuple[Step, ...], own: Records, *, deep: bool = True) -> RouteValue:
        """Find the value; ``deep``: with what it is otherwise, if it is not known."""
        for place, step in enumerate(steps):
            spot = self._spot(step.take)
            if not spot.name:
                return RouteValue(source=spot.source, note=step.note)
            raw = self._read(spot, step, own)
            if raw is None and step.unknown == "next":
                continue
            taken = spot
            if raw is None and step.unknown == "copy" and step.copy_of:
                taken = self._spot(step.copy_of)
                raw = self._read(taken, step, own)
            if raw is None:
                otherwise = self._otherwise(steps, place, own) if deep else None
                return RouteValue(source=spot.source, where=spot.where, otherwise=otherwise)
            if _is_empty(taken, raw) or (step.only == "address" and not is_mailbox(str(raw))):
                continue
            note = self._note(step, taken, raw, own) if step.copy_of or step.note or step.basis == "inferred" else None
            return RouteValue(value=_shown(taken, raw), source=taken.source, where=taken.where, set=True, note=note)
        fill_in = next((step for step in steps if step.unknown != "next"), steps[-1])
        spot = self._spot(fill_in.take)
        return RouteValue(source=spot.source, where=spot.where, set=False, note=fill_in.note)

    def _otherwise(self, steps: tuple[Step, ...], place: int, own: Records) -> RouteValue | None:
        """What the value is if the place that is not known is still the copy it was made as, or else is empty."""
        step, rest = steps[place], steps[place + 1 :]
        if step.copy_of and step.unknown != "copy":
            rest = (Step(take=step.copy_of, note=self._rules.words.copied),)
        return self._walk(rest, own) if rest else None

    def _spot(self, take: str) -> _Spot:
        spot = self._spots.get(take)
        if spot is None:
            table, name = _split(take)
            known = "." in take
            spot = self._spots[take] = _Spot(
                table=table,
                name=name if known else "",
                source=self._sources.get(take) or _SOURCES.get(take) or _SOURCES.get(table),
                where=_screen_of(take) if known else None,
                secret=name in {"password", "authentication"},
                code=take == _CODE,
            )
        return spot

    def _read(self, spot: _Spot, step: Step, own: Records) -> _Raw:
        record = own[spot.table] if spot.table in own else self._shared.get(spot.table)
        raw: _Raw = None if record is None else getattr(record, spot.name)
        if spot.code and isinstance(raw, str) and "@" not in raw and raw.strip():
            if self._domain:
                return f"{raw.strip()}@{self._domain}"
            if self._domain is None and step.only == "address":
                return None  # whether the installation adds a domain is not known, so neither is whether it is an address
        return raw

    def _note(self, step: Step, taken: _Spot, raw: _Raw, own: Records) -> str | None:
        spot = self._spot(step.take)
        if taken is spot and step.copy_of:
            origin = self._spot(step.copy_of)
            original = self._read(origin, step, own)
            if original is None or _is_empty(origin, original) or same(str(original), str(raw)):
                return None
            return self._rules.words.differs.format(original=_shown(origin, original))
        return step.note or (self._rules.words.inferred if step.basis == "inferred" else None)


def agreed(found: Sequence[RouteFields], depends: str) -> RouteFields:
    """Give what several sets of values have in common; where they differ, the first is what it would be otherwise."""
    first, *others = found
    return RouteFields(
        **{
            name: _agreed(getattr(first, name), [getattr(other, name) for other in others], depends)
            for name in RouteFields.__struct_fields__
        }
    )


def _agreed(first: RouteValue, others: list[RouteValue], depends: str) -> RouteValue:
    """As above, for one value; what is said beside the others does not count."""
    value, source, where, there = first.value, first.source, first.where, first.set
    for other in others:
        value = value if other.value == value else None
        source = source if other.source == source else None
        where = where if other.where == where else None
        there = there if other.set == there else None
    if (value, source, where, there) == (first.value, first.source, first.where, first.set):
        return first
    return RouteValue(
        value=value, source=source, where=where, set=there, otherwise=first if value is None else None, note=depends
    )


@cache
def _split(take: str) -> tuple[str, str]:
    table, _, name = take.rpartition(".")
    return table or take, name


@cache
def _screen_of(take: str) -> str | None:
    """The id of the screen's field that a site file knows by this name."""
    return next((name for name, screen in screens().items() if screen.key == take), None)


def _is_empty(spot: _Spot, raw: _Raw) -> bool:
    return isinstance(raw, str) and (raw in _EMPTY if spot.secret else not raw.strip())


def _shown(spot: _Spot, raw: _Raw) -> str | int | None:
    """A value as a route shows it: a box as the encryption it asks for, a password not at all."""
    if spot.secret:
        return None
    return ("ssl" if raw else "none") if isinstance(raw, bool) else raw
