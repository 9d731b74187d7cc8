"""Site files: read with every mistake at once, written without losing a remark."""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import string
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailkit.errors import InputError
from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.file import Site, SiteFile, SiteMistakes, dumps, load, loads, schema
from mailkit.site.layout import layout
from mailkit.site.mistakes import hints_of, row_kind
from mailkit.site.pms import Clerk, EmailSetup, Property, Switch, Traces

replace = msgspec.structs.replace

ERP = """\
# The office in town
product = "maestro-erp"   # construction

# what everybody uses
[general_settings]
mail_software = "smtp"    # Mail Software

# the account of the company
[general_settings.smtp]
server_name = 'mail.builder.test'   # single quotes
port        = 587

# the front desk
[[users]]
code = "frontdesk"  # as on the badge
number = 1

# the books
[[users]]
number = 2
code = "bookkeeping"

# estimating, since spring
[[users]]
code = "estimating"

# the end
"""


# ── any site, in any handwriting ───────────────────────────────────────────────────────────────────────────────────────


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field."""
    if row := row_kind(hint):
        return st.lists(tables(row), max_size=4).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return tables(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hasattr(hint, "__metadata__"):
        base, meta = get_args(hint)[0], hint.__metadata__[0]
        if base is int:
            return st.integers(meta.ge, meta.le if meta.le is not None else 2**40)
        return st.text(max_size=12) | st.sampled_from(
            [
                '"""',
                "'''",
                "# no remark",
                "[users]",
                "a\nb",
                "\r\n",
                "FD\\AR\\CM\\",
                "\x00\x1b\x7f",
                "\ufeff",
                "é",
                "\n",
                '\\"',
                "= 1",
            ]
        )
    if get_args(hint):
        return st.one_of([values(one) for one in get_args(hint)])
    return {
        int: st.integers(-(2**62), 2**62),
        bool: st.booleans(),
        dt.date: st.dates(),
        type(None): st.none(),
    }[hint]


@cache
def tables(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any table of a type: most fields are not known."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        any_value = values(hints_of(kind)[field.name])
        fields[field.name] = any_value if field.required else st.just(field.default) | any_value
    return st.builds(kind, **fields)


# Not the phase that explains a failure: it takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

SITES = st.one_of(tables(ErpSite), tables(PmsSite))


@st.composite
def handwriting(draw: st.DrawFn, site: Site) -> str:
    """The site in the text of a person with habits: tables in braces, dotted keys, remarks, indentation, quotes."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))

    def noise() -> list[str]:
        return draw(st.sampled_from([[], [], [], [""], ["# remark = 1"], ["", "# [[users]]"], ["# a", "", "# b", ""]]))

    def text(value: str) -> str:
        plain = all(sign.isprintable() and sign.isascii() for sign in value)
        ways = [json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")]
        if plain and "'" not in value:
            ways += [f"'{value}'", f"'''{value}'''"]
        if "\r" not in value and all(sign.isprintable() or sign == "\n" for sign in value):
            ways.append(
                '"""' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", newline) + '"""'
                if value[:1] != "\n"
                else ways[0]
            )
        return draw(st.sampled_from(ways))

    def scalar(value: Any) -> str:
        if isinstance(value, str):
            return text(value)
        return value.isoformat() if isinstance(value, dt.date) else str(value).lower()

    def braces(table: dict[str, Any]) -> str:
        pieces = [f"{key(name)} = {inline(value)}" for name, value in table.items()]
        return "{ " + " , ".join(pieces) + " }"

    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return braces(value)
        if not isinstance(value, tuple):
            return scalar(value)
        if draw(st.booleans()):
            return f"[{', '.join(map(inline, value))}{draw(st.sampled_from(['', ',']) if value else st.just(''))}]"
        rows = [f"{newline}  # above{newline}  {inline(one)}, # behind" for one in value]
        return "[ # open" + "".join(rows) + newline + "]"

    def key(name: str) -> str:
        return draw(st.sampled_from([name, name, name, f'"{name}"', f"'{name}'"]))

    def flat(table: dict[str, Any], prefix: str, lines: list[str], later: list[tuple[str, Any]], path: str) -> None:
        indent = draw(st.sampled_from(["", "", "  ", "\t"]))
        for name, value in table.items():
            place = f"{path}.{name}" if path else name
            if isinstance(value, dict):
                way = draw(st.sampled_from(["header", "dotted", "braces"]))
                if way == "header" and not prefix:
                    later.append((f"[{place}]", value))
                    continue
                if way == "dotted" and value:
                    flat(value, f"{prefix}{key(name)} . ", lines, later, place)
                    continue
            elif isinstance(value, tuple) and value and not prefix and draw(st.booleans()):
                later += [(f"[[{place}]]", one) for one in value]
                continue
            lines += noise()
            lines.append(f"{indent}{prefix}{key(name)} = {inline(value)}{draw(st.sampled_from(['', '  # said']))}")

    def block(header: str, table: dict[str, Any]) -> list[str]:
        lines: list[str] = [header] if header else []
        later: list[tuple[str, Any]] = []
        flat(table, "", lines, later, header.strip("[]"))
        for name, inner in later:
            lines += [*noise(), *block(name, inner)]
        return lines

    plain = msgspec.to_builtins(site, builtin_types=(dt.date,))
    lines = [*noise(), *block("", plain), *noise()]
    return draw(st.sampled_from(["", "\ufeff"])) + newline.join(lines) + draw(st.sampled_from(["", newline]))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Site, Site]:
    """A file, the site in it, and another site that it is to hold: a changed one, or any other."""
    before = draw(SITES)
    other = draw(tables(type(before)))
    after = before
    for name in draw(st.lists(st.sampled_from(before.__struct_fields__), unique=True)):
        old, new = getattr(before, name), getattr(other, name)
        if isinstance(old, tuple) and draw(st.booleans()):
            new = tuple(draw(st.permutations([*old, *new])))[: draw(st.integers(0, 6))]
        after = replace(after, **{name: new})
    return draw(handwriting(before)), before, after


def same(one: Site, other: Site) -> bool:
    """Compare strictly: ``1`` is not ``true``."""
    return repr(one) == repr(other)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(SITES)
def test_a_new_file_says_exactly_what_the_site_says(site: Site) -> None:
    assert same(loads(dumps(site)), site)


@settings(max_examples=300, deadline=None, phases=PHASES)
@given(changes())
def test_a_file_in_any_handwriting_takes_any_change(change: tuple[str, Site, Site]) -> None:
    text, before, after = change
    assert same(loads(text), before)
    file = SiteFile(before, text)
    assert file.with_site(before) == text
    changed = file.with_site(after)
    assert same(loads(changed), after)
    assert changed.startswith("\ufeff") == text.startswith("\ufeff")
    if "\r\n" in text and "\n" not in text.replace("\r\n", ""):
        assert "\n" not in changed.replace("\r\n", "")


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(SITES, st.data())
def test_a_new_file_can_be_changed_too(site: Site, data: st.DataObject) -> None:
    other = data.draw(tables(type(site)))
    assert same(loads(SiteFile(site, dumps(site)).with_site(other)), other)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(changes())
def test_the_place_of_every_value_is_found(change: tuple[str, Site, Site]) -> None:
    text = change[0]
    places = layout(text)
    plain = tomllib.loads(text.removeprefix("\ufeff"))
    found = {}
    for block in places.blocks:
        for statement in block.statements:
            found[statement.path] = text[statement.value.start : statement.value.end]
    for path, source in found.items():
        value: Any = plain
        for part in path:
            value = value[part]
        assert tomllib.loads(f"x = {source}")["x"] == value

    def paths(value: Any, path: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return {path}.union(*(paths(one, (*path, key)) for key, one in inner))

    assert set(places.lines()) == paths(plain, ()) - {()}
