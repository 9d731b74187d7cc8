"""What a browser gets: everything escaped, nothing loaded."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from mailkit.observation import Line, ProbeDocument
from mailkit.report.page import findings, page, style, transcript, verdict, waterfall

VOID = {"meta", "col"}


class Reader(HTMLParser):
    """Collect tags, attributes and text; complain about a tag that is not closed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_card_says_verdict_who_what_how_and_what_was_not_tested(expired: ProbeDocument) -> None:
    text = " ".join(Reader(verdict(expired)).words)
    for words in (
        "Error",
        "certificate ended on 2026-03-03",
        "Who must act",
        "Renew the certificate",
        "How we know",
        "Not tested",
        "Log-in at",
    ):
        assert words in text


def test_each_step_has_its_place_in_time(expired: ProbeDocument) -> None:
    markup = waterfall(expired)
    assert "margin-left:58.01%;width:26.52%" in markup  # the handshake: 48 ms from 105 ms on, of 181 ms
    assert " ".join(Reader(markup).words).count("no answer in time") == 1


def test_what_was_said_is_told_conversation_by_conversation(expired: ProbeDocument) -> None:
    endpoint = expired.endpoints[0]
    other = Line(direction="note", at_ms=1, line="connecting", address="2001:db8::25")
    mixed = msgspec.structs.replace(endpoint, transcript=(endpoint.transcript[0], other, *endpoint.transcript[1:]))
    words = Reader(transcript(msgspec.structs.replace(expired, endpoints=(mixed,)))).words
    assert [word for word in words if "connection" in word] == ["192.0.2.25 connection 1", "2001:db8::25 connection 1"]
    assert words[-1] == "connecting"


def test_a_further_address_where_all_went_well_is_folded_away_once_judged(expired: ProbeDocument) -> None:
    endpoint = expired.endpoints[0]
    fine = msgspec.structs.replace(endpoint.stages[-1], ok=True, problem=None)
    document = msgspec.structs.replace(
        expired, endpoints=(msgspec.structs.replace(endpoint, stages=(*endpoint.stages[:-1], fine)),)
    )
    assert "2001:db8::25: all 1 step ok" in " ".join(Reader(waterfall(document)).words)
    assert "details" not in Reader(waterfall(msgspec.structs.replace(document, verdict=None))).tags


def test_the_steps_are_a_table_with_headings_a_screen_reader_can_use(expired: ProbeDocument) -> None:
    reader = Reader(waterfall(expired))
    assert {"caption", "th"} <= reader.tags
    assert "scope" in reader.attributes
    assert {"Step", "Result", "Time", "What was seen"} <= set(reader.words)


@pytest.mark.parametrize("part", [verdict, waterfall, findings, transcript, page])
def test_nothing_a_server_says_becomes_markup(hostile: ProbeDocument, part: object) -> None:
    assert callable(part)
    reader = Reader(part(hostile))
    assert not reader.tags & {"script", "img", "iframe", "object", "embed", "form"}
    assert not [name for name in reader.attributes if name.startswith("on")]
    assert not reader.links
    assert any("<script>alert(1)</script>" in words for words in reader.words)
    assert not [c for words in reader.words for c in words if ord(c) < 32 and c != "\n"]


def test_a_link_is_made_only_of_a_plain_web_address_or_an_rfc(expired: ProbeDocument) -> None:
    cause = msgspec.structs.replace(
        expired.findings[0], refs=("https://www.rfc-editor.org/rfc/rfc5321", "javascript:alert(1)", "RFC 5321, 4.2")
    )
    reader = Reader(verdict(msgspec.structs.replace(expired, findings=(cause,))))
    assert reader.links == ["https://www.rfc-editor.org/rfc/rfc5321", "https://www.rfc-editor.org/rfc/rfc5321#section-4.2"]


def test_a_whole_page_loads_nothing(expired: ProbeDocument) -> None:
    text = page(expired)
    assert Reader(text).links == ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"]
    assert "url(" not in style()
    assert "@import" not in style()


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_themes(theme: int) -> None:
    colours = {name: pair.split(", ")[theme] for name, pair in re.findall(r"--mk-([a-z-]+): light-dark\(([^)]+)\)", style())}
    tones = ("error", "warning", "info", "ok", "unknown")
    pairs = [("text", "ground"), ("quiet", "ground"), ("quiet", "soft"), ("info", "soft"), ("text", "soft")]
    pairs += [(ink, f"{tone}-soft") for tone in tones for ink in ("text", "quiet", "info")]
    pairs += [(tone, "ground") for tone in tones]
    for ink, ground in pairs:
        bright, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
