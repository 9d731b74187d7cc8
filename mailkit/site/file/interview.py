"""The questions that lead to a site file, one by one, and what an answer means. How they are asked: ``mailkit site init``."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.knowledge import read
from mailkit.site.erp import ErpSite
from mailkit.site.file.fields import label, screen_of
from mailkit.site.file.shape import Hint, choices, hints_of, leaves, limit, table_kind, wanted
from mailkit.site.file.words import FLAG, is_empty, meant, provider_named
from mailkit.site.file.written import Scalar
from mailkit.site.pms import PmsSite
from mailkit.text import visible

__all__ = ["Doubt", "Question", "built", "questions"]

_KINDS: dict[Product, type[ErpSite | PmsSite]] = {"maestro-erp": ErpSite, "maestro-pms": PmsSite}

_HOST = re.compile(r"[^\s@:/\\]+\.?|\[?[0-9A-Fa-f:.]+\]?")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")


class Doubt(InputError):
    """An answer that is hardly what the screen should say, but may be what it does say: given twice, it is taken."""


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str
    ask: str | None = None
    help: str | None = None


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    maestro_erp: tuple[_Row, ...]
    maestro_pms: tuple[_Row, ...]


class Question(Struct, frozen=True, kw_only=True):
    """One question."""

    product: Product
    key: str
    """The field in the site file, such as ``general_settings.smtp.port``."""
    text: str
    choices: tuple[str, ...]
    """The answers there are; empty: any text, or a number."""
    explanation: str

    def value(self, answer: str) -> Scalar | None:
        """Say what an answer means: nothing: not known; ``-``: known to be empty.

        Raises:
            Doubt: it is hardly right; the message says why.
            InputError: it cannot be; the message says what would be right, without what was typed where that may be a password.
        """
        answer = visible(answer.strip())
        if not answer:
            return None
        hint = _hint(self.product, self.key)
        if self.key.endswith("password"):
            return _password(answer)
        kinds = [leaf for leaf, _ in leaves(hint)]
        value: object = answer
        if is_empty(answer) and (str in kinds or "" in choices(hint)):
            return ""
        if bool in kinds and str not in kinds:
            value = {"true": True, "false": False}.get(meant(FLAG, answer) or "")
        elif str not in kinds and self.choices:
            value = meant(self.choices, answer)
        elif dt.date not in kinds and str not in kinds and re.fullmatch(r"\d{1,15}", answer):
            value = int(answer)
        taken = None
        with contextlib.suppress(msgspec.ValidationError):
            taken = msgspec.convert(value, hint)
        if taken is None:
            raise InputError(f"that cannot be; {self._right(hint)}")
        if isinstance(taken, str) and self.key == "provider":
            return provider_named(taken)
        if isinstance(taken, str):
            _look(taken, getattr(screen_of(self.product, self.key), "kind", None))
        return taken  # type: ignore[no-any-return] # of the field's type

    def _right(self, hint: Hint) -> str:
        most = limit(hint)
        if self.choices:
            return f"answer {' or '.join(self.choices)}"
        return f"at most {most:,} characters" if most else f"answer {wanted(hint)}".replace('"" (empty)', "- if it is empty")


def _password(answer: str) -> str:
    word = meant(("set", "empty"), answer) or ("empty" if is_empty(answer) else None)
    if word is None:
        raise InputError("answer yes or no; the password itself is not wanted here, and what was typed is not kept")
    return word


def _look(text: str, kind: str | None) -> None:
    """Doubt a server that is none, and an address that is none."""
    if kind == "host" and not _HOST.fullmatch(text):
        raise Doubt(f"{text} does not look like a server (mail.example.com); give it once more if the screen says so")
    if kind == "address" and not _ADDRESS.fullmatch(text):
        raise Doubt(f"{text} does not look like an address (frontdesk@example.com); give it once more if the screen says so")


@cache
def questions(product: Product) -> tuple[Question, ...]:
    """Give the questions for a product, in their order."""
    table = read(Path(__file__).with_name("interview.toml"), _Table)
    return tuple(_question(product, row) for row in (table.maestro_erp if product == "maestro-erp" else table.maestro_pms))


def _question(product: Product, row: _Row) -> Question:
    hint, screen = _hint(product, row.key), screen_of(product, row.key)
    kinds = [leaf for leaf, _ in leaves(hint)]
    words = tuple(word for word in choices(hint) if word)
    if row.key.endswith("password") or (bool in kinds and str not in kinds):
        words = ("yes", "no")
    where = f"{screen.path}: {screen.label}. " if screen else ""
    told = row.help or (screen.note if screen else None) or ""
    return Question(
        product=product, key=row.key, text=row.ask or label(product, row.key), choices=words, explanation=f"{where}{told}".strip()
    )


def _hint(product: Product, key: str) -> Hint:
    kind: type[Struct] = _KINDS[product]
    *tables, name = key.split(".")
    for table in tables:
        kind = table_kind(hints_of(kind)[table]) or kind
    return hints_of(kind)[name]


def built(product: Product, answers: Mapping[str, Scalar | None]) -> ErpSite | PmsSite:
    """Make a site of answers by key; what was not asked or not known is not in it."""
    plain: dict[str, Any] = {}
    for key, value in answers.items():
        if value is not None:
            *tables, name = key.split(".")
            table = plain
            for one in tables:
                table = table.setdefault(one, {})
            table[name] = value
    return msgspec.convert({**plain, "product": product}, _KINDS[product])
