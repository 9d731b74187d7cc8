"""What the panel "traces" knows at a moment: frozen, without a widget. What was done last is folded into it step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mailkit.panels.job import Progress, State
from mailkit.panels.traces.case import Case
from mailkit.panels.traces.choice import Choice
from mailkit.panels.traces.deeds import Activated, Previewed
from mailkit.panels.traces.look import Asked, View
from mailkit.panels.traces.round import Round
from mailkit.text import visible

__all__ = ["Deed", "Said", "Step", "TracesModel"]

Deed = Literal["", "load", "preview", "activate", "send", "decide"]
"""What the panel is at, or was at last."""


@dataclass(frozen=True)
class Said:
    """A sentence about what was done."""

    words: str


Step = Case | Previewed | Activated | Round | Said


@dataclass(frozen=True)
class TracesModel:
    """A moment.

    Attributes:
        case: the hotel; ``None``: none was loaded.
        choice: what counts, as it stands in the fields.
        deed: what the panel is at, or was at last; its state is that of ``progress``.
        previewed, activated, round: what each came to last.
        agreed: a person said yes to exactly what was previewed.
        asked, view: what is looked at in the store, and how it stands there.
        lost: why the store could not be looked at.
    """

    case: Case | None = None
    choice: Choice = Choice()  # noqa: RUF009 - frozen
    deed: Deed = ""
    progress: Progress[Step] = Progress()  # noqa: RUF009 - frozen
    folded: int = 0
    previewed: Previewed | None = None
    activated: Activated | None = None
    round: Round | None = None
    said: str = ""
    agreed: bool = False
    asked: Asked = Asked()  # noqa: RUF009 - frozen
    view: View = View()  # noqa: RUF009 - frozen
    lost: str = ""

    @property
    def running(self) -> bool:
        """Something is being done."""
        return self.progress.running

    @property
    def failed(self) -> BaseException | None:
        """Why the last deed could not be done."""
        return self.progress.error if self.progress.state is State.FAILED else None

    @property
    def fits(self) -> bool:
        """What was previewed is what stands in the fields."""
        seen = self.previewed
        return (
            seen is not None and seen.case == self.case and replace(seen.choice, mark_sent=self.choice.mark_sent) == self.choice
        )

    @property
    def yes(self) -> Previewed | None:
        """What a person saw and said yes to; ``None``: nothing of the kind."""
        return replace(self.previewed, choice=self.choice) if self.previewed and self.agreed and self.fits else None

    def at(self, deed: Deed) -> TracesModel:
        """Begin something."""
        return replace(self, deed=deed, progress=Progress(), folded=0, said="")

    def moved(self, progress: Progress[Step]) -> TracesModel:
        """Take what has happened since."""
        model = self
        for step in progress.events[self.folded :]:
            model = model._with(step)
        return replace(model, progress=progress, folded=len(progress.events))

    def choose(self, choice: Choice) -> TracesModel:
        """Take another choice: an earlier yes was said to another one."""
        return self if choice == self.choice else replace(self, choice=choice, agreed=False)

    def load(self, case: Case) -> TracesModel:
        """Begin with a hotel."""
        known = self.case is not None and (case.file.path, case.store) == (self.case.file.path, self.case.store)
        fresh = TracesModel(choice=self.choice, deed=self.deed, progress=self.progress, folded=self.folded)
        return replace(self if known else fresh, case=case, agreed=False)

    def obstacle(self, deed: Deed, *, holds: frozenset[str] = frozenset(), database: bool = True) -> str | None:
        """Say why something cannot be begun; ``None``: it can.

        Args:
            deed: what is to be begun.
            holds: the accounts whose secret was typed.
            database: the password of the database was typed, or none is needed.
        """
        if self.case is None:
            return "load the site file of a hotel first"
        if deed in ("preview", "activate", "send") and not database and (deed != "send" or self.case.has_source):
            return f"type the password of the database of the traces ({visible(self.case.database_login or '')})"
        if deed == "preview":
            return self._no_preview()
        if deed == "activate":
            return self._no_activation()
        return self._no_sending(holds) if deed == "send" else None

    def _no_preview(self) -> str | None:
        assert self.case is not None, "asked before"
        return None if self.case.has_source else "say where the traces are: choose a file, or name one"

    def _no_activation(self) -> str | None:
        assert self.case is not None, "asked before"
        if not self.fits:
            return "preview exactly this choice first" if self.previewed is None else "preview again: something was changed since"
        if not self.case.store:
            return "name the store, in which every mail is kept"
        return None if self.agreed else "tick the yes below the preview"

    def _no_sending(self, holds: frozenset[str]) -> str | None:
        waits = self.view.waits
        if not self.view.activations and not any(waits.values()):
            return "activate first: nothing is queued"
        wanted = [key for key, number in waits.items() if number] or list(waits)
        stopped = {one.account for one in self.view.standing.stopped} if self.view.standing else set()
        if wanted and stopped.issuperset(wanted):
            return "put right what was refused and let the account be used again: it is stopped, see below"
        lacking = [key for key in wanted if key not in stopped and not key.startswith("nobody at ") and key not in holds]
        if lacking and stopped.union(lacking).issuperset(wanted):
            return f"type the password of {visible(lacking[0].rpartition(' at ')[0])}"
        return None

    def _with(self, step: Step) -> TracesModel:
        if isinstance(step, Case):
            return self.load(step)
        if isinstance(step, Previewed):
            return replace(self, previewed=step, agreed=False)
        if isinstance(step, Activated):
            return replace(self, case=step.case, activated=step, agreed=False)
        if isinstance(step, Round):
            return replace(self, round=step)
        return replace(self, said=step.words)
