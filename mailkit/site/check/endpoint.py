"""What is wrong with a server, a port and the box for encryption as they were keyed in, before anybody asks that server.

Only what is certain, or marked as likely: which of STARTTLS and TLS from the first byte the box means is not documented, so
a ticked box is never called wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mailkit.address import is_address, is_public
from mailkit.site.endpoint import UsedEndpoint
from mailkit.site.facts import facts
from mailkit.site.mailbox import below
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import phrase
from mailkit.site.providers import Provider, provider_of_host

__all__ = ["is_inside", "opinions"]

_NOT_IN_A_NAME = re.compile(r"[\s/@,;:\\<>\"']")


def is_inside(host: str) -> bool:
    """Say whether a host can only be one of somebody's own network: a private address, a bare name, or one below ``.local``."""
    host = host.strip().strip("[]")
    if is_address(host):
        return not is_public(host)
    return "." not in host.strip(".") or below(host, facts().names.inside) is not None


def opinions(endpoint: UsedEndpoint, named: Provider | None = None) -> Iterator[Opinion]:
    """Judge one endpoint; ``named`` is the provider that the site says runs it."""
    host, port, subject = endpoint.host, endpoint.port, endpoint.target
    evidence = {"host": host, "port": port, "users": list(endpoint.users)}
    bare = host.strip("[]")
    if is_address(bare):
        variant = None if is_public(bare) else "private"
        yield Opinion(code="site.server-is-address", subject=subject, variant=variant, evidence=evidence)
    elif odd := _NOT_IN_A_NAME.search(host):
        variant = "with-scheme" if "://" in host else "with-port" if re.fullmatch(r"[^\s:/@]+:\d+", host) else None
        shown = phrase("blank") if odd[0].isspace() else odd[0]
        yield Opinion(code="site.server-invalid", subject=host, variant=variant, evidence={**evidence, "odd": shown})
        return
    provider = provider_of_host(host)
    if provider is not None and named is not None and provider.id not in (named.id, named.of) and provider.of != named.id:
        told = {**evidence, "provider": provider.name, "named": named.name}
        yield Opinion(code="site.provider-differs", subject=subject, variant="server", evidence=told)
    if port is not None:
        yield from _port(endpoint, provider, evidence)


def _port(endpoint: UsedEndpoint, provider: Provider | None, evidence: dict[str, Any]) -> Iterator[Opinion]:
    port, subject = endpoint.port, endpoint.target
    service = facts().ports.others.get(str(port))
    if service is not None:
        yield Opinion(
            code="site.port-unusual", subject=subject, variant="other-service", evidence={**evidence, "service": service}
        )
        return
    served = _ports_of(provider, endpoint.host) if provider is not None else frozenset()
    if provider is not None and served and port not in served:
        told = {**evidence, "provider": provider.name, "ports": sorted(served)}
        yield Opinion(code="site.provider-differs", subject=subject, variant="port", evidence=told, confidence="likely")
    elif not served and port not in facts().ports.usual:
        yield Opinion(code="site.port-unusual", subject=subject, evidence=evidence)
    elif not served and port == 25 and not is_inside(endpoint.host):
        yield Opinion(code="site.port-unusual", subject=subject, variant="relay", evidence=evidence)
    if endpoint.encrypted is False and (port == 465 or (port == 587 and not is_inside(endpoint.host))):
        yield Opinion(
            code="site.encryption-off",
            subject=subject,
            variant="provider" if served else str(port),
            evidence={**evidence, "provider": provider.name if provider else None},
            confidence="likely" if port == 465 else "sure",
        )


def _ports_of(provider: Provider, host: str) -> frozenset[int]:
    """Give the ports that the provider names for this very server: what is not known of it is not held against it."""
    servers = [*([provider.server] if provider.server else []), *provider.alternatives]
    return frozenset(one.port for one in servers if one.host.lower() == host.strip(".").lower())
