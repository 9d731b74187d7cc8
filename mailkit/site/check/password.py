"""Who runs the server that a password is typed for, and how long a password opens it.

The days are facts that age (:mod:`mailkit.site.facts`); the day they are judged on is the caller's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from mailkit.site.check.endpoint import is_inside
from mailkit.site.facts import Fact, facts
from mailkit.site.opinion import Opinion
from mailkit.site.providers import Provider, provider_of_address, provider_of_host

__all__ = ["hosted", "is_old_windows", "other_server", "password_ends", "tls_too_old"]


def hosted(server: str | None, named: Provider | None, login: str | None = None) -> Provider | None:
    """Give who runs a server: recognised from its name, else from the address that logs in, else the one that is ``named``.

    A server of somebody's own network is run by nobody who is known here.
    """
    found = provider_of_host(server) if server else None
    if found is not None or (server and is_inside(server)):
        return found
    return (provider_of_address(login) if login and "@" in login else None) or named


def other_server(server: str | None, login: str | None) -> Provider | None:
    """Give the provider of the address that logs in, where the server is known and is not one of that provider's."""
    of_login = provider_of_address(login) if login and "@" in login else None
    if of_login is None or of_login.server is None or not server or is_inside(server) or provider_of_host(server) is not None:
        return None
    return of_login


def is_old_windows(system: str | None) -> bool:
    """Say whether a system is known to be one of the old ones."""
    return system is not None and any(old in system.casefold() for old in facts().names.old_windows)


def password_ends(
    provider: Provider, today: dt.date, users: tuple[str, ...], fact: Fact | None = None, *, subject: str | None = None
) -> Iterator[Opinion]:
    """Say that a provider ends, or has ended, the log-in with a password; ``fact``: instead of the one in the table."""
    fact = fact or facts().of_provider(provider.id, "password")
    if fact is None:
        return
    now, ahead = fact.now(today), fact.ahead(today)
    stage = now or ahead
    if stage is None:
        return
    variant: str | None = now.kind if now else None
    yield Opinion(
        code="site.basic-auth-ends",
        variant="old" if fact.is_old(today) else variant,
        subject=subject or provider.name,
        evidence={
            "provider": provider.name,
            "users": list(users),
            "fact": fact.id,
            "what": fact.what,
            "when": stage.when,
            "begins": stage.begins.isoformat() if stage.begins else None,
            "days": (stage.begins - today).days if stage.begins and stage.begins > today else 0,
            "then": stage.then,
            "way_out": fact.way_out,
            "source": fact.source,
            "checked": fact.checked.isoformat(),
        },
        confidence="likely" if variant == "off" else "guess" if fact.is_old(today) else "sure",
    )


def tls_too_old(provider: Provider, system: str, today: dt.date) -> Iterator[Opinion]:
    """Say that an old Windows may not come to an agreement with the provider's server."""
    fact = facts().of_provider(provider.id, "tls")
    if fact is None or fact.is_old(today) or not is_old_windows(system):
        return
    evidence = {"provider": provider.name, "system": system, "what": fact.what, "way_out": fact.way_out, "source": fact.source}
    yield Opinion(code="site.tls-too-old", subject=system, evidence=evidence, confidence="likely")
