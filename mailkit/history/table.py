"""A table as an answer: its columns promised by name, type and order; made of the rows that an engine gave.

Only what a person can look at gets this far, so every question has a limit on its rows. Text is kept as it was recorded: whoever
shows or saves it makes it harmless for that place (:mod:`mailkit.report.frames`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from mailkit.history.choice import wall

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Kind", "Table", "column"]

Kind = Literal["text", "count", "number", "share", "ms", "moment", "wall", "yes"]
"""``share``: 0 to 1. ``ms``: milliseconds. ``moment``: a time in UTC. ``wall``: a day or an hour as the reader's own clock shows
it. ``yes``: true, false or unknown. Unknown is missing."""

_DTYPES: dict[Kind, str] = {
    "text": "string",
    "count": "Int64",
    "number": "float64",
    "share": "float64",
    "ms": "float64",
    "moment": "datetime64[us, UTC]",
    "wall": "datetime64[us]",
    "yes": "boolean",
}

_JSON: dict[Kind, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "count": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "share": {"type": ["number", "null"]},
    "ms": {"type": ["number", "null"]},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "wall": {"type": ["string", "null"]},
    "yes": {"type": ["boolean", "null"]},
}


class Column(Struct, frozen=True):
    """A column: its name, what kind of value it has, and what that says."""

    name: str
    kind: Kind
    says: str

    @property
    def dtype(self) -> str:
        """The pandas type."""
        return _DTYPES[self.kind]


class Table(Struct, frozen=True, kw_only=True):
    """A question's answer; ``columns`` is a promise."""

    name: str
    asks: str
    """The question, in a person's words."""
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(one.name for one in self.columns)

    def led_by(self, *first: Column) -> Table:
        """Give the table with other columns in front: what it was asked by."""
        return Table(name=self.name, asks=self.asks, columns=(*first, *self.columns))

    def json_schema(self) -> dict[str, Any]:
        """Give the JSON Schema of a row as a document; what the table was counted by stands beside these."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"history-{self.name}",
            "description": self.asks,
            "type": "object",
            "properties": {
                "schema": {"const": f"mailkit.history-{self.name}/1"},
                **{one.name: {"description": one.says, **_JSON[one.kind]} for one in self.columns},
            },
            "required": ["schema", *self.names],
        }

    def frame(self, rows: Sequence[Mapping[str, Any]], *, more: bool = False) -> pd.DataFrame:
        """Make the DataFrame. ``attrs["more"]`` says whether there were more rows than were asked for.

        Times come as microseconds since 1970.
        """
        import pandas as pd  # noqa: PLC0415 - an optional extra

        made = pd.DataFrame({one.name: _series(pd, one, [row.get(one.name) for row in rows]) for one in self.columns})
        made.attrs.update(table=self.name, more=more)
        return made


def column(name: str, kind: Kind, says: str) -> Column:
    """Give a column."""
    return Column(name, kind, says)


def _series(pd: Any, one: Column, values: list[Any]) -> Any:  # noqa: ANN401 - pandas is imported late
    if one.kind in {"moment", "wall"}:
        stamps = [None if value is None else wall(value) for value in values]
        made = pd.Series(stamps, dtype="datetime64[us]")
        return made.dt.tz_localize("UTC") if one.kind == "moment" else made
    if one.kind in {"number", "share", "ms"}:
        return pd.Series(
            [None if value is None else round(float(value), 6 if one.kind == "share" else 3) for value in values], dtype="float64"
        )
    return pd.Series(pd.array(values, dtype=one.dtype))
