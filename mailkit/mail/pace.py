"""How fast one account may send, and how long it will take: a window over what left, so that no minute and no day has too many.

Pure arithmetic; time is given in. Used by :mod:`mailkit.mail.desk`, and by whoever says beforehand how long it will take.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from mailkit.mail.account import Pace

__all__ = ["Forecast", "Throttle", "forecast"]

_MINUTE, _DAY = 60.0, 86_400.0
_MARGIN = 0.01
"""Seconds added to a window: the server's clock is not ours."""
_BUSY = 0.05
"""Seconds to wait when only messages that are under way fill a window."""
_AT_ONCE = 30
"""A thirtieth of the minute's messages, two seconds' worth, may go together; the rest is spread evenly."""


class Throttle:
    """Say when the next message may leave.

    A message counts from when it was begun to a whole window after it was answered, so that the server, which counts somewhere in
    between, never sees more than allowed in any window.

    Args:
        pace: the limits.
        left: when earlier messages left, on the clock of ``now``, in seconds; also those of earlier runs.
    """

    def __init__(self, pace: Pace, left: Iterable[float] = ()) -> None:
        self._limits = [(size, most) for size, most in ((_MINUTE, pace.per_minute), (_DAY, pace.per_day)) if most is not None]
        self._left = deque(sorted(left))
        self._under_way = 0
        self._step = _MINUTE / pace.per_minute if pace.per_minute else 0.0
        self._slack = self._step * (max(1, (pace.per_minute or 0) // _AT_ONCE) - 1)
        self._next = self._left[-1] + self._step if self._left else float("-inf")

    @property
    def limited(self) -> bool:
        """There is a limit at all."""
        return bool(self._limits)

    @property
    def counted(self) -> int:
        """Messages that count now."""
        return len(self._left) + self._under_way

    def learn(self, left: Iterable[float]) -> None:
        """Take over what the journal says when it knows of more: another program sends by the same account."""
        told = deque(sorted(left))
        if len(told) > self.counted:
            self._left = told

    def wait(self, now: float) -> float:
        """Give the seconds until a message may be begun; 0: now."""
        if not self._limits:
            return 0.0
        while self._left and self._left[0] <= now - self._limits[-1][0] - _MARGIN:
            self._left.popleft()
        seconds = max(0.0, self._next - self._slack - now)
        for size, most in self._limits:
            free = most - self._under_way
            if free <= 0:
                seconds = max(seconds, _BUSY if most > 0 else _DAY)
            elif len(self._left) >= free:
                seconds = max(seconds, self._left[len(self._left) - free] + size + _MARGIN - now)
        return seconds

    def begin(self, now: float) -> None:
        """A message is begun."""
        self._under_way += 1
        self._next = max(self._next, now) + self._step

    def end(self, now: float, *, counts: bool = True) -> None:
        """A message was answered; ``counts``: the server may have counted it."""
        self._under_way -= 1
        if counts and self._limits:
            self._left.append(now)


class Forecast(Struct, frozen=True, kw_only=True):
    """How long sending will take when nothing goes wrong."""

    messages: int
    duration: timedelta
    days: int
    """Days on which something leaves, as the daily limit counts them."""
    today: int
    """How many of them leave before the daily limit is reached for the first time."""


def forecast(messages: int, pace: Pace, sent: int = 0) -> Forecast:
    """Say how long ``messages`` take by an account that has sent ``sent`` in the last 24 hours.

    >>> said = forecast(17_500, Pace(per_minute=30, per_day=10_000))
    >>> str(said.duration), said.days, said.today
    ('1 day, 4:10:00', 2, 10000)
    >>> str(forecast(17_500, Pace(per_minute=30)).duration)
    '9:43:20'
    """
    step = _MINUTE / pace.per_minute if pace.per_minute else 0.0
    if pace.per_day is None or messages <= 0:
        return Forecast(messages=messages, duration=timedelta(seconds=messages * step), days=1 if messages else 0, today=messages)
    most = max(1, pace.per_day)
    today = max(0, min(messages, most - sent))
    rest = messages - today
    if not rest:
        return Forecast(messages=messages, duration=timedelta(seconds=today * step), days=1, today=today)
    later, over = divmod(rest - 1, most)
    days = later + 1
    seconds = max(days * _DAY + (over + 1) * step, messages * step)
    return Forecast(messages=messages, duration=timedelta(seconds=seconds), days=days + bool(today), today=today)
