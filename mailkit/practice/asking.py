"""How a practice server is to be probed so that what it plays can be seen."""

from __future__ import annotations

from mailkit.practice.server import PracticeServer
from mailkit.practice.site import PracticeSite
from mailkit.probe.settings import Credentials, ProbeSettings
from mailkit.secret import Secret

__all__ = ["settings_for"]


def settings_for(site: PracticeSite, server: PracticeServer, *, timeout: float = 10.0) -> ProbeSettings:
    """Give the settings with which ``server``'s fault shows: mode, account, sender and recipient as its play says.

    Args:
        site: the running site; its name server is asked and its authority trusted.
        server: one of its servers.
        timeout: seconds one wait may take.
    """
    ask = server.play.ask
    return ProbeSettings(
        security=ask.security,
        credentials=Credentials(ask.user, Secret(ask.password)) if ask.user and ask.password else None,
        mechanism=ask.mechanism,
        sender=ask.sender,
        recipient=ask.recipient,
        resolver=site.resolver,
        ca_file=site.ca_file,
        timeout=timeout,
    )
