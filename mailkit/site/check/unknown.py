"""What nobody has looked up yet, as one list: a field that is not known is no mistake, but somebody has to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailkit.site.check.pms import ever_activated, has_traces
from mailkit.site.erp import ErpSite
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import label, phrase
from mailkit.site.pms import LEAVE, PmsSite
from mailkit.site.route import Route
from mailkit.site.screens import screens

__all__ = ["unknown"]

_EVERYWHERE = ("server", "port", "security", "login", "password", "sender")


def unknown(site: ErpSite | PmsSite, routes: Iterable[Route]) -> Opinion | None:
    """Give the one opinion that lists what to look up; ``None``: all is known that matters."""
    fields: dict[str, dict[str, None]] = {}
    for route in routes:
        for where in (*_of_values(route), *(one.where for one in route.assumed)):
            listed = route.documents or not where.startswith("erp.mailing_")
            fields.setdefault(where if listed else f"site.rows.{route.mailing}", {}).update(
                {} if route.user is None else {route.user: None}
            )
    for where in _of_hotel(site) if isinstance(site, PmsSite) else _of_installation(site):
        fields.setdefault(where, {})
    if not fields:
        return None
    labels = [_label(where) for where in fields]
    people = {where: list(names) for where, names in fields.items() if names}
    return Opinion(
        code="site.look-up", subject=phrase("the-site"), evidence={"labels": labels, "fields": list(fields), "concerns": people}
    )


def _of_values(route: Route) -> Iterator[str]:
    """Give the fields of a route that may hold something, and nobody knows."""
    for name in _EVERYWHERE:
        value = getattr(route.fields, name)
        if value.set is None and value.value is None and value.where is not None:
            yield value.where


def _of_installation(site: ErpSite) -> Iterator[str]:
    if not site.users:
        yield "site.users"


def _of_hotel(site: PmsSite) -> Iterator[str]:
    setup = site.email_setup
    asked = {
        "site.version": has_traces(site.version) is None,
        "pms.email_traces": setup.email_traces is None,
        "site.activated": ever_activated(site) is None,
        "pms.server": setup.server is None and not site.properties,
        "pms.port": setup.port is None and not site.properties,
        "pms.trace_rep_addr": setup.trace_rep_addr is None and not site.properties,
        "site.clerks": not site.clerks,
        "pms.clerk_email": any(clerk.email is None for clerk in site.clerks),
        "site.baseline": all(getattr(site.baseline, field) is None for field in LEAVE),
    }
    return (where for where, missing in asked.items() if missing)


def _label(where: str) -> str:
    screen = screens().get(where)
    return screen.label if screen is not None else label(where) or where.partition(".")[2].replace("_", " ")
