"""The same thing as code: the Python and the command lines that do what the panel does. Pure; no secret is in it."""

from __future__ import annotations

import shlex

from mailkit.panels.traces.case import STORE
from mailkit.panels.traces.model import TracesModel

__all__ = ["as_commands", "as_python"]


def as_python(model: TracesModel) -> str:
    """Return a cell for a notebook."""
    case, choice = model.case, model.choice
    site = str(case.file.path or case.name) if case else "hotel.site.toml"
    store = case.store if case and case.store else STORE
    where = f", {case.traces!r}" if case and case.traces else ""
    said: dict[str, object] = {
        "days": int(choice.days) if choice.days.strip().isdigit() else None,
        "basis": choice.basis,
        "edges": choice.edges,
    }
    said["statuses"] = choice.statuses
    picked = [f"{name}={value!r}" for name, value in said.items() if value] + (["repeat=True"] if choice.repeat else [])
    reach = f", reach=Reach({', '.join(picked)}), chosen={choice.names!r}" if picked else ""
    uses = "from mailkit.traces.window import Reach\n" if picked else ""
    return (
        "import datetime as dt\nfrom pathlib import Path\n\n"
        "from mailkit.journal import open_store\nfrom mailkit.report.traces import preview_text\n"
        "from mailkit.site.file import load\n"
        f"from mailkit.traces.desk import Desk\nfrom mailkit.traces.source import open_source\n{uses}\n"
        f"path = Path({site!r})\nsite = load(path).site\nnow = dt.datetime.now(dt.UTC)\n"
        f"source = open_source(site{where}, folder=path.parent, now=now)\n"
        f"with open_store({store!r}) as store:\n"
        f"    desk = Desk(site, source, now=now, store=store, folder=path.parent{reach})\n"
        "    print(preview_text(desk.preview()))"
    )


def as_commands(model: TracesModel) -> str:
    """Return the command lines: preview, activate, send, status."""
    case, choice = model.case, model.choice
    site = str(case.file.path or case.name) if case else "hotel.site.toml"
    store = ["--store", case.store if case and case.store else STORE]
    traces = ["--traces", case.called or case.traces] if case and case.traces else []
    picked: list[str] = []
    if choice.days.strip():
        picked += ["--days", choice.days.strip()]
    picked += [word for name in ("basis", "edges") if (value := getattr(choice, name)) for word in (f"--{name}", value)]
    if choice.statuses:
        picked += ["--statuses", ",".join(choice.statuses)]
    picked += ["--repeat"] if choice.repeat else []
    picked += [word for one in choice.without.split(",") if one.strip() for word in ("--exclude", one.strip())]
    picked += ["--since", choice.since.strip()] if choice.since.strip() else []
    marked = ["--mark-sent"] if choice.mark_sent else []
    consents = [
        *(["--allow-plaintext-auth"] if case and case.settings.allow_plaintext_auth else []),
        *(["--allow-unverified"] if case and case.settings.allow_unverified else []),
    ]
    lines = (
        ["preview", site, *traces, *store, *picked],
        ["activate", site, *traces, *store, *picked, *marked],
        ["send", site, *traces, *store, *consents],
        ["status", site, *store],
    )
    return "\n".join(shlex.join(["mailkit", "traces", *line]) for line in lines)
