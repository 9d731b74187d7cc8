"""Labelled fields in which *not known*, *empty* and a value are three different things.

Stock widgets know no "not known", and one widget per field would be hundreds of them. What is shown comes as data and every edit
goes back as a message; what an edit means, and whether it can stand, is decided in Python. Front end: ``field_set.js``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import anywidget
import traitlets

from mailkit.panels.parts.front import front

__all__ = ["FieldKind", "FieldSet", "ShownField"]

LONGEST = 20_000
"""Characters of one edit; what a field itself can hold is less and is checked with the site."""


FieldKind = Literal["text", "lines", "choice", "flag"]
"""One line; several; one of many, in a list; one of few, side by side."""


class ShownField(TypedDict):
    """One field as it goes to the front end."""

    id: str
    label: str
    kind: FieldKind
    group: str
    """Fields that follow each other with the same group stand together under it; ``""``: under nothing."""
    options: NotRequired[list[list[str]]]
    """Value and words of each; *not known* (or what ``unknown`` says) is always added."""
    unknown: NotRequired[str]
    hint: NotRequired[str]
    locked: NotRequired[str]
    """Why it is shown and cannot be changed."""
    wide: NotRequired[bool]
    empty: NotRequired[bool]
    """A text that can be known to be empty."""
    certain: NotRequired[bool]
    """There is no *not known* among its choices."""


class FieldSet(anywidget.AnyWidget):
    """Some fields.

    Attributes:
        fields: what is asked, each a :class:`ShownField`.
        values: by field: ``None`` for not known, ``""`` for known to be empty, or a text.
        problems: by field: why what stands in it cannot be used.

    Args:
        edited: called with the field and its new value after each edit.
    """

    _esm = front(__file__)
    _css = Path(__file__).with_suffix(".css")

    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    problems = traitlets.Dict().tag(sync=True)

    def __init__(self, edited: Callable[[str, str | None], None], **traits: Any) -> None:  # noqa: ANN401 - traits of the class
        super().__init__(**traits)
        self._edited = edited
        self.on_msg(self._receive)

    def show(
        self, fields: Iterable[ShownField], values: Mapping[str, str | None], problems: Mapping[str, str] | None = None
    ) -> None:
        """Show these fields with these values, all in one message."""
        with self.hold_sync():
            self.fields = [dict(field) for field in fields]
            self.values = dict(values)
            self.problems = dict(problems or {})

    def focus(self) -> None:
        """Put the focus into the first field."""
        self.send({"focus": True})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        name, value = content.get("set"), content.get("value")
        known = {field["id"] for field in self.fields if not field.get("locked")}
        try:
            if name in known and (value is None or (isinstance(value, str) and len(value) <= LONGEST)):
                self._edited(str(name), value)
        finally:
            # The field shows what became of the edit, also when that is what it had before.
            self.send({"settled": name})
