"""The same thing as code: the Python and the command line that do what a step of the panel does. Pure."""

from __future__ import annotations

import shlex

from mailkit.panels.site.advice import answers
from mailkit.panels.site.draft import SiteDraft

__all__ = ["as_command", "as_python"]


def as_python(draft: SiteDraft, step: str) -> str:
    """Return a cell for a notebook."""
    product = draft.product or "maestro-erp"
    load = ["from mailkit.site.file import load", "", f"file = load({draft.name!r})"]
    bodies = {
        "mode": [
            "from mailkit.site.recommend import recommend",
            "",
            f"recommend({dict(answers(draft)) if draft.site else {}!r}, {product!r})",
        ],
        "general": _provider(draft),
        "email": _provider(draft),
        "users": ["from mailkit.site.table import read_users", "", 'read_users("users.csv")'],
        "clerks": ["from mailkit.site.table import read_clerks", "", 'read_clerks("clerks.csv")'],
        "traces": [
            "import datetime as dt",
            "",
            "from mailkit.site.backfill import preview",
            *load,
            f"preview(file.site, dt.date({draft.today.year}, {draft.today.month}, {draft.today.day}))",
        ],
        "routes": [
            "from mailkit.report.routes import fragment",
            *load[:1],
            "from mailkit.site.routing import routes",
            *load[1:],
            "list(routes(file.site))",
        ],
        "checks": [
            "import datetime as dt",
            "",
            "from mailkit.site.check import check",
            *load,
            "check(file.site, dt.date.today())",
        ],
        "save": [
            "from pathlib import Path",
            "",
            "from mailkit.report.sheet import page",
            *load[:1],
            "from mailkit.site.sheet import sheet",
            *load[1:],
            'Path("sheet.html").write_text(page(sheet(file.site)), "utf-8")',
        ],
    }
    kind = "ErpSite" if product == "maestro-erp" else "PmsSite"
    fresh = [f"from mailkit.site import {kind}", "from mailkit.site.file import dumps", "", f"print(dumps({kind}()))"]
    return "\n".join(bodies.get(step, fresh if step == "start" and draft.file is None else [*load, "file.site"]))


def as_command(draft: SiteDraft, step: str) -> str:
    """Return the command line."""
    address = (
        draft.erp.general_settings.smtp.from_address if draft.product == "maestro-erp" else draft.pms.email_setup.trace_rep_addr
    )
    discover = ["site", "discover", address or "name@example.com"]
    words = {
        "general": discover,
        "email": discover,
        "start": ["site", "init", "--out", draft.name],
        "routes": ["site", "route", draft.name],
        "checks": ["site", "check", draft.name],
        "save": ["site", "sheet", draft.name, "--out", "sheet.html"],
    }.get(step, ["site", "check", draft.name])
    return shlex.join(["mailkit", *words])


def _provider(draft: SiteDraft) -> list[str]:
    name = draft.site.provider if draft.site else None
    last = f"providers()[{name!r}]" if name else "list(providers())"
    return ["from mailkit.site.providers import providers", "", last]
