"""The one attempt with one's own password: connect, log in once, perhaps send one mail to oneself, write down what was seen."""

from __future__ import annotations

import asyncio
import platform
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.explain import explain
from mailkit.knowledge import Filling, Meta, read
from mailkit.mail.account import Access
from mailkit.mail.envelope import Mail
from mailkit.mail.failure import LineFailed
from mailkit.mail.line import Dialer, OpenLine
from mailkit.mail.login import log_in
from mailkit.mail.message import compose, message_id, new_delivery_id
from mailkit.mail.patience import Patience
from mailkit.mail.pipeline import Handed, Pipeline
from mailkit.secret import Secret
from mailkit.signin.own import Outcome, OwnCase, OwnResult
from mailkit.text import visible
from mailkit.version import __version__

__all__ = ["try_own"]


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    subject: str
    text: str
    summaries: dict[Outcome, str]
    with_mail: str


@cache
def _words() -> _Words:
    return read(Path(__file__).parent / "knowledge" / "own.toml", _Words)


async def try_own(
    case: OwnCase,
    secret: Secret,
    *,
    send: bool = False,
    ca_file: str | None = None,
    resolver: str | None = None,
    allow_plaintext_auth: bool = False,
    allow_unverified: bool = False,
    patience: Patience = Patience(),  # noqa: B008 - a frozen value
) -> OwnResult:
    """Try once. Never a second time by itself, whatever the answer; nothing a server does raises an error.

    Args:
        case: what to try.
        secret: the user's password, typed by the user.
        send: also send one mail to the case's recipient.
        ca_file: PEM file of authorities to trust instead of the machine's.
        resolver: name server to ask instead of the machine's.
        allow_plaintext_auth: the user agrees that the password goes over a line that can be read.
        allow_unverified: the user agrees that it goes to a server whose certificate fails.
        patience: limits of all waits.

    Raises:
        InputError: a mail is wanted, and the case does not say where to or from what.
    """
    if send and not case.can_send:
        raise InputError("this case says not to whom a mail may go, or from what address; try the log-in only")
    account = case.account(
        ca_file=ca_file, resolver=resolver, allow_plaintext_auth=allow_plaintext_auth, allow_unverified=allow_unverified
    )
    seen = _Seen(case)
    await asyncio.to_thread(_words)
    try:
        line = await Dialer(account, patience).open()
    except LineFailed as failed:
        return await asyncio.to_thread(seen.failed, failed)
    seen.address, seen.tls = line.address, line.tls
    try:
        await log_in(line, Access(account, secret), patience)
    except LineFailed as failed:
        return await asyncio.to_thread(seen.failed, failed)
    pipeline = Pipeline(line, patience, ahead=False)
    try:
        handed = await _send(case, pipeline) if send else None
    finally:
        await pipeline.close()
    return await asyncio.to_thread(seen.logged_in, line, handed)


async def _send(case: OwnCase, pipeline: Pipeline) -> tuple[str, Handed]:
    words = _words()
    sender = case.sender or case.login
    assert case.recipient is not None
    token = new_delivery_id()
    filling = Filling({"where": case.where, "machine": platform.node()})
    content = compose(
        delivery_id=token,
        sender=sender,
        recipient=case.recipient,
        subject=words.subject,
        text=words.text.format_map(filling),
        moment=datetime.now(UTC),
    )

    async def nothing() -> None:
        """Nothing is to be written down before the body leaves: this mail is in no store."""

    handed = await pipeline.hand_over(Mail(sender=sender, recipient=case.recipient, content=content), before_body=nothing)
    return message_id(token, sender), handed


class _Seen:
    """What is known of the attempt so far, and the result it becomes."""

    def __init__(self, case: OwnCase) -> None:
        self._case = case
        self._started, self._began = datetime.now(UTC), time.perf_counter()
        self.address: str | None = None
        self.tls: str | None = None

    def failed(self, failed: LineFailed) -> OwnResult:
        """Make the result of a line that did not get as far as a log-in, or whose log-in failed."""
        outcome: Outcome = "no-connection"
        if failed.stage == "auth":
            untried = failed.problem in {"not-tried", "no-secret"}
            outcome = "not-tried" if untried else "refused" if failed.reply is not None else "uncertain"
        return self._result(
            outcome,
            stage=failed.stage,
            reply=failed.reply,
            challenge=failed.challenge,
            explanation=explain(
                failed.text, stage=_STEPS[failed.stage], host=self._case.host, product=self._case.product, port=self._case.port
            ),
            attempts=int(outcome in {"refused", "uncertain"}),
            transcript=failed.transcript,
        )

    def logged_in(self, line: OpenLine, sent: tuple[str, Handed] | None) -> OwnResult:
        """Make the result of a log-in that was accepted."""
        common: dict[str, Any] = {"attempts": 1, "mechanism": line.mechanism}
        if sent is None:
            return self._result("accepted", stage="auth", transcript=line.record.take(), **common)
        message, handed = sent
        if handed.outcome == "accepted":
            common |= {"queue_id": handed.queue_id, "mail": "accepted"}
            return self._result(
                "accepted", stage="data", reply=handed.reply, message_id=message, transcript=handed.transcript, **common
            )
        text = handed.reply.text if handed.reply is not None else handed.problem.text if handed.problem is not None else ""
        code = f"{handed.reply.code} " if handed.reply is not None else ""
        uncertain = handed.outcome == "uncertain"
        return self._result(
            "uncertain" if uncertain else "mail-refused",
            stage=handed.stage,
            reply=handed.reply,
            mail="uncertain" if uncertain else "refused",
            message_id=message,
            explanation=explain(f"{code}{text}", stage=handed.stage, host=self._case.host, product=self._case.product),
            transcript=handed.transcript,
            **common,
        )

    def _result(self, outcome: Outcome, **facts: Any) -> OwnResult:  # noqa: ANN401 - fields of the result
        words = _words()
        template = words.with_mail if facts.get("mail") == "accepted" else words.summaries[outcome]
        filling = Filling({"login": self._case.login, "host": self._case.host, "recipient": self._case.recipient})
        return OwnResult(
            case=self._case,
            outcome=outcome,
            passed=outcome == "accepted",
            summary=template.format_map(filling),
            started=self._started,
            duration_ms=round((time.perf_counter() - self._began) * 1000, 2),
            machine=visible(platform.node()) or "unknown",
            tool=f"mailkit {__version__}",
            address=self.address,
            tls=self.tls,
            **facts,
        )


_STEPS = {"connect": "tcp", "greeting": "greeting", "ehlo": "ehlo", "tls": "tls", "auth": "auth"}
"""The stages of a line, in the words of the explain engine."""
