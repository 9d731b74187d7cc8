"""A document as text for a terminal: the verdict first, then the steps in time, then everything else.

Cheap to import. What comes first is decided in :mod:`.outline`. A document may come from a file that somebody else wrote, so
every text is made harmless once more before it is coloured: no character of a server reaches the terminal as a command.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal

from mailkit.finding import Finding
from mailkit.observation import Line, ProbeDocument
from mailkit.report.evidence import about, facts
from mailkit.report.outline import Alike, Bar, Lane, Outline, Untested, asked_to_act, conversations, outline
from mailkit.report.places import place
from mailkit.report.words import SECURITY, SEVERITY, count, duration, for_whom, moment, who_words
from mailkit.text import shorten, visible

__all__ = ["render"]

Tone = Literal["error", "warning", "info", "ok", "strong", "quiet"]

_SGR: dict[Tone, str] = {"error": "1;31", "warning": "1;33", "info": "1;36", "ok": "1;32", "strong": "1", "quiet": "2"}

NARROWEST, WIDEST = 44, 120
BARS_FROM = 92
"""Columns from which there is room for bars beside the words."""
BAR_COLUMNS = 20
LABEL, WORD, TIME = 17, 14, 7
ROWS = 3
"""Lines a step may take for what it saw."""
ARROWS = {"client": ">", "server": "<", "note": "*"}


def render(
    document: ProbeDocument, *, colour: bool = False, width: int = 80, transcript: bool = False, blocks: bool = True
) -> str:
    """Return the document as text, lines of at most ``width`` columns (44 to 120), ending with a line end.

    Args:
        document: diagnosed, or not yet (then without a verdict), or unfinished.
        colour: with ANSI colours; no information is in the colour alone.
        width: columns of the terminal.
        transcript: also what was said, line by line.
        blocks: bars are drawn with block characters; ``False`` for a terminal that only knows ASCII.
    """
    return "\n".join(_Writer(document, colour=colour, width=width, blocks=blocks).lines(transcript=transcript)) + "\n"


class _Writer:
    """Lay out one document; every method yields finished lines."""

    def __init__(self, document: ProbeDocument, *, colour: bool, width: int, blocks: bool) -> None:
        self.document = document
        self.told: Outline = outline(document)
        self.colour = colour
        self.width = max(NARROWEST, min(width, WIDEST))
        self.full, self.thin = ("█", "▏") if blocks else ("#", "|")

    def lines(self, *, transcript: bool) -> Iterator[str]:
        told = self.told
        yield from self.verdict()
        yield from self.steps()
        yield from self.findings("Also found", told.others)
        yield from self.findings("For information", told.notes)
        yield from self.good(told.good)
        if transcript:
            yield from self.transcript()

    def verdict(self) -> Iterator[str]:
        document, told = self.document, self.told
        severity = told.verdict
        word = SEVERITY[severity].upper() if severity else "NOT JUDGED"
        headline = told.headline or "What was seen, without an opinion."
        yield from self.hanging(f"{word}  ", headline, tone=severity or "strong")
        yield from self.wrapped(
            f"{document.target}, probed {moment(document.started)} in {duration(document.duration_ms)}", indent="  ", tone="quiet"
        )
        if document.used_by:
            yield from self.wrapped(for_whom(document.used_by), indent="  ")
        if told.ended:
            yield from self.wrapped(told.ended, indent="  ", tone="warning")
        if told.cause:
            yield ""
            yield from self.cause(told.cause.finding, told.cause.also)
        for entry in told.untested:
            yield from self.hanging("  Not tested      ", _untested(entry, told.cause))

    def cause(self, finding: Finding, also: Sequence[str]) -> Iterator[str]:
        if finding.summary not in (self.told.headline or ""):
            yield from self.hanging("  Cause           ", finding.summary)
        if also:
            yield from self.hanging("  The same at     ", ", ".join(also))
        people = asked_to_act(finding)
        if people:
            yield from self.hanging("  Who must act    ", "; ".join(people))
        yield from self.fixes("  What to change  ", finding, named=len(people) > 1)
        if finding.detail:
            yield from self.hanging("  In detail       ", finding.detail)
        shown = facts(finding.evidence)
        for number, (key, value) in enumerate([("about", finding.subject), *shown]):
            yield from self.hanging("  How we know     " if number == 0 else " " * 18, f"{key}: {value}")
        yield from self.caution(finding, "  Careful         ")
        if finding.confidence != "sure":
            yield from self.hanging(
                "  How sure        ", {"likely": "likely, not certain", "guess": "a guess"}[finding.confidence]
            )
        for ref in finding.refs:
            yield from self.hanging("  Read more       ", ref)

    def fixes(self, label: str, finding: Finding, *, named: bool) -> Iterator[str]:
        for number, fix in enumerate(finding.fix):
            where = place(fix.where)
            who = f"{who_words(fix.who, start=True)}: " if named else ""
            text = f"{who}{fix.action}" + (f" ({where})" if where else "")
            mark = f"{number + 1}. " if len(finding.fix) > 1 else ""
            yield from self.hanging((label if number == 0 else " " * len(label)) + mark, text)

    def caution(self, finding: Finding, label: str) -> Iterator[str]:
        if finding.account_risk:
            yield from self.hanging(label, "trying again with the same password may lock the account.")
        elif finding.temporary:
            yield from self.hanging(label.replace("Careful", "Later? "), "this may pass by itself: try again in some minutes.")

    def steps(self) -> Iterator[str]:
        if not self.told.lanes:
            return
        yield from self.heading("Steps")
        for lane in self.told.lanes:
            yield from self.lane(lane)

    def lane(self, lane: Lane) -> Iterator[str]:
        title = "  ".join(part for part in (lane.title, lane.address, SECURITY[lane.security] if lane.security else None) if part)
        if not lane.leading and lane.smooth:
            yield from self.wrapped(
                f"{title}  all {count(len(lane.bars), 'step')} ok, {duration(lane.span_ms)}", indent="  ", hang="    "
            )
            return
        yield from self.wrapped(title, indent="  ", hang="    ", tone="strong")
        several = lane.connections > 1
        last: int | None = None
        for bar in lane.bars:
            if several and bar.connection is not None and bar.connection != last:
                last = bar.connection
                yield self.paint(f"    connection {last}", "quiet")
            yield from self.bar(bar, lane)

    def bar(self, bar: Bar, lane: Lane) -> Iterator[str]:
        wide = self.width >= BARS_FROM
        word = f"{visible(bar.word):<{WORD}}"
        tone: Tone = "ok" if bar.ok else "error" if bar.ok is False else "warning"
        head = f"    {visible(bar.label):<{LABEL}} {self.paint(word, tone)} {bar.took:>{TIME}}  "
        start = 4 + LABEL + 1 + WORD + 1 + TIME + 2
        if wide:
            head += f"{self.drawn(bar, lane)}  "
            start += BAR_COLUMNS + 2
        if not bar.saw:
            yield head.rstrip()
            return
        room = self.width - start
        if room >= 24:  # less is not a column but a stack of letters
            first, *rest = textwrap.wrap(visible(bar.saw), room, break_on_hyphens=False, max_lines=ROWS, placeholder=" …")
            yield head + first
            yield from (" " * start + line for line in rest)
        else:
            yield head.rstrip()
            yield from self.wrapped(shorten(bar.saw, self.width * 2), indent=" " * 8)

    def drawn(self, bar: Bar, lane: Lane) -> str:
        scale = BAR_COLUMNS / lane.span_ms
        start = min(int((bar.start_ms - lane.start_ms) * scale), BAR_COLUMNS - 1)
        length = min(max(round(bar.duration_ms * scale), 0), BAR_COLUMNS - start)
        return f"{' ' * start}{self.full * length or self.thin}".ljust(BAR_COLUMNS)

    def findings(self, title: str, found: Sequence[Alike]) -> Iterator[str]:
        if not found:
            return
        yield from self.heading(title)
        for finding, also in ((alike.finding, alike.also) for alike in found):
            label = f"  {SEVERITY[finding.severity]:<8}"
            yield from self.hanging(label, finding.summary, tone=finding.severity)
            inner = " " * len(label)
            shown = "; ".join(f"{key}: {value}" for key, value in facts(finding.evidence))
            yield from self.wrapped(
                f"{finding.subject}  [{finding.code}]" + (f"  {shown}" if shown else ""), indent=inner, tone="quiet"
            )
            if also:
                yield from self.wrapped(f"The same at {', '.join(also)}", indent=inner)
            yield from self.fixes(f"{inner}Do: ", finding, named=True)
            yield from self.caution(finding, f"{inner}Careful: ")

    def good(self, found: Sequence[Alike]) -> Iterator[str]:
        if not found:
            return
        yield from self.heading("Checked and good")
        for alike in found:
            yield from self.hanging("  Good    ", f"{alike.finding.summary}{about(alike.finding)}", tone="ok")

    def transcript(self) -> Iterator[str]:
        yield from self.heading("Transcript")
        for endpoint in self.document.endpoints:
            for (address, connection), lines in conversations(endpoint).items():
                title = f"{endpoint.host}:{endpoint.port}  {address or ''}  connection {connection}"
                yield from self.wrapped(title, indent="  ", tone="strong")
                for line in lines:
                    yield from self.said(line)

    def said(self, line: Line) -> Iterator[str]:
        yield from self.hanging(f"  {line.at_ms:8.0f} ms {ARROWS[line.direction]} ", line.line)

    def heading(self, title: str) -> Iterator[str]:
        yield ""
        yield self.paint(title, "strong")

    def hanging(self, label: str, text: str, *, tone: Tone | None = None) -> Iterator[str]:
        """Lines of ``text`` behind a label; the label alone takes the colour."""
        room = self.width - len(label)
        first, *rest = self.fold(visible(text), room)
        yield (self.paint(label, tone) if tone else label) + first
        yield from (" " * len(label) + line for line in rest)

    def wrapped(self, text: str, *, indent: str, hang: str | None = None, tone: Tone | None = None) -> Iterator[str]:
        lines = textwrap.wrap(
            visible(text), self.width, initial_indent=indent, subsequent_indent=hang or indent, break_on_hyphens=False
        )
        yield from (self.paint(line, tone) if tone else line for line in lines)

    def fold(self, text: str, room: int) -> list[str]:
        return textwrap.wrap(text, max(room, 16), break_on_hyphens=False) or [""]

    def paint(self, text: str, tone: Tone) -> str:
        return f"\x1b[{_SGR[tone]}m{text}\x1b[0m" if self.colour and text.strip() else text


def _untested(entry: Untested, cause: Alike | None) -> str:
    labels = ", ".join(entry.labels)
    where = f" at {', '.join(entry.subjects)}" if entry.subjects else ""
    if cause and entry.because == cause.finding.code:
        return f"{labels}{where}, because of this"
    return f"{labels}{where}, because: {entry.summary or entry.because}"
