"""What is pasted into a ticket, and what must not be in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import mistune
import msgspec

from mailkit.observation import AuthStage, Line, ProbeDocument, RecipientStage, Reply, answered
from mailkit.report.mask import masker
from mailkit.report.ticket import ticket


def test_a_ticket_says_verdict_evidence_and_times_in_utc(expired: ProbeDocument) -> None:
    text = ticket(expired)
    assert text.startswith("## Error: The server's certificate ended")
    assert "2026-11-05 12:00:03 UTC" in text
    assert "12:00:03.105 UTC  Encryption (TLS)" in text
    assert "openssl: certificate has expired" in text
    assert "Renew the certificate of mail.hotel.example" in text


def test_a_masked_ticket_names_no_host_no_address_and_no_person(expired: ProbeDocument) -> None:
    text = ticket(expired, mask=True)
    for name in ("hotel.example", "192.0.2.25", "2001:db8", "desk7", "198.51.100.77", "frontdesk", "Grand Hotel"):
        assert name not in text


def test_masking_gives_the_same_name_the_same_word(expired: ProbeDocument) -> None:
    mask = masker(expired)
    assert mask("mail.hotel.example:587") == mask("MAIL.hotel.example:587")
    assert mask("mail.hotel.example") != mask("mx2.hotel.example")
    assert mask("250-mail.hotel.example Hello") == f"250-{mask('mail.hotel.example')} Hello"


def test_masking_finds_names_that_nobody_asked_for(expired: ProbeDocument) -> None:
    mask = masker(expired)
    masked = mask(
        "550 <bookkeeping@other.example> from relay7.inside.example [203.0.113.9] and [IPv6:2001:db8:1::9]: see https://help.example/x"
    )
    for name in ("bookkeeping", "other.example", "relay7", "203.0.113.9", "2001:db8", "help.example"):
        assert name not in masked
    assert masked.startswith("550 <user-")


def test_masking_leaves_versions_codes_and_times_alone(expired: ProbeDocument) -> None:
    text = "220 ESMTP Exim 4.96.2 TLSv1.3 5.7.8 at 12:30:45, OpenSSL 3.0.17, SIZE 10240000"
    assert masker(expired)(text) == text


def test_a_bare_user_name_is_masked_where_the_server_repeats_it(expired: ProbeDocument) -> None:
    endpoint = expired.endpoints[0]
    login = AuthStage(
        ok=False,
        started=expired.started,
        duration_ms=1,
        address="192.0.2.25",
        connection=1,
        encrypted=True,
        verified=True,
        user="nightaudit",
        tried="PLAIN",
        result="rejected",
        **answered(Reply(code=535, enhanced_code="5.7.8", text="5.7.8 nightaudit: no such user")),
    )
    rcpt = RecipientStage(
        ok=True,
        started=expired.started,
        duration_ms=1,
        address="192.0.2.25",
        connection=1,
        encrypted=True,
        authenticated=True,
        sender="desk@hotel.example",
        recipient="guest@home.example",
        **answered(Reply(code=250, enhanced_code=None, text="guest is here")),
    )
    said = Line(direction="server", at_ms=1, line="535 5.7.8 nightaudit: no such user", address="192.0.2.25")
    changed = msgspec.structs.replace(endpoint, stages=(*endpoint.stages, login, rcpt), transcript=(said,))
    text = ticket(msgspec.structs.replace(expired, endpoints=(changed,)), mask=True)
    assert "nightaudit" not in text
    assert "guest" not in text
    assert "535 5.7.8 user-" in text


def tokens(markdown: str) -> Iterator[dict[str, Any]]:
    """What a Markdown reader makes of a text, flat."""

    def walk(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for entry in entries:
            yield entry
            yield from walk(entry.get("children", []))

    parsed = mistune.create_markdown(renderer="ast")(markdown)
    assert isinstance(parsed, list)
    return walk(parsed)


def test_a_server_cannot_put_a_picture_a_link_or_markup_into_a_ticket(hostile: ProbeDocument) -> None:
    kinds = {token["type"] for token in tokens(ticket(hostile))}
    assert kinds <= {
        "heading",
        "text",
        "strong",
        "codespan",
        "block_code",
        "list",
        "list_item",
        "block_text",
        "paragraph",
        "blank_line",
    }
    assert "block_code" in kinds


def test_the_link_to_read_more_survives(expired: ProbeDocument) -> None:
    assert "- **Read more:** https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5\n" in ticket(expired)


def test_a_code_block_cannot_be_closed_from_inside(hostile: ProbeDocument) -> None:
    fences = [line for line in ticket(hostile).splitlines() if re.fullmatch("`{3,}", line)]
    assert fences
    assert all(len(fence) > 3 for fence in fences)


def test_no_control_character_gets_into_a_ticket(hostile: ProbeDocument) -> None:
    for text in (ticket(hostile), ticket(hostile, mask=True)):
        assert not [character for character in text if ord(character) < 32 and character != "\n"]


def test_a_ticket_can_leave_the_transcript_out(expired: ProbeDocument) -> None:
    assert "Transcript" in ticket(expired)
    assert "Transcript" not in ticket(expired, transcript=False)
