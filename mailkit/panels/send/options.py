"""What a person chose beside the mails themselves, as a frozen value; and why it cannot be used. No secret is in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mailkit.errors import InputError
from mailkit.mail.follow.mailbox import needs_secret, open_source, read_mailbox
from mailkit.mail.message import Language, envelope_address
from mailkit.mail.plan import PlanSettings
from mailkit.probe import ProbeSettings

__all__ = ["Follow", "LogIn", "Options"]

Follow = Literal["none", "imap", "disk", "practice"]
"""Where the mails are looked for: nowhere, in a mailbox on a server, in one on this computer, in those of the practice site."""

LogIn = Literal["password", "microsoft", "microsoft-code", "google"]
"""How the accounts log in: by password, or all by a sign-in; ``-code``: with a code typed on another machine."""

_CLEAR = re.compile(r"[?&]security=none\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a round is sent and followed. Empty text means: not filled in.

    Attributes:
        to: a test address that everything goes to instead of the users' own.
        language: of the letters.
        retry: minutes for which mails that are put off are tried again.
        follow: where the mails are looked for once they were taken.
        box: that mailbox, as ``mailkit test --follow`` names it.
        wait: minutes to look for them.
        login: how the accounts log in.
        client: of a sign-in: the client id, at Google the file with it.
        tenant: of a sign-in at Microsoft.
        store: where every attempt is written down; empty: the usual place.
    """

    to: str = ""
    language: Language = "en"
    retry: int = 0
    follow: Follow = "none"
    box: str = ""
    wait: int = 5
    login: LogIn = "password"
    client: str = ""
    tenant: str = ""
    ca_file: str = ""
    resolver: str = ""
    ehlo_name: str = ""
    store: str = ""
    allow_plaintext_auth: bool = False
    allow_unverified: bool = False

    @property
    def settings(self) -> PlanSettings:
        """What holds for every connection."""
        return PlanSettings(
            ca_file=self.ca_file.strip() or None,
            resolver=self.resolver.strip() or None,
            ehlo_name=self.ehlo_name.strip() or None,
            allow_plaintext_auth=self.allow_plaintext_auth,
            allow_unverified=self.allow_unverified,
        )

    @property
    def address(self) -> str | None:
        """The test address.

        Raises:
            InputError: it is none.
        """
        return envelope_address(self.to.strip()) if self.to.strip() else None

    @property
    def asks_box(self) -> bool:
        """The mailbox has a log-in."""
        return self.follow == "imap"

    @property
    def box_in_clear(self) -> bool:
        """The mailbox is named without encryption."""
        return self.follow == "imap" and bool(_CLEAR.search(self.box))

    @property
    def place(self) -> str:
        """The mailbox as it is named: whoever chose a mailbox on a server need not say that once more."""
        named = self.box.strip()
        return f"imap:{named}" if self.follow == "imap" and named and not needs_secret(named) else named

    def obstacle(self) -> str | None:
        """Return what cannot be used, in one sentence; ``None``: nothing. Looks at names of files, and asks no server."""
        for check in (lambda: self.address, self._check_place, self._check_sign_in, self._check_machine):
            if (why := _objection(check)) is not None:
                return why
        return None

    def _check_machine(self) -> None:
        ca_file = self.ca_file.strip()
        if ca_file and not Path(ca_file).is_file():
            raise InputError(f"there is no file {ca_file}; give a PEM file with the authorities to trust")
        ProbeSettings(resolver=self.resolver.strip() or None)  # refuses a name server that cannot be one

    def _check_place(self) -> None:
        if self.follow in ("imap", "disk") and not self.box.strip():
            raise InputError("say which mailbox the mails are looked for in, or choose not to look for them now")
        if self.follow == "imap":
            read_mailbox(self.place)
        elif self.follow == "disk":
            if needs_secret(self.box):
                raise InputError("this is a mailbox on a server; choose that above, and its password can be typed")
            open_source(self.place)

    def _check_sign_in(self) -> None:
        if self.login != "password" and not self.client.strip():
            raise InputError("a sign-in needs the client id (Microsoft) or the file client_secret.json (Google)")


def _objection(check: Callable[[], object]) -> str | None:
    try:
        check()
    except InputError as error:
        return str(error)
    return None
