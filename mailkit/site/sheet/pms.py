"""The sheet of a Maestro PMS site: Email Setup, the password, the clerks, a test, and last of all the master flag.

The seven fields that belong to others are listed with what was in them, and nothing is proposed for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailkit.site.pms import LEAVE, Clerk, PmsSite, Property
from mailkit.site.screens import fields_of, screens
from mailkit.site.sheet.page import Page, Part, Row, Step
from mailkit.site.sheet.rows import Writer, value_of
from mailkit.site.sheet.words import Words

__all__ = ["names_of", "pages"]

SCREEN = tuple(field for field, screen in fields_of("maestro-pms").items() if (screen.key or "").startswith("email_setup."))
"""The fields of Email Setup in the order of the screen."""

LEAVE_IDS = tuple(f"pms.{name}" for name in LEAVE)
ELSEWHERE = ("pms.password", "pms.email_traces")
"""Fields that have a step of their own: one is not on the screen, the other comes last."""

NOTES = {
    "pms.server": "note-server",
    "pms.trace_rep_addr": "note-trace-rep",
    "pms.auth_name": "note-auth-name",
    "pms.auth_meth": "note-auth-meth",
}


def names_of(clerk: Clerk) -> tuple[str, ...]:
    """Return what a clerk can be called by: code, name."""
    return tuple(name for name in (clerk.code, clerk.name) if name)


def pages(site: PmsSite, before: PmsSite | None, words: Words, chosen: tuple[Clerk, ...] | None) -> Iterator[Page]:
    """Yield the administrator's page, then one for each clerk; with ``chosen``, only what concerns those clerks."""
    writer = _Pms(site, before, words)
    clerks = site.clerks if chosen is None else chosen
    yield writer.administrator(clerks, everything=chosen is None)
    for clerk in clerks:
        if clerk.status != "inactive":
            yield writer.own(clerk)


class _Pms:
    def __init__(self, site: PmsSite, before: PmsSite | None, words: Words) -> None:
        self.site, self.before, self.say = site, before, words
        self.write = Writer(words, site.version)
        self.old_clerks = {_key(clerk): clerk for clerk in reversed(before.clerks)} if before else {}
        self.old_properties = {one.code.strip().casefold(): one for one in before.properties} if before else {}

    def called(self, clerk: Clerk) -> str:
        return clerk.code or clerk.name or self.say("person-without-code")

    def administrator(self, clerks: tuple[Clerk, ...], *, everything: bool) -> Page:
        clerk_steps, closing = self.clerks(clerks, unchanged_too=not everything)
        if everything:
            setup = (self.email_setup(), *map(self.of_property, self.site.properties))
            steps = (*setup, *self.password(), *clerk_steps, self.test(), self.flag())
        else:
            steps = clerk_steps
        about = ["admin-order", "admin-blanks"]
        about += ["labels"] if self.say.language != "en" else []
        about += ["admin-no-before"] if self.before is None else []
        return Page(
            kind="administrator",
            title=self.say("for-administrator"),
            about=tuple(map(self.say, about)),
            careful=self.say("admin-passwords"),
            steps=steps,
            closing=closing,
        )

    def email_setup(self) -> Step:
        return Step(
            key="email-setup",
            title=self.say("step-email-setup"),
            about=(self.say("step-email-setup-about"),),
            parts=(Part(title=screens()["pms.server"].path, rows=tuple(self.fields(self.site, self.before, known_only=False))),),
        )

    def of_property(self, one: Property) -> Step:
        old = self.old_properties.get(one.code.strip().casefold())
        return Step(
            key="property",
            title=self.say("step-property", who=one.code + (f" ({one.name})" if one.name else "")),
            about=(self.say("step-property-about"),),
            parts=(Part(title=screens()["pms.server"].path, rows=tuple(self.fields(one, old, known_only=True))),),
        )

    def fields(self, now: PmsSite | Property, was: PmsSite | Property | None, *, known_only: bool) -> Iterator[Row]:
        """Yield the fields of one Email Setup in the order of the screen, the master flag as one to leave until later."""
        places = (now.baseline, was) if isinstance(now, PmsSite) else (was,)
        left = {row.field: row for row in self.write.leaves(LEAVE_IDS, places, now)}
        for field in SCREEN:
            new, old = value_of(now, field), value_of(was, field)
            if field in left:
                yield left[field]
            elif field == "pms.email_traces":
                if not known_only or new is not None:
                    note = self.say("note-flag-last")
                    yield self.write.row(field, None, old, note=note, instead="later")
            elif field not in ELSEWHERE and not (known_only and new is None):
                yield self.write.row(field, new, old, note=self.note(field, now.email_setup.mechanism))

    def password(self) -> Iterator[Step]:
        setup = self.site.email_setup
        if setup.mechanism == "none" and setup.password is None:
            return
        note = self.say("note-pms-password", account=setup.auth_name or self.say("this-account"))
        if setup.password == "empty":  # noqa: S105 - the word for "there is none"
            note = f"{self.say('note-pms-blank')} {note}"
        was = self.before.email_setup if self.before else None
        moved = was is not None and any(
            None not in (new, old) and new != old for new, old in ((setup.auth_name, was.auth_name), (setup.server, was.server))
        )
        if moved:
            note = f"{self.say('note-password-again')} {note}"
        row = self.write.row("pms.password", None if moved else setup.password, was.password if was else None, note=note)
        yield Step(
            key="password",
            title=self.say("step-password"),
            about=(self.say("step-password-about"),),
            parts=(Part(title=screens()["pms.password"].path, rows=(row,)),),
        )

    def clerks(self, clerks: tuple[Clerk, ...], *, unchanged_too: bool) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """Return the step with all clerks in one table, and who is not in it."""
        rows, told = [], {"left-inactive": list[str](), "left-unchanged": list[str](), "left-gone": list[str]()}
        for clerk in clerks:
            old = self.old_clerks.get(_key(clerk))
            if clerk.status == "inactive":
                told["left-inactive"].append(self.called(clerk))
                continue
            note = self.say("note-clerk-empty") if not clerk.email else None
            was = old.email if old else "" if self.before else None
            row = self.write.row("pms.clerk_email", clerk.email or None, was, record=self.described(clerk), note=note)
            if row.task == "keep" and not unchanged_too:
                told["left-unchanged"].append(self.called(clerk))
            else:
                rows.append(row)
        if not unchanged_too:
            here = {_key(clerk) for clerk in self.site.clerks}
            told["left-gone"] = [self.called(old) for key, old in self.old_clerks.items() if key not in here]
        closing = [self.say.naming(reason, names) for reason, names in told.items() if names]
        if not self.site.clerks:
            closing.append(self.say("no-clerks"))
        if not rows:
            return (), tuple(closing)
        step = Step(
            key="clerks",
            title=self.say("step-clerks"),
            about=(self.say("step-clerks-about"),),
            parts=(Part(title=screens()["pms.clerk_email"].path, rows=tuple(rows)),),
        )
        return (step,), tuple(closing)

    def described(self, clerk: Clerk) -> str:
        more = [part for part in (clerk.name if clerk.name != self.called(clerk) else None, clerk.property) if part]
        return self.called(clerk) + (f" ({', '.join(more)})" if more else "")

    def test(self) -> Step:
        traces = self.site.traces
        todo = [self.say("test-probe"), self.say("test-pms-fields")]
        if traces.activated is not True:
            waiting = self.say("not-known") if traces.waiting is None else traces.waiting
            todo.append(self.say("test-pms-backfill", days=traces.days, waiting=waiting))
        todo.append(self.say("test-pms-tell"))
        return Step(key="test", title=self.say("step-pms-test"), todo=tuple(todo))

    def flag(self) -> Step:
        about = {None: "step-flag-maybe", False: "step-flag-first", True: "step-flag-again"}[self.site.traces.activated]
        # A general flag, and those of properties that have one of their own.
        rows = [self.flag_row(self.site, self.before, None)]
        rows += [
            self.flag_row(one, self.old_properties.get(one.code.strip().casefold()), one.code)
            for one in self.site.properties
            if one.email_setup.email_traces is not None
        ]
        return Step(
            key="flag",
            title=self.say("step-flag"),
            about=(self.say(about, days=self.site.traces.days),),
            parts=(Part(title=screens()["pms.email_traces"].path, rows=tuple(rows)),),
        )

    def flag_row(self, now: PmsSite | Property, was: PmsSite | Property | None, record: str | None) -> Row:
        field = "pms.email_traces"
        new = value_of(now, field)
        note = None if new is True else self.say("note-flag-off")
        return self.write.row(field, new, value_of(was, field), record=record, note=note)

    def own(self, clerk: Clerk) -> Page:
        todo = [self.say("clerk-address", address=clerk.email) if clerk.email else self.say("clerk-no-address")]
        sender = self.site.email_setup.trace_rep_addr
        todo += [self.say("clerk-sender", sender=sender)] if sender and clerk.email else []
        closing = (
            [] if self.site.traces.activated or not clerk.email else [self.say("clerk-first-day", days=self.site.traces.days)]
        )
        return Page(
            kind="clerk",
            title=self.say("for-person", who=self.described(clerk)),
            whom=self.called(clerk),
            about=(self.say("clerk-about"),),
            careful=self.say("clerk-secret"),
            steps=(Step(key="own-address", title=self.say("step-clerk"), todo=tuple(todo)),),
            closing=tuple(closing),
        )

    def note(self, field: str, mechanism: str | None) -> str | None:
        if field == "pms.auth_meth" and mechanism is not None:
            return self.say("note-auth-meth-wire", mechanism=mechanism)
        return self.say(NOTES[field]) if field in NOTES else None


def _key(clerk: Clerk) -> tuple[str, str]:
    return (clerk.property or "").strip().casefold(), (clerk.code or clerk.name or "").strip().casefold()
