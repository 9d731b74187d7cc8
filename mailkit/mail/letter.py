"""The letter a test mail is: what it is, whose way it tries, that nobody has to do anything. Its words are ``letters.toml``."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path

from msgspec import Struct

from mailkit.finding import Product
from mailkit.knowledge import Meta, read
from mailkit.mail.message import Language, one_line
from mailkit.site.route import Route

__all__ = ["Letter", "short_token", "write_letter"]

_PRODUCTS: dict[Product, str] = {"maestro-erp": "maestro*", "maestro-pms": "Maestro PMS"}
_TOKEN_LENGTH = 10
_LONGEST_FACT = 120
_STYLE = "font-family:sans-serif;font-size:14px;line-height:1.45;max-width:40em"


class Letter(Struct, frozen=True, kw_only=True):
    """A letter, ready to be composed."""

    subject: str
    text: str
    html: str


class _Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    subject: str
    greeting: str
    what: str
    redirected: str
    ask: str
    nobody: str
    rows: dict[str, str]
    mailings: dict[str, str]
    basis: dict[str, str]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    meta: Meta
    en: _Words
    fr: _Words


@cache
def _table() -> _Table:
    return read(Path(__file__).with_name("letters.toml"), _Table)


def short_token(delivery_id: str) -> str:
    """Give the short form of a delivery's token that stands in the subject, for eyes and for mailboxes that changed the rest.

    >>> short_token("4f1f00aa11bb22cc33dd")
    'mk-4f1f00aa11'
    """
    return f"mk-{delivery_id[:_TOKEN_LENGTH]}"


def write_letter(
    route: Route,
    *,
    product: Product,
    delivery_id: str,
    moment: datetime,
    language: Language = "en",
    account: str | None = None,
    sender: str | None = None,
    intended: str | None = None,
    machine: str | None = None,
) -> Letter:
    """Write the letter for one route.

    Args:
        route: whose way it tries.
        product: the product of the site.
        delivery_id: the token; its short form is in the subject, all of it at the end of the text.
        moment: when it is written.
        language: of the words.
        account: by which log-in and server it leaves, in words.
        sender: the address it is from.
        intended: whom it was meant for, where it goes to a test address instead.
        machine: the name of the machine it is sent from.
    """
    words = _table().fr if language == "fr" else _table().en
    token = short_token(delivery_id)
    facts = {
        "user": route.user or words.nobody,
        "mailing": words.mailings.get(route.mailing, route.mailing),
        "documents": ", ".join(route.documents),
        "rule": words.basis[route.basis].format(rule=route.as_rule or route.rule),
        "account": account,
        "sender": sender,
        "moment": moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "machine": machine,
        "token": f"{token} ({delivery_id})",
    }
    rows = [(label, one_line(told, _LONGEST_FACT)) for key, label in words.rows.items() if (told := facts[key])]
    filling = {
        **{key: one_line(told or "", _LONGEST_FACT) for key, told in facts.items()},
        "token": token,
        "product": _PRODUCTS[product],
        "intended": one_line(intended or "", _LONGEST_FACT),
    }
    before = [words.greeting, words.what, *([words.redirected] if intended else [])]
    before, after = [one.format_map(filling) for one in before], words.ask.format_map(filling)
    width = max(len(label) for label, _ in rows) + 2
    listed = "\n".join(f"  {label + ':':<{width}}{told}" for label, told in rows)
    return Letter(
        subject=words.subject.format_map({**filling, "user": one_line(str(facts["user"]), 60)}),
        text="\n\n".join([*before, listed, after]) + "\n",
        html=_html(before, rows, after, language),
    )


def _html(before: list[str], rows: list[tuple[str, str]], after: str, language: Language) -> str:
    """The same as a small page that loads nothing."""
    cells = "".join(
        f'<tr><th style="text-align:left;vertical-align:top;padding-right:1em;font-weight:normal;color:#555">{escape(label)}</th>'
        f"<td>{escape(told)}</td></tr>\n"
        for label, told in rows
    )
    first, *more = before
    told = "".join(f"<p>{escape(one)}</p>\n" for one in more)
    return (
        f'<!doctype html>\n<html lang="{language}"><body style="{_STYLE}">\n<p><b>{escape(first)}</b></p>\n{told}'
        f"<table>\n{cells}</table>\n<p>{escape(after)}</p>\n</body></html>\n"
    )
