"""Panels for notebooks: what a support engineer clicks on. Each is a view on plain Python objects and works without a front end.

::

    import mailkit.panels

    mailkit.panels.site()  # what is configured, and by which way every mail leaves
    mailkit.panels.probe()  # what the servers say
    mailkit.panels.explain()  # what a reply, an error or a bounce means
    mailkit.panels.send()  # test mails by the way each user really has, followed until they arrived
    mailkit.panels.traces()  # what trace mail would send, switching it on, sending, and how every mail stands
    mailkit.panels.history()  # what became of the mails: what stands out, charts, tables, one mail's whole story
"""

from __future__ import annotations

import os

from IPython.display import HTML

from mailkit.observation import ProbeDocument
from mailkit.panels.explain import ExplainPanel
from mailkit.panels.history import HistoryPanel
from mailkit.panels.probe import ProbePanel
from mailkit.panels.send import SendPanel
from mailkit.panels.site import SitePanel
from mailkit.panels.traces import TracesPanel
from mailkit.report.page import fragment

__all__ = [
    "ExplainPanel",
    "HistoryPanel",
    "ProbePanel",
    "SendPanel",
    "SitePanel",
    "TracesPanel",
    "explain",
    "history",
    "probe",
    "send",
    "show",
    "site",
    "traces",
]

PRACTICE = "MAILKIT_PRACTICE"
"""The environment variable that turns the practice site on."""

_shown: dict[str, ProbePanel] = {}
_sites: dict[str, SitePanel] = {}
_explained: dict[str, ExplainPanel] = {}
_sent: dict[str, SendPanel] = {}
_histories: dict[str, HistoryPanel] = {}
_traces: dict[str, TracesPanel] = {}


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


def site(name: str = "site") -> SitePanel:
    """Return the panel "choose a mode"; a cell that ends with it shows it.

    Running the cell again goes on with what was entered into the panel of the same name.
    """
    before = _sites.get(name)
    panel = _sites[name] = SitePanel(before.draft if before else None)
    if before is None and os.environ.get(PRACTICE):
        panel.practise("builder")
    return panel


def explain(name: str = "explain") -> ExplainPanel:
    """Return the panel "what does it mean"; a cell that ends with it shows it.

    Running the cell again closes the panel of the same name.
    """
    if (before := _explained.pop(name, None)) is not None:
        before.close()
    panel = _explained[name] = ExplainPanel()
    return panel


def send(name: str = "send") -> SendPanel:
    """Return the panel "send test mails"; a cell that ends with it shows it.

    Running the cell again closes the panel of the same name: what it was sending is finished with the mail in hand.
    """
    if (before := _sent.pop(name, None)) is not None:
        before.close()
    panel = _sent[name] = SendPanel()
    if os.environ.get(PRACTICE):
        panel.source.practise("builder")
    return panel


def traces(name: str = "traces") -> TracesPanel:
    """Return the panel "traces"; a cell that ends with it shows it.

    Running the cell again closes the panel of the same name, so that nothing is sent unseen.
    """
    if (before := _traces.pop(name, None)) is not None:
        before.close()
    panel = _traces[name] = TracesPanel()
    if os.environ.get(PRACTICE):
        panel.places.practice.value = True
    return panel


def history(store: str | None = None, *, name: str = "history") -> HistoryPanel:
    """Return the panel "delivery history"; a cell that ends with it shows it.

    Running the cell again closes the panel of the same name, and with it what was read from files.

    Args:
        store: opened at once: ``history.sqlite3`` or ``postgresql://user@host/database``.
        name: tells several panels apart.
    """
    if (before := _histories.pop(name, None)) is not None:
        before.close()
    panel = _histories[name] = HistoryPanel()
    if store is not None:
        panel.start_store(store)
    elif os.environ.get(PRACTICE):
        panel.start_practice()
    return panel


def show(*documents: ProbeDocument) -> HTML:
    """Return documents as a notebook cell shows them: verdict, steps, findings, transcript."""
    return HTML("".join(fragment(document) for document in documents))  # type: ignore[no-untyped-call]  # IPython has no types here
