"""Sending through real servers: Postfix takes it, Dovecot checks the log-in, Exim wants its own way of being talked to."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailkit.journal import Store, open_store
from mailkit.mail.account import Account, Pace
from mailkit.mail.sending import Halted, Moved, News, Opened, Paused, send

from .ground.certificates import Certificates
from .ground.dovecot import MECHANISMS, PASSWORD, USER, Dovecot, token
from .ground.exim import PASSWORD as EXIM_PASSWORD
from .ground.exim import PROGRAM, Exim, exim
from .ground.exim import USER as EXIM_USER
from .ground.postfix import Postfix
from .ground.queueing import SETTINGS, accesses, message_ids, queue

TOKENS = {"XOAUTH2", "OAUTHBEARER"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store.sqlite3") as made:
        yield made


@pytest.fixture
def account(mail: Postfix, certificates: Certificates) -> Account:
    return Account(
        host="127.0.0.1",
        port=mail.ports["submission"],
        security="starttls",
        login=USER,
        server_name="mx.ci.test",
        ca_file=str(certificates.anchor),
    )


def at(account: Account, mail: Postfix, role: str, **changes: Any) -> Account:
    settings = {name: getattr(account, name) for name in account.__struct_fields__}
    return Account(**(settings | {"port": mail.ports[role]} | changes))


async def sent(store: Store, *accounts: Account, password: str | None = PASSWORD) -> list[News]:
    settings = dataclasses.replace(SETTINGS)
    return [news async for news in send(store, accesses(*accounts, password=password), settings)]


def of(news: list[News], kind: type) -> list[Any]:
    return [one for one in news if isinstance(one, kind)]


def taken(mail: Postfix, mark: int, count: int) -> list[str]:
    """Return the Message-IDs that Postfix took, as soon as there are ``count``."""

    def named(lines: list[str]) -> list[str]:
        return [found[1] for line in lines if (found := re.search(r"cleanup\[\d+\]: \w+: message-id=(<\S+>)", line))]

    return named(mail.log.wait(mark, lambda lines: len(named(lines)) >= count))


@pytest.mark.parametrize("role", ["submission", "implicit"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_mail_goes_out_by_every_mechanism_with_one_log_in(
    *, mechanism: str, role: str, store: Store, account: Account, mail: Postfix, login: Dovecot
) -> None:
    mark, mails = login.log.mark(), mail.log.mark()
    chosen = at(account, mail, role, mechanism=mechanism, security="tls")
    made = queue(store, chosen, 3, sender=USER, recipient=USER)
    news = await sent(store, chosen, password=token() if mechanism in TOKENS else PASSWORD)
    (opened,) = of(news, Opened)
    assert (opened.mechanism, opened.verified) == (mechanism, True)
    assert store.counts() == {"accepted": 3}
    assert sorted(taken(mail, mails, 3)) == sorted(message_ids(made))
    assert len(login.attempts(mark)) == 1


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_secret_costs_one_failed_log_in_and_no_mail(
    mechanism: str, store: Store, account: Account, mail: Postfix, login: Dovecot
) -> None:
    mark = login.log.mark()
    chosen = at(account, mail, "submission", mechanism=mechanism, pace=Pace(connections=5))
    queue(store, chosen, 30, sender=USER, recipient=USER)
    news = await sent(store, chosen, password=token()[:-6] + "AAAAAA" if mechanism in TOKENS else f"not {PASSWORD}")
    (halted,) = of(news, Halted)
    assert halted.explanation.reply_code == 535
    assert (halted.challenge is not None) == (mechanism in TOKENS)
    assert store.counts() == {"pending": 30}
    await sent(store, chosen)
    assert len(login.attempts(mark)) == 1
    assert store.counts() == {"pending": 30}


async def test_many_mails_go_over_few_connections(store: Store, account: Account, mail: Postfix, login: Dovecot) -> None:
    mark, mails = login.log.mark(), mail.log.mark()
    chosen = at(account, mail, "submission", pace=Pace(connections=3))
    made = queue(store, chosen, 200, sender=USER, recipient=USER)
    news = await sent(store, chosen)
    assert 1 <= len(of(news, Opened)) <= 3
    assert store.counts() == {"accepted": 200}
    assert sorted(taken(mail, mails, 200)) == sorted(message_ids(made))
    assert len(login.attempts(mark)) <= 3
    assert all(move.event.queue_id for move in of(news, Moved) if move.event.state == "accepted")


@pytest.mark.parametrize(
    ("sender", "recipient", "state", "stage", "finding"),
    [
        ("blocked@ci.test", USER, "rejected", "recipient", None),
        ("slow@ci.test", USER, "deferred", "recipient", None),
        (USER, "unknown@ci.test", "rejected", "recipient", "recipient.unknown"),
        (USER, "greylisted@ci.test", "deferred", "recipient", "recipient.greylisted"),
        (USER, "full@ci.test", "deferred", "recipient", "recipient.full"),
        (USER, "nearly-full@ci.test", "deferred", "recipient", "recipient.full"),
        (USER, "busy@ci.test", "deferred", "recipient", None),
        (USER, "disabled@ci.test", "rejected", "recipient", "recipient.disabled"),
        (USER, "frontdesk@elsewhere.test", "rejected", "recipient", "recipient.relay-denied"),
    ],
)
async def test_what_postfix_refuses_is_explained_and_holds_up_nobody(
    *, sender: str, recipient: str, state: str, stage: str, finding: str | None, store: Store, account: Account, mail: Postfix
) -> None:
    chosen = at(account, mail, "mx", login=None)
    (refused,) = queue(store, chosen, 1, sender=sender, recipient=recipient)
    queue(store, chosen, 2, sender="traces@ci.test", recipient=USER)
    news = await sent(store, chosen)
    found = store.delivery(refused.delivery_id)
    assert found is not None
    assert (found.state, found.stage, found.attempts) == (state, stage, 1)
    assert store.counts() == {"accepted": 2, state: 1}
    told = next(move.explanation for move in of(news, Moved) if move.explanation is not None)
    assert finding is None or told.finding == finding


async def test_a_mail_that_is_too_large_does_not_leave(store: Store, account: Account, mail: Postfix) -> None:
    mark = mail.log.mark()
    chosen = at(account, mail, "small", login=None)
    (large,) = queue(store, chosen, 1, size=30_000, sender=USER, recipient=USER)
    await sent(store, chosen)
    found = store.delivery(large.delivery_id)
    assert found is not None
    assert (found.state, found.reply_code, found.reason) == ("rejected", 552, "emailtoolarge")
    assert all("mail=" not in session for session in mail.sessions("small", mark))


@pytest.mark.parametrize("role", ["expired", "elsewhere", "untrusted", "self-signed", "incomplete", "client-only"])
async def test_a_certificate_that_fails_stops_it_unless_the_settings_allow_it(
    role: str, store: Store, account: Account, mail: Postfix
) -> None:
    chosen = at(account, mail, role, login=None)
    queue(store, chosen, 2, sender=USER, recipient=USER)
    (paused,) = of(await sent(store, chosen), Paused)
    assert paused.explanation.reason == "failedstarttls"
    assert store.counts() == {"pending": 2}
    (opened,) = of(await sent(store, at(account, mail, role, login=None, allow_unverified=True)), Opened)
    assert opened.verified is False
    assert store.counts() == {"accepted": 2}


async def test_a_server_that_greets_late_is_waited_for(store: Store, account: Account, mail: Postfix) -> None:
    chosen = at(account, mail, "postscreen", login=None)
    queue(store, chosen, 2, sender=USER, recipient=USER)
    patient = dataclasses.replace(SETTINGS, patience=type(SETTINGS.patience)())
    news = [one async for one in send(store, accesses(chosen), patient)]
    assert of(news, Opened)
    assert store.counts() == {"accepted": 2}


async def test_postfix_reports_by_the_attempt_that_was_made(store: Store, account: Account, mail: Postfix) -> None:
    chosen = at(account, mail, "mx", login=None)
    (one,) = queue(store, chosen, 1, sender=USER, recipient=USER)
    news = await sent(store, chosen)
    said = [line.line for move in of(news, Moved) for line in move.transcript if line.direction == "client"]
    assert any(f"ENVID={one.delivery_id}.1" in line and "RET=HDRS" in line for line in said)


@pytest.mark.skipif(not PROGRAM.exists(), reason="Exim is unpacked by make test")
async def test_exim_takes_what_rides_behind_a_body(store: Store, ground: Path, certificates: Certificates) -> None:
    with exim(ground / "exim-sending", certificates) as server:
        assert isinstance(server, Exim)
        chosen = Account(
            host="127.0.0.1",
            port=server.starttls,
            security="starttls",
            login=EXIM_USER,
            server_name="mx.ci.test",
            ca_file=str(certificates.anchor),
        )
        queue(store, chosen, 50, sender="frontdesk@ci.test", recipient="frontdesk@ci.test")
        news = await sent(store, chosen, password=EXIM_PASSWORD)
        assert len(of(news, Opened)) == 1
        assert set(store.counts()) == {"accepted"}
