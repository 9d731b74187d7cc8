"""The site files of the two practice businesses; the mistakes planted in them are in ``sites.toml``.

The files name the hosts of the cast with the ports people know. The practice servers listen on free ports, so whoever wants to
connect puts those in with :func:`with_ports`, or :func:`text_with_ports` for a file of his own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import msgspec
import tomlkit
from msgspec import Struct
from msgspec.structs import replace

from mailkit.finding import Severity
from mailkit.site import ErpSite, PmsSite, Site
from mailkit.site.file import loads

__all__ = ["SITE_FILES", "PlantedMistake", "PracticeSiteFile", "text_with_ports", "with_ports"]


class PlantedMistake(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mistake that was put into a file on purpose."""

    code: str
    severity: Severity
    sentence: str


class PracticeSiteFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One site file."""

    name: str
    file: str
    title: str
    planted: tuple[PlantedMistake, ...]
    """Every mistake, each code once: a check finds exactly these warnings and errors."""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(str(files("mailkit.practice") / self.file))

    @property
    def text(self) -> str:
        """What is written in it."""
        return (files("mailkit.practice") / self.file).read_text(encoding="utf-8")

    def site(self) -> Site:
        """Read it."""
        return loads(self.text, self.file)


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    site: tuple[PracticeSiteFile, ...]


SITE_FILES: Mapping[str, PracticeSiteFile] = MappingProxyType(
    {one.name: one for one in msgspec.toml.decode((files("mailkit.practice") / "sites.toml").read_bytes(), type=_Table).site}
)
"""The site files by name: ``hotel`` and ``builder``."""


def with_ports(site: Site, ports: Mapping[str, int]) -> Site:
    """Put the ports of running servers, by host name, where the site names these servers."""
    if isinstance(site, PmsSite):
        setup = site.email_setup
        return replace(site, email_setup=replace(setup, port=ports.get(setup.server or "", setup.port)))
    return _builder(site, ports)


def text_with_ports(file: PracticeSiteFile, ports: Mapping[str, int]) -> str:
    """Give a file as it is written, with its comments, but with the ports of running servers."""
    document = tomlkit.parse(file.text)
    tables = [document.get("email_setup"), document.get("general_settings", {}).get("smtp"), *document.get("users", ())]
    for table in tables:
        if table is None:
            continue
        host = str(table.get("server") or table.get("server_name"))
        if host in ports:
            table["port"] = ports[host]
    return tomlkit.dumps(document)


def _builder(site: ErpSite, ports: Mapping[str, int]) -> ErpSite:
    smtp = site.general_settings.smtp
    general = replace(site.general_settings, smtp=replace(smtp, port=ports.get(smtp.server_name or "", smtp.port)))
    users = tuple(replace(user, port=ports.get(user.server_name or "", user.port)) for user in site.users)
    return replace(site, general_settings=general, users=users)
