"""An autoconfig file read: which servers for sending it names. It comes from a stranger; nothing in it is taken to be sane.

The format is Thunderbird's clientConfig 1.1, as in the working-group draft ``draft-ietf-mailmaint-autoconfig``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from mailkit.observation import Security
from mailkit.probe.discovery import NamedServer, filled_in
from mailkit.site.providers import plain_name
from mailkit.text import shorten, visible

__all__ = ["Autoconfig", "NotAutoconfig", "read_autoconfig"]

_MOST_SERVERS = 20
_MOST_WORDS = 5
_SECURITY: dict[str, Security] = {"ssl": "implicit", "starttls": "starttls", "plain": "none"}
# Words of older files for what is called otherwise now.
_METHODS = {"plain": "password-cleartext", "secure": "password-encrypted"}
_ENCRYPTED_FIRST: tuple[Security, ...] = ("implicit", "starttls")


class NotAutoconfig(ValueError):
    """It is no autoconfig file; the message says why."""


class Autoconfig(NamedTuple):
    """What a file says about sending; ``left_out`` are the servers that cannot be used, each with the reason."""

    servers: tuple[NamedServer, ...]
    left_out: tuple[str, ...] = ()
    name: str | None = None
    advice: tuple[str, ...] = ()


def read_autoconfig(data: bytes, domain: str, address: str | None = None) -> Autoconfig:
    """Read a file; servers in its order, but those without encryption last.

    Args:
        data: the file, of bounded size.
        domain: what stands for ``%EMAILDOMAIN%`` in host names.
        address: what stands for ``%EMAILADDRESS%`` there, as some providers have it.

    Raises:
        NotAutoconfig: it is not XML, has a DTD or entities, or is not of this format.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:  # what defusedxml forbids is a ValueError
        raise NotAutoconfig(_why(error)) from None
    if _tag(root) != "clientConfig":
        raise NotAutoconfig(f"it is XML, but <{visible(shorten(_tag(root), 40))}> instead of <clientConfig>")
    servers: list[NamedServer] = []
    left_out: list[str] = []
    providers = list(_children(root, "emailProvider"))
    for element in _outgoing(providers):
        found = _server(element, domain, address)
        if isinstance(found, str):
            left_out.append(found)
        elif found not in servers:
            servers.append(found)
    servers.sort(key=lambda server: server.security not in _ENCRYPTED_FIRST)
    return Autoconfig(
        servers=tuple(servers),
        left_out=tuple(left_out[:_MOST_WORDS]),
        name=next((name for provider in providers if (name := _text(provider, "displayName", 80))), None),
        advice=tuple(_advice(providers))[:_MOST_WORDS],
    )


def _why(error: Exception) -> str:
    if isinstance(error, ParseError):
        return f"it is not XML ({visible(shorten(str(error), 80))})"
    forbidden = {
        "DTDForbidden": "a DTD",
        "EntitiesForbidden": "entities",
        "ExternalReferenceForbidden": "references to other files",
    }
    if what := forbidden.get(type(error).__name__):
        return f"it has {what}, which an autoconfig file never needs and an attack does; it was not read"
    return "its encoding is not known"


def _outgoing(providers: list[Element]) -> list[Element]:
    found = [element for provider in providers for element in _children(provider, "outgoingServer")]
    return [element for element in found if element.get("type", "smtp").lower() == "smtp"][:_MOST_SERVERS]


def _server(element: Element, domain: str, address: str | None) -> NamedServer | str:
    named = _text(element, "hostname", 300) or ""
    host = plain_name(filled_in(named, domain, address) or "")
    port = _text(element, "port", 20) or ""
    socket = _text(element, "socketType", 20) or ""
    security = _SECURITY.get(socket.lower())
    if host is None or "." not in host:
        return f"a server whose name {shorten(named, 60)!r} is no host name"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        return f"{host}, whose port {port!r} is none"
    if security is None:
        return f"{host}, whose encryption {socket!r} is not known"
    methods = (method.text.strip() for method in _children(element, "authentication") if method.text and method.text.strip())
    return NamedServer(
        host=host,
        port=int(port),
        security=security,
        user_name=_text(element, "username", 255),
        authentication=tuple(dict.fromkeys(visible(shorten(_METHODS.get(one, one), 40)) for one in methods))[:10],
    )


def _advice(providers: list[Element]) -> Iterator[str]:
    """Give what has to be done first (``enable``), in English where there is a choice."""
    for provider in providers:
        for enable in _children(provider, "enable"):
            told = [one for one in _children(enable, "instruction") if one.text and one.text.strip()]
            told.sort(key=lambda one: one.get("lang", "en") != "en")
            if told:
                yield visible(shorten(" ".join((told[0].text or "").split()), 200))


def _text(element: Element, tag: str, limit: int) -> str | None:
    """Give the text of the first child of that name, harmless and of bounded length; ``None`` when there is none."""
    text = next((child.text for child in _children(element, tag) if child.text), None)
    return visible(shorten(text.strip(), limit)) or None if text else None


def _children(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in element if _tag(child) == tag)


def _tag(element: Element) -> str:
    """Give an element's name without its namespace; some files have one."""
    return str(element.tag).rpartition("}")[2]
