"""What is wrong with a site file, all of it at once: where, what was found, and what would be right.

The quick way, :func:`msgspec.convert`, stops at the first mistake. This walks over the same types and goes on.
A value that is or may be a password is never named.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.site.file.layout import Path
from mailkit.site.file.shape import Hint, choices, hints_of, leaves, limit, row_kind, table_kind, wanted
from mailkit.site.file.words import FLAG, meant
from mailkit.site.screens import fields_of
from mailkit.text import shorten, visible

__all__ = ["Mistake", "SiteMistakes", "dotted", "judge", "looks_secret"]

_SHOWN = 200
"""How many mistakes a message lists; the rest is counted."""

_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|mot_?de_?passe|mdp|kennwort|api_?key|^pass$|_pass$|^pin$", re.IGNORECASE
)

_PRODUCTS: Mapping[str, str] = {"maestro-erp": "maestro* (construction)", "maestro-pms": "Maestro PMS (hotel)"}


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BACKSLASH = "take it out; a backslash stands alone only in single quotes: 'DOMAIN\\name', or twice in double ones"

_Draft = tuple[Path, str, str]
"""Where, what was found, what would be right."""


class Mistake(Struct, frozen=True, kw_only=True):
    """One thing a site file cannot say."""

    line: int | None
    """From 1; ``None``: it is about the file as a whole."""
    field: str
    """Such as ``users[3].port`` (rows are counted from 0), or ``""``."""
    what: str
    """What was found, to be read after the field; no value that may be a password."""
    allowed: str
    """What would be right."""

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line else ""
        return f"{line}{f'{self.field} {self.what}' if self.field else self.what}; {self.allowed}"


class SiteMistakes(InputError):
    """A site file cannot be read; ``mistakes`` holds all that is wrong with it, in the order of its lines.

    As text it is one line for one mistake, and one line each under a heading for several.
    """

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(name, mistakes)
        self.name, self.mistakes = name, mistakes

    def __str__(self) -> str:
        name = visible(self.name)
        if len(self.mistakes) == 1:
            return f"{name}, {self.mistakes[0]}" if self.mistakes[0].line else f"{name}: {self.mistakes[0]}"
        more = len(self.mistakes) - _SHOWN
        lines = [f"{name} has {len(self.mistakes):,} mistakes:", *(f"  {one}" for one in self.mistakes[:_SHOWN])]
        return "\n".join([*lines, f"  and {more:,} more"] if more > 0 else lines)


def dotted(path: Path) -> str:
    """Write a path as it is read: ``users[3].port``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{visible(shorten(part, 60))}" if text else visible(shorten(part, 60))
    return text


def looks_secret(key: str) -> bool:
    """Say whether a key's name, in English or French, is one of a password or a token."""
    return _SECRET.search(re.sub(r"\W+", "_", key)) is not None


def judge(
    document: Mapping[str, Any], kinds: Mapping[str, type[Struct]], lines: Mapping[Path, int], *, whole: bool
) -> tuple[Mistake, ...]:
    """Find every mistake of a decoded site file.

    Args:
        document: what the file says.
        kinds: the type of a site of each product.
        lines: where everything stands (:meth:`mailkit.site.file.layout.Layout.lines`).
        whole: nothing was left out of the document; otherwise nothing is said to be missing.
    """
    said = document.get("product")
    found: list[_Draft] = []
    product = said if isinstance(said, str) and said in kinds else None
    if product is None and ("product" in document or whole):
        close = meant(kinds, said) if isinstance(said, str) else None
        names = " or ".join(f'product = "{one}" for {title}' for one, title in _PRODUCTS.items())
        what = "is missing" if "product" not in document else f"is {_seen(said)}"
        found.append((("product",), what, f'did you mean "{close}"?' if close else f"write {names}"))
        product = close
    if product is None:  # what is in the file tells whose it is
        keys = {name: set(hints_of(kind)) & set(document) - {"schema", "name", "version"} for name, kind in kinds.items()}
        product = max(keys, key=lambda name: len(keys[name])) if any(keys.values()) else None
    if product is not None:
        rest = {key: value for key, value in document.items() if key != "product"}
        others = [kind for name, kind in kinds.items() if name != product]
        found += _Judge(kinds[product], others[0], product, whole=whole).table(kinds[product], rest, ())
    return tuple(
        sorted(
            (Mistake(line=_line(path, lines), field=dotted(path), what=what, allowed=allowed) for path, what, allowed in found),
            key=lambda mistake: mistake.line or 0,
        )
    )


def _line(path: Path, lines: Mapping[Path, int]) -> int:
    """Give the line of a path, or of the nearest thing around it that is there."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Judge:
    """One walk over a document of one product."""

    def __init__(self, kind: type[Struct], other: type[Struct], product: str, *, whole: bool) -> None:
        self._kind, self._other, self._product, self._whole = kind, other, product, whole

    def table(self, kind: type[Struct], table: Mapping[str, Any], path: Path) -> Iterator[_Draft]:
        hints = hints_of(kind)
        for key, value in table.items():
            if key in hints:
                yield from self._value(hints[key], value, (*path, key))
            else:
                yield (*path, key), *self._unknown(kind, key, path)
        for field in msgspec.structs.fields(kind) if self._whole else ():
            if field.required and field.name not in table:
                yield (*path, field.name), "is missing", f"every {dotted(path[:1])} row needs one: {wanted(hints[field.name])}"

    def _value(self, hint: Hint, value: Any, path: Path) -> Iterator[_Draft]:  # noqa: ANN401 - what a file holds
        inner, row = table_kind(hint), row_kind(hint)
        if inner is not None and isinstance(value, Mapping):
            yield from self.table(inner, value, path)
        elif inner is not None and isinstance(value, list):
            yield path, "is a list", f"there is only one: write [{dotted(path)}] with single brackets, once"
        elif inner is not None:
            yield path, f"is {_seen(value)}", f"it is a table: write [{dotted(path)}] and its fields below"
        elif row is not None and isinstance(value, list):
            for number, item in enumerate(value):
                yield from self._row(row, item, (*path, number))
        elif row is not None:
            what = "is one table" if isinstance(value, Mapping) else f"is {_seen(value)}"
            yield path, what, f"it is a list: write [[{dotted(path)}]] with double brackets above each row"
        elif not _fits(hint, value):
            yield path, *_misfit(hint, value, str(path[-1]))

    def _row(self, kind: type[Struct], item: Any, path: Path) -> Iterator[_Draft]:  # noqa: ANN401 - what a file holds
        if isinstance(item, Mapping):
            yield from self.table(kind, item, path)
        else:
            yield path, f"is {_seen(item)}", f"each row is a table: {', '.join(list(hints_of(kind))[:4])}, …"

    def _unknown(self, kind: type[Struct], key: str, path: Path) -> tuple[str, str]:
        """Say what is wrong with a key that is not one of the table's, and where it may have been meant to stand."""
        if looks_secret(key) and "password" in hints_of(kind):
            return "is not a field (its value is not shown)", 'write password = "set" or "empty", and never a password itself'
        if looks_secret(key):
            return "is not a field (its value is not shown)", "take it out: no secret belongs into a site file"
        tidy = re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")
        labels = _labels(self._product).get(".".join(part for part in path if isinstance(part, str)), {})
        close = labels.get(tidy) or next(iter(get_close_matches(tidy, hints_of(kind), 1, 0.6)), None)
        if tidy in hints_of(kind):
            close = tidy
        elsewhere = [] if close == tidy else _places(self._kind).get(tidy, [])
        if elsewhere:
            return "is not a field of this table", f"it belongs to {' or '.join(_header(place) for place in elsewhere)}"
        if close:
            return "is not a field", f"did you mean {close}?"
        if tidy in _places(self._other):
            other = next(name for name in _PRODUCTS if name != self._product)
            return f"is a field of {_PRODUCTS[other]}", f"this site is {_PRODUCTS[self._product]}; a file is of one product only"
        return "is not a field", f"the fields here are {', '.join(hints_of(kind))}"


@cache
def _places(kind: type[Struct], path: tuple[str, ...] = ()) -> dict[str, list[Path]]:
    """Give, for each field's name, the tables of a product that have it."""
    places: dict[str, list[Path]] = {}
    for name, hint in hints_of(kind).items():
        places.setdefault(name, []).append(path)
        row, inner = row_kind(hint), row_kind(hint) or table_kind(hint)
        if inner is not None:
            for key, found in _places(inner, (*path, f"[{name}]" if row else name)).items():
                places.setdefault(key, []).extend(found)
    return places


def _header(place: Path) -> str:
    name = ".".join(str(part).strip("[]") for part in place)
    return (f"[[{name}]]" if str(place[-1]).startswith("[") else f"[{name}]") if place else "the top of the file"


@cache
def _labels(product: Product) -> dict[str, dict[str, str]]:
    """Give, for each table, the names of its fields by what the screens call them."""
    labels: dict[str, dict[str, str]] = {}
    for screen in fields_of(product).values():
        if screen.key:
            table, _, name = screen.key.rpartition(".")
            labels.setdefault(table, {})[re.sub(r"[^a-z0-9]+", "_", screen.label.lower()).strip("_")] = name
    return labels


def _fits(hint: Hint, value: object) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True


def _misfit(hint: Hint, value: object, key: str) -> tuple[str, str]:
    """Say what a value is, and what it should be."""
    allowed = wanted(hint) + (', or "Y" or "N" as on the screen' if key == "email_traces" else "")
    if looks_secret(key):
        return "has a value that is not shown", f"allowed: {allowed}, which says whether there is a password; never the password"
    kinds = [leaf for leaf, _ in leaves(hint)]
    seen = f"is {_seen(value)}"
    if isinstance(value, str):
        own = [word for word in choices(hint) if word]
        words = FLAG if bool in kinds else ()
        close = meant([*own, *words], value) or next(iter(get_close_matches(value.strip().lower(), own, 1)), None)
        if close:
            right = f"{close}, without quotes" if close in words else f'"{close}"'
            return seen, f"did you mean {right}? Allowed: {allowed}"
        if control := _CONTROL.search(value):
            return f"{seen}, which holds a control character ({visible(control[0])})", _BACKSLASH
        if value.strip().isdecimal() and int in kinds:
            return seen, f"write the number without quotes. Allowed: {allowed}"
        most = limit(hint)
        if most and len(value) > most:
            return f"is a text of {len(value):,} characters", f"at most {most:,} are kept"
    elif isinstance(value, int | Decimal) and not isinstance(value, bool) and str in kinds:
        return seen, f'write it in quotes: {key} = "{_seen(value)}"'
    return seen, f"allowed: {allowed}"


def _seen(value: object) -> str:
    """Show a value of a file, short and harmless."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{visible(shorten(value, 60))}"'
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of too many digits"
    return shorten(visible(value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)), 60)
