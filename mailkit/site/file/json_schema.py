"""The JSON Schema of site files (draft 2020-12), so that editors complete them and object while a person types.

A file counts as its JSON form: a date is a text of the form ``2026-11-21``. The schema says what :func:`mailkit.site.file.loads`
takes, and that alone.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from mailkit.finding import Product
from mailkit.site.erp import ErpSite
from mailkit.site.file.fields import label, screen_of
from mailkit.site.file.shape import Hint, hints_of, row_kind, table_kind
from mailkit.site.pms import PmsSite

__all__ = ["schema"]

_KINDS: dict[Product, type[ErpSite | PmsSite]] = {"maestro-erp": ErpSite, "maestro-pms": PmsSite}


def schema() -> dict[str, Any]:
    """Give the schema of a site of either product."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A site's mail configuration",
        "description": 'A field that is absent is not known; "" is known to be empty. No password is ever in a site file.',
        "type": "object",
        "required": ["product"],
        "properties": {"product": {"enum": list(_KINDS), "description": "Which of the two products the site runs."}},
        "oneOf": [_table(kind, product, ()) for product, kind in _KINDS.items()],
    }


def _table(kind: type[Struct], product: Product, path: tuple[str, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {} if path else {"product": {"const": product}}
    for name, hint in hints_of(kind).items():
        place = (*path, name)
        if row := row_kind(hint):
            properties[name] = {"type": "array", "items": _table(row, product, place)}
        elif inner := table_kind(hint):
            properties[name] = _table(inner, product, place)
        else:
            properties[name] = _value(name, hint)
        properties[name] = {**properties[name], **_words(product, ".".join(place))}
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    return {
        "type": "object",
        "properties": properties,
        "required": [*required, *([] if path else ["product"])],
        "additionalProperties": False,
    }


def _value(name: str, hint: Hint) -> dict[str, Any]:
    """Give the schema of a value; TOML has no null."""
    shape = msgspec.json.schema(hint)
    choices = [one for one in shape.pop("anyOf", [shape]) if one != {"type": "null"}]
    if name == "email_traces":
        choices.append({"enum": ["Y", "N"]})
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _words(product: Product, key: str) -> dict[str, str]:
    screen = screen_of(product, key)
    if screen is None:
        return {"description": label(product, key)}
    note = f" {screen.note}" if screen.note else ""
    return {"title": screen.label, "description": f"{screen.path}.{note}"}
