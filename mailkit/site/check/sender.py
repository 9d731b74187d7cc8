"""What a server will make of a sender: is it a real address, and may the account that logs in send as it.

What a provider does with a From that is not the log-in comes from ``providers.toml``; where nobody knows the provider, it is said
in general. Another domain is worse than another name in the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mailkit.finding import Severity
from mailkit.site.check.endpoint import is_inside
from mailkit.site.facts import facts
from mailkit.site.mailbox import below, domain_of, flaw_of, is_mailbox, same
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import phrase
from mailkit.site.pms import Clerk, EmailSetup
from mailkit.site.providers import Provider, sender_words

__all__ = ["Mismatch", "mismatch", "trace_sender"]


class Mismatch(Struct, frozen=True, kw_only=True):
    """A sender that is not the log-in."""

    variant: str | None
    severity: Severity | None
    foreign: bool
    """The domains differ too."""
    evidence: dict[str, Any]


def mismatch(sender: str | None, login: str | None, provider: Provider | None) -> Mismatch | None:
    """Compare a sender with the log-in as the provider does; ``None``: nothing is known to be wrong."""
    if not is_mailbox(sender) or not is_mailbox(login) or same(sender or "", login or ""):
        return None
    rule = provider.sender if provider is not None else None
    foreign = domain_of(sender) != domain_of(login)
    if rule is not None and (rule.rule in ("any", "verified") or (rule.rule == "domain" and not foreign)):
        return None
    evidence = {
        "provider": provider.name if provider else None,
        "says": (rule.words or phrase("lets-through", senders=sender_words()[rule.rule])) if rule else None,
        "replies": (list(rule.replies) or None) if rule else None,
    }
    variant = rule.breach if rule is not None and rule.breach is not None else "foreign" if foreign else None
    strict = rule is not None and rule.breach == "refused" and rule.rule in ("own", "alias")
    return Mismatch(variant=variant, severity="error" if strict and foreign else None, foreign=foreign, evidence=evidence)


def trace_sender(setup: EmailSetup, provider: Provider | None, clerks: tuple[Clerk, ...]) -> Iterator[Opinion]:
    """Judge the sender of trace mail, which the product lets anybody invent."""
    sender, subject = setup.trace_rep_addr, "Trace Rep Addr"
    if sender is None:
        return
    flaw = flaw_of(sender)
    if flaw == "empty":
        yield Opinion(code="site.from-missing", variant="traces", subject=subject)
        return
    login = setup.auth_name if setup.mechanism != "none" else None
    evidence: dict[str, Any] = {
        "sender": sender,
        "domain": domain_of(sender),
        "login": login,
        "provider": provider.name if provider else None,
    }
    if flaw is not None:
        variant = "no-domain" if flaw == "no-domain" else "malformed"
        severity: Severity | None = "error" if provider is not None else None
        yield Opinion(code="site.trace-sender-not-real", variant=variant, subject=subject, severity=severity, evidence=evidence)
        return
    unreal = _unreal(domain_of(sender) or "", setup, clerks)
    if unreal is not None:
        yield Opinion(code="site.trace-sender-not-real", variant=unreal, subject=subject, evidence=evidence)
        return
    found = mismatch(sender, login, provider)
    if found is None:
        return
    evidence = {**evidence, **found.evidence}
    if found.foreign:
        told = "foreign-provider" if provider else "foreign"
        yield Opinion(
            code="site.trace-sender-not-real", variant=told, subject=subject, severity=found.severity, evidence=evidence
        )
    else:
        evidence = {**evidence, "from": [sender], "login": [login]}
        yield Opinion(
            code="site.from-not-login", variant=found.variant, subject=subject, severity=found.severity, evidence=evidence
        )


def _unreal(domain: str, setup: EmailSetup, clerks: tuple[Clerk, ...]) -> str | None:
    """Say why nobody outside can reply to, or look up, a domain; ``None``: no reason."""
    names = facts().names
    if below(domain, names.never):
        return "never"
    server_inside = bool(setup.server) and is_inside(setup.server or "")
    if "." not in domain and not domain.startswith("["):
        return "single-label-inside" if server_inside else "single-label"
    if below(domain, names.inside):
        return "inside-only" if server_inside else "inside"
    example = below(domain, names.examples)
    if example is not None:
        # Where the rest of the site lives below the same name, it is what this site is called.
        others = [setup.server, domain_of(setup.auth_name), *(domain_of(clerk.email) for clerk in clerks)]
        if not any(below(other, (example,)) for other in others if other):
            return "example"
    return None
