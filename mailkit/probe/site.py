"""What to probe of a site: every server its mail leaves by, asked as the site would use it, with whom it matters to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailkit.observation import UsedBy
from mailkit.probe.settings import ProbeSettings
from mailkit.probe.target import parse_target
from mailkit.site import Site
from mailkit.site.endpoint import endpoints
from mailkit.site.routing import routes

__all__ = ["SiteTarget", "site_targets"]


@dataclass(frozen=True)
class SiteTarget:
    """A server of the site: how to ask it, and whom it matters to."""

    target: str
    settings: ProbeSettings
    used_by: UsedBy


def site_targets(site: Site, settings: ProbeSettings, name: str) -> tuple[SiteTarget, ...]:
    """Give every distinct server of a site's routes, in the order they are met first; none where no server is named.

    Args:
        site: the site.
        settings: how to probe; a route without encryption is asked as such; which kind of encryption a ticked box means is not
            documented, so the probe finds out.
        name: what the site's file is called.
    """
    found = []
    for one in endpoints(routes(site)):
        parse_target(one.target)
        plain = settings.security == "auto" and one.encrypted is False
        found.append(
            SiteTarget(
                target=one.target,
                settings=replace(settings, security="none") if plain else settings,
                used_by=UsedBy(site=name, users=one.users, mailings=one.mailings, certain=one.certain),
            )
        )
    return tuple(found)
