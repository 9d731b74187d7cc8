"""A new site file: in the order of the screens, each field with its label, what is not known waiting as a remark."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import fields

from mailkit.site.erp import ErpSite
from mailkit.site.file.edit import table_lines
from mailkit.site.file.fields import allowed, label, ordered, waiting
from mailkit.site.file.shape import hints_of, row_kind, table_kind
from mailkit.site.file.written import written
from mailkit.site.pms import PmsSite

__all__ = ["SCHEMA_FILE", "fresh"]

SCHEMA_FILE = "mailkit-site.schema.json"
"""What the first line of a new file calls the JSON Schema beside it."""

_HEAD = f"""\
#:schema ./{SCHEMA_FILE}
#
# How mail is configured at this site, for mailkit.
#
#   a line with # before it, or no line at all   not known
#   ""                                           looked at, and the field is empty
#   password                                     "set" or "empty": no secret is ever written into this file
#
# An editor completes the fields once the schema is beside this file: mailkit schema site > {SCHEMA_FILE}

"""

_WIDEST = 46
"""Up to this column remarks stand below each other."""


def fresh(site: ErpSite | PmsSite) -> str:
    """Write a site as a new file."""
    return _HEAD + "\n".join(_tables(site, site, ()))


def _tables(site: ErpSite | PmsSite, table: Struct, path: tuple[str, ...]) -> list[str]:
    """Write a table and, behind it, the tables and lists inside it."""
    key = ".".join(path)
    lines = [f"# {label(site.product, key)}", f"[{key}]"] if path else [f'product = "{site.product}"']
    lines += _lines(site, table, path)
    texts = ["".join(f"{line}\n" for line in lines)]
    for name in table.__struct_fields__:
        value = getattr(table, name)
        if isinstance(value, Struct):
            texts += _tables(site, value, (*path, name))
        elif row := row_kind(hints_of(type(table))[name]):
            texts += _list(site, row, value, (*path, name))
    return texts


def _list(site: ErpSite | PmsSite, kind: type[Struct], rows: tuple[Struct, ...], path: tuple[str, ...]) -> list[str]:
    """Write a list of rows below one explanation of what a row can say; where there is no row, that is an example."""
    key = ".".join(path)
    lines = [waiting(kind, name) for name in ordered(site.product, key, kind) if not _is_table(kind, name)]
    width = min(max(map(len, lines)), _WIDEST)
    said = [f"{line:<{width}}  # {_said(site, kind, path, line.split()[1])}".rstrip(" #") for line in lines]
    text = "".join(f"{line}\n" for line in [f"# {label(site.product, key)}", "#", f"# [[{key}]]", *said])
    return [text, *(table_lines(path, row, "\n", row=True) for row in rows)]


def _lines(site: ErpSite | PmsSite, table: Struct, path: tuple[str, ...]) -> list[str]:
    kind = type(table)
    defaults = {field.name: field.default for field in fields(kind)}
    lines: list[tuple[str, str]] = []
    for name in ordered(site.product, ".".join(path), kind):
        if _is_table(kind, name) or name == "schema":
            continue
        value = getattr(table, name)
        known = repr(value) != repr(defaults[name])
        lines.append((f"{name} = {written(value, chr(10))}" if known else waiting(kind, name), _said(site, kind, path, name)))
    width = min(max((len(line) for line, _ in lines if "\n" not in line), default=0), _WIDEST)
    return [f"{line:<{width}}  # {said}" if said and "\n" not in line else line for line, said in lines]


def _said(site: ErpSite | PmsSite, kind: type[Struct], path: tuple[str, ...], name: str) -> str:
    called, choice = label(site.product, ".".join((*path, name))), allowed(kind, name)
    return f"{called}: {choice}" if called and choice else called or choice


def _is_table(kind: type[Struct], name: str) -> bool:
    hint = hints_of(kind)[name]
    return (table_kind(hint) or row_kind(hint)) is not None
