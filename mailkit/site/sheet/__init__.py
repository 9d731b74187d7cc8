"""The settings sheet: what to key in, screen by screen, field by field, and who does it.

One page is for the administrator, and one for each person who has something to do himself. Pure data, made from a site as it
shall be and, where there is one, the site before; :mod:`mailkit.report.sheet` prints it. What is not known stays a blank to fill
in. The sentences are in ``words.toml``, the labels of the screens in :mod:`mailkit.site.screens`.
"""

from __future__ import annotations

import datetime as dt
from difflib import get_close_matches

from mailkit.errors import InputError
from mailkit.site.erp import ErpSite
from mailkit.site.pms import PmsSite
from mailkit.site.sheet import erp, pms
from mailkit.site.sheet.page import Doer, Page, Part, Row, Sheet, Step, Task
from mailkit.site.sheet.words import LANGUAGES, Language, Words
from mailkit.text import shorten, visible

__all__ = ["LANGUAGES", "Doer", "Language", "Page", "Part", "Row", "Sheet", "Step", "Task", "Words", "sheet"]


def sheet(
    site: ErpSite | PmsSite,
    before: ErpSite | PmsSite | None = None,
    user: str | None = None,
    *,
    language: Language = "en",
    date: dt.date | None = None,
) -> Sheet:
    """Make the sheet of a site.

    Args:
        site: as it shall be.
        before: the same site before the change: the old values, and what has changed. ``None``: the old values are not known.
        user: a user or clerk, by code, name or number: only what concerns him, for the administrator and for himself.
        language: of the sheet's own words; the labels of the screens stay as they are.
        date: printed on every page.

    Raises:
        InputError: ``before`` is a site of the other product, or there is nobody called ``user``.
    """
    words = Words(language)
    before_erp, before_pms = _before(site, before)
    if isinstance(site, ErpSite):
        people = [(one, erp.names_of(one)) for one in site.users]
        chosen_users = None if user is None else tuple(one for one, names in people if _called(user, names))
        _known(user, chosen_users, [name for _, names in people for name in names])
        pages = tuple(erp.pages(site, before_erp, words, chosen_users))
    else:
        clerks = [(one, pms.names_of(one)) for one in site.clerks]
        chosen_clerks = None if user is None else tuple(one for one, names in clerks if _called(user, names))
        _known(user, chosen_clerks, [name for _, names in clerks for name in names])
        pages = tuple(pms.pages(site, before_pms, words, chosen_clerks))
    return Sheet(product=site.product, language=language, site=site.name, date=date, pages=pages)


def _before(site: ErpSite | PmsSite, before: ErpSite | PmsSite | None) -> tuple[ErpSite | None, PmsSite | None]:
    if before is not None and before.product != site.product:
        raise InputError(f"the site before is of {before.product}, the site is of {site.product}: both must be of one product")
    return (before if isinstance(before, ErpSite) else None, before if isinstance(before, PmsSite) else None)


def _called(asked: str, names: tuple[str, ...]) -> bool:
    return asked.strip().casefold() in {name.strip().casefold() for name in names}


def _known(asked: str | None, chosen: tuple[object, ...] | None, names: list[str]) -> None:
    if asked is None or chosen:
        return
    near = get_close_matches(asked, names, n=3)
    hint = f"; near to it: {', '.join(visible(shorten(name, 60)) for name in near)}" if near else ""
    raise InputError(f"there is nobody called {visible(shorten(asked, 60))} in this site{hint}")
