"""The way of a mail is read from the lines of every kind of server."""

from __future__ import annotations

import pytest

from mailkit.mail.follow.hops import MOST_HOPS, read_hops
from mailkit.mail.follow.reading import read_copy

from .dialects import ALL, GMAIL, MICROSOFT


@pytest.mark.parametrize("name", ALL)
def test_every_dialect_shows_where_the_mail_came_in_and_from_whom(name: str) -> None:
    border = read_copy(ALL[name]).border
    assert border is not None
    assert border.address in {"192.0.2.25", "2001:db8::25"}
    assert "mail.builder.test" in {border.from_, border.name}
    assert border.by
    assert border.moment


@pytest.mark.parametrize(
    ("name", "protocol", "encrypted", "tls"),
    [
        ("gmail", "ESMTPS", True, "TLSv1.3"),
        ("microsoft", "Microsoft SMTP Server", True, "TLSv1.2"),
        ("yahoo", "SMTPs", True, "TLSv1.2"),
        ("postfix", "ESMTP", False, None),
        ("exim", "esmtps", True, "TLSv1.3"),
        ("qmail", "ESMTPA", False, None),
        ("sendmail", "ESMTPS", True, "TLSv1.2"),
    ],
)
def test_how_the_mail_came_in_is_told(name: str, protocol: str, encrypted: bool, tls: str | None) -> None:  # noqa: FBT001
    border = read_copy(ALL[name]).border
    assert border is not None
    assert (border.protocol, border.encrypted, border.tls) == (protocol, encrypted, tls)


def test_hops_are_told_oldest_first_with_what_each_waited() -> None:
    hops = read_copy(GMAIL).hops
    assert [hop.by for hop in hops] == ["mail.builder.test", "mx.google.com", "2002:a05:6a10:1234:b0:1"]
    assert [hop.delay_ms for hop in hops] == [None, 1000, 1000]
    assert hops[0].logged_in
    assert hops[0].id == "4ABC123"
    assert hops[0].for_ == "guest@gmail.com"


def test_hand_overs_within_the_receivers_own_servers_are_not_taken_for_the_way_in() -> None:
    hops = read_copy(MICROSOFT).hops
    assert [hop.outside for hop in hops] == [True, False, False]
    assert hops[0].by == "db5eur01ft045.mail.protection.outlook.com"


def test_a_filter_known_to_be_the_receivers_is_not_the_way_in() -> None:
    mail = (
        b"Received: from filter.cloud.test ([198.51.100.7])\n by mx.hotel.test; Tue, 3 Mar 2026 12:00:09 +0000\n"
        b"Received: from mail.builder.test ([192.0.2.25])\n by filter.cloud.test; Tue, 3 Mar 2026 12:00:08 +0000\n"
        b"From: a@builder.test\n\nHello\n"
    )
    alone, told = read_copy(mail).border, read_copy(mail, inside=["cloud.test"]).border
    assert alone is not None
    assert alone.address == "198.51.100.7"
    assert told is not None
    assert told.address == "192.0.2.25"


def test_a_clock_that_is_behind_gives_no_negative_delay_and_is_told() -> None:
    later, earlier = "by b.test; Tue, 3 Mar 2026 12:00:01 +0000", "by a.test; Tue, 3 Mar 2026 12:00:31 +0000"
    hops, _ = read_hops([later, earlier])
    assert hops[1].delay_ms == 0
    assert hops[1].behind_ms == 30_000


def test_dates_without_a_semicolon_or_a_zone_are_read_and_absurd_ones_are_not() -> None:
    hops, _ = read_hops(
        [
            "by d.test; Tue, 99 Foo 2026 12:00:00 +0000",
            "by c.test; 3 Mar 2026 12:00:00 +9999999",
            "by b.test with SMTP id 1 Tue, 3 Mar 2026 13:00:00 +0100",
            "by a.test; 3 Mar 2026 12:00:00",
        ]
    )
    assert [hop.moment.isoformat() if hop.moment else None for hop in hops] == ["2026-03-03T12:00:00+00:00"] * 2 + [None] * 2


def test_a_loop_of_ten_thousand_lines_is_read_at_both_ends() -> None:
    lines = [f"by host{number}.test; Tue, 3 Mar 2026 12:00:00 +0000" for number in range(10_000)]
    hops, left_out = read_hops(lines)
    assert len(hops) == MOST_HOPS
    assert left_out == 10_000 - MOST_HOPS
    assert (hops[0].by, hops[-1].by) == ("host9999.test", "host0.test")
