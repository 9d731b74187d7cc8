"""A round of test mails is tried now, ends for every mail, and leaves nothing waiting in the outbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from mailkit.journal import Store, open_store
from mailkit.mail.account import Access, Account
from mailkit.mail.news import Moved, News
from mailkit.mail.plan import Planned, plan, queue
from mailkit.mail.round import new_batch, send_round
from mailkit.mail.sending import SendSettings
from mailkit.practice import PracticeServer, practice_server
from mailkit.practice.play import PLAYS
from mailkit.practice.site_files import SITE_FILES
from mailkit.secret import Secret

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOGIN, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"

ONE = next(one for one in plan(SITE_FILES["builder"].site()) if one.way == "smtp")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.sqlite3") as opened:
        yield opened


def account(server: PracticeServer, login: str | None = LOGIN) -> Account:
    return Account(
        host=server.host,
        port=server.port,
        login=login,
        server_name=server.name,
        ca_file=str(server.ca_file),
    )


def planned(account: Account, *recipients: str) -> list[Planned]:
    return [replace(ONE, account=account, recipient=recipient, sender=LOGIN) for recipient in recipients]


async def ended(news: AsyncIterator[News]) -> list[Moved]:
    return [one async for one in news if isinstance(one, Moved) and one.delivery.state != "sending"]


async def round_of(store: Store, mails: list[Planned], access: Access | None, **more: object) -> list[Moved]:
    now = datetime.now(UTC)
    await asyncio.to_thread(queue, store, mails, now=now, batch="round")
    accesses = {access.account.key: access} if access is not None else {}
    return await ended(send_round(store, accesses, batch="round", **more))  # type: ignore[arg-type]  # those of the function


def states(store: Store) -> list[str]:
    return [row.state for row in store.deliveries()]


async def test_every_mail_of_a_round_comes_to_an_end(store: Store) -> None:
    async with practice_server("good-submission") as server:
        access = Access(account(server), Secret(PASSWORD))
        mails = planned(access.account, "sales@hotel.test", "nobody@hotel.test", "grey@hotel.test")
        moved = await round_of(store, mails, access)
    assert sorted(one.delivery.state for one in moved) == ["accepted", "deferred", "rejected"]
    # What was put off is given up with the round: nothing leaves some other day.
    assert sorted(await asyncio.to_thread(states, store)) == ["accepted", "expired", "rejected"]
    outcomes = await asyncio.to_thread(lambda: sorted(str(one.outcome) for one in store.attempts(batch="round")))
    assert outcomes == ["accepted", "deferred", "rejected"]
    assert not await asyncio.to_thread(store.check)


async def test_a_refused_log_in_is_an_attempt_of_every_mail_and_one_log_in(store: Store) -> None:
    async with practice_server("good-submission") as server:
        access = Access(account(server), Secret("wrong"))
        moved = await round_of(store, planned(access.account, *["sales@hotel.test"] * 5), access)
        assert server.accounts.attempts == 1
    assert {(one.delivery.state, one.delivery.stage, one.delivery.reply_code) for one in moved} == {("rejected", "auth", 535)}
    assert len(moved) == 5
    assert all(one.explanation is not None for one in moved)
    assert not await asyncio.to_thread(store.check)


async def test_no_connection_is_an_attempt_that_did_not_come_far(store: Store) -> None:
    async with practice_server("closed-port") as server:
        access = Access(account(server), Secret(PASSWORD))
        (moved,) = await round_of(store, planned(access.account, "sales@hotel.test"), access)
        endpoint = access.account.endpoint
    assert (moved.event.state, moved.event.stage, moved.event.endpoint) == ("deferred", "connect", endpoint)
    assert await asyncio.to_thread(states, store) == ["expired"]
    assert not await asyncio.to_thread(store.check)


async def test_a_connection_cut_at_one_mail_says_nothing_about_the_next(store: Store) -> None:
    async with practice_server("drop-at-message") as server:
        access = Access(account(server), Secret(PASSWORD))
        moved = await round_of(store, planned(access.account, "sales@hotel.test", "frontdesk@hotel.test"), access)
    assert [(one.delivery.state, one.delivery.skip) for one in moved] == [("uncertain", None), ("skipped", "account-waits")]
    assert "the mail before it" in (moved[1].event.note or "")


async def test_without_a_password_nothing_is_tried_and_that_is_said(store: Store) -> None:
    async with practice_server("good-submission") as server:
        (moved,) = await round_of(store, planned(account(server), "sales@hotel.test"), None)
        assert server.connections == 0
    assert (moved.delivery.state, moved.delivery.skip) == ("skipped", "no-password")
    assert await asyncio.to_thread(states, store) == ["skipped"]


async def test_stopped_before_it_began_nothing_is_sent(store: Store) -> None:
    stop = asyncio.Event()
    stop.set()
    async with practice_server("good-submission") as server:
        access = Access(account(server), Secret(PASSWORD))
        (moved,) = await round_of(store, planned(access.account, "sales@hotel.test"), access, stop=stop)
        assert "sales@hotel.test" not in server.mailboxes
    assert (moved.delivery.state, moved.delivery.skip) == ("skipped", "stopped")


async def test_a_greylisted_mail_is_tried_again_at_the_right_time_if_the_person_wants(store: Store) -> None:
    began = time.monotonic()

    def quick() -> datetime:
        """Five minutes pass in one second."""
        return NOON + timedelta(seconds=(time.monotonic() - began) * 300)

    play = replace(PLAYS["greylisting"], greylist=0.05)
    async with practice_server(play) as server:
        access = Access(account(server, login=None))
        settings = SendSettings(now=quick, lease=timedelta(hours=1))
        await asyncio.to_thread(queue, store, planned(access.account, "sales@hotel.test"), now=quick(), batch="round")
        accesses = {access.account.key: access}
        later = NOON + timedelta(hours=2)
        moved = await ended(send_round(store, accesses, settings, batch="round", retry_until=later))
        assert len(server.mailboxes["sales@hotel.test"]) == 1
    assert [one.delivery.state for one in moved] == ["deferred", "accepted"]
    first, second = await asyncio.to_thread(lambda: list(store.attempts(batch="round")))
    assert (first.outcome, first.number, second.outcome, second.number) == ("deferred", 1, "accepted", 2)
    assert first.next_try is not None
    assert second.finished is not None
    assert second.finished >= first.next_try
    assert not await asyncio.to_thread(store.check)


def test_rounds_have_names_that_sort_by_time() -> None:
    names = [new_batch(NOON + timedelta(milliseconds=step)) for step in range(0, 5000, 7)]
    assert names == sorted(set(names))
