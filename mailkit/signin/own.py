"""Testing one's own password without showing it to anybody: a case goes to the user, a result comes back, no secret in either.

The support engineer prepares a case for each user (:func:`own_case`): server, port, security, log-in name, From. The user runs it
on his own machine, sees where the password will go, types it himself, and sends the result file back. The one attempt is in
:mod:`mailkit.signin.own_attempt`.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.explain import Explanation
from mailkit.finding import Product
from mailkit.mail.account import Account, Wanted
from mailkit.mail.message import envelope_address
from mailkit.mail.planned import Planned
from mailkit.net.sasl import TOKEN_MECHANISMS, require
from mailkit.observation import Line, Reply
from mailkit.secret import Secret
from mailkit.site.mailbox import is_mailbox
from mailkit.text import shorten, visible

__all__ = ["Outcome", "OwnCase", "OwnResult", "own_case", "read_case", "read_result", "write_case", "write_result"]

_LARGEST = 1_000_000
_SECRETS = frozenset({"password", "passwd", "pass", "secret", "token", "kennwort", "mot_de_passe"})

Outcome = Literal["accepted", "refused", "not-tried", "no-connection", "mail-refused", "uncertain"]
"""``accepted``: the log-in, and the mail where one was sent. ``refused``: the log-in; it counted as a failed one. ``not-tried``:
the password stayed here, for the reason given. ``no-connection``: so did it, there was nobody to give it to. ``mail-refused``:
the password is right, the mail was not taken. ``uncertain``: the connection ended in the middle."""


class OwnCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="schema", tag="mailkit.own-case/1"):
    """What one user is to try. Holds no secret, and nothing that allows to send one in the clear."""

    product: Product
    user: str | None
    """The user code or clerk."""
    mailing: str
    rule: str
    """Which rule chose the way."""
    host: str
    port: int
    security: Wanted
    login: str
    mechanism: str | None = None
    server_name: str | None = None
    sender: str | None = None
    """From."""
    recipient: str | None = None
    """Where a mail may be sent: an address of the user's own; ``None``: only the log-in is tried."""
    prepared: datetime | None = None
    note: str | None = None
    """What the engineer tells the user."""

    def __post_init__(self) -> None:
        for what, text in (("host", self.host), ("login", self.login), ("server_name", self.server_name)):
            if text is not None and (
                not text.strip() or visible(text) != text or len(text) > 320 or (what != "login" and " " in text)
            ):
                raise InputError(f"the field {what} cannot be used")
        if not 0 < self.port < 65536:
            raise InputError("the port is not between 1 and 65535")
        for address in (self.sender, self.recipient):
            if address is not None:
                envelope_address(address)
        if self.mechanism is not None:
            require(self.mechanism)
            if self.mechanism.upper() in TOKEN_MECHANISMS:
                raise InputError(f"{self.mechanism.upper()} takes a token and no password; sign in instead")

    @property
    def can_send(self) -> bool:
        """A mail can be sent: it is known where to, and from what."""
        return self.recipient is not None and is_mailbox(self.sender or self.login)

    @property
    def where(self) -> str:
        """Where the password goes, for the user to read before typing it."""
        return f"{self.login} at {self.host} port {self.port}"

    def account(
        self,
        *,
        ca_file: str | None = None,
        resolver: str | None = None,
        allow_plaintext_auth: bool = False,
        allow_unverified: bool = False,
    ) -> Account:
        """Give the account to log in to; what is allowed beyond is for the user to say, not for the case."""
        return Account(
            host=self.host,
            port=self.port,
            security=self.security,
            login=self.login,
            mechanism=self.mechanism,
            server_name=self.server_name,
            ca_file=ca_file,
            resolver=resolver,
            allow_plaintext_auth=allow_plaintext_auth,
            allow_unverified=allow_unverified,
        )


class OwnResult(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.own-result/1"):
    """What came of it. Holds no secret."""

    case: OwnCase
    outcome: Outcome
    passed: bool
    summary: str
    """One plain sentence."""
    started: datetime
    duration_ms: float
    machine: str
    """The name of the machine it was tried on."""
    tool: str
    attempts: int
    """Log-ins tried: 0 or 1."""
    stage: str | None = None
    """How far it came."""
    reply: Reply | None = None
    challenge: str | None = None
    explanation: Explanation | None = None
    address: str | None = None
    tls: str | None = None
    mechanism: str | None = None
    mail: Literal["accepted", "refused", "uncertain"] | None = None
    """What became of the mail; ``None``: none was sent."""
    message_id: str | None = None
    queue_id: str | None = None
    transcript: tuple[Line, ...] = ()


def own_case(planned: Planned, *, prepared: datetime, recipient: str | None = None, note: str | None = None) -> OwnCase:
    """Prepare the case of one user's way.

    Args:
        planned: the way, as :func:`mailkit.mail.plan.plan` gives it.
        prepared: now.
        recipient: where a mail may go instead of the user's own address.
        note: a sentence for the user.

    Raises:
        InputError: this way has no password that could be tried.
    """
    account = planned.account
    if planned.way != "smtp" or account is None or account.login is None:
        who = visible(planned.user or "nobody")
        raise InputError(f"{who} ({planned.mailing}) sends by no server with a password, so there is none to test")
    return OwnCase(
        product=planned.product,
        user=planned.user,
        mailing=planned.mailing,
        rule=planned.route.rule,
        host=account.host,
        port=account.port,
        security=account.security,
        login=account.login,
        mechanism=account.mechanism,
        server_name=account.server_name,
        sender=planned.sender,
        recipient=recipient or planned.recipient,
        prepared=prepared,
        note=note,
    )


def write_case(case: OwnCase, file: Path) -> None:
    """Write a case as JSON, for the user; an older one of that name is replaced."""
    _write(file, msgspec.json.format(msgspec.json.encode(case), indent=2) + b"\n")


def read_case(file: Path) -> OwnCase:
    """Read a case: JSON, or TOML where the name ends so.

    Raises:
        InputError: it is none, or it has a password in it.
    """
    data = _document(file)
    if held := sorted(_SECRETS & {str(key).lower() for key in data}):
        raise InputError(
            f"{visible(file.name)} has the field {held[0]}: a case holds no secret; take it out, and change that password"
        )
    case: OwnCase = _checked(data, OwnCase, file, "a case")
    return case


def read_result(file: Path) -> OwnResult:
    """Read a result that a user sent back.

    Raises:
        InputError: it is none.
    """
    result: OwnResult = _checked(_document(file), OwnResult, file, "a result")
    return result


def write_result(result: OwnResult, file: Path, secret: Secret) -> None:
    """Write a result as JSON. What looks like the secret is taken out a last time, whatever put it there."""
    text = msgspec.json.format(msgspec.json.encode(result), indent=2).decode()
    # The secret as JSON writes it, too.
    text = Secret(json.dumps(secret.reveal(), ensure_ascii=False)[1:-1]).scrub(secret.scrub(text))
    _write(file, text.encode() + b"\n")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"{visible(str(file))} cannot be written ({error.strerror}); give a path in a folder you may write to"
        ) from None


def _document(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST)  # of a longer one the rest is missing, so it is no document
        data = (msgspec.toml if file.suffix == ".toml" else msgspec.json).decode(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{visible(str(file))} cannot be read ({visible(shorten(str(error), 120))}); give a file mailkit made"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f"{visible(str(file))} is not a file mailkit made")
    return data


def _checked(data: dict[str, Any], kind: Any, file: Path, what: str) -> Any:  # noqa: ANN401 - one of two documents
    try:
        return msgspec.convert(data, kind, strict=file.suffix != ".toml")
    except (msgspec.ValidationError, InputError) as error:
        raise InputError(f"{visible(str(file))} is not {what}: {visible(shorten(str(error), 160))}") from None
