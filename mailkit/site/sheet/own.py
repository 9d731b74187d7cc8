"""A maestro* user's own page: what nobody else can or should do for him.

A password is typed by its owner and told to nobody; so this page says where, and never what.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.site.erp import ErpSite, Mode, User
from mailkit.site.providers import Provider, provider_of_address, providers
from mailkit.site.screens import screens
from mailkit.site.sheet.page import Page, Part, Row, Step, Task
from mailkit.site.sheet.rows import Writer

__all__ = ["own_page"]

CHECKS: dict[Mode, tuple[str, tuple[str, ...]]] = {
    "outlook": ("own-outlook", ("own-outlook-classic", "own-outlook-default")),
    "other": ("own-other", ("own-other-default",)),
    "lotus-notes": ("own-notes", ("own-notes-ready",)),
}
"""Modes that need a program of the user's computer: what the page opens with, and what to look at there."""


def own_page(site: ErpSite, user: User, who: str, mode: Mode, write: Writer, *, again: bool) -> Page:
    """Return the page of a user whose mode is known; ``again``: a password he once typed belongs to another account now."""
    own = _Own(site, user, who, write, again=again)
    if mode == "smtp":
        about, steps, closing = own.smtp()
    elif mode == "modern-auth":
        about, steps, closing = own.modern()
    else:
        about, steps, closing = own.program(mode)
    secrets = {"smtp": "own-secret", "modern-auth": "own-secret-modern"}
    careful = write.words(secrets[mode]) if mode in secrets else None
    title = write.words("for-person", who=f"{who} ({user.name})" if user.name and user.name != who else who)
    return Page(kind="user", title=title, whom=who, about=tuple(about), careful=careful, steps=steps, closing=tuple(closing))


_Parts = tuple[list[str], tuple[Step, ...], list[str]]


class _Own:
    def __init__(self, site: ErpSite, user: User, who: str, write: Writer, *, again: bool) -> None:
        self.site, self.user, self.who, self.write, self.say = site, user, who, write, write.words
        self.again = again

    def smtp(self) -> _Parts:
        mailbox = self.mailbox()
        done = self.user.password == "set" and not self.again  # noqa: S105 - the word for "there is one"
        key = "own-type-again" if done else "own-type"
        note = self.say(key, mailbox=mailbox) if mailbox else self.say(f"{key}-plain")
        about = [self.say("own-smtp")]
        about += [self.say("own-set")] if done else []
        about.append(self.say("own-cloud" if self.site.deployment == "cloud" else "own-maybe-cloud"))
        about += [self.say("own-app-password", provider=provider.name)] if (provider := self.app_password()) else []
        rows = [*self.shown_only("erp.user_name", mailbox), self.row("erp.password", "keep" if done else "password", note)]
        return about, self.preferences("own-type", rows), [self.say("own-later"), self.say("own-trouble")]

    def modern(self) -> _Parts:
        mailbox = self.user.email
        note = self.say("own-press", mailbox=mailbox) if mailbox else self.say("own-press-plain")
        done = self.user.authentication == "authenticated"
        rows = [*self.shown_only("erp.email", mailbox), self.row("erp.authentication", "keep" if done else "press", note)]
        return (
            [self.say("own-modern")],
            self.preferences("own-sign-in", rows),
            [self.say("own-later-modern"), self.say("own-trouble")],
        )

    def program(self, mode: Mode) -> _Parts:
        about, todo = CHECKS[mode]
        if self.user.outlook == "new":
            todo = tuple("own-outlook-new" if key == "own-outlook-classic" else key for key in todo)
        step = Step(key="own-computer", title=self.say("step-own-computer"), todo=tuple(map(self.say, todo)))
        return [self.say(about)], (step,), [self.say("own-trouble")]

    def preferences(self, doing: str, rows: list[Row]) -> tuple[Step, ...]:
        number = None if self.user.number is None else str(self.user.number)
        called = " ".join(part for part in (number, self.user.name or self.user.code) if part) or self.who
        way = (self.say("own-way"), self.say("own-number", who=called))
        part = Part(title=screens()["erp.password"].path, rows=tuple(rows))
        return (
            Step(key="own-preferences", title=self.say("step-own-preferences"), todo=way),
            Step(key=doing, title=self.say(f"step-{doing}"), parts=(part,)),
            Step(key="own-save", title=self.say("step-own-save"), todo=(self.say("own-save"),)),
        )

    def shown_only(self, field: str, value: str | None) -> Iterator[Row]:
        """Yield what newer versions show on this page for the user to compare; the older one shows nothing."""
        if self.site.version == "old":
            return
        note = self.say("own-shown")
        mode = self.user.mailing_mode or self.site.general_settings.mail_software
        facts = (("erp.mailing_mode", self.write.mode(mode) if mode else None), (field, value))
        for name, shown in facts:
            if shown:
                yield Row(field=name, label=self.write.label(name), task="check", doer="user", new=shown, note=note)

    def row(self, field: str, task: Task, note: str) -> Row:
        return Row(field=field, label=self.write.label(field), task=task, doer="user", note=note)

    def mailbox(self) -> str | None:
        """Return the log-in the password belongs to; in CLOUD that is the user code."""
        return self.user.user_name or (self.user.code if self.site.deployment == "cloud" else None) or None

    def app_password(self) -> Provider | None:
        """Return the user's provider, if it wants a password made for the purpose."""
        named = self.user.provider or self.site.provider
        found = providers().get(named) if named else provider_of_address(self.mailbox() or "")
        return found if found and found.secrets[:1] == ("app-password",) else None
