"""Parts of panels that stock widgets do not offer: small anywidgets with their front ends in real ``.js`` and ``.css`` files."""

from mailkit.panels.parts.disclosure import Disclosure
from mailkit.panels.parts.save_bar import SaveBar
from mailkit.panels.parts.secret_field import SecretField
from mailkit.panels.parts.sheet import Sheet
from mailkit.panels.parts.status_line import StatusLine

__all__ = ["Disclosure", "SaveBar", "SecretField", "Sheet", "StatusLine"]
