"""What is wrong with the clerks of a hotel and their addresses: each mistake once, with everybody it concerns.

An address in use elsewhere is nobody's mistake, so shared ones are only shown; a clerk who left is asked about, not accused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from mailkit.site.check.gathering import Gathering
from mailkit.site.mailbox import flaw_of
from mailkit.site.opinion import Opinion
from mailkit.site.pms import Clerk

__all__ = ["clerk_label", "opinions", "shared_addresses"]


def clerk_label(clerk: Clerk, number: int) -> str:
    """Give what to call a clerk, as routes do: the code or the name; else the place in the list."""
    return next((name for name in (clerk.code, clerk.name) if name and name.strip()), f"clerk {number}")


def shared_addresses(clerks: Iterable[tuple[str, Clerk]]) -> dict[str, list[str]]:
    """Give the addresses that more than one clerk has, with their labels; clerks who are inactive do not count."""
    owners: dict[str, list[str]] = defaultdict(list)
    for label, clerk in clerks:
        if clerk.email and clerk.status != "inactive" and flaw_of(clerk.email) is None:
            owners[clerk.email.casefold()].append(label)
    return {address: labels for address, labels in owners.items() if len(labels) > 1}


def opinions(clerks: tuple[Clerk, ...]) -> Iterator[Opinion]:
    """Judge the clerks of one hotel."""
    labelled = [(clerk_label(clerk, number), clerk) for number, clerk in enumerate(clerks, 1)]
    seen = Gathering("clerks")
    _addresses(seen, labelled)
    for label, clerk in labelled:
        if clerk.status == "inactive" and clerk.email:
            seen.add("site.clerk-inactive", label, each={"address": clerk.email})
    for address, labels in shared_addresses(labelled).items():
        for label in labels:
            seen.add("site.clerk-address-shared", label, each={"address": address})
    # One code at two properties is two clerks.
    codes = Counter((clerk.code.strip().casefold(), (clerk.property or "").casefold()) for clerk in clerks if clerk.code)
    for (code, _), count in codes.items():
        if code and count > 1:
            seen.add("site.code-duplicated", code, "clerk", each={"count": count})
    yield from seen.opinions()


def _addresses(seen: Gathering, labelled: list[tuple[str, Clerk]]) -> None:
    active = [(label, clerk.email) for label, clerk in labelled if clerk.status != "inactive"]
    nobody = all(email is not None and not email.strip() for _, email in active)
    for label, email in active:
        flaw = flaw_of(email) if email is not None else None
        if flaw == "empty":
            seen.add("site.clerk-without-address", label, "all" if nobody else None)
        elif flaw is not None:
            seen.add("site.clerk-address-invalid", label, flaw, each={"address": email})
