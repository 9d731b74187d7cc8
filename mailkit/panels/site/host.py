"""What a step of the panel can rely on: the draft as it is, and one way to change it."""

from __future__ import annotations

from typing import Any, Protocol

from mailkit.panels.site.draft import SiteDraft
from mailkit.site.file import SiteFile

__all__ = ["Host", "StepView"]


class Host(Protocol):
    """The panel, as its steps see it."""

    @property
    def draft(self) -> SiteDraft:
        """What is known at this moment."""

    def change(self, draft: SiteDraft, said: str = "") -> None:
        """Take another draft, show it everywhere, and say in the status line what happened."""

    def saved(self, file: SiteFile | None = None, said: str = "") -> None:
        """Note that the site has been saved; ``file``: what a later save goes on from."""

    def say(self, said: str) -> None:
        """Say something in the status line."""


class StepView(Protocol):
    """One step as widgets; it holds nothing that the draft does not hold, but what is unfolded or looked for."""

    view: Any

    def show(self, draft: SiteDraft) -> None:
        """Bring the widgets in step with the draft."""
