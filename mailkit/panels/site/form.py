"""A step's fields as they are shown: label, kind, choices, what stands in them, what is wrong with it. Pure.

What the field is comes from the site's own types (:mod:`.paths`), what it is called from the screens (:mod:`.walk`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailkit.finding import Product
from mailkit.panels.parts import FieldKind, ShownField
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.paths import parts_of, text_of, value_at
from mailkit.panels.site.walk import hint, label, screen, words
from mailkit.site.pms import LEAVE
from mailkit.site.providers import providers
from mailkit.site.screens import Screen, mode_words

__all__ = ["Form", "cell", "form", "key_of", "mode", "offered"]

BOX = (("yes", "ticked"), ("no", "not ticked"))
ANSWER = (("yes", "yes"), ("no", "no"))
ON_SCREEN_AS_LETTER = {"email_setup.email_traces", "properties.email_setup.email_traces"}
LONG = {"message_en", "message_fr", "notes"}
MODES = {"general_settings.mail_software", "users.mailing_mode"}
PASSWORD = "Only whether one is set. Whoever owns it types it on this screen; it is told to nobody and stands in no file."  # noqa: S105
KEPT = "leave as it is"
BESIDE = "Beside the screens"
GOES_WITH = {"users.authenticated_on": "users.authentication"}
"""A field that stands on no screen, and the one it is about."""
FEW = 3
"""Choices that are shown side by side."""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields, what stands in them, and what is wrong with that, each by its path."""

    fields: tuple[ShownField, ...]
    values: Mapping[str, str | None]
    problems: Mapping[str, str]


def form(draft: SiteDraft, names: Sequence[str], row: tuple[str, int] | None = None, *, unlocked: bool = False) -> Form:
    """Return the fields of these names, of the site or of a row in one of its lists.

    Args:
        draft: what is known.
        names: the fields, as named in the site or in the row.
        row: the list and the number of the row in it.
        unlocked: fields to leave as they are can be noted.
    """
    before = f"{row[0]}.{row[1]}." if row else ""
    paths = [path for name in names if offered(draft, key_of(path := before + name)) or draft.value(path) is not None]
    fields = tuple(_field(draft, path, unlocked=unlocked) for path in paths)
    if all(field["group"] == BESIDE for field in fields):
        fields = tuple({**field, "group": ""} for field in fields)
    return Form(
        fields=fields,
        values={path: draft.value(path) for path in paths},
        problems={path: why for path in paths if (why := _problem(draft, path))},
    )


def key_of(path: str) -> str:
    """Return the name of a field without the number of its row.

    >>> key_of("users.3.port")
    'users.port'
    """
    return ".".join(step for step in path.split(".") if not step.isdigit())


def offered(draft: SiteDraft, key: str) -> bool:
    """Return whether the site's screens have a field."""
    found = screen(_product(draft), GOES_WITH.get(key, key))
    versions = found[1].versions if found else ()
    return draft.product != "maestro-erp" or not versions or draft.erp.version is None or draft.erp.version in versions


def cell(draft: SiteDraft, path: str) -> str:
    """Return what stands in a field, in the words of a table: ``?`` for what is not known."""
    if path in draft.refused:
        return f"{draft.refused[path].text} (cannot be used)"
    value = value_at(draft.present, path)
    if value is None:
        return "?"
    if value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return mode(draft, str(value)) if key_of(path) in MODES else words(key_of(path), text_of(value) or "")


def mode(draft: SiteDraft, name: str) -> str:
    """Return what the site's screens call a mode."""
    known = mode_words().get(name)
    if known is None:
        return name
    names = [called for called in (known.old, known.new) if called]
    version = draft.erp.version
    return (known.old if version == "old" else known.new if version == "new" else None) or " / ".join(dict.fromkeys(names))


def _problem(draft: SiteDraft, path: str) -> str | None:
    if path in draft.refused:
        return draft.refused[path].why
    table, _, name = path.rpartition(".")
    if table == "email_setup" and name in LEAVE:
        before, now = (getattr(one, name) for one in (draft.pms.baseline, draft.pms.email_setup))
        if None not in (before, now) and before != now:
            return f"Differs from the baseline, {_said(before)}."
    return None


def _field(draft: SiteDraft, path: str, *, unlocked: bool) -> ShownField:
    product, key = _product(draft), key_of(path)
    found = screen(product, key)
    kind, options = _kind(draft, path)
    called = label(product, key) + (": is one set?" if found and found[1].kind == "secret" else "")
    shown: ShownField = {
        "id": path,
        "label": called,
        "kind": kind,
        "group": _group(key, found[1] if found else None, unlocked=unlocked),
    }
    if options:
        shown["options"] = [list(option) for option in options]
    if said := "\n".join(_hints(draft, path, found[1] if found else None, unlocked=unlocked)):
        shown["hint"] = said
    if kind == "lines":
        shown["wide"] = True
    if found and found[1].leave and not unlocked:
        shown["locked"] = KEPT
    parts = parts_of(type(draft.present), path)
    shown["certain"] = type(None) not in parts
    shown["empty"] = (str in parts or "" in parts) and type(None) in parts
    return shown


def _kind(draft: SiteDraft, path: str) -> tuple[FieldKind, list[tuple[str, str]]]:
    key, parts = key_of(path), parts_of(type(draft.present), path)
    if key in MODES:
        return "choice", list(_modes(draft, path))
    if key.rpartition(".")[2] == "provider":
        names = {**{name: provider.name for name, provider in providers().items()}, "": "none of these"}
        said = draft.value(path)
        return "choice", list({**names, **({said: said} if said is not None and said not in names else {})}.items())
    if bool in parts and str not in parts:
        box = (screen(_product(draft), key) or (None, None))[1]
        if key in ON_SCREEN_AS_LETTER:
            return "flag", [("yes", "Y"), ("no", "N")]
        return "flag", list(BOX if (box and "Use SSL" in box.label) or key.endswith("user_specific") else ANSWER)
    fixed = [part for part in parts if isinstance(part, str)]
    if fixed and int not in parts:
        options = [(value, words(key, value) if value else "none chosen") for value in fixed]
        return ("flag" if len(options) < FEW else "choice"), options
    return ("lines" if key.rpartition(".")[2] in LONG else "text"), []


def _modes(draft: SiteDraft, path: str) -> Iterator[tuple[str, str]]:
    """The modes this version of the screens offers, and the one that is set even if it does not."""
    version = draft.erp.version
    if key_of(path) == "users.mailing_mode":
        yield "", "none chosen: the default mode"
    for name, known in mode_words().items():
        offered = {"old": known.old, "new": known.new}.get(version or "", known.old or known.new)
        if offered or draft.value(path) == name:
            yield name, mode(draft, name)


def _hints(draft: SiteDraft, path: str, on: Screen | None, *, unlocked: bool) -> Iterator[str]:
    key = key_of(path)
    if on and on.kind == "secret":
        yield PASSWORD
        return
    if on and on.leave:
        before = getattr(draft.pms.baseline, key.rpartition(".")[2])
        if not unlocked and _problem(draft, path) is None:
            yield "No baseline noted." if before is None else f"Baseline: {_said(before)}."
        return
    if said := hint(_product(draft), key):
        yield said
    if on and on.default:
        yield f"Default: {mode(draft, on.default) if key in MODES else on.default}."


def _said(value: object) -> str:
    return "empty" if value == "" else text_of(value) or ""


def _group(key: str, on: Screen | None, *, unlocked: bool) -> str:
    """The way to the screen, and who goes it."""
    if unlocked:
        return "Before anybody touched the screen: the baseline" if key.startswith("baseline.") else "Now"
    if on is None:
        return BESIDE
    return f"{on.path} · by each user himself" if on.who == "user" else on.path


def _product(draft: SiteDraft) -> Product:
    if draft.product is None:
        raise ValueError("choose the product first")
    return draft.product
