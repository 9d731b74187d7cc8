"""What is to be sent, exactly: the mails, and how. It is shown first, and only what was shown can be sent.

An :class:`Order` holds no secret, compares by value, and says the same thing as code.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailkit.finding import Product
from mailkit.mail.account import Account
from mailkit.mail.plan import lasts
from mailkit.mail.planned import Planned
from mailkit.panels.send.options import Options

__all__ = ["Order"]

_SETTINGS = ("ca_file", "resolver", "ehlo_name", "allow_plaintext_auth", "allow_unverified")
_WAIT = 5
_PRACTICE = "First, elsewhere: mailkit practice --sites . --maildir mail    (it says which name server and authority to give)"


@dataclass(frozen=True)
class Order:
    """Mails of a site, in its order.

    Attributes:
        product: whose screens the fixes name.
        file: the name of the site file.
        mails: those that were chosen.
        rows: their numbers in the plan.
        users: all users that the plan has mails of the chosen kinds for: whoever chose all need not be named one by one.
        options: how.
        kept_in: where every attempt is written down.
        practice: the servers are those of the practice site in this process.
    """

    product: Product
    file: str
    mails: tuple[Planned, ...]
    rows: tuple[int, ...]
    users: tuple[str, ...]
    options: Options
    kept_in: str
    practice: bool = False

    @property
    def number(self) -> int:
        """How many leave from here."""
        return sum(one.way == "smtp" for one in self.mails)

    @property
    def by_hand(self) -> int:
        """How many a person sends."""
        return sum(one.way == "by-hand" for one in self.mails)

    @property
    def takes(self) -> timedelta:
        """How long it takes where providers limit it."""
        return lasts(self.mails)

    @property
    def accounts(self) -> dict[str, Account]:
        """By which accounts, by their keys."""
        return {one.account.key: one.account for one in self.mails if one.way == "smtp" and one.account is not None}

    def as_python(self) -> str:
        """Return a cell for a notebook that does the same; it asks for the passwords."""
        options = self.options
        settings = self._settings_as_python()
        plans = [self._plan_as_python(mailing, users) for mailing, users in self._kinds()]
        follow = options.follow in ("imap", "disk")
        body = [
            f"site = load({self.file!r}).site",
            f"settings = PlanSettings({', '.join(settings)})",
            *([f"planned = {plans[0]}"] if len(plans) == 1 else ["planned = [", *(f"    *{one}," for one in plans), "]"]),
            'accounts = {one.account.key: one.account for one in planned if one.way == "smtp"}',
            'asked = {key: Secret(getpass(f"Password of {key}: ")) for key, one in accounts.items() if one.login}',
            "accesses = {key: Access(one, asked.get(key)) for key, one in accounts.items()}",
            "now = datetime.now(UTC)",
            "batch = new_batch(now)",
            f"with open_store({self.kept_in!r}) as store:",
            f"    queue(store, planned, now=now, batch=batch, language={options.language!r})",
            f"    async for news in send_round(store, accesses, batch=batch{self._retry()}):",
            "        if isinstance(news, Moved):",
            "            print(news.delivery.recipient, news.delivery.state, news.delivery.reply)",
        ]
        if follow:
            secret = ', Secret(getpass("Password of the mailbox: "))' if options.asks_box else ""
            body += [
                f"    box = open_source({options.place!r}{secret})",
                f"    until = datetime.now(UTC) + timedelta(minutes={options.wait})",
                "    async for delivery, arrival in follow_round(store, box, batch=batch, until=until):",
                "        print(delivery.recipient, delivery.state, judge_arrival(arrival, site.product)[0].summary)",
            ]
        imports = [
            f"from datetime import UTC, datetime{', timedelta' if follow or options.retry else ''}",
            "from getpass import getpass",
            "",
            *(["from mailkit.diagnosis.arrival import judge_arrival"] if follow else []),
            "from mailkit.journal import open_store",
            "from mailkit.mail.account import Access",
            *(["from mailkit.mail.follow import open_source"] if follow else []),
            "from mailkit.mail.news import Moved",
            "from mailkit.mail.plan import PlanSettings, plan, queue",
            f"from mailkit.mail.round import {'follow_round, ' if follow else ''}new_batch, send_round",
            "from mailkit.secret import Secret",
            "from mailkit.site.file import load",
        ]
        return "\n".join([*([f"# {_PRACTICE}"] if self.practice else []), *imports, "", *body])

    def as_command(self) -> str:
        """Return the command line that does the same, one line for each kind of mail; it asks for the passwords and for a yes."""
        words = [shlex.join(self._words(mailing, users)) for mailing, users in self._kinds()]
        return "\n".join([*([f"# {_PRACTICE}"] if self.practice else []), *words])

    def _words(self, mailing: str, users: Sequence[str]) -> Iterator[str]:
        options = self.options
        given = {
            "to": options.to.strip(),
            "language": options.language if options.language != "en" else "",
            "retry": str(options.retry or ""),
            "follow": options.place if options.follow in ("imap", "disk") else "",
            "wait": str(options.wait * 60) if options.follow in ("imap", "disk") and options.wait != _WAIT else "",
            "oauth": "" if options.login == "password" else options.login.partition("-")[0],
            "oauth-client": "" if options.login == "password" else options.client.strip(),
            "oauth-tenant": "" if options.login == "password" else options.tenant.strip(),
            **{name.replace("_", "-"): getattr(options, name) for name in _SETTINGS},
            "store": options.store.strip(),
        }
        yield from ("mailkit", "test", self.file, "--mailing", mailing, *(["--user", *users] if users else []))
        for name, value in given.items():
            if value:
                yield from [f"--{name}"] if value is True else [f"--{name}", value.strip()]

    def _plan_as_python(self, mailing: str, users: Sequence[str]) -> str:
        words = ["site", *([f"users={users!r}"] if users else []), f"mailing={mailing!r}", *self._to(), "settings=settings"]
        return f"plan({', '.join(words)})"

    def _kinds(self) -> list[tuple[str, list[str]]]:
        """Return each kind of mail with the users it is sent for; none: all."""
        found: dict[str, dict[str, None]] = {}
        for one in self.mails:
            found.setdefault(one.mailing, {})[one.user or ""] = None
        return [
            (mailing, [] if set(users) >= set(self.users) else [one for one in users if one]) for mailing, users in found.items()
        ]

    def _to(self) -> list[str]:
        return [f"to={self.options.to.strip()!r}"] if self.options.to.strip() else []

    def _retry(self) -> str:
        return f", retry_until=now + timedelta(minutes={self.options.retry})" if self.options.retry else ""

    def _settings_as_python(self) -> list[str]:
        given = {name: getattr(self.options, name) for name in _SETTINGS}
        return [f"{name}={(value.strip() if isinstance(value, str) else value)!r}" for name, value in given.items() if value]
