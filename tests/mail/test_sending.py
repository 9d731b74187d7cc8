"""Sending what is in the outbox: everything once, each step in the journal, one account never in the way of another."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mailkit.journal import Delivery, Store, open_store
from mailkit.mail.account import Access, Account, Pace
from mailkit.mail.sending import Closed, Halted, Moved, News, Opened, Paused, Rest, SendSettings, send
from mailkit.practice.server import PracticeServer, practice_server
from mailkit.secret import Secret

from ..real.ground.queueing import SETTINGS, accesses, message_ids, now, plain, queue
from ..real.ground.receiver import KEYWORDS, Receiver, receiver

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store.sqlite3") as made:
        yield made


async def sent(store: Store, *accounts: Account, password: str | None = None, **settings: Any) -> list[News]:
    async with asyncio.timeout(60):
        return [news async for news in send(store, accesses(*accounts, password=password), SETTINGS, **settings)]


def states(store: Store) -> dict[str, int]:
    return {state: count for state, count in store.counts().items() if count}


def of(news: list[News], kind: type) -> list[Any]:
    return [one for one in news if isinstance(one, kind)]


def submission(server: PracticeServer, **changes: Any) -> Account:
    settings = {
        "host": server.host,
        "port": server.port,
        "server_name": server.name,
        "ca_file": str(server.authority.ca_file),
        "login": USER,
        "security": "tls",
    }
    return Account(**(settings | changes))


@pytest.mark.parametrize("connections", [1, 5])
@pytest.mark.parametrize("keywords", [KEYWORDS, ()])
async def test_everything_due_is_handed_over_once(store: Store, keywords: tuple[str, ...], connections: int) -> None:
    async with receiver(keywords=keywords) as server:
        account = plain(server.port, pace=Pace(connections=connections))
        made = queue(store, account, 120)
        news = await sent(store, account)
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        assert states(store) == {"accepted": 120}
        assert server.connections == len(of(news, Opened)) == len(of(news, Closed)) <= connections
        assert sum(one.accepted for one in of(news, Closed)) == 120
        assert news[-1] == Rest(waiting=0, until=None)


async def test_each_step_is_told_and_written_down(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port)
        (one,) = queue(store, account, 1)
        news = of(await sent(store, account), Moved)
        assert [(move.event.state, move.delivery.state) for move in news] == [("sending", "sending"), ("accepted", "accepted")]
        assert [event.state for event in store.story(one.delivery_id)] == ["pending", "sending", "accepted"]
        accepted = store.story(one.delivery_id)[-1]
        assert (accepted.attempt, accepted.reply_code, accepted.queue_id) == (1, 250, "A000001")
        assert accepted.endpoint == account.endpoint
        assert accepted.transmit_ms is not None
        assert any(line.line.startswith("MAIL FROM:<traces@hotel.test>") for line in news[-1].transcript)
        assert f"ENVID={one.delivery_id}.1" in server.said[1]
        assert store.delivery(one.delivery_id) == news[-1].delivery


async def test_what_is_not_due_or_of_another_account_or_batch_is_left_alone(store: Store) -> None:
    async with receiver() as server:
        account, other = plain(server.port), plain(server.port, login="somebody")
        later = now() + dt.timedelta(hours=1)
        queue(store, account, 1, due=later)
        queue(store, other, 1)
        queue(store, account, 1, batch="another")
        wanted = queue(store, account, 2, batch="this")
        news = await sent(store, account, batch="this")
        assert set(server.taken) == message_ids(wanted)
        assert news[-1] == Rest(waiting=0, until=None)
        rest = (await sent(store, account))[-1]
        assert isinstance(rest, Rest)
        assert rest.waiting == 1
        assert rest.until is not None
        assert abs(rest.until - later) < dt.timedelta(milliseconds=1)
        assert states(store) == {"accepted": 3, "pending": 2}


@pytest.mark.parametrize(
    ("step", "reply", "state", "reason"),
    [
        ("MAIL", "550 5.1.8 sender domain not found", "rejected", "rejected"),
        ("RCPT", "550 5.1.1 user unknown", "rejected", "userunknown"),
        ("RCPT", "450 4.2.0 Greylisted, try again in 300 seconds", "deferred", "ratelimited"),
        ("RCPT", "452 4.2.2 mailbox full", "deferred", "mailboxfull"),
        ("RCPT", "552 5.2.2 mailbox full, over quota", "deferred", "mailboxfull"),
        ("dot", "451 4.3.0 try again later", "deferred", "systemerror"),
        ("dot", "554 5.7.1 message rejected as spam", "rejected", "spamdetected"),
    ],
)
async def test_a_refusal_is_explained_and_scheduled_and_the_others_go_on(
    store: Store, step: str, reply: str, state: str, reason: str
) -> None:
    async with receiver() as server:
        server.answers[step] = [reply]
        account = plain(server.port)
        first, *others = queue(store, account, 5)
        news = await sent(store, account)
        found = store.delivery(first.delivery_id)
        assert found is not None
        assert (found.state, found.reason, found.attempts) == (state, reason, 1)
        assert found.reply == reply[4:]
        assert (found.due > now() + dt.timedelta(minutes=1)) == (state == "deferred")
        assert message_ids(others) == set(+server.taken)
        told = next(move for move in of(news, Moved) if move.delivery.delivery_id == first.delivery_id and move.explanation)
        assert told.explanation.reason == reason
        assert any(reply in line.line for line in told.transcript)


async def test_what_was_deferred_is_tried_again_when_it_is_due_under_the_same_message_id(store: Store) -> None:
    async with receiver() as server:
        server.answers["RCPT"] = ["450 4.2.0 Greylisted"]
        account = plain(server.port)
        (one,) = queue(store, account, 1)
        await sent(store, account)
        await sent(store, account)
        assert not server.taken
        in_time = dataclasses.replace(SETTINGS, now=lambda: now() + dt.timedelta(minutes=7))
        assert [news async for news in send(store, accesses(account), in_time)]
        assert dict(server.taken) == {one.message_id: 1}
        assert [event.attempt for event in store.story(one.delivery_id)] == [None, 1, 2, 2]


async def test_it_is_given_up_in_the_end(store: Store) -> None:
    async with receiver() as server:
        server.always["RCPT"] = "450 4.2.0 Greylisted"
        account = plain(server.port)
        (late,) = queue(store, account, 1, created=now() - dt.timedelta(days=6))
        (short,) = queue(store, account, 1, expires=now() + dt.timedelta(minutes=3))
        (over,) = queue(store, account, 1, expires=now() - dt.timedelta(minutes=3))
        await sent(store, account)
        assert states(store) == {"expired": 3}
        assert [event.attempt for event in store.story(over.delivery_id)] == [None, None]
        assert store.story(late.delivery_id)[-1].reply_code == store.story(short.delivery_id)[-1].reply_code == 450


@pytest.mark.parametrize("fault", ["drop", "silence"])
async def test_a_line_cut_after_the_last_dot_leaves_one_uncertain_and_nothing_is_sent_twice(store: Store, fault: str) -> None:
    async with receiver() as server:
        server.answers["dot"] = ["250 ok", fault]
        account = plain(server.port)
        made = queue(store, account, 6)
        quick = dataclasses.replace(SETTINGS, patience=replace(SETTINGS.patience, end=0.5))
        assert [news async for news in send(store, accesses(account), quick)]
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        assert states(store) == {"accepted": 5, "uncertain": 1}


async def test_where_that_is_wanted_the_uncertain_is_sent_again_under_the_same_message_id(store: Store) -> None:
    async with receiver() as server:
        server.answers["dot"] = ["drop"]
        account = plain(server.port)
        (one,) = queue(store, account, 1, on_uncertain="resend")
        await sent(store, account)
        assert states(store) == {"pending": 1}
        await sent(store, account)
        assert dict(server.taken) == {one.message_id: 2}
        assert [event.state for event in store.story(one.delivery_id)] == [
            "pending", "sending", "uncertain", "pending", "sending", "accepted",
        ]  # fmt: skip


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_line_cut_before_costs_an_attempt_at_most_and_loses_nothing(store: Store, step: str) -> None:
    async with receiver() as server:
        server.answers[step] = ["250 ok" if step != "DATA" else "354 go", "drop"]
        account = plain(server.port)
        made = queue(store, account, 6)
        await sent(store, account)
        assert max(server.taken.values()) == 1
        assert server.taken.total() + states(store).get("deferred", 0) == 6
        in_time = dataclasses.replace(SETTINGS, now=lambda: now() + dt.timedelta(minutes=7))
        assert [news async for news in send(store, accesses(account), in_time)]
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)


async def test_a_refused_log_in_stops_the_account_with_one_attempt_and_one_word(store: Store) -> None:
    async with practice_server("good-submission") as server:
        account = submission(server, pace=Pace(connections=5))
        queue(store, account, 15)
        news = await sent(store, account, password="practice-mistaken")
        (halted,) = of(news, Halted)
        assert (halted.explanation.cause, halted.waiting, halted.earlier) == ("auth_credentials", 15, False)
        assert server.accounts.attempts == 1
        assert states(store) == {"pending": 15}
        (again,) = of(await sent(store, account, password=PASSWORD), Halted)
        assert (again.explanation.cause, again.earlier) == ("auth_credentials", True)
        assert server.accounts.attempts == 1
        assert store.resume(account.key)
        assert not of(await sent(store, account, password=PASSWORD), Halted)
        assert states(store) == {"rejected": 15}  # logged in at last; these recipients are nobody's there
        assert store.halted() == {}


async def test_one_wrong_password_is_tried_once_however_many_ways_lead_to_the_server(store: Store) -> None:
    async with practice_server("good-submission") as one, practice_server("good-implicit") as other:
        ways = [submission(one), submission(other)]
        for way in ways:
            queue(store, way, 3)
        news = await sent(store, *ways, password="practice-mistaken")
        assert one.accounts.attempts + other.accounts.attempts == 1
        assert {halted.account for halted in of(news, Halted)} == {way.key for way in ways} == set(store.halted())


async def test_a_temporary_refusal_of_the_log_in_only_makes_the_account_wait(store: Store) -> None:
    async with practice_server("auth-temporary-failure") as server:
        account = submission(server, login=server.ask.user)
        queue(store, account, 10)
        news = await sent(store, account, password=server.ask.password or PASSWORD)
        (paused,) = of(news, Paused)
        assert paused.explanation.cause == "auth_temporary"
        assert paused.until > now()
        assert states(store) == {"pending": 10}
        assert not store.halted()


@pytest.mark.parametrize(
    ("play", "cause"),
    [
        ("closed-port", "connect_refused"),
        ("banner-421", "too_many_connections"),
        ("banner-554-blocklist", "ip_listed"),
        ("certificate-expired", "certificate"),
        ("drop-at-greeting", None),
        ("starttls-withheld", "tls_not_offered"),
    ],
)
async def test_a_server_that_cannot_be_used_makes_its_account_wait_with_the_reason(store: Store, play: str, cause: str) -> None:
    async with practice_server(play) as server:
        account = submission(server, security="starttls")
        queue(store, account, 10)
        news = await sent(store, account, password=PASSWORD)
        (paused,) = of(news, Paused)
        assert cause is None or paused.explanation.cause == cause
        assert paused.because
        assert states(store) == {"pending": 10}
        rest = news[-1]
        assert isinstance(rest, Rest)
        assert rest.waiting == 10


async def test_one_account_that_is_down_or_slow_or_refused_does_not_hold_up_another(store: Store) -> None:
    async with practice_server("hang-at-mail") as slow, practice_server("good-submission") as refused, receiver() as good:
        accounts = [submission(slow), submission(refused, login="estimator@builder.test"), plain(9), plain(good.port)]
        for account in accounts:
            queue(store, account, 20)
        given = {one.key: Access(one, Secret(PASSWORD)) for one in accounts}
        stop = asyncio.Event()
        patient = dataclasses.replace(SETTINGS, grace=0.2)
        async for news in send(store, given, patient, stop=stop):
            if isinstance(news, Moved) and good.taken.total() == 20:
                break
        assert good.taken.total() == 20


async def test_the_server_says_too_many_at_once_and_gets_fewer(store: Store) -> None:
    async with receiver() as server:
        server.tell = lambda step, self: "421 4.7.0 too many connections" if step == "connect" and self.open > 2 else None
        account = plain(server.port, pace=Pace(connections=6))
        made = queue(store, account, 200)
        news = await sent(store, account)
        assert not of(news, Paused)
        assert set(server.taken) == message_ids(made)
        assert server.most >= 2


async def test_a_rate_limit_makes_the_whole_account_wait(store: Store) -> None:
    async with receiver() as server:
        server.answers["MAIL"] = ["250 ok"] * 3
        server.always["MAIL"] = "421 4.7.0 Rate limit exceeded, too much mail, try again in 10 minutes"
        account = plain(server.port)
        queue(store, account, 50)
        news = await sent(store, account)
        (paused,) = of(news, Paused)
        assert dt.timedelta(minutes=9) < paused.until - now() < dt.timedelta(minutes=11)
        assert server.taken.total() == 3
        assert states(store) == {"accepted": 3, "pending": 46, "deferred": 1}


async def test_a_server_that_takes_so_many_per_connection_gets_the_rest_over_new_ones(store: Store) -> None:
    async with receiver() as server:
        server.answers["MAIL"] = (["250 ok"] * 10 + ["421 4.7.0 enough for one connection"]) * 3
        account = plain(server.port)
        made = queue(store, account, 25)
        news = await sent(store, account)
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        assert len(of(news, Opened)) == 3
        assert states(store) == {"accepted": 25}


async def test_a_server_that_puts_everything_off_is_left_alone(store: Store) -> None:
    async with receiver() as server:
        server.always["dot"] = "452 4.3.1 Insufficient system storage"
        account = plain(server.port)
        queue(store, account, 40)
        news = await sent(store, account)
        (paused,) = of(news, Paused)
        assert paused.explanation.cause == "server_storage"
        assert states(store)["deferred"] <= 5
        assert states(store)["pending"] >= 35


async def test_a_server_that_is_going_down_is_not_asked_once_for_each_mail(store: Store) -> None:
    async with receiver() as server:
        server.always["MAIL"] = "421 4.3.2 going down"
        account = plain(server.port)
        queue(store, account, 40)
        news = await sent(store, account)
        assert len(of(news, Paused)) == 1
        assert server.connections == 1
        assert states(store) == {"deferred": 1, "pending": 39}


async def test_few_mails_do_not_cost_many_log_ins(store: Store) -> None:
    async with practice_server("good-submission") as server:
        account = submission(server, pace=Pace(connections=8))
        queue(store, account, 4, sender=USER, recipient="frontdesk@hotel.test")
        await sent(store, account, password=PASSWORD)
        assert states(store) == {"accepted": 4}
        assert server.accounts.attempts == 1


async def test_a_server_that_wants_a_log_in_first_stops_the_account_not_each_mail(store: Store) -> None:
    async with receiver() as server:
        server.always["MAIL"] = "530 5.7.57 Client not authenticated to send mail"
        account = plain(server.port)
        queue(store, account, 30)
        news = await sent(store, account)
        (halted,) = of(news, Halted)
        assert halted.explanation.cause == "auth_required"
        assert states(store) == {"pending": 29, "deferred": 1}


async def test_a_message_that_cannot_go_to_this_server_is_refused_here(store: Store) -> None:
    async with receiver(keywords=("PIPELINING", "SIZE 250")) as server:
        account = plain(server.port)
        queue(store, account, 1)
        news = of(await sent(store, account), Moved)
        assert [move.event.state for move in news] == ["rejected"]
        assert news[0].explanation.finding == "data.too-large"
        assert not any(line.startswith("MAIL") for line in server.said)


async def test_stop_finishes_what_is_in_hand_and_gives_the_rest_back(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port, pace=Pace(connections=3))
        queue(store, account, 300)
        stop = asyncio.Event()
        accepted = 0
        async for news in send(store, accesses(account), SETTINGS, stop=stop):
            accepted += isinstance(news, Moved) and news.event.state == "accepted"
            if accepted == 20:
                stop.set()
        found = states(store)
        assert set(found) == {"accepted", "pending"}
        assert found["accepted"] == server.taken.total() == accepted < 300
        assert not [one for one in store.deliveries(states=("pending",)) if one.owner]
        assert store.runs()[-1].outcome == "stopped"


async def test_who_stops_listening_stops_the_run_as_cleanly(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port, pace=Pace(connections=3))
        queue(store, account, 300)
        listening = send(store, accesses(account), SETTINGS)
        async for news in listening:
            if isinstance(news, Moved) and news.event.state == "accepted":
                break
        await listening.aclose()  # type: ignore[attr-defined]  # an asynchronous generator, told as an iterator
        found = states(store)
        assert set(found) == {"accepted", "pending"}
        assert found["accepted"] == server.taken.total()


async def test_a_cancelled_run_says_truthfully_what_is_uncertain(store: Store) -> None:
    async with receiver() as server:
        server.answers["dot"] = ["250 ok", "silence"]
        account = plain(server.port)
        queue(store, account, 10)
        hasty = dataclasses.replace(SETTINGS, grace=0.1)

        async def run() -> None:
            async for _ in send(store, accesses(account), hasty):
                pass

        running = asyncio.create_task(run())
        async with asyncio.timeout(20):
            while server.taken.total() < 2:  # noqa: ASYNC110 - the receiver knows no events
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        assert states(store) == {"accepted": 1, "uncertain": 1, "pending": 8}


async def test_a_sender_that_stays_sends_what_comes_later(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port)
        stop = asyncio.Event()
        first = queue(store, account, 2)
        rounds = 0
        async with asyncio.timeout(30):
            async for news in send(store, accesses(account), SETTINGS, stop=stop, watch=True):
                if isinstance(news, Closed):  # it was idle long enough
                    rounds += 1
                    if rounds == 2:
                        stop.set()
                    else:
                        first += queue(store, account, 2)
        assert set(server.taken) == message_ids(first)
        assert states(store) == {"accepted": 4}


async def test_what_a_dead_sender_left_behind_is_taken_back_and_told(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port)
        queue(store, account, 3, due=now() - dt.timedelta(seconds=9))
        held = store.claim(
            "gone", accounts={account.key}, limit=2, lease=dt.timedelta(seconds=1), now=now() - dt.timedelta(seconds=5)
        )
        assert len(held) == 2
        news = await sent(store, account)
        assert states(store) == {"accepted": 3}
        assert isinstance(news[-1], Rest)


async def test_two_senders_on_one_queue_send_nothing_twice(store: Store, tmp_path: Path) -> None:
    async with receiver() as server:
        account = plain(server.port, pace=Pace(connections=4))
        made = queue(store, account, 400)
        with open_store(tmp_path / "store.sqlite3") as same:
            runs = await asyncio.gather(sent(store, account), sent(same, account))
        assert dict(server.taken) == dict.fromkeys(message_ids(made), 1)
        assert any(of(run, Opened) for run in runs)  # a quick one may leave nothing to the other


async def test_a_sender_that_slept_past_its_lease_sends_nothing_of_what_others_took(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port)
        made = queue(store, account, 3)
        taken: list[Delivery] = []

        def meanwhile(step: str, _: Receiver) -> str | None:
            if step == "DATA" and not taken:
                # Everything is taken over by another while this sender waits for its 354.
                later = now() + dt.timedelta(minutes=10)
                taken.extend(store.claim("other", accounts={account.key}, limit=9, lease=dt.timedelta(minutes=30), now=later))
            return None

        server.tell = meanwhile  # type: ignore[assignment]  # narrower than declared
        await sent(store, account)
        assert len(taken) == len(made)
        assert not server.taken
        assert states(store) == {"pending": 3}


async def test_the_pace_is_kept_over_runs(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port, pace=Pace(per_day=5))
        queue(store, account, 8)
        news = await sent(store, account)
        (paused,) = of(news, Paused)
        assert paused.until > now() + dt.timedelta(hours=23)
        assert server.taken.total() == 5
        (paused,) = of(await sent(store, account), Paused)
        assert server.taken.total() == 5
        assert states(store) == {"accepted": 5, "pending": 3}


async def test_a_clock_set_back_stops_nothing(store: Store) -> None:
    async with receiver() as server:
        account = plain(server.port, pace=Pace(per_minute=6000))
        ahead = dataclasses.replace(SETTINGS, now=lambda: now() + dt.timedelta(days=1))
        queue(store, account, 3)
        assert [news async for news in send(store, accesses(account), ahead)]
        queue(store, account, 3)
        await sent(store, account)
        assert states(store) == {"accepted": 6}
        assert max(server.taken.values()) == 1


async def test_no_secret_is_in_anything_that_is_told_or_kept(store: Store, tmp_path: Path) -> None:
    async with practice_server("good-submission") as server:
        account = submission(server)
        queue(store, account, 3, sender=USER, recipient="frontdesk@hotel.test")
        told = repr(await sent(store, account, password=PASSWORD))
        assert states(store) == {"accepted": 3}
        assert "AUTH PLAIN" in told
        assert Secret(PASSWORD).scrub(told) == told
    for file in list(tmp_path.iterdir()):  # noqa: ASYNC240 - nothing else runs any more
        kept = file.read_bytes().decode("latin-1")
        assert Secret(PASSWORD).scrub(kept) == kept


async def test_nobody_to_send_for_is_no_trouble(store: Store) -> None:
    assert [news async for news in send(store, {}, SendSettings())] == [Rest(waiting=0, until=None)]
    assert Counter(run.outcome for run in store.runs()) == {"done": 1}
