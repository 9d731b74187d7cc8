"""A provider's preset: what choosing one enters, and what is to be known about it. Pure.

The facts are those of :mod:`mailkit.site.providers`; here they become values of a draft and lines to read.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.panels.site.draft import SiteDraft
from mailkit.report.words import SECURITY
from mailkit.site.providers import (
    Provider,
    provider_of_address,
    provider_of_host,
    providers,
    secret_words,
    sender_words,
    user_name_for,
)

__all__ = ["advice", "choose_provider", "known_provider", "recognised"]

ERP = "general_settings.smtp"
PMS = "email_setup"
USER = {
    "address": "the whole e-mail address",
    "local-part": "the part of the address before the @",
    "given": "a name that the provider gives out",
    "none": "none: there is no log-in",
}
LIMIT = {
    "per_minute": "messages a minute",
    "per_hour": "messages an hour",
    "per_day": "messages a day",
    "recipients_per_day": "recipients a day",
    "connections": "connections at once",
}


def known_provider(draft: SiteDraft) -> Provider | None:
    """Return the provider the site names."""
    return providers().get(draft.site.provider or "") if draft.site else None


def choose_provider(draft: SiteDraft, name: str | None) -> tuple[SiteDraft, tuple[str, ...]]:
    """Name the provider and enter its server, port and encryption.

    Args:
        draft: what is known.
        name: its id; ``""``: none of those listed; ``None``: not known.

    Returns:
        The draft, and the paths of what changed. Nothing is entered that differs from customer to customer.
    """
    chosen = draft.put("provider", name)
    provider = providers().get(name or "")
    server = next((server for server in provider.servers if not server.is_template), None) if provider else None
    if provider is None or server is None:
        return chosen, ()
    entered = (
        {f"{ERP}.server_name": server.host, f"{ERP}.port": str(server.port), f"{ERP}.use_ssl": "yes"}
        if draft.product == "maestro-erp"
        else {f"{PMS}.server": server.host, f"{PMS}.port": str(server.port)}
    )
    changed = tuple(path for path, text in entered.items() if draft.value(path) != text)
    for path in changed:
        chosen = chosen.fill(path, entered[path])
    return chosen, changed


def recognised(draft: SiteDraft) -> Provider | None:
    """Return the provider that the server, the log-in or the sender entered belongs to, where the site names none."""
    if draft.product is None or draft.site is None or draft.site.provider is not None:
        return None
    erp = draft.product == "maestro-erp"
    server = draft.value(f"{ERP}.server_name" if erp else f"{PMS}.server")
    names = ("user_name", "from_address") if erp else ("auth_name", "trace_rep_addr")
    addresses = [draft.value(f"{ERP if erp else PMS}.{name}") for name in names]
    return (provider_of_host(server) if server else None) or next(
        (found for address in addresses if address and "@" in address and (found := provider_of_address(address))), None
    )


def advice(draft: SiteDraft, provider: Provider) -> Iterator[tuple[str, str]]:
    """Return what is to be known about a provider before anything is entered: what about, and a sentence."""
    for server in provider.servers:
        yield "Server", f"{server.host}, port {server.port}, {SECURITY[server.security]}"
    if provider.user:
        name = f"always {provider.user_word}" if provider.user == "fixed" else USER[provider.user]
        sender = draft.value(f"{ERP}.from_address" if draft.product == "maestro-erp" else f"{PMS}.trace_rep_addr")
        fits = user_name_for(provider, sender) if sender else None
        yield "User name", f"{name}{f' (here: {fits})' if fits and provider.user != 'fixed' else ''}"
    if provider.secrets:
        yield "Password", "; or ".join(secret_words()[kind] for kind in provider.secrets)
    if provider.password_works(draft.today) is False:
        yield "Careful", "Log-in with a password does not work here any more."
    elif provider.ends is not None:
        yield (
            "Careful",
            f"Log-in with a password is switched off after {provider.ends:%d %B %Y}, unless an administrator keeps it on.",
        )
    if provider.sender:
        breach = {"refused": "; another one is refused", "rewritten": "; another one is replaced by it", None: ""}[
            provider.sender.breach
        ]
        yield "From", f"{sender_words()[provider.sender.rule]}{breach}"
    limits = [f"{number:,} {words}" for name, words in LIMIT.items() if (number := getattr(provider.limits, name))]
    if limits:
        yield "Limits", ", ".join(limits)
    for note in (provider.hint, provider.note):
        if note:
            yield "Note", note
    yield "Checked", f"{provider.checked:%Y-%m-%d}"
