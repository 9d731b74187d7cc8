"""When a mail is tried again, when it is given up, and what stops a whole account."""

from __future__ import annotations

import datetime as dt

import pytest

from mailkit.explain import explain
from mailkit.mail.failure import LineFailed
from mailkit.mail.retry import GIVE_UP, Next, after_refusal, asked_to_wait, halts, line_pause, refuses_log_in
from mailkit.net.smtp import parse_reply

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def after(reply: str, *, attempt: int = 1, stage: str = "recipient", age: dt.timedelta = MINUTE, **more: dt.datetime) -> Next:
    told = explain(reply, stage=stage, host="mx.example.com")
    return after_refusal(told, code=int(reply[:3]), attempt=attempt, now=NOW, created=NOW - age, **more)


def pause(reply: str, **how: int) -> dt.timedelta:
    found = after(reply, **how)  # type: ignore[arg-type]  # the attempt only
    assert found.due is not None
    return found.due - NOW


def test_greylisting_is_waited_out() -> None:
    assert 5 * MINUTE <= pause("450 4.2.0 Greylisted, see http://postgrey.example.com") <= 6 * MINUTE
    assert 10 * MINUTE < pause("450 4.2.0 Greylisted, please try again in 600 seconds") < 11 * MINUTE


def test_a_busy_server_is_left_alone_longer_each_time() -> None:
    pauses = [pause("451 4.3.0 Temporary server error", attempt=attempt) for attempt in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= 5 * MINUTE
    assert pauses[-1] == pauses[-2]


def test_a_full_mailbox_gets_hours_whatever_the_class_of_the_code() -> None:
    assert pause("452 4.2.2 Mailbox full") >= 60 * MINUTE
    assert pause("552 5.2.2 mailbox over quota") >= 60 * MINUTE


@pytest.mark.parametrize(
    "reply",
    ["550 5.1.1 user unknown", "554 5.7.1 Relay access denied", "552 5.3.4 Message size exceeds fixed limit", "550 no"],
)
def test_what_is_refused_for_good_is_not_tried_again(reply: str) -> None:
    assert after(reply).state == "rejected"


def test_a_temporary_no_is_tried_again_whatever_its_words_mean() -> None:
    assert after("450 4.1.1 user unknown").state == "deferred"


def test_everything_is_given_up_in_the_end() -> None:
    assert after("450 4.2.0 Greylisted", age=GIVE_UP).state == "expired"
    assert after("450 4.2.0 Greylisted", expires=NOW + MINUTE).state == "expired"
    assert after("450 4.2.0 Greylisted", expires=NOW + 60 * MINUTE).state == "deferred"


@pytest.mark.parametrize(
    "reply",
    [
        "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        "421 4.7.0 Rate limit exceeded, too much mail",
        "550 5.4.5 Daily user sending limit exceeded",
    ],
)
def test_a_limit_of_the_account_makes_all_its_mails_wait(reply: str) -> None:
    found = after(reply, stage="sender")
    assert found.state == "deferred"
    assert found.account_until is not None
    assert found.account_until >= NOW + MINUTE


def test_other_refusals_make_only_their_mail_wait() -> None:
    assert after("450 4.2.0 Greylisted").account_until is None
    assert after("452 4.2.2 Mailbox full").account_until is None


@pytest.mark.parametrize("reply", ["530 5.7.0 Authentication required", "530 5.7.0 Must issue a STARTTLS command first"])
def test_what_no_mail_of_the_account_can_pass_stops_the_account(reply: str) -> None:
    assert after(reply, stage="sender").halt
    assert halts(explain(reply, stage="sender"))


def failed(reply: str) -> LineFailed:
    return LineFailed("auth", reply, "reply", reply=parse_reply([(int(reply[:3]), reply[4:])]))


@pytest.mark.parametrize(
    ("reply", "harmful"),
    [
        ("535 5.7.8 authentication failed", True),
        ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant", True),
        ("421 4.7.0 Too many login attempts, please try again later", True),
        ("454 4.7.0 Temporary authentication failure", False),
    ],
)
def test_a_log_in_is_not_tried_again_where_that_could_lock_the_account(reply: str, harmful: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert refuses_log_in(failed(reply), explain(reply, stage="auth")) == harmful


def test_a_log_in_that_was_not_tried_is_no_refusal() -> None:
    nothing = LineFailed("auth", "SMTP AUTH extension not supported by server", "not-tried")
    assert not refuses_log_in(nothing, explain(nothing.text, stage="auth"))


def test_a_server_that_cannot_be_reached_is_tried_more_and_more_rarely() -> None:
    told = explain("Connection timed out", stage="tcp")
    pauses = [line_pause(told, failures) for failures in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= MINUTE
    assert pauses[-1] >= 20 * MINUTE


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("try again in 300 seconds", 300),
        ("Greylisted for 5 minutes", 300),
        ("retry in 00:04:59", 299),
        ("come back in 04:59", 299),
        ("wait 2 hrs", 7200),
        ("limit of 100 in 60 minutes", 3600),
        ("try again later", None),
        ("for 10 messages", None),
        ("received after 22:15:03", None),
        ("mailbox has 500 MB", None),
        ("in 99999 hours", 6 * 3600),
    ],
)
def test_what_the_server_asks_for_is_found_in_its_words(words: str, seconds: int | None) -> None:
    assert asked_to_wait(words) == (None if seconds is None else dt.timedelta(seconds=seconds))
