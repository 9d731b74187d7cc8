"""Documents that only the command line makes: the steps of a sending, a decision, an import, the rows of a table of the history.

They are other rooms' values with their ``schema`` in front; here is what ``mailkit schema`` says of them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from mailkit.history.importing import Report
from mailkit.history.questions import TABLES
from mailkit.journal import State
from mailkit.mail.news import Closed, Halted, Moved, Opened, Paused, Rest

__all__ = ["IMPORT", "STEPS", "TABLE_SCHEMAS", "Settled"]


class Settled(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.settled/1"):
    """A person's decision about a mail that was uncertain."""

    delivery_id: str
    state: State


def _with(kind: str, shape: type[Struct], **fixed: Any) -> type[Struct]:  # noqa: ANN401 - a type
    """Give a struct with ``schema`` and what is fixed in front of the fields of another, the transcript left out."""
    fields = [field for field in msgspec.structs.fields(shape) if field.name != "transcript"]
    more: list[Any] = [
        (field.name, field.type, field.default) if field.default is not msgspec.NODEFAULT else (field.name, field.type)
        for field in fields
    ]
    heads: list[Any] = [("schema", Literal[f"mailkit.{kind}/1"]), *fixed.items()]
    namespace = {"__doc__": shape.__doc__}
    return msgspec.defstruct(f"{shape.__name__}Document", [*heads, *more], kw_only=True, frozen=True, namespace=namespace)


STEPS: tuple[type[Struct], ...] = tuple(
    _with("sending", shape, step=Literal[shape.__name__.lower()]) for shape in (Moved, Opened, Closed, Paused, Halted, Rest)
)
"""What ``mailkit traces send --json`` prints, a line for each thing that happens."""

IMPORT: type[Struct] = _with("import", Report)
"""What ``mailkit history import --json`` prints."""

TABLE_SCHEMAS: dict[str, dict[str, Any]] = {f"history-{name}": table.json_schema() for name, table in TABLES.items()}
"""What ``mailkit history show NAME --json`` prints, a line for each row."""
