"""The same thing as code: the Python and the command line that do what the panel did. Pure."""

from __future__ import annotations

import shlex

from mailkit.panels.explain.given import PASTED, is_mail
from mailkit.panels.explain.model import ExplainModel

__all__ = ["as_command", "as_python"]

_EXAMPLE = "550 5.1.1 user unknown"
_SHORT = 300
"""Characters of a text that stands in the code itself."""


def as_python(model: ExplainModel) -> str:
    """Return a cell for a notebook."""
    question = model.question
    kind, name = _what(model)
    product = f", product={question.product!r}" if question.product else ""
    host = f", host={question.host!r}" if question.host else ""
    rules = f", rules=load_rules(Path({question.own_rules.name!r}))" if question.own_rules else ""
    path = f"Path({name!r})"
    used, call = {
        "text": ("explain", f"explain({name!r}{host}{product}{rules})"),
        "file": ("explain", f'explain({path}.read_text("utf-8"){host}{product}{rules})  # the text, saved in a file'),
        "mail": ("read_bounce", f"read_bounce({path}.read_bytes(){product}{rules})"),
        "heap": ("read_heap", f"[one.reading for one in read_heap({path}{product}{rules})]  # a folder of mails, or an mbox"),
    }[kind]
    names = ", ".join(sorted([used, *(["load_rules"] if rules else [])]))
    paths = "from pathlib import Path\n\n" if "Path(" in call else ""
    return f"{paths}from mailkit.explain import {names}\n\n{call}"


def as_command(model: ExplainModel) -> str:
    """Return the command line."""
    question = model.question
    options = [
        *(("--product", question.product) if question.product else ()),
        *(("--host", question.host) if question.host else ()),
    ]
    return shlex.join(["mailkit", "explain", "--why", *options, _what(model)[1]])


def _what(model: ExplainModel) -> tuple[str, str]:
    """Tell what was given, and what stands for it in code."""
    mail = any(not isinstance(one.told, tuple) for one in model.answers)
    if len(model.names) > 1:
        return "heap", "bounces"
    if not model.names:
        return "text", _EXAMPLE
    (name,) = model.names
    if name != PASTED:
        return ("heap" if len(model.steps) > 1 else "mail" if mail else "file"), name
    if model.text and (mail or is_mail(model.text.encode())):
        return "mail", "bounce.eml"
    if len(model.text) > _SHORT or "\n" in model.text.strip():
        return "file", "session.txt"
    return "text", model.text.strip()
