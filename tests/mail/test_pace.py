"""Keeping to what a provider allows: never more in any minute or day, and hardly less."""

from __future__ import annotations

import bisect
import random

import pytest

from mailkit.mail.account import Pace
from mailkit.mail.pace import Throttle, forecast


def drive(
    pace: Pace, seconds: float, *, answer: float = 0.1, left: tuple[float, ...] = (), seed: int = 1
) -> list[tuple[float, float]]:
    """Send as fast as the throttle lets, on a clock of our own; when each message was begun and answered."""
    chance, throttle, now = random.Random(seed), Throttle(pace, left), 0.0
    sent: list[tuple[float, float]] = []
    while now < seconds:
        if wait := throttle.wait(now):
            now += wait
            continue
        throttle.begin(now)
        ended = now + chance.uniform(0, 2 * answer)
        throttle.end(ended)
        sent.append((now, ended))
        now = ended
    return sent


def most_in(sent: list[float], window: float) -> int:
    ordered = sorted(sent)
    return max(bisect.bisect_left(ordered, begin + window) - at for at, begin in enumerate(ordered))


@pytest.mark.parametrize("rate", [1, 25, 30, 100, 600])
def test_no_minute_has_more_than_allowed_whenever_the_server_counts(rate: int) -> None:
    sent = drive(Pace(per_minute=rate), 600, answer=0.02)
    for counted in ([begun for begun, _ in sent], [ended for _, ended in sent], [random.Random(3).uniform(*one) for one in sent]):
        assert most_in(counted, 60) <= rate


@pytest.mark.parametrize("rate", [1, 25, 30, 100, 600])
def test_the_rate_is_used_to_within_two_hundredths(rate: int) -> None:
    sent = [begun for begun, _ in drive(Pace(per_minute=rate), 3600, answer=0.1 if rate < 100 else 0.01)]
    assert (len(sent) - 1) / (sent[-1] - sent[0]) >= 0.98 * rate / 60


def test_a_minute_is_not_used_up_in_one_burst() -> None:
    sent = [begun for begun, _ in drive(Pace(per_minute=30), 60)]
    assert most_in(sent, 10) <= 6


def test_no_day_has_more_than_allowed_and_the_next_one_goes_on() -> None:
    sent = [begun for begun, _ in drive(Pace(per_day=50, per_minute=600), 3 * 86_400)]
    assert most_in(sent, 86_400) == 50
    assert len(sent) == 150


def test_what_left_in_earlier_runs_counts() -> None:
    earlier = tuple(-float(second) for second in range(20))
    sent = [begun for begun, _ in drive(Pace(per_minute=30), 300, left=earlier)]
    assert most_in([*earlier, *sent], 60) <= 30
    assert Throttle(Pace(per_day=20), earlier).wait(0.0) > 86_000


def test_messages_under_way_count_too() -> None:
    throttle = Throttle(Pace(per_minute=2))
    throttle.begin(0.0)
    throttle.begin(30.0)
    assert 0 < throttle.wait(100.0) < 1
    throttle.end(100.0)
    assert throttle.wait(161.0) < 1  # one is still under way, the other has left the window
    throttle.begin(161.0)
    throttle.end(161.0, counts=False)
    assert throttle.counted == 1


def test_another_sender_of_the_same_account_is_learnt_of() -> None:
    throttle = Throttle(Pace(per_day=10))
    throttle.learn([float(second) for second in range(10)])
    assert throttle.wait(20.0) > 86_000


def test_without_limits_nothing_waits() -> None:
    throttle = Throttle(Pace())
    assert not throttle.limited
    assert [throttle.wait(0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_limit_of_nothing_lets_nothing_out() -> None:
    assert Throttle(Pace(per_day=0)).wait(0.0) > 0


def test_it_is_known_beforehand_how_long_it_will_take() -> None:
    assert str(forecast(17_500, Pace(per_minute=30)).duration) == "9:43:20"
    told = forecast(17_500, Pace(per_minute=30, per_day=10_000))
    assert (told.days, told.today) == (2, 10_000)
    assert forecast(17_500, Pace(per_minute=30, per_day=10_000), sent=4_000).today == 6_000
    assert forecast(5, Pace()).duration.total_seconds() == 0
    assert forecast(0, Pace(per_day=10)).days == 0
    assert forecast(10, Pace(per_day=10)).days == 1
    assert forecast(11, Pace(per_day=10)).days == 2
