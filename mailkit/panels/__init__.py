"""Panels for notebooks: what a support engineer clicks on. Each is a view on plain Python objects and works without a front end.

::

    import mailkit.panels

    mailkit.panels.probe()
"""

from __future__ import annotations

import os

from IPython.display import HTML

from mailkit.observation import ProbeDocument
from mailkit.panels.probe import ProbePanel
from mailkit.report.page import fragment

__all__ = ["ProbePanel", "probe", "show"]

PRACTICE = "MAILKIT_PRACTICE"
"""The environment variable that turns the practice site on."""

_shown: dict[str, ProbePanel] = {}


def probe(name: str = "probe") -> ProbePanel:
    """Return the panel "probe a server"; a cell that ends with it shows it.

    Running the cell again closes the panel of the same name, so that no probe goes on unseen.
    """
    if (before := _shown.pop(name, None)) is not None:
        before.close()
    panel = _shown[name] = ProbePanel()
    # `mailkit lab --practice` and Binder, from where no mail server can be reached, begin on the practice site.
    if os.environ.get(PRACTICE):
        panel.practice.switch.value = True
    return panel


def show(*documents: ProbeDocument) -> HTML:
    """Return documents as a notebook cell shows them: verdict, steps, findings, transcript."""
    return HTML("".join(fragment(document) for document in documents))  # type: ignore[no-untyped-call]  # IPython has no types here
