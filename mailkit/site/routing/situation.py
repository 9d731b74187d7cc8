"""What decides by which way a mail leaves: the facts of one mail, as far as they are known.

The facts have names; a table of rules (:mod:`.table`) matches on them, and :mod:`.decision` says which
rows are left. A fact is ``None`` while nobody has said it: unknown is not a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

from mailkit.finding import Product
from mailkit.site.erp import MAILINGS, ErpSite, Mailing, MailingRow, Mode, User
from mailkit.site.pms import Clerk, EmailSetup, PmsSite
from mailkit.site.providers import provider_of_address, providers

__all__ = [
    "DOMAINS",
    "EVIDENCE",
    "KINDS",
    "FactValue",
    "Situation",
    "erp_evidence",
    "erp_situation",
    "mailbox_of",
    "pms_situation",
]

FactValue = str | bool
Situation = tuple[FactValue | None, ...]
"""One value for each fact of the product, in the order of :data:`DOMAINS`."""

KINDS: tuple[str, ...] = ("trace", "staff", "alert")
"""What Maestro PMS sends: copies of traces and of staff messages to clerks, alerts to guests."""

DOMAINS: Mapping[Product, Mapping[str, tuple[FactValue, ...]]] = {
    "maestro-erp": {
        "version": ("old", "new"),
        "mailing": MAILINGS,
        "single": (False, True),
        "deployment": ("on-premises", "terminal-server", "cloud"),
        "mail_software": get_args(Mode),
        "user_specific": (False, True),
        "mailing_mode": (*get_args(Mode), "not-set"),
        "account": ("empty", "set"),
        "use_smtp": ("off", "on"),
        "outlook": ("classic", "new", "none"),
        "mailbox": ("microsoft-365", "other"),
    },
    "maestro-pms": {
        "kind": KINDS,
        "email_traces": (False, True),
        "version": ("5.1", "older"),
        "address": ("empty", "set"),
        "log_in": (False, True),
    },
}
"""Each product's facts and all the values they can have."""

EVIDENCE: Mapping[Product, frozenset[str]] = {
    "maestro-erp": frozenset({"mail_software", "user_specific", "mailing_mode", "box_not_shown"}),
    "maestro-pms": frozenset(),
}
"""What other facts may follow from, when it is known anywhere on the site (:func:`erp_evidence`)."""

_MICROSOFT_365 = "microsoft365"
_NUMBERS = re.compile(r"\s*v?(?:ersion)?\s*(\d+)(?:\.(\d+))?", re.IGNORECASE)
_FIRST_WITH_TRACES = (5, 1)
_NO_LOG_IN = frozenset({"none", "no", "off", "anonymous", "no authentication"})


def erp_situation(site: ErpSite, user: User, mailing: Mailing, row: MailingRow | None, *, single: bool = False) -> Situation:
    """Give the facts of one mail of maestro*; ``row`` is the document of bulk mail, where one is known."""
    to_many = mailing in {"bulk", "dispatch"}
    software = site.general_settings.mail_software
    mode = user.mailing_mode
    return (
        site.version,
        mailing,
        single and to_many,
        site.deployment,
        software,
        user.user_specific,
        "not-set" if mode == "" else mode,
        _filled(row.account) if row and to_many else None,
        _ticked(row, software) if row and to_many else None,
        user.outlook,
        mailbox_of(user, site),
    )


def _filled(text: str | None) -> str | None:
    return None if text is None else "set" if text.strip() else "empty"


def _ticked(row: MailingRow, software: Mode | None) -> str | None:
    """The box counts as ticked where it is not shown because Mail Software is SMTP; not shown for no reason, it is not known."""
    if row.use_smtp == "not-shown":
        return "on" if software == "smtp" else None
    return row.use_smtp


def mailbox_of(user: User, site: ErpSite) -> str | None:
    """Say whether the user's mailbox is at Microsoft 365: ``microsoft-365``, ``other``, or ``None`` for not known.

    What is said of the user goes before the address he signs in with, and that before what is said of the site.
    """
    if user.provider is not None:
        return _kind_of_provider(user.provider)
    if user.email and (provider := provider_of_address(user.email)):
        return _kind_of_provider(provider.id)
    return None if site.provider is None else _kind_of_provider(site.provider)


@lru_cache(maxsize=1024)  # a site has few providers, and asks for each of its users
def _kind_of_provider(name: str) -> str | None:
    """An empty name says "none of those"; a name nobody knows says nothing."""
    plain = _plain(name)
    if plain in {"", "other"}:
        return "other"
    if plain == _MICROSOFT_365:
        return "microsoft-365"
    known = next((one for one in providers().values() if _plain(one.id) == plain), None)
    return None if known is None else "microsoft-365" if known.of == _MICROSOFT_365 else "other"


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def erp_evidence(site: ErpSite) -> Mapping[str, frozenset[FactValue]]:
    """Give what is known anywhere on the site of the facts from which others may follow."""
    return {
        "mail_software": _known([site.general_settings.mail_software]),
        "user_specific": _known(user.user_specific for user in site.users),
        "mailing_mode": _known("not-set" if user.mailing_mode == "" else user.mailing_mode for user in site.users),
        "box_not_shown": _known(True for row in site.mailing_configuration if row.use_smtp == "not-shown"),
    }


def _known(values: Iterable[FactValue | None]) -> frozenset[FactValue]:
    return frozenset(value for value in values if value is not None)


def pms_situation(site: PmsSite, setup: EmailSetup, clerk: Clerk | None, kind: str) -> Situation:
    """Give the facts of one mail of Maestro PMS under ``setup``; without a clerk it goes to a guest."""
    return (kind, setup.email_traces, _generation(site.version), _filled(clerk.email) if clerk else "set", _logs_in(setup))


def _generation(version: str | None) -> str | None:
    numbers = _NUMBERS.match(version or "")
    if numbers is None:
        return None
    major, minor = int(numbers[1][:9]), numbers[2]
    if minor is None and major == _FIRST_WITH_TRACES[0]:
        return None  # "5" may be 5.0 or 5.4
    return "5.1" if (major, int((minor or "0")[:9])) >= _FIRST_WITH_TRACES else "older"


def _logs_in(setup: EmailSetup) -> bool | None:
    if setup.mechanism is not None:
        return setup.mechanism != "none"
    if setup.auth_meth is None or not setup.auth_meth.strip():
        return None
    return setup.auth_meth.strip().lower() not in _NO_LOG_IN
