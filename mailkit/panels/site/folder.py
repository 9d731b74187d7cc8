"""Keeping a site file in the folder of the notebook: whole or not at all, and never over something that is not known.

Only where that folder is the reader's own: an app that is served by Voila runs in the server's folder, so there the browser's
download is the way.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mailkit.errors import InputError
from mailkit.panels.site.draft import SiteDraft
from mailkit.site.file import SiteFile
from mailkit.text import visible

__all__ = ["Exists", "file_name", "keep", "own_folder"]

_FORBIDDEN = set('<>:"/\\|?*')
_LONGEST = 100


class Exists(InputError):
    """There is a file of that name already, and it is not the one the site was loaded from."""


def own_folder() -> Path | None:
    """Return the folder of the notebook where it is the reader's own and can be written to."""
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return None
    folder = Path.cwd()
    return folder if os.access(folder, os.W_OK) else None


def file_name(text: str) -> str:
    """Return a name any system takes for a file, ending in ``.toml``.

    Raises:
        InputError: it is no such name.
    """
    name = text.strip()
    stem = name.removesuffix(".toml")
    if not stem or stem.strip(". ") != stem or set(name) & _FORBIDDEN or visible(name) != name or len(name) > _LONGEST:
        raise InputError(
            f"{visible(name)[:_LONGEST]!r} is no name for a file; give one such as hotel.site.toml, without a folder"
        )
    return f"{stem}.toml"


def keep(draft: SiteDraft, folder: Path, *, replace: bool = False) -> SiteFile:
    """Write the site into a folder and return the file it is now.

    Args:
        draft: the site, and the name of its file.
        folder: where.
        replace: what is there may be replaced.

    Raises:
        Exists: there is another file of that name, and ``replace`` was not said.
        InputError: it cannot be written, or was changed by somebody else since it was loaded.
    """
    if draft.site is None:
        raise InputError("choose the product first")
    target = folder / draft.name
    file = draft.file
    if file and file.path and file.path.resolve() == target.resolve() and file.site.product == draft.product and not replace:
        return file.save(draft.site)
    text = draft.text
    try:
        if not replace:
            try:
                target.open("xb").close()  # claims the name: no file that appears meanwhile is overwritten
            except FileExistsError:
                raise Exists(f"{draft.name} is there already and is not what was loaded here") from None
        _put(target, text.encode())
    except OSError as wrong:
        raise InputError(f"{draft.name} cannot be written here ({wrong.strerror}); download it instead") from wrong
    return SiteFile(site=draft.site, text=text, path=target)


def _put(target: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
