"""The sheet of a maestro* site: General Settings, then each user, then Mailing Configuration; and a page for each user.

Listed is what a user's mode needs, and whatever changes. A field that neither is needed nor changes is not on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from mailkit.site.erp import ErpSite, MailingRow, Mode, User
from mailkit.site.route import Transport
from mailkit.site.routing import route
from mailkit.site.screens import screens
from mailkit.site.sheet.own import own_page
from mailkit.site.sheet.page import Page, Part, Row, Step, Task
from mailkit.site.sheet.rows import Raw, Writer, by_path, value_of
from mailkit.site.sheet.words import Words

__all__ = ["mode_of", "names_of", "pages"]

ACCOUNT = (
    "erp.server_name",
    "erp.port",
    "erp.use_ssl",
    "erp.general_user_name",
    "erp.general_password",
    "erp.general_from",
)
COPIES = {"erp.user_server_name": "erp.server_name", "erp.user_port": "erp.port", "erp.user_use_ssl": "erp.use_ssl"}
"""What a user's own configuration starts as: a copy of General Settings."""

USER = (
    "erp.user_full_name",
    "erp.user_code",
    "erp.user_group",
    "erp.user_access",
    "erp.user_status",
    "erp.user_specific",
    "erp.mailing_mode",
    "erp.user_name",
    "erp.email",
    "erp.from_address",
    *COPIES,
    "erp.password",
    "erp.authentication",
    "erp.send_test",
)
"""In the order in which they are keyed in: the test comes after the password."""

IDENTITY = USER[:5]

MAILING = (
    "erp.mailing_account",
    "erp.mailing_use_smtp",
    "erp.mailing_copy_to",
    "erp.mailing_subject_en",
    "erp.mailing_subject_fr",
    "erp.mailing_message_en",
    "erp.mailing_message_fr",
    "erp.mailing_archive",
)

NOTES = {
    "erp.use_ssl": "note-use-ssl",
    "erp.general_user_name": "note-general-inferred",
    "erp.general_from": "note-general-inferred",
    "erp.user_group": "note-group",
    "erp.authentication": "note-authentication",
    "erp.send_test": "note-send-test",
    "erp.mailing_account": "note-account",
    "erp.mailing_copy_to": "note-copy-to",
}


MODE_OF: dict[Transport, Mode] = {
    "smtp": "smtp",
    "outlook": "outlook",
    "mapi": "other",
    "notes": "lotus-notes",
    "modern_auth": "modern-auth",
}


def names_of(user: User) -> tuple[str, ...]:
    """Return what a user can be called by: code, name, number."""
    return tuple(name for name in (user.code, user.name, None if user.number is None else str(user.number)) if name)


def mode_of(site: ErpSite, user: User) -> Mode | None:
    """Return the mode of a user's ordinary mail; ``None``: what is not known decides it, or it cannot work."""
    # Whether the mode works on this workstation does not change which one is set.
    transport = route(site, replace(user, outlook=None), "standard").transport
    return None if transport is None else MODE_OF.get(transport)


def _impossible(site: ErpSite, mode: str | None) -> str | None:
    """Return the words for why a mode cannot be chosen here; ``None``: it can."""
    if site.deployment == "cloud" and mode in ("outlook", "other", "lotus-notes"):
        return "note-cloud-mode"
    return "note-mode-gone" if (site.version, mode) in (("new", "lotus-notes"), ("old", "modern-auth")) else None


def pages(site: ErpSite, before: ErpSite | None, words: Words, chosen: tuple[User, ...] | None) -> Iterator[Page]:
    """Yield the administrator's page, then one for each user who sends; with ``chosen``, only what concerns those users."""
    writer = _Erp(site, before, words, everything=chosen is None)
    users = site.users if chosen is None else chosen
    yield writer.administrator(users)
    for user in users:
        mode = mode_of(site, user)
        if mode is not None and _sends(user) and writer.left_out(user) is None:
            yield own_page(site, user, writer.called(user), mode, writer.write, again=writer.again(user))


class _Erp:
    def __init__(self, site: ErpSite, before: ErpSite | None, words: Words, *, everything: bool) -> None:
        self.site, self.before, self.words = site, before, words
        self.everything = everything
        """The whole site, where a user with nothing to key in is only named; else all that concerns those asked for."""
        self.write = Writer(words, site.version)
        self.old_users = _Old(before.users if before else ())
        self.old_forms = {_form(row): row for row in reversed(before.mailing_configuration)} if before else {}

    def called(self, user: User) -> str:
        if user.code or user.name:
            return user.code or user.name or ""
        return self.words("person-without-code") if user.number is None else self.words("number", number=user.number)

    def administrator(self, users: tuple[User, ...]) -> Page:
        steps = [self.general_mode(), *self.general_smtp()] if self.everything else []
        told: dict[str, list[str]] = {}
        for user in users:
            reason = self.left_out(user)
            if reason:
                told.setdefault(reason, []).append(self.called(user))
            step = None if reason and reason != "left-no-page" else self.user(user)
            if step:
                steps.append(step)
        if self.everything:
            steps += self.mailing()
            told["left-gone"] = [self.called(user) for user in self.old_users.left_over()]
        if steps:
            steps.append(self.test(users))
        closing = [self.words.naming(reason, names) for reason, names in told.items() if names]
        if self.everything and not self.site.users:
            closing.append(self.words("no-users"))
        return Page(
            kind="administrator",
            title=self.words("for-administrator"),
            about=tuple(self.about()),
            careful=self.words("admin-passwords"),
            steps=tuple(steps),
            closing=tuple(closing),
        )

    def about(self) -> Iterator[str]:
        yield self.words("admin-order")
        yield self.words("admin-blanks")
        yield self.words("erp-way")
        if self.words.language != "en":
            yield self.words("labels")
        if self.before is None:
            yield self.words("admin-no-before")
        if self.site.version is None:
            yield self.words("admin-version")
        if self.site.deployment is None:
            yield self.words("admin-deployment")

    def left_out(self, user: User) -> str | None:
        """Say why a user has nothing on the sheet, or no page of his own yet; ``None``: he has both."""
        differs = self.differs(user)
        if user.status == "inactive" and not differs:
            return "left-inactive"
        if user.access == "mobile" and not differs:
            return "left-mobile"
        if self.everything and self.old_users.of(user) is not None and not differs and not self.to_find_out(user):
            return "left-unchanged"
        return "left-no-page" if _sends(user) and mode_of(self.site, user) is None else None

    def to_find_out(self, user: User) -> bool:
        """Say whether a value that the user's mode needs is known neither from before nor now; what is typed by him aside."""
        asked = [field for field in self.needed(user) if screens()[field].kind not in ("secret", "button")]
        return any(value_of(user, field) is None for field in asked)

    def general_mode(self) -> Step:
        row = self.mode_row(
            "erp.mail_software", self.site.general_settings.mail_software, value_of(self.before, "erp.mail_software")
        )
        part = Part(title=screens()["erp.mail_software"].path, rows=(row,))
        return Step(key="general-mode", title=self.words("step-general-mode"), parts=(part,))

    def mode_row(self, field: str, mode: str | None, was: Raw) -> Row:
        """Return the row of a mode; one that cannot be chosen is no value to enter."""
        why = _impossible(self.site, mode)
        if mode and why:
            return self.write.row(field, None, was, note=self.words(why, mode=self.write.mode(mode)))
        return self.write.row(field, mode, was)

    def general_smtp(self) -> Iterator[Step]:
        rows = []
        for field in ACCOUNT:
            new, old = value_of(self.site, field), value_of(self.before, field)
            if self.general_smtp_is_needed() or new not in (None, old):
                rows.append(self.write.row(field, new, old, note=self.note(field)))
        if rows:
            yield Step(
                key="general-smtp",
                title=self.words("step-general-smtp"),
                about=(self.words("step-general-smtp-about"),),
                parts=(Part(title=screens()["erp.server_name"].path, rows=tuple(rows)),),
            )

    def general_smtp_is_needed(self) -> bool:
        """Somebody's mail takes its server from there, or its server is made as a copy of it; or that cannot be told."""
        site = self.site
        return (
            site.general_settings.mail_software in ("smtp", None)
            or site.deployment == "cloud"
            or any(row.use_smtp == "on" for row in site.mailing_configuration)
            or any(
                user.access in ("mobile", "maestro-and-mobile") or mode_of(site, user) == "smtp"
                for user in site.users
                if user.status != "inactive"
            )
        )

    def user(self, user: User) -> Step | None:
        old = self.old_users.of(user)
        needed = self.needed(user)
        fresh = self.before is not None and old is None
        rows = []
        for field in USER:
            restricted = screens()[field].versions
            if restricted and self.site.version and self.site.version not in restricted:
                continue
            new, was = value_of(user, field), "" if fresh else value_of(old, field)
            if field in needed or (new != was and new is not None and self.before is not None):
                rows.append((self.path(field), self.user_row(field, user, was)))
        if not rows:
            return None
        who = self.called(user) + (f" ({user.name})" if user.name and user.name != self.called(user) else "")
        return Step(key="user", title=self.words("step-new-user" if fresh else "step-user", who=who), parts=by_path(rows))

    def path(self, field: str) -> str:
        # The log-in has moved: newer versions show it beside the mode.
        moved = field == "erp.user_name" and self.site.version == "new"
        return screens()["erp.mailing_mode" if moved else field].path

    def needed(self, user: User) -> set[str]:
        """Return the fields a user's mode needs; none for those who send nothing."""
        if not _sends(user):
            return set()
        version, mode = _version(self.site, user), mode_of(self.site, user)
        needed = {"erp.user_specific"} if version == "old" else {"erp.mailing_mode"} if version == "new" else set()
        needed = needed or {"erp.user_specific", "erp.mailing_mode"}
        if self.site.deployment == "cloud":
            needed |= {"erp.user_code", "erp.user_group"}
        if mode == "smtp":
            needed |= {"erp.user_name", "erp.password"} | ({"erp.from_address"} if version == "old" else set())
            needed |= {*COPIES, "erp.send_test"} if version == "old" and user.user_specific else set()
        elif mode == "modern-auth":
            needed |= {"erp.email", "erp.authentication"}
        elif mode is None:
            needed |= {field for field in USER if field not in IDENTITY and value_of(user, field) is not None}
        return needed

    def user_row(self, field: str, user: User, was: Raw) -> Row:
        new = value_of(user, field)
        instead: Task | None = None
        note = self.note(field)
        if field == "erp.user_code" and self.site.deployment == "cloud":
            return self.code_row(user, was)
        if field == "erp.mailing_mode":
            return self.mode_row(field, user.mailing_mode, was)
        if field == "erp.user_name" and self.site.deployment == "cloud":
            instead = "automatic"
            differs = user.code and new is not None and new != user.code
            new = user.code if new is None and "@" in (user.code or "") else new
            note = self.words("note-login-differs", code=user.code or "") if differs else self.words("note-login-cloud")
        elif field in COPIES:
            instead = "check"
            note = self.copy_note(field, new)
        elif field == "erp.user_specific":
            off = new is False and mode_of(self.site, user) == "smtp"
            note = self.words("note-box-off-smtp" if off else "note-box-on")
        elif field == "erp.password" and self.again(user):
            new, note = None, self.words("note-password-again")
        return self.write.row(field, new, was, note=note, instead=instead)

    def code_row(self, user: User, was: Raw) -> Row:
        """Return the row of the user code in CLOUD, where it must be an address: one that is not is no value to enter."""
        if self.site.code_domain:
            note = self.words("note-code-domain", domain=self.site.code_domain)
            return self.write.row("erp.user_code", user.code, was, note=note)
        if user.code and "@" not in user.code:
            note = self.words("note-code-not-address", code=user.code)
            return self.write.row("erp.user_code", None, was if was is not None else user.code, note=note)
        return self.write.row("erp.user_code", user.code, was, note=self.words("note-code-cloud"))

    def copy_note(self, field: str, new: Raw) -> str:
        general = COPIES[field]
        there = value_of(self.site, general)
        if there is None or there == "":
            return self.words("note-copy")
        value = self.write.shown(there, screens()[general]) or ""
        return self.words("note-copy-differs" if new is not None and new != there else "note-copy-of", value=value)

    def differs(self, user: User) -> bool:
        """Say whether anything in a user's record is known now that was not there before."""
        old = self.old_users.of(user)
        return old is not None and any(value_of(user, field) not in (None, value_of(old, field)) for field in USER)

    def again(self, user: User) -> bool:
        """Say whether a user's password, once typed, belongs to something else now."""
        old = self.old_users.of(user)
        return any(_changes(value_of(user, field), value_of(old, field)) for field in ("erp.user_name", "erp.user_server_name"))

    def mailing(self) -> Iterator[Step]:
        parts = [part for row in self.site.mailing_configuration if (part := self.form(row)).rows]
        if parts:
            yield Step(
                key="mailing",
                title=self.words("step-mailing"),
                about=(self.words("step-mailing-about"),),
                parts=tuple(parts),
            )

    def form(self, row: MailingRow) -> Part:
        old = self.old_forms.get(_form(row))
        # The box is not on the screen where all mail leaves by SMTP.
        hidden = self.site.general_settings.mail_software == "smtp" or row.use_smtp == "not-shown"
        needed = {"erp.mailing_account"} if hidden else {"erp.mailing_account", "erp.mailing_use_smtp"}
        rows = []
        for field in MAILING:
            new, was = value_of(row, field), "" if self.before and old is None else value_of(old, field)
            listed = field in needed or (new is not None and (self.before is None or new != was))
            if listed and not (hidden and field == "erp.mailing_use_smtp"):
                rows.append(self.write.row(field, new, was, note=self.note(field)))
        return Part(title=f"{screens()['erp.mailing_form'].path} > {row.form}", rows=tuple(rows))

    def test(self, users: Iterable[User]) -> Step:
        sending = [user for user in users if _sends(user)]
        todo = ["test-probe"] if self.general_smtp_is_needed() else []
        if any(_version(self.site, user) != "new" and user.user_specific for user in sending):
            todo.append("test-users")
        todo.append("test-standard")
        if self.site.mailing_configuration:
            todo.append("test-bulk")
        if any(user.access in ("mobile", "maestro-and-mobile") for user in users):
            todo.append("test-mobile")
        return Step(key="test", title=self.words("step-erp-test"), todo=tuple(self.words(key) for key in todo))

    def note(self, field: str) -> str | None:
        return self.words(NOTES[field]) if field in NOTES else None


class _Old:
    """The users before, found again: by number, which never changes; else by code; else by name."""

    def __init__(self, users: tuple[User, ...]) -> None:
        self.users = users
        self.taken: set[int] = set()
        self.places: dict[tuple[str, str], int] = {}
        for place, user in enumerate(users):
            for key in _keys(user):
                self.places.setdefault(key, place)

    def of(self, user: User) -> User | None:
        for key in _keys(user):
            place = self.places.get(key)
            if place is None:
                continue
            # Two users with different numbers are two users, whatever their codes say.
            if user.number is None or self.users[place].number in (None, user.number):
                self.taken.add(place)
                return self.users[place]
        return None

    def left_over(self) -> list[User]:
        return [user for place, user in enumerate(self.users) if place not in self.taken]


def _keys(user: User) -> Iterator[tuple[str, str]]:
    if user.number is not None:
        yield "number", str(user.number)
    if user.code:
        yield "code", user.code.strip().casefold()
    if user.name:
        yield "name", user.name.strip().casefold()


def _version(site: ErpSite, user: User) -> str | None:
    """Return the generation of the screens; where it is not said, a user with a field of only one of them tells it."""
    if site.version is not None:
        return site.version
    if user.mailing_mode is not None:
        return "new"
    return None if user.user_specific is None else "old"


def _sends(user: User) -> bool:
    return user.status != "inactive" and user.access != "mobile"


def _changes(new: object, old: object) -> bool:
    return new is not None and old is not None and new != old


def _form(row: MailingRow) -> tuple[str, str]:
    return row.mailing, row.form.strip().casefold()
