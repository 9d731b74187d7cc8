"""Everything that is wrong with a configuration, before any server is asked: one list for both products.

Puts together what the checks of the product say (:mod:`mailkit.site.check.erp`, :mod:`mailkit.site.check.pms`) and what the
routes say (:mod:`mailkit.site.routing`), each thing once with everybody it concerns. What is not known is accused of nothing; it
is listed, once, as something to look up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from mailkit.finding import Finding, Severity
from mailkit.site.check import erp as of_erp
from mailkit.site.check import pms as of_pms
from mailkit.site.check.by_route import merged
from mailkit.site.check.clerks import clerk_label
from mailkit.site.check.unknown import unknown
from mailkit.site.erp import ErpSite
from mailkit.site.opinion import Opinion, finding_codes, worded
from mailkit.site.phrases import phrase
from mailkit.site.pms import PmsSite
from mailkit.site.route import Route
from mailkit.site.routing import routes

__all__ = ["check"]

_ORDER: tuple[Severity, ...] = ("error", "warning", "info", "ok")

_SAID_CLOSER = frozenset(
    {
        "erp.password",
        "erp.from_address",
        "erp.server_name",
        "erp.port",
        "erp.general_user_name",
        "erp.general_password",
        "erp.general_from",
        "pms.trace_rep_addr",
        "pms.auth_name",
        "pms.password",
        "pms.clerk_email",
    }
)
"""Fields whose emptiness has a finding of its own, which says more than that the route is incomplete."""

_FIRST = (
    "site.version-too-old",
    "site.trace-flag-off",
    "site.cloud-needs-smtp",
    "site.mode-not-in-cloud",
    "site.modern-auth-not-microsoft",
    "site.new-outlook",
)
"""Without a way that works nothing else matters: these come before whatever a way needs."""

_NOT_USED = "site.route-not-used"

_SAID_ELSEWHERE = frozenset({"site.not-known", "site.trace-version"})
"""What a route says for itself and :func:`check` says of the whole site."""


def check(site: ErpSite | PmsSite, today: dt.date) -> tuple[Finding, ...]:
    """Judge a configuration as of a day: findings in the order of their weight, the worst first.

    Each finding is about one thing and names everybody it concerns in its evidence (``users``, ``clerks`` or ``forms``). What is
    complete brings a finding of severity ``ok`` that says for how many and for which mail.
    """
    working = _working(site)
    ways = tuple(way for way in routes(working) if not any(one.code == _NOT_USED for one in way.findings))
    opinions = of_erp.opinions(site, ways, today) if isinstance(site, ErpSite) else of_pms.opinions(site, today)
    found = [worded(opinion, site.product) for opinion in opinions]
    found += [finding for finding in merged(ways, site.product) if not _covered(finding)]
    if isinstance(site, ErpSite) and not any(one.code == "site.cloud-needs-smtp" for one in found):
        found += [worded(opinion, site.product) for opinion in of_erp.cloud_without_smtp(site)]
    missing = unknown(working, ways)
    if missing is not None:
        found.append(worded(missing, site.product))
    fine = _fine(working, ways, found)
    if fine is not None:
        found.append(worded(fine, site.product))
    place = {code: number for number, code in enumerate(dict.fromkeys((*_FIRST, *finding_codes())))}
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.severity), place[one.code])))


def _working(site: ErpSite | PmsSite) -> ErpSite | PmsSite:
    """Leave out those who are inactive: nothing is sent by or to them."""
    if isinstance(site, ErpSite):
        return replace(site, users=tuple(user for user in site.users if user.status != "inactive"))
    return replace(site, clerks=tuple(clerk for clerk in site.clerks if clerk.status != "inactive"))


def _covered(finding: Finding) -> bool:
    if finding.code in _SAID_ELSEWHERE:
        return True
    return finding.code == "site.route-incomplete" and _SAID_CLOSER.issuperset(finding.evidence.get("fields", ()))


def _fine(site: ErpSite | PmsSite, ways: Sequence[Route], found: Iterable[Finding]) -> Opinion | None:
    """Say for how many everything is complete; ``None``: for nobody, or that cannot be told."""
    if isinstance(site, ErpSite):
        people, noun = [of_erp.user_label(user, number) for number, user in enumerate(site.users, 1)], "users"
    else:
        people, noun = [clerk_label(clerk, number) for number, clerk in enumerate(site.clerks, 1)], "clerks"
    troubled: set[str] = set()
    for finding in found:
        if finding.severity == "error":
            concerned = finding.evidence.get(noun) or finding.evidence.get("users")
            if not concerned:
                return None
            troubled |= {*concerned}
    # Rows that are not listed may be anything: no mail is known that would leave by them.
    known = [way for way in ways if way.mailing not in ("bulk", "dispatch") or way.documents]
    open_ = {way.user for way in known if not _complete(way)}
    good = [person for person in people if person not in troubled and person not in open_]
    if not good or None in open_:
        return None
    who = phrase(noun if len(good) == len(people) else f"some-{noun}", count=len(good), all=len(people))
    mailings = list(dict.fromkeys(way.mailing for way in known))
    return Opinion(code="site.ok", subject=who, evidence={noun: good, "who": who, "mailings": mailings})


def _complete(way: Route) -> bool:
    """Say whether a route is known from end to end and lacks nothing."""
    if way.transport in ("none", None):
        return False
    if way.transport != "smtp":
        return True
    fields = way.fields
    needed = (fields.server, fields.port, fields.sender, fields.login, fields.password)
    return all(value.set is True or value.source is None for value in needed)
