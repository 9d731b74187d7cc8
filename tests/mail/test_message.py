"""A mail that is composed is one mail with the headers that were asked for, whatever is put into it."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.mail.letter import short_token, write_letter
from mailkit.mail.message import compose, envelope_address, message_id, needs_smtputf8, new_delivery_id, one_line
from mailkit.practice.site_files import SITE_FILES
from mailkit.site.routing import routes

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ID = "4f1f00aa11bb22cc33dd"
HEADERS = [
    "Date",
    "Message-ID",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]

HOSTILE = [
    "a\r\nBcc: all@elsewhere.test",
    "a\nBcc: all@elsewhere.test",
    "a\rBcc: all@elsewhere.test",
    "a\r\n\r\n<script>",
    "a\x00b",
    "a\u2028Bcc: all@elsewhere.test",
    "a\u2029b",
    "a\x85Bcc: x",
    "a\x0bb\x0cc",
    "=?utf-8?q?a=0D=0ABcc=3A_all=40elsewhere.test?=",
    "=?utf-8?b?YQ0KQmNjOiB4QHkudGVzdA==?= " * 8,
    '"quoted" <all@elsewhere.test>',
    "a, b <all@elsewhere.test>; group:;",
    "\\",
    '\\"',
    "(comment",
    "\ud800 lone half",
    "\u202egnp.exe",
    "\u200f\u200e\u2066",
    "x" * 5000,
    "é" * 5000,
    "word " * 500,
    "😀" * 300,
    "é\tü\r\n x",
    "",
    "   ",
]


def composed(**changes: Any) -> bytes:
    asked: dict[str, Any] = {
        "delivery_id": ID,
        "sender": "frontdesk@hotel.test",
        "recipient": "sales@hotel.test",
        "subject": "A test",
        "text": "Hello.\n",
        "html": "<p>Hello.</p>",
        "moment": NOON,
    }
    return compose(**(asked | changes))


def read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)  # type: ignore[return-value]  # the policy decides the class


def said(part: Any) -> str:
    """The text of a part; lines end with CRLF on the wire."""
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_has_what_a_proper_mail_has() -> None:
    mail = read(composed(display_name="Front desk", moment=datetime(2026, 11, 22, 7, 0, tzinfo=timezone(timedelta(hours=-5)))))
    assert mail.keys() == HEADERS
    assert mail["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert mail["Message-ID"] == f"<{ID}@hotel.test>"
    assert mail["From"] == "Front desk <frontdesk@hotel.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert not mail.defects
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert said(plain) == "Hello.\n"
    assert said(html) == "<p>Hello.</p>\n"


def test_names_subjects_and_texts_of_any_script_arrive_as_they_were_and_need_no_eight_bits() -> None:
    subject, name, text = "Réservation confirmée: 確認 für Zürich", "Réception 受付", "Voilà.\n確認\nEnd\n"
    content = composed(subject=subject, display_name=name, text=text, html=None, language="fr")
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    mail = read(content)
    assert mail["Subject"] == subject
    assert mail["From"].addresses[0].display_name == name
    assert said(mail) == text
    assert mail["Content-Language"] == "fr"


def test_only_a_local_part_beyond_ascii_makes_it_a_mail_for_smtputf8() -> None:
    domain = composed(sender="info@hôtel.example", recipient="Büro@bücher.example".replace("ü", "ue", 1))
    assert domain.isascii()
    assert read(domain)["From"].addresses[0].addr_spec == "info@xn--htel-vqa.example"
    local = composed(sender="réception@hôtel.example")
    assert "réception@xn--htel-vqa.example" in local.decode()
    assert needs_smtputf8("réception@hotel.example")
    assert not needs_smtputf8("info@hôtel.example", "sales@hotel.test")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("where", ["subject", "display_name", "recipient_name", "headers"])
def test_no_text_becomes_a_header_or_an_address(where: str, text: str) -> None:
    content = composed(**{where: {"X-Property": text} if where == "headers" else text})
    head = content.partition(b"\r\n\r\n")[0]
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert all(0x20 <= byte < 0x7F for byte in head.replace(b"\r\n", b""))
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    mail = read(content)
    extra = ["X-Property"] if where == "headers" else []
    assert sorted(mail.keys()) == sorted(HEADERS + extra)
    assert [one.addr_spec for one in mail["From"].addresses] == ["frontdesk@hotel.test"]
    assert [one.addr_spec for one in mail["To"].addresses] == ["sales@hotel.test"]
    assert not any(mark in mail["Subject"] for mark in "\r\n\0\u2028\u202e")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_stays_where_it_was_put(subject: str, name: str) -> None:
    mail = read(composed(subject=subject, display_name=name, html=None))
    assert sorted(mail.keys()) == sorted([*HEADERS, "Content-Transfer-Encoding"])
    assert [one.addr_spec for one in mail["From"].addresses] == ["frontdesk@hotel.test"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "frontdesk",
        "frontdesk@",
        "@hotel.test",
        "a@hotel.test, b@hotel.test",
        "Front desk <frontdesk@hotel.test>",
        "frontdesk@hotel.test\r\nBcc: all@elsewhere.test",
        "frontdesk@hotel.test\n",
        "front\0desk@hotel.test",
        "front\u2028desk@hotel.test",
        "\u202efrontdesk@hotel.test",
        "frontdesk@hotel.test>",
        "a" * 65 + "@hotel.test",
        "frontdesk@" + "a" * 250 + ".test",
        "frontdesk@hotel..test",
        "\ud800@hotel.test",
    ],
)
@pytest.mark.parametrize("where", ["sender", "recipient", "reply_to"])
def test_what_is_no_single_address_is_refused_with_one_line(where: str, address: str) -> None:
    if where == "reply_to" and not address:
        assert b"Reply-To" not in composed(reply_to=address)
        return
    with pytest.raises(InputError) as refused:
        composed(**{where: address})
    assert "\n" not in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "address", ["o'neil+traces@hotel.test", '"front desk"@hotel.test', "x@[192.0.2.25]", "a=?b?=@hotel.test"]
)
def test_unusual_addresses_are_taken_as_they_are(address: str) -> None:
    mail = composed(sender=address, reply_to=address, display_name="Front desk")
    assert f"<{address}>" in mail.decode()
    assert f"Reply-To: {address}\r\n" in mail.decode()


@pytest.mark.parametrize(
    "name", ["Bcc", "from", "X-Y: z\r\nBcc", "", "X Y", "Content-Type", "content-transfer-encoding", "Received"]
)
def test_no_header_is_added_that_would_change_the_mail(name: str) -> None:
    with pytest.raises(InputError):
        composed(headers={name: "x"})


def test_long_lines_dots_and_controls_of_a_text_pass_unharmed() -> None:
    text = ".\n..\nFrom the start\n" + "x" * 5000 + "\nbell\x07 escape\x1b[31m nul\x00\r\nlast\rone"
    content = composed(text=text, html=None)
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert said(read(content)) == ".\n..\nFrom the start\n" + "x" * 5000 + "\nbell  escape [31m nul \nlast\none\n"


def test_the_token_is_the_left_half_of_the_message_id_and_nobody_can_guess_it() -> None:
    assert message_id(ID, "a@hôtel.example") == f"<{ID}@xn--htel-vqa.example>"
    assert len({new_delivery_id() for _ in range(1000)}) == 1000
    for wrong in ("", "abc", "a b c d", "abcd>\r\n", "x" * 65):
        with pytest.raises(InputError):
            message_id(wrong, "a@hotel.test")


def test_an_address_goes_over_the_wire_with_its_domain_in_ascii() -> None:
    assert envelope_address("o'neil@BÜCHER.example") == "o'neil@xn--bcher-kva.example"
    assert envelope_address("Front.Desk@Hotel.test") == "Front.Desk@Hotel.test"


def test_one_line_is_one_line() -> None:
    for text in HOSTILE:
        line = one_line(text, 60)
        assert len(line) <= 60
        assert line.isprintable()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_letter_says_what_it_is_whose_way_it_tries_and_that_nothing_is_to_be_done(language: Any) -> None:
    route = next(iter(routes(SITE_FILES["builder"].site(), user="estimator", mailing="bulk")))
    letter = write_letter(
        route,
        product="maestro-erp",
        delivery_id=ID,
        moment=NOON,
        language=language,
        account="office@builder.test at submit.builder.test:587",
        sender="purchasing@builder.test",
        intended="estimator@builder.test",
        machine="<img src=x>",
    )
    for fact in ("estimator", "Purchase Order", "R18", "office@builder.test at submit.builder.test:587", "mailkit", ID):
        assert fact in letter.text
    assert short_token(ID) in letter.subject
    assert "estimator@builder.test" in letter.text
    assert ("rien à faire" if language == "fr" else "need do nothing") in letter.text
    assert "<img" not in letter.html
    assert "&lt;img src=x&gt;" in letter.html
    assert "{" not in letter.text + letter.subject


def test_braces_in_a_users_name_are_only_text() -> None:
    site = SITE_FILES["builder"].site()
    route = next(iter(routes(site, user="estimator")))
    odd = type(route)(
        **{name: getattr(route, name) for name in route.__struct_fields__} | {"user": "{token.__class__}\r\nBcc: x"}
    )
    letter = write_letter(odd, product="maestro-erp", delivery_id=ID, moment=NOON)
    assert "{token.__class__} Bcc: x" in letter.text
    assert "\n" not in letter.subject
