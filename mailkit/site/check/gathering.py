"""Opinions about many users or clerks, gathered so that each is said once with everybody it concerns.

Twelve users with the same mistake are one finding about "12 users" and not twelve; the evidence names all of them, and what was
seen at each. Used by the checks of both products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from mailkit.finding import Severity
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import phrase
from mailkit.text import shorten, visible

__all__ = ["Gathering", "People"]

People = Literal["users", "clerks", "forms", "codes"]

_LONGEST = 160

_Confidence = Literal["sure", "likely", "guess"]
_Key = tuple[str, str | None, Severity | None, _Confidence, tuple[tuple[str, str], ...]]


class Gathering:
    """Opinions being gathered about one kind of ``people``; those about the same thing become one."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._seen: dict[_Key, dict[str, dict[str, Any]]] = {}
        self._alike: dict[_Key, Mapping[str, Any]] = {}

    def add(
        self,
        code: str,
        who: str,
        variant: str | None = None,
        /,
        *,
        severity: Severity | None = None,
        confidence: _Confidence = "sure",
        alike: Mapping[str, Any] | None = None,
        each: Mapping[str, str | int | None] | None = None,
    ) -> None:
        """Note an opinion about one person.

        ``each`` is what was seen at this person and may differ from one to the next; ``alike`` is the same for all of one finding
        (people with another value get another finding), so it must come from a small set.
        """
        alike = alike or {}
        key = (code, variant, severity, confidence, tuple((name, str(value)) for name, value in alike.items()))
        self._alike.setdefault(key, alike)
        named = shorten(visible(who.strip()), _LONGEST) or phrase("no-name")
        self._seen.setdefault(key, {}).setdefault(named, {}).update(
            {name: shorten(value, _LONGEST) if isinstance(value, str) else value for name, value in (each or {}).items()}
        )

    def opinions(self) -> Iterator[Opinion]:
        """Give one opinion for each thing seen, in the order they were first noted."""
        for key, seen in self._seen.items():
            code, variant, severity, confidence, _ = key
            people = list(seen)
            names = next(iter(seen.values()))
            yield Opinion(
                code=code,
                variant=variant,
                severity=severity,
                confidence=confidence,
                subject=people[0] if len(people) == 1 else phrase(self._people, count=len(people)),
                evidence={
                    self._people: people,
                    **self._alike[key],
                    **{name: list(dict.fromkeys(one.get(name) for one in seen.values())) for name in names},
                    **({"each": seen} if names else {}),
                },
            )
