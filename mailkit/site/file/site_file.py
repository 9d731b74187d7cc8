"""Site files: a site as one readable TOML file, read with all its mistakes at once and written without losing a remark.

``None`` in a site is a field that is absent from the file, ``""`` one that is there and empty. Two things are read kindly: the
master flag ``email_traces`` may say ``"Y"`` or ``"N"`` as the screen does, and a date may stand in quotes. Two rows of the same
number or code are read as they are: they are for the checks to judge, and must not keep a person from opening the file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.site.erp import ErpSite
from mailkit.site.file.document import read_document
from mailkit.site.file.edit import changed
from mailkit.site.file.fresh import fresh
from mailkit.site.file.json_schema import schema
from mailkit.site.file.layout import layout
from mailkit.site.file.mistakes import Mistake, SiteMistakes, judge
from mailkit.site.pms import PmsSite
from mailkit.text import visible

__all__ = ["Mistake", "Site", "SiteFile", "SiteMistakes", "dumps", "load", "loads", "schema"]

Site: TypeAlias = ErpSite | PmsSite

KINDS: Mapping[str, type[ErpSite | PmsSite]] = {"maestro-erp": ErpSite, "maestro-pms": PmsSite}

_MOST_BYTES = 50_000_000

_FLAG_WORDS = {"Y": True, "N": False}


def loads(text: str, name: str = "site.toml") -> Site:
    """Read a site from the text of a file; ``name`` is only for messages.

    Raises:
        SiteMistakes: it is not one; every mistake is in it.
    """
    document = read_document(text)
    tables = _read_kindly(document.tables)
    if not document.mistakes:
        with contextlib.suppress(msgspec.ValidationError):
            site: Site = msgspec.convert(tables, Site)
            return site
    lines = layout(document.text).lines()
    found = (*document.mistakes, *judge(tables, KINDS, lines, whole=not document.mistakes))
    raise SiteMistakes(name, tuple(sorted(found, key=lambda mistake: mistake.line or 0)))


def _read_kindly(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Take ``Y`` and ``N`` for the master flag, of the whole site and of each property."""
    kind = dict(tables)
    setup, properties = tables.get("email_setup"), tables.get("properties")
    if isinstance(setup, dict) and str(setup.get("email_traces")) in _FLAG_WORDS:
        kind["email_setup"] = {**setup, "email_traces": _FLAG_WORDS[setup["email_traces"]]}
    if isinstance(properties, list):
        kind["properties"] = [_read_kindly(one) if isinstance(one, dict) else one for one in properties]
    return kind


def load(path: str | os.PathLike[str]) -> SiteFile:
    """Read a site file.

    Raises:
        SiteMistakes: it is not a site, or not UTF-8.
        InputError: it cannot be read.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{visible(str(path))} is larger than {_MOST_BYTES // 1_000_000} MB; that is no site file")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the site file {visible(str(path))} cannot be read ({error.strerror}); mailkit site init writes one"
        ) from None
    text = _decoded(data, path.name)
    return SiteFile(site=loads(text, path.name), text=text, path=path)


def _decoded(data: bytes, name: str) -> str:
    """Decode UTF-8; the byte order mark stays in the text, so that it is written again."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        mistake = Mistake(
            line=None if wide else data.count(b"\n", 0, error.start) + 1,
            field="",
            what="the file is not saved as UTF-8" + ("" if wide else ", as a letter on this line shows"),
            allowed="save it again with the encoding UTF-8",
        )
    raise SiteMistakes(name, (mistake,))


def dumps(site: Site) -> str:
    """Write a site as a new, commented file: what is known as it is, what is not known as lines that wait to be filled in.

    Raises:
        InputError: a text of the site cannot be written (half of a surrogate pair).
    """
    return fresh(site)


class SiteFile(Struct, frozen=True):
    """A site and the text it was read from."""

    site: Site
    text: str
    """As it is on the disk: with its line breaks and its byte order mark."""
    path: Path | None = None

    def with_site(self, site: Site) -> str:
        """Give the text with what differs changed and everything else, remarks too, as it is.

        Users and clerks are recognised by number, else code, else name or address; whoever is gone takes the remark directly
        above along.

        Raises:
            InputError: the site is one of the other product, or a text of it cannot be written.
        """
        before = loads(self.text)
        if type(site) is not type(before):
            raise InputError(f"this file is a site of {before.product}; a site of {site.product} belongs into a file of its own")
        return changed(self.text, before, site)

    def save(self, site: Site) -> SiteFile:
        """Write the changed text where the file came from, whole or not at all, and give it as the file it is now.

        Raises:
            InputError: it has changed on the disk since it was read, has no path, or cannot be written.
        """
        text = self.with_site(site)
        if self.path is None:
            raise InputError("this site was not read from a file; write its text where you want it")
        _replace(self.path, self.text.encode(), text.encode())
        return SiteFile(site=site, text=text, path=self.path)


def _replace(path: Path, before: bytes, after: bytes) -> None:
    """Put ``after`` in the place of ``before``."""
    shown = visible(str(path))
    # A link stays a link: what it points to is replaced.
    real = path.resolve()
    part: str | None = None
    try:
        if real.read_bytes() != before:
            raise InputError(f"{shown} was changed by somebody else since it was read; read it again and repeat the change")
        if before == after:
            return
        handle, part = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(real, part)
        Path(part).replace(real)
    except OSError as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        raise InputError(f"{shown} cannot be written ({error.strerror}); it is as it was") from None
