"""The texts of the mails: English and French templates, which a site may put its own in the place of.

A template is Jinja2 in a sandbox: its first line is the subject, the text follows an empty line. A file ``trace.fr.txt`` in the
site's folder goes before the built-in one; with a ``trace.fr.html`` beside it the mail has that as its HTML, else none. Whatever
a trace says is a value, never a part of a template, and is escaped in HTML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from mailkit.errors import InputError
from mailkit.knowledge import Meta, read
from mailkit.mail.message import one_line
from mailkit.site.pms import PmsSite
from mailkit.text import shorten, visible
from mailkit.traces.decision import Decision
from mailkit.traces.trace import KINDS, Kind, Trace
from mailkit.traces.zones import Zones

__all__ = ["FOLDER", "Letter", "Letters"]

Language = Literal["en", "fr"]

FOLDER = "texts"
"""The site's own texts, beside the site file, where it names no other folder."""

_BUILT_IN = Path(__file__).with_name("texts")
_LANGUAGES: tuple[Language, ...] = ("en", "fr")
_LONGEST = 100_000
_TITLE = 120
_SUBJECT = "Subject:"
_INSIDE = ("record", "room", "guest", "due", "sender", "created", "property", "id")
"""The fields that are listed, in this order: to colleagues, never to guests."""


class Letter(Struct, frozen=True, kw_only=True):
    """The words of one mail."""

    subject: str
    text: str
    html: str | None
    language: Language


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    department: str
    clerk: str
    anybody: str
    no_title: str
    at: str
    day: str
    hour: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    labels: dict[str, str]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    en: _Words
    fr: _Words


@cache
def _words(language: Language) -> _Words:
    table = read(_BUILT_IN / "words.toml", _Table)
    return table.en if language == "en" else table.fr


class Letters:
    """Writes the mails of one hotel.

    Args:
        site: the hotel.
        zones: where its properties lie.
        folder: what the site's folder of texts is relative to: where the site file is.

    Raises:
        InputError: a text of the site's own cannot be used; which, in which line, and why.
    """

    def __init__(self, site: PmsSite, zones: Zones, folder: Path | None = None) -> None:
        self._site, self._zones = site, zones
        self._language: Language = site.traces.mail.language or "en"
        self._reply_to = (site.traces.mail.reply_to or "").strip() or None
        self._names = {one.code.strip().casefold(): one.name or one.code for one in site.properties}
        self._clerks = {(one.code or "").strip().casefold(): one.name for one in site.clerks if one.name}
        self._offices = {one.code.strip().casefold(): one.name or one.code for one in site.departments}
        own = (folder or Path()) / (site.traces.mail.templates or FOLDER)
        self._own = own if own.is_dir() else None
        if self._own is None and site.traces.mail.templates:
            raise InputError(f"there is no folder {visible(str(own))}, which [traces.mail] names; make it, or take the line out")
        folders = [str(one) for one in (self._own, _BUILT_IN) if one is not None]
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader(folders, encoding="utf-8"),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=False,
        )
        self._found: dict[str, jinja2.Template | None] = {}
        if self._own is not None:
            self._try_own()

    @property
    def reply_to(self) -> str | None:
        """Where replies go; ``None``: nowhere else than to the sender."""
        return self._reply_to

    def write(self, trace: Trace, to: Decision) -> Letter:
        """Write the mail of one trace."""
        language = trace.language or self._language
        values = self._values(trace, to, language)
        name = f"{trace.kind}.{language}"
        said = self._rendered(f"{name}.txt", values).lstrip("\n")
        first, _, rest = said.partition("\n")
        if not first.startswith(_SUBJECT):
            raise InputError(f"{name}.txt: its first line is no subject; begin it with {_SUBJECT} …")
        text = _tidied(rest)
        own_text = self._own is not None and (self._own / f"{name}.txt").is_file()
        if self._own is not None and (self._own / f"{name}.html").is_file():
            html: str | None = self._rendered(f"{name}.html", values)
        elif own_text:
            html = None  # the built-in page would say something else than the site's own text
        else:
            html = self._rendered("copy.html", {"language": language, "paragraphs": text.split("\n\n")})
        return Letter(subject=first.removeprefix(_SUBJECT).strip(), text=text, html=html, language=language)

    # ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _values(self, trace: Trace, to: Decision, language: Language) -> dict[str, Any]:
        words = _words(language)
        zone = self._zones.of(to.property).info
        body = (trace.text or trace.subject or "").strip()
        title = one_line(trace.subject or next(iter(body.splitlines()), "") or words.no_title, _TITLE)
        code = (to.property or "").strip().casefold()
        property_name = self._names.get(code) or to.property or self._site.name
        who = (to.who or "").strip().casefold()
        office = trace.clerk is None and trace.department is not None
        name = self._offices.get(who, to.who) if office else self._clerks.get(who, to.who)
        line = {
            "id": trace.id,
            "record": trace.record,
            "room": trace.room,
            "guest": trace.guest,
            "sender": self._clerks.get((trace.sender or "").strip().casefold()) or trace.sender,
            "property": property_name,
            "due": _worded(trace.due, trace.due_on, zone, words),
            "created": _worded(trace.created, trace.created_on, zone, words),
        }
        shown = {key: one_line(value, 200) if value else None for key, value in line.items()}
        listed = [(words.labels[key], shown[key]) for key in _INSIDE if shown[key]] if trace.kind != "alert" else []
        return {
            **shown,
            "title": title,
            "subject": title,
            "body": body,
            "text": body,
            "facts": listed,
            "kind": trace.kind,
            "status": trace.status,
            "business_date": trace.business.isoformat() if trace.business else None,
            "clerk": one_line(to.who, 200) if to.who else None,
            "clerk_name": one_line(name, 200) if name and not office else None,
            "whom": one_line(words.department.format(name=name) if office else name or words.anybody, 200),
            "property_name": shown["property"],
            "hotel": one_line(self._site.name, 200) if self._site.name else None,
            "recipient": to.recipient,
            "reply_to": self._reply_to,
            "language": language,
        }

    # ── templates ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _rendered(self, name: str, values: Mapping[str, Any]) -> str:
        try:
            if name not in self._found:
                self._found[name] = self._environment.get_template(name)
            template = self._found[name]
            assert template is not None, "put there just now"
            said = _bounded(template.generate(values))
        except jinja2.TemplateSyntaxError as error:
            raise InputError(
                f"{self._where(name)}, line {error.lineno}: {_one(error.message)}; compare it with the built-in one"
            ) from None
        except jinja2.TemplateNotFound as error:
            raise InputError(f"{self._where(name)}: it asks for {_one(str(error))}, which is not there") from None
        except UnicodeDecodeError:
            raise InputError(f"{self._where(name)} is not saved as UTF-8; save it again with that encoding") from None
        except Exception as error:  # noqa: BLE001 - a template may fail with whatever its expressions raise
            raise InputError(f"{self._where(name)}{_line_of(error, name)}: {_one(str(error)) or type(error).__name__}") from None
        if len(said) > _LONGEST:
            raise InputError(f"{self._where(name)}: the mail would be longer than {_LONGEST:,} characters; make the text shorter")
        return said

    def _where(self, name: str) -> str:
        return visible(str(self._own / name)) if self._own is not None and (self._own / name).is_file() else name

    def _try_own(self) -> None:
        """Write a mail with each text of the site's own, so that a mistake is found before anything is queued."""
        assert self._own is not None, "tried only where there is a folder"
        known = {f"{kind}.{language}{end}" for kind in KINDS for language in _LANGUAGES for end in (".txt", ".html")}
        for file in sorted(self._own.iterdir()):
            if file.suffix in (".txt", ".html") and file.name not in known and not file.name.startswith((".", "_")):
                raise InputError(f"{visible(str(file))} is the name of no text; there are {', '.join(sorted(known))}")
        for kind in KINDS:
            for language in _LANGUAGES:
                if any((self._own / f"{kind}.{language}{end}").is_file() for end in (".txt", ".html")):
                    for trace in _samples(kind, language):
                        self.write(trace, Decision(recipient="clerk@example.com", who="FD" if kind != "alert" else None))


def _bounded(pieces: Iterable[str]) -> str:
    """Put a text together; one without end is cut behind the limit, where the caller sees it."""
    kept, length = [], 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length > _LONGEST:
            break
    return "".join(kept)


def _samples(kind: Kind, language: Language) -> tuple[Trace, Trace]:
    """Give a trace of which everything is known and one of which nothing is."""
    now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    dates = {"created": now, "created_on": now.date(), "due": now, "due_on": now.date(), "business": now.date()}
    words = {"guest": "A guest", "record": "4711", "room": "101", "subject": "A subject", "text": "A text.", "sender": "MGR"}
    full = Trace(row=1, id="1", kind=kind, language=language, clerk="FD", status="open", **dates, **words)  # type: ignore[arg-type]  # by name
    return full, Trace(row=2, id="2", kind=kind, language=language)


def _worded(moment: dt.datetime | None, day: dt.date | None, zone: dt.tzinfo, words: _Words) -> str | None:
    local = moment.astimezone(zone) if moment is not None else None
    date = local.date() if local is not None else day
    if date is None:
        return None
    said = words.day.format(
        weekday=words.weekdays[date.weekday()], day=date.day, month=words.months[date.month - 1], year=date.year
    )
    return words.at.format(day=said, hour=local.strftime(words.hour)) if local is not None else said


def _tidied(text: str) -> str:
    """Take away the empty lines that conditions of a template leave behind: one between paragraphs, none around."""
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def _one(text: str | None) -> str:
    return visible(shorten(" ".join((text or "").split()), 200))


def _line_of(error: BaseException, name: str) -> str:
    """Find the line of a template in what led to an error."""
    trail, line = error.__traceback__, None
    while trail is not None:
        if Path(trail.tb_frame.f_code.co_filename).name == name:
            line = trail.tb_lineno
        trail = trail.tb_next
    return f", line {line}" if line else ""
