"""What people read of test mails: before they are sent, and what became of each."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from mailkit.explain import explain
from mailkit.journal import Delivery, State, happened, open_store
from mailkit.mail.by_hand import by_hand
from mailkit.mail.plan import plan, queue
from mailkit.practice.site_files import SITE_FILES
from mailkit.report.sending import hand, preview, result
from mailkit.report.sending_page import hand_fragment, plan_fragment, result_fragment
from mailkit.report.sending_words import STATE, STATE_MEANS, alike, full_reply, means, totals

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b[31m<script>alert(1)</script>\u202e\r\nx"

DELIVERY = Delivery(
    delivery_id="4f1f00aa11bb22cc33dd",
    key="test:1:0",
    kind="test",
    message_id="<4f1f00aa11bb22cc33dd@hotel.test>",
    sender="frontdesk@hotel.test",
    recipient="sales@hotel.test",
    account="frontdesk@hotel.test at smtp.office365.com:587",
    created=NOON,
    due=NOON,
    user="FD1",
    mailing="trace",
    subject="Test mail mk-4f1f00aa11: copy of a trace, FD1",
)


def widest(text: str) -> int:
    return max(len(line) for line in text.splitlines())


class Balanced(HTMLParser):
    """Fails where a tag is not closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the standard library's signature
        self.seen.append(tag)
        if tag not in ("wbr", "br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(markup: str) -> list[str]:
    parser = Balanced()
    parser.feed(markup)
    parser.close()
    assert not parser.open
    return parser.seen


@pytest.mark.parametrize("name", ["hotel", "builder"])
def test_a_preview_says_to_whom_how_many_by_which_way_and_what_cannot_be_sent(name: str) -> None:
    planned = plan(SITE_FILES[name].site(), to="probe@elsewhere.test")
    text = preview(planned, takes=timedelta(minutes=12), kept_in="site.history.sqlite3", width=80)
    assert widest(text) <= 80
    going = [one for one in planned if one.way == "smtp"]
    assert text.startswith(f"Test mails: {len(going)} mails to send")
    flat = " ".join(text.split())
    for one in going:
        assert one.account is not None
        assert f"from {one.sender} to probe@elsewhere.test" in flat
        assert one.account.endpoint in flat
    assert "12 minutes at least" in flat
    assert "Written to site.history.sqlite3" in flat
    assert "Cannot be sent" in text
    for finding in {one.obstacle.summary for one in planned if one.obstacle and one.obstacle.severity == "error"}:
        assert finding.split()[0] in text


def test_what_is_the_same_for_many_is_said_once_with_all_of_them_named() -> None:
    planned = plan(SITE_FILES["builder"].site())
    text = " ".join(preview(planned, width=100).split())
    assert text.count("lacks New Password and Confirmation") == 1
    assert "The same for super2." in text
    assert text.count("This route is concluded, not documented") == 1


def test_many_mails_are_counted_not_listed_without_end() -> None:
    one = next(one for one in plan(SITE_FILES["builder"].site()) if one.way == "smtp")
    text = preview([one] * 1234, width=100)
    assert "1234 mails to send" in text
    assert "and 1034 more" in text
    assert "and 734 more" in plan_fragment([one] * 1234)


@pytest.mark.parametrize("state", STATE)
def test_every_state_has_words_and_accepted_is_never_delivered(state: State) -> None:
    text = result(replace(DELIVERY, state=state), width=70)
    assert widest(text) <= 70
    assert text.startswith(STATE[state].upper())
    assert STATE_MEANS[state].split()[0] in text
    assert ("delivered" in text.lower()) == (state == "delivered")
    assert tags(result_fragment(replace(DELIVERY, state=state)))


def test_a_refusal_says_why_who_acts_and_which_field() -> None:
    refused = replace(DELIVERY, state="rejected", stage="auth", reply_code=535, enhanced_code="5.7.139")
    refused = replace(refused, reply="5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.")
    told = means(refused, "maestro-pms")
    assert told is not None
    text = result(refused, told, product="maestro-pms", width=100)
    assert text.startswith("LOG-IN REFUSED")
    assert "535 5.7.139 Authentication unsuccessful" in text
    assert told.summary.split()[0] in text
    assert "To do" in text
    page = result_fragment(refused, told, product="maestro-pms")
    assert "Log-in refused" in page
    assert tags(page)


@pytest.mark.parametrize("stage", ["connect", "greeting", "ehlo", "tls"])
def test_where_there_was_no_connection_no_mail_is_said_to_be_refused(stage: str) -> None:
    text = result(replace(DELIVERY, state="deferred", stage=stage, reply="connection refused", attempts=1))
    assert text.startswith("NO CONNECTION")
    assert "may take it later" not in text


@pytest.mark.parametrize(
    ("changes", "head", "words"),
    [
        ({"stage": "auth", "reply_code": 454}, "LOG-IN PUT OFF", "does not say that the password is wrong"),
        ({"stage": "auth"}, "NO LOG-IN", "Nobody could log in there"),
        ({"stage": "recipient"}, "CUT OFF", "it has not got it"),
    ],
)
def test_nothing_is_called_refused_that_nobody_refused(changes: dict[str, object], head: str, words: str) -> None:
    text = result(replace(DELIVERY, state="deferred", attempts=1, **changes))  # type: ignore[arg-type]  # fields of a delivery
    assert text.startswith(head)
    assert words in " ".join(text.split())
    assert "refused" not in text


@pytest.mark.parametrize(
    ("code", "status", "reply", "shown"),
    [
        (550, "5.1.1", "5.1.1 no such user", "550 5.1.1 no such user"),
        (550, "5.1.1", "550 5.1.1 no such user", "550 5.1.1 no such user"),
        (550, "5.1.1", "no such user", "550 5.1.1 no such user"),
        (550, None, "no such user", "550 no such user"),
        (None, None, "connection refused", "connection refused"),
        (None, None, None, ""),
    ],
)
def test_a_reply_is_shown_with_each_code_once(code: int | None, status: str | None, reply: str | None, shown: str) -> None:
    assert full_reply(replace(DELIVERY, reply_code=code, enhanced_code=status, reply=reply)) == shown


def test_what_was_taken_needs_no_explanation() -> None:
    for state in ("accepted", "delivered", "pending", "skipped"):
        assert means(replace(DELIVERY, state=state, reply="250 ok"), None) is None
    assert means(replace(DELIVERY, state="rejected"), None) is None


def test_totals_name_every_state() -> None:
    rows = [replace(DELIVERY, state="accepted")] * 2 + [replace(DELIVERY, state="rejected", stage="auth", reply_code=535)]
    assert totals(rows) == "3 mails: 2 accepted, 1 log-in refused."


def harmless(text: str) -> None:
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text


def test_nothing_a_stranger_wrote_reaches_the_terminal_or_the_page_as_a_command() -> None:
    odd = replace(DELIVERY, user=HOSTILE, recipient=HOSTILE, intended=HOSTILE, reply=HOSTILE, state="rejected", stage=HOSTILE)
    told = explain("550 5.1.1 x")
    (first, *_) = plan(SITE_FILES["hotel"].site())
    mail = replace(first, recipient=HOSTILE, sender=HOSTILE, intended=HOSTILE, route=replace(first.route, user=HOSTILE))
    event = happened(DELIVERY, "rejected", NOON, reply=HOSTILE, stage=HOSTILE)
    steps = by_hand("outlook", subject=HOSTILE, recipient=HOSTILE, user=HOSTILE)
    for text in (result(odd, told, because=HOSTILE), preview([mail], kept_in=HOSTILE), hand(odd, steps)):
        harmless(text)
    for page in (
        result_fragment(odd, told, story=[event], because=HOSTILE),
        plan_fragment([mail], kept_in=HOSTILE),
        hand_fragment(odd, steps),
    ):
        harmless(page)
        assert "script" not in tags(page)


def test_the_steps_for_a_person_are_numbered_and_the_code_is_there() -> None:
    steps = by_hand("outlook", subject=DELIVERY.subject or "", recipient="sales@hotel.test", user="FD1")
    text = hand(DELIVERY, steps, width=80)
    assert widest(text) <= 80
    assert re.search(r"1\. .*\n(.|\n)*2\. ", text)
    assert DELIVERY.delivery_id in text
    assert (DELIVERY.subject or "") in " ".join(text.split())
    assert tags(hand_fragment(DELIVERY, steps)).count("li") == len(steps.before) + len(steps.steps)


def test_a_page_shows_the_story_of_a_mail(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.sqlite3") as store:
        queue(store, plan(SITE_FILES["builder"].site(), users=["super1"], mailing="standard"), now=NOON, batch="one")
        (row,) = store.deliveries(batch="one")
        page = result_fragment(row, story=store.story(row.delivery_id), because="because")
    assert "2026-11-22 12:00:00 UTC" in page
    assert "Not sent" in page
    assert tags(page)


def test_findings_that_differ_only_in_whom_they_are_about_are_one() -> None:
    planned = plan(SITE_FILES["builder"].site())
    found = alike([one.obstacle for one in planned if one.obstacle])
    assert [about for finding, about in found if finding.code == "site.route-incomplete"] == [("super1", "super2")]
    assert found[0][0].severity == "error"


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_colour_adds_no_words() -> None:
    planned = plan(SITE_FILES["hotel"].site())
    assert plain(preview(planned, colour=True)) == preview(planned)
    refused = replace(DELIVERY, state="rejected", reply="550 no")
    assert plain(result(refused, colour=True)) == result(refused)
    assert "\x1b" in result(refused, colour=True)
