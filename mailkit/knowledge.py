"""Knowledge kept as data: the shape of a row that says what a finding means, and how its sentences are filled with evidence.

Rooms that judge (:mod:`mailkit.diagnosis`, :mod:`mailkit.site`) keep such rows in TOML files of their own. The code chooses a
code, a variant and the evidence; every sentence that a person reads comes from a file. Beside a file ``checks.toml`` there may be
its sentences in French, ``checks.fr.toml``: the same tables and lists with nothing but the texts (:func:`speaking`).
"""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import msgspec
from msgspec import Struct

from mailkit.finding import Fix, Product, Severity
from mailkit.text import shorten, visible

__all__ = [
    "LANGUAGES",
    "Entry",
    "Filling",
    "Language",
    "Meta",
    "Variant",
    "in_each_language",
    "language",
    "number",
    "read",
    "speaking",
]

P = ParamSpec("P")
T = TypeVar("T")

Language = Literal["en", "fr"]

LANGUAGES: tuple[Language, ...] = ("en", "fr")

_language: ContextVar[Language] = ContextVar("language", default="en")

_KEPT = 4096
_FRENCH_NUMBERS = str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ","})

_TEXT_IN_SENTENCE = 160
_NAMES_IN_SENTENCE = 4
_FILLED: dict[Language, tuple[str, str]] = {"en": ("not known", "{count} more"), "fr": ("inconnu", "{count} de plus")}


class Variant(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What is said differently when the same code is seen in another way; what is absent stays as in the entry."""

    severity: Severity | None = None
    summary: str | None = None
    detail: str | None = None
    temporary: bool | None = None
    account_risk: bool | None = msgspec.field(name="account_risk", default=None)
    fix: tuple[Fix, ...] | None = None
    maestro_erp: tuple[Fix, ...] | None = None
    maestro_pms: tuple[Fix, ...] | None = None
    follows: tuple[str, ...] | None = None
    refs: tuple[str, ...] | None = None


class Entry(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """One finding code: how bad it is, what to say and who can do what. Texts are templates over the evidence."""

    severity: Severity
    summary: str
    refs: tuple[str, ...]
    detail: str | None = None
    fix: tuple[Fix, ...] = ()
    maestro_erp: tuple[Fix, ...] = ()
    maestro_pms: tuple[Fix, ...] = ()
    temporary: bool | None = None
    account_risk: bool = msgspec.field(name="account_risk", default=False)
    step: str | None = None
    """The step of the dialogue it counts for, when that is not the first half of the code."""
    follows: tuple[str, ...] = ()
    """Codes of which this finding is a consequence."""
    variants: dict[str, Variant] = {}

    def seen_as(self, variant: str | None) -> Entry:
        """Give the entry with what the variant says in place (``KeyError`` for a variant that does not exist)."""
        if variant is None:
            return self
        other = self.variants[variant]
        changes = {name: value for name in Variant.__struct_fields__ if (value := getattr(other, name)) is not None}
        return msgspec.structs.replace(self, **changes)

    def on_screens(self, product: Product | None) -> tuple[Fix, ...]:
        """Give what to do on the product's screens, where the product is known."""
        return {"maestro-erp": self.maestro_erp, "maestro-pms": self.maestro_pms}[product] if product else ()


class Meta(Struct, frozen=True, kw_only=True):
    """When a file was last compared with its sources."""

    date: dt.date
    sources: tuple[str, ...] = ()


class Filling(dict[str, str]):
    """What templates are filled with, worded when it is needed; what is missing is said to be unknown, not left as a brace."""

    def __init__(self, facts: Mapping[str, Any], *, unknown: str | None = None, more: str | None = None) -> None:
        super().__init__()
        usual_unknown, usual_more = _FILLED[language()]
        self._facts, self._unknown, self._more = facts, unknown or usual_unknown, more or usual_more

    def __missing__(self, key: str) -> str:
        said = self[key] = self._say(self._facts.get(key))
        return said

    def _say(self, value: Any) -> str:  # noqa: ANN401 (evidence is of any kind)
        if value is None or value in ([], ()):
            return self._unknown
        if isinstance(value, float):
            return f"{value:.0f}"
        if isinstance(value, list | tuple):
            shown = [str(one) for one in value[:_NAMES_IN_SENTENCE]]
            more = [self._more.format(count=len(value) - len(shown))] if len(value) > len(shown) else []
            return visible(", ".join(shown + more))
        return visible(shorten(str(value), _TEXT_IN_SENTENCE))


def language() -> Language:
    """Give the language that findings are worded in at this moment."""
    return _language.get()


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Word what is judged inside in this language; tasks and threads started inside speak it too."""
    before = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(before)


def in_each_language(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what ``make`` gives, once per language (and for each of the last few thousand arguments)."""
    kept: dict[Language, Callable[..., T]] = {one: functools.lru_cache(maxsize=_KEPT)(make) for one in LANGUAGES}

    @functools.wraps(make)
    def given(*args: P.args, **named: P.kwargs) -> T:
        return kept[language()](*args, **named)

    return given


def number(value: float, digits: int = 0) -> str:
    """Write a number the way the language spoken writes it.

    >>> number(1234.56, 1)
    '1,234.6'
    """
    written = f"{value:,.{digits}f}"
    return written if language() == "en" else written.translate(_FRENCH_NUMBERS)


def read(file: Path, kind: type[T]) -> T:
    """Read a TOML file of knowledge in the language spoken; anything that does not fit ``kind`` raises ``ValidationError``.

    A text that has no translation stays in English.
    """
    translation = file.with_suffix(f".{language()}.toml")
    if language() == "en" or not translation.exists():
        return msgspec.toml.decode(file.read_bytes(), type=kind)
    told = tomllib.loads(file.read_text("utf-8"))
    return msgspec.convert(_translated(told, tomllib.loads(translation.read_text("utf-8"))), type=kind)


def _translated(told: Any, other: Any) -> Any:  # noqa: ANN401 - tables and lists of a TOML file
    """Put the texts of one file in the place of those of another."""
    if isinstance(told, dict) and isinstance(other, dict):
        return {key: _translated(value, other[key]) if key in other else value for key, value in told.items()}
    if isinstance(told, list) and isinstance(other, list):
        return [_translated(one, another) for one, another in zip(told, other, strict=False)] + told[len(other) :]
    return other if isinstance(told, str) and isinstance(other, str) else told
