"""Where observations go: knows whose they are, measures them, hands them on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from mailkit.errors import NetworkError
from mailkit.net.clock import Clock
from mailkit.observation import Line, Observation, Reply, Stage, answered

__all__ = ["Mark", "Recorder"]

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True, slots=True)
class Mark:
    """When a step began."""

    started: datetime
    at: float


class Recorder:
    """Make observations of one endpoint at one address.

    Args:
        emit: gets each observation at once.
        clock: the run's time.
    """

    def __init__(
        self, emit: Callable[[Observation], None], clock: Clock, *, host: str | None, port: int | None, address: str | None = None
    ) -> None:
        self._emit = emit
        self.clock = clock
        self.host = host
        self.port = port
        self.address = address
        self._leftover: list[Line] = []
        self._held: list[Stage] | None = None

    def hold(self) -> None:
        """Keep observations back from now on, until they are told (:meth:`tell`) or dropped (:meth:`drop`)."""
        self._held = []

    def tell(self) -> None:
        """Hand on what was held back."""
        held, self._held = self._held or [], None
        for observation in held:
            self._emit(observation)  # type: ignore[arg-type]  # every Stage made here is one of the union

    def drop(self) -> None:
        """Forget what was held back: it was a trial that proves nothing. The lines that were said are kept."""
        held, self._held = self._held or [], None
        for observation in held:
            self.keep(observation.transcript)

    def begin(self) -> Mark:
        """Note the beginning of a step."""
        return Mark(self.clock.now(), time.perf_counter())

    def keep(self, lines: tuple[Line, ...]) -> None:
        """Keep lines of a step that is not reported; they go with the next observation."""
        self._leftover += lines

    def end(
        self,
        kind: Callable[..., S],
        mark: Mark,
        *,
        ok: bool | None,
        error: BaseException | None = None,
        text: str | None = None,
        lines: tuple[Line, ...] = (),
        connection: int | None = None,
        **facts: Any,  # noqa: ANN401 - of each kind its own
    ) -> S:
        """Make the observation of a step that is over, and hand it on.

        ``ok`` may be true, false or ``None`` (could not tell); an error that is a mere time-out makes it ``None``.
        """
        problem = None
        if isinstance(error, NetworkError):
            problem, text = error.problem, error.text
            if problem in ("timeout", "deadline"):
                ok = None
        elif error is not None:
            problem, text, ok = "cancelled", "stopped before an answer came", None
        if isinstance(reply := facts.pop("reply", None), Reply):
            facts.update(answered(reply))
        observation = kind(
            ok=ok,
            started=mark.started,
            duration_ms=round((time.perf_counter() - mark.at) * 1000, 2),
            host=self.host,
            port=self.port,
            address=self.address,
            connection=connection,
            problem=problem,
            problem_text=text,
            transcript=(*self._leftover, *lines),
            **facts,
        )
        self._leftover.clear()
        if self._held is not None:
            self._held.append(observation)
        else:
            self._emit(observation)  # type: ignore[arg-type]  # every Stage made here is one of the union
        return observation
