"""Parts of panels that stock widgets do not offer: small anywidgets with their front ends in real ``.js`` and ``.css`` files."""

from mailkit.panels.parts.disclosure import Disclosure
from mailkit.panels.parts.field_set import FieldKind, FieldSet, ShownField
from mailkit.panels.parts.file_field import FileField
from mailkit.panels.parts.heading import Heading
from mailkit.panels.parts.paste_field import PasteField
from mailkit.panels.parts.row_table import RowTable
from mailkit.panels.parts.save_bar import SaveBar
from mailkit.panels.parts.secret_field import SecretField
from mailkit.panels.parts.sheet import Sheet
from mailkit.panels.parts.status_line import StatusLine
from mailkit.panels.parts.step_list import StepList

__all__ = [
    "Disclosure",
    "FieldKind",
    "FieldSet",
    "FileField",
    "Heading",
    "PasteField",
    "RowTable",
    "SaveBar",
    "SecretField",
    "Sheet",
    "ShownField",
    "StatusLine",
    "StepList",
]
