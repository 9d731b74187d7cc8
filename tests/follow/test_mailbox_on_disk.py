"""Mails are found in mailboxes on disk: late, twice, in junk, come back, or not at all; and nothing there is changed."""

from __future__ import annotations

import asyncio
import mailbox
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailkit.mail.follow import Arrival, Expected, follow, open_source
from mailkit.mail.follow.header import opened
from mailkit.mail.follow.source import CannotLook, Place, Seen
from mailkit.mail.follow.watch import Watch

SOON = timedelta(seconds=0.6)
QUICK = {"polls": (0.1,), "settling": SOON}


def expected(number: int) -> Expected:
    token = f"{number:020x}"
    return Expected(
        message_id=f"<{token}@builder.test>",
        delivery_id=token,
        recipient="guest@hotel.test",
        sender="desk@builder.test",
        accepted=datetime.now(UTC),
    )


def content(sent: Expected, way: str = "1") -> bytes:
    return (
        f"Return-Path: <desk@builder.test>\nReceived: from mail.builder.test (mail.builder.test [192.0.2.25]) by mx.hotel.test"
        f" with ESMTPS id {way}; Tue, 3 Mar 2026 12:00:00 +0000\nMessage-ID: {sent.message_id}\nFrom: desk@builder.test\n"
        "Subject: Test\n\nHello\n"
    ).encode()


def bounce(sent: Expected, kind: str = "failed", status: str = "5.1.1") -> bytes:
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mail.builder.test
To: desk@builder.test
Subject: Delivery report
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.builder.test

Final-Recipient: rfc822; guest@hotel.test
Action: {kind}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user here

--b
Content-Type: text/rfc822-headers

Message-ID: {sent.message_id}

--b--
""".encode()


@pytest.fixture
def box(tmp_path: Path) -> Path:
    for name in ("box", "box/.Junk", "box/.Sent", "box/.Projets.Été"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / name / part).mkdir(parents=True, exist_ok=True)
    return tmp_path / "box"


def put(box: Path, mail: bytes, folder: str = "", part: str = "new") -> Path:
    name = f"{datetime.now(UTC).timestamp():.6f}.{os.urandom(4).hex()}.host"
    path = (box / folder if folder else box) / part / name
    path.write_bytes(mail)
    return path


def state_of(box: Path) -> list[tuple[str, int]]:
    return sorted((str(file), file.stat().st_mtime_ns) for file in box.rglob("*"))


async def all_of(box: Path, *sent: Expected, until: float = 1.0, **settings: object) -> dict[str, Arrival]:
    source = await asyncio.to_thread(open_source, f"maildir:{box}")
    give_up = datetime.now(UTC) + timedelta(seconds=until)
    return {one.message_id or "": one async for one in follow(sent, source, until=give_up, **{**QUICK, **settings})}  # type: ignore[arg-type]  # settings of the call


async def test_each_is_found_where_it_is(box: Path) -> None:
    inbox, junk, filed, absent, sent = (expected(number) for number in range(1, 6))
    put(box, content(inbox))
    put(box, content(junk), ".Junk", "cur")
    put(box, content(filed), ".Projets.Été")
    put(box, content(sent), ".Sent")
    found = await all_of(box, inbox, junk, filed, absent, sent)
    assert [found[one.message_id].found for one in (inbox, junk, filed, absent, sent)] == ["arrived"] * 3 + ["missing"] * 2
    assert [found[one.message_id].copies[0].use for one in (inbox, junk, filed)] == ["inbox", "junk", "other"]
    assert found[absent.message_id].looked.times > 1
    assert {"INBOX", "Junk"} <= set(found[absent.message_id].looked.folders)


async def test_a_late_mail_is_told_as_soon_as_it_is_there_and_the_others_before(box: Path) -> None:
    early, late = expected(1), expected(2)
    put(box, content(early))
    source = await asyncio.to_thread(open_source, f"maildir:{box}")
    order: list[tuple[str | None, int]] = []
    async for arrival in follow([late, early], source, until=datetime.now(UTC) + timedelta(seconds=20), **QUICK):  # type: ignore[arg-type]  # settings of the call
        if not order:
            put(box, content(late))
        order.append((arrival.message_id, arrival.looked.times))
    assert [one for one, _ in order] == [early.message_id, late.message_id]
    assert order[1][1] > order[0][1]


async def test_a_second_copy_is_noticed_a_moved_mail_is_none(box: Path) -> None:
    twice, moved = expected(1), expected(2)
    put(box, content(twice))
    first = put(box, content(moved))
    source = await asyncio.to_thread(open_source, f"maildir:{box}")
    told: dict[str, Arrival] = {}
    async for arrival in follow([twice, moved], source, until=datetime.now(UTC) + timedelta(seconds=5), **QUICK):  # type: ignore[arg-type]  # settings of the call
        told[arrival.message_id or ""] = arrival
        if len(told) == 2 and first.exists():
            put(box, content(twice, way="2"))
            first.rename(box / ".Junk/cur" / f"{first.name}:2,S")
    assert len(told[twice.message_id].copies) == 2
    assert len(told[moved.message_id].copies) == 1


async def test_a_mail_that_was_read_meanwhile_is_the_same_mail(box: Path) -> None:
    one = expected(1)
    first = put(box, content(one))
    source = await asyncio.to_thread(open_source, f"maildir:{box}")
    seen = []
    async for arrival in follow([one], source, until=datetime.now(UTC) + timedelta(seconds=5), **QUICK):  # type: ignore[arg-type]  # settings of the call
        first.rename(box / "cur" / f"{first.name}:2,S")
        seen.append(arrival)
    assert [len(arrival.copies) for arrival in seen] == [1]


async def test_a_bounce_ends_the_wait_and_a_notice_of_delay_does_not(box: Path) -> None:
    returned, delayed = expected(1), expected(2)
    put(box, bounce(returned))
    put(box, bounce(delayed, "delayed", "4.4.1"))
    found = await all_of(box, returned, until=30)
    assert found[returned.message_id].found == "returned"
    assert found[returned.message_id].returned[0].facts[0].reason == "userunknown"
    found = await all_of(box, delayed)
    assert found[delayed.message_id].found == "missing"
    assert found[delayed.message_id].returned[0].kind == "delay"


async def test_a_bounce_about_somebody_elses_mail_is_left_alone(box: Path) -> None:
    one, stranger = expected(1), expected(2)
    put(box, bounce(stranger))
    assert not (await all_of(box, one))[one.message_id].returned


async def test_stop_ends_it_and_says_so(box: Path) -> None:
    one, stop = expected(1), asyncio.Event()
    stop.set()
    arrival = (await all_of(box, one, until=60, stop=stop))[one.message_id]
    assert arrival.found in {"missing", "not-looked"}
    assert arrival.looked.stopped


async def test_nothing_on_disk_is_changed(box: Path) -> None:
    one = expected(1)
    put(box, content(one))
    before = state_of(box)
    await all_of(box, one)
    assert state_of(box) == before


async def test_thousands_of_other_mails_are_no_hindrance(box: Path) -> None:
    for number in range(3000):
        (box / "cur" / f"{number}.host:2,S").write_bytes(content(expected(number + 100)))
    one = expected(1)
    put(box, content(one))
    assert (await all_of(box, one, until=20))[one.message_id].found == "arrived"


async def test_an_mbox_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "inbox.mbox"
    old, new = expected(1), expected(2)
    with_old = mailbox.mbox(path)
    with_old.add(content(old))
    with_old.close()
    source = await asyncio.to_thread(open_source, f"mbox:{path}")
    told = []
    async for arrival in follow([old, new], source, until=datetime.now(UTC) + timedelta(seconds=10), **QUICK):  # type: ignore[arg-type]  # settings of the call
        told.append((arrival.message_id, arrival.found))
        if len(told) == 1:
            again = mailbox.mbox(path)
            again.add(content(new))
            again.close()
    assert told == [(old.message_id, "arrived"), (new.message_id, "arrived")]


async def test_a_mailbox_that_cannot_be_looked_into_leaves_it_open_and_does_not_wait(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    source = await asyncio.to_thread(open_source, f"maildir:{tmp_path}")
    (tmp_path / "cur").rmdir()
    one = expected(1)
    (arrival,) = [each async for each in follow([one], source, until=datetime.now(UTC) + timedelta(hours=1))]
    assert arrival.found == "not-looked"
    assert arrival.looked.problem == "not-found"


class Shaky:
    """A mailbox whose connection is lost at every second look."""

    label, folders, folders_left_out = "shaky", (), 0

    def __init__(self) -> None:
        self.looks = 0

    async def look(self, watch: Watch) -> AsyncIterator[Seen]:
        self.looks += 1
        if self.looks % 2:
            raise CannotLook("closed", "the connection ended", final=False)
        match = watch.match(opened(content(expected(1))))
        assert match
        yield Seen(
            match=match,
            place=Place("INBOX", "1"),
            use="inbox",
            raw=content(expected(1)),
            complete=True,
            arrived=None,
            seen=datetime.now(UTC),
        )

    async def holds(self, place: Place) -> bool:
        return bool(place)

    async def close(self) -> None:
        self.looks = -1


async def test_a_connection_that_was_lost_is_no_verdict() -> None:
    source = Shaky()
    (first, *_) = [one async for one in follow([expected(1)], source, until=datetime.now(UTC) + timedelta(seconds=20), **QUICK)]  # type: ignore[arg-type]  # settings of the call
    assert first.found == "arrived"
    assert source.looks == -1
