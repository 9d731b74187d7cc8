"""What the panel "choose a mode" knows at a moment: frozen, without a widget.

Every change gives a new draft, so that each can be taken back. What was typed and cannot be used is kept beside the site, with
the reason, and is not lost by going somewhere else. Works with :mod:`.paths` for single values, :mod:`mailkit.site.file` for the
file and the judges of :mod:`mailkit.site` for what to make of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from msgspec import Struct

from mailkit.finding import Finding, Product
from mailkit.panels.site.paths import replaced, text_of, value_at, value_of
from mailkit.site import ErpSite, PmsSite, Site
from mailkit.site.check import check
from mailkit.site.erp import MailingRow, User
from mailkit.site.file import SiteFile, dumps
from mailkit.site.pms import Clerk, Property
from mailkit.site.route import Route
from mailkit.site.routing import routes
from mailkit.site.table import Merged, merge

__all__ = ["Refused", "SiteDraft"]

_ROW: dict[str, Callable[[], Struct]] = {
    "users": User,
    "mailing_configuration": partial(MailingRow, form=""),
    "clerks": Clerk,
    "properties": partial(Property, code=""),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """What was typed into a field that cannot hold it, and what the field can hold."""

    text: str
    why: str


@dataclass(frozen=True)
class SiteDraft:
    """A site that is being described.

    Attributes:
        today: the day the checks are made for.
        product: ``None`` until it was chosen.
        erp, pms: what was entered for either product; choosing the other one by mistake loses nothing.
        answers: to the questions that decide the mode.
        refused: by path: what was typed and cannot be used.
        aside: answers and refused of the product not chosen.
        file: what it was loaded from.
        name: the file it is saved as.
        kept: the site as it was last loaded or saved.
    """

    today: dt.date
    product: Product | None = None
    erp: ErpSite = ErpSite()  # noqa: RUF009 - frozen
    pms: PmsSite = PmsSite()  # noqa: RUF009 - frozen
    answers: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Refused] = field(default_factory=dict)
    aside: Mapping[Product, tuple[Mapping[str, str], Mapping[str, Refused]]] = field(default_factory=dict)
    file: SiteFile | None = None
    name: str = "site.toml"
    kept: Site | None = None

    @property
    def site(self) -> Site | None:
        """The site of the product chosen."""
        return None if self.product is None else self.erp if self.product == "maestro-erp" else self.pms

    @property
    def changed(self) -> bool:
        """There is something that was not saved."""
        return self.site is not None and self.site != self.kept

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the site as it is now."""
        return check(self.site, self.today) if self.site else ()

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """By which way each kind of mail of everybody leaves."""
        return tuple(routes(self.site)) if self.site else ()

    @cached_property
    def text(self) -> str:
        """The site file: the one that was loaded with what has changed, or a fresh one."""
        if self.site is None:
            return ""
        if self.file is not None and self.file.site.product == self.product:
            return self.file.with_site(self.site)
        return dumps(self.site)

    def value(self, path: str) -> str | None:
        """Return what the field of that path shows: what was typed, usable or not."""
        if path in self.refused:
            return self.refused[path].text
        return text_of(value_at(self.site, path))

    def choose(self, product: Product) -> SiteDraft:
        """Take this product; what was entered for the other one waits."""
        if product == self.product:
            return self
        aside = {**self.aside, **({self.product: (self.answers, self.refused)} if self.product else {})}
        answers, refused = aside.pop(product, ({}, {}))
        return replace(self, product=product, answers=answers, refused=refused, aside=aside)

    def load(self, file: SiteFile, name: str) -> SiteDraft:
        """Begin again with a site file."""
        fresh = SiteDraft(self.today, product=file.site.product, file=file, name=name, kept=file.site)
        return fresh._with(file.site)

    def saved(self, file: SiteFile | None = None) -> SiteDraft:
        """The site as it is now has been saved; ``file``: and is what a later save goes on from."""
        return replace(self, kept=self.site, file=file or self.file)

    def after_saving(self, before: SiteDraft, now: SiteDraft) -> SiteDraft:
        """What this earlier draft is once ``before`` was saved and became ``now``: it goes on from the same file."""
        same = self.file is before.file and self.product == before.product
        return replace(self, kept=now.kept, file=now.file) if same else self

    def named(self, name: str) -> SiteDraft:
        """Save as a file of this name."""
        return replace(self, name=name)

    def answer(self, question: str, answer: str | None) -> SiteDraft:
        """Answer one of the questions that decide the mode; ``None``: not known."""
        others = {key: given for key, given in self.answers.items() if key != question}
        return replace(self, answers=others if answer is None else {**others, question: answer})

    def grown(self, path: str) -> SiteDraft:
        """Append a row where the path names the one after the last."""
        rows, _, rest = path.partition(".")
        number, _, _ = rest.partition(".")
        return self.add(rows) if rows in _ROW and self.site and number == str(len(getattr(self.site, rows, ()))) else self

    def fill(self, path: str, text: str | None) -> SiteDraft:
        """Put a text into the field of that path; what it cannot hold is kept beside the site with the reason."""
        if self.site is None:
            raise ValueError("choose the product first")
        others = {key: refused for key, refused in self.refused.items() if key != path}
        try:
            value = value_of(type(self.site), path, text)
        except ValueError as error:
            others[path] = Refused(text or "", str(error))
            try:
                value = value_of(type(self.site), path, None)
            except ValueError:
                return replace(self, refused=others)
        return replace(self._with(replaced(self.site, path, value)), refused=others)

    def put(self, path: str, value: Any) -> SiteDraft:  # noqa: ANN401 - values of a site are of many types
        """Put a value that is known to fit at that path."""
        others = {key: refused for key, refused in self.refused.items() if key != path}
        return replace(self._with(replaced(self.present, path, value)), refused=others)

    def add(self, rows: str) -> SiteDraft:
        """Append an empty row."""
        return self._with(replaced(self.present, rows, (*value_at(self.present, rows), _ROW[rows]())))

    def remove(self, rows: str, number: int) -> SiteDraft:
        """Take a row out."""
        before = value_at(self.present, rows)
        refused = {moved: kept for path, kept in self.refused.items() if (moved := _moved(path, rows, number))}
        return replace(self._with(replaced(self.present, rows, (*before[:number], *before[number + 1 :]))), refused=refused)

    def merge(self, rows: str, new: Sequence[User] | Sequence[Clerk]) -> tuple[SiteDraft, Merged[Any]]:
        """Take rows of a table in; tell also how many are new, and how many learnt something."""
        merged: Merged[Any] = merge(value_at(self.present, rows), new)
        return self._with(replaced(self.present, rows, merged.rows)), merged

    @property
    def present(self) -> Site:
        """The site of the product chosen (``ValueError``: none was)."""
        if self.site is None:
            raise ValueError("choose the product first")
        return self.site

    def _with(self, site: Site) -> SiteDraft:
        return replace(self, erp=site) if isinstance(site, ErpSite) else replace(self, pms=site)


def _moved(path: str, rows: str, number: int) -> str | None:
    """The path after a row was taken out; ``None``: it was in that row."""
    head, _, rest = path.partition(".")
    if head != rows:
        return path
    at, _, name = rest.partition(".")
    if int(at) == number:
        return None
    return f"{head}.{int(at) - (int(at) > number)}.{name}"
