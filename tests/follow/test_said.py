"""What the receiver says of SPF, DKIM and DMARC is read in every dialect, and nobody else's word is taken for it."""

from __future__ import annotations

import pytest

from mailkit.mail.follow.arrival import Copy
from mailkit.mail.follow.reading import read_copy
from mailkit.mail.follow.testimony import read_testimony

from .dialects import ALL, GMAIL, MICROSOFT, POSTFIX, ZOHO


def results(copy: Copy) -> dict[str, str]:
    return {method: copy.said(method)[0].result for method in ("spf", "dkim", "dmarc", "compauth") if copy.said(method)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gmail", {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
        ("microsoft", {"spf": "softfail", "dkim": "none", "dmarc": "fail", "compauth": "fail"}),
        ("yahoo", {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
        ("zoho", {"spf": "pass", "dkim": "fail", "dmarc": "pass"}),
        ("postfix", {"spf": "pass", "dkim": "pass", "dmarc": "none"}),
    ],
)
def test_the_receivers_word_is_read_in_its_dialect(name: str, expected: dict[str, str]) -> None:
    assert results(read_copy(ALL[name])) == expected


def test_the_receivers_own_words_are_kept() -> None:
    assert read_copy(ZOHO).said("dkim")[0].comment == "body hash did not verify"
    assert read_copy(MICROSOFT).said("compauth")[0].reason == "001"
    assert read_copy(MICROSOFT).said("dmarc")[0].properties == {"action": "quarantine", "header.from": "builder.test"}
    assert read_copy(POSTFIX).said("dkim")[0].properties["header.b"] == "aB/cd+ef"


def test_a_line_the_sender_wrote_is_listed_and_not_believed() -> None:
    forged = GMAIL.replace(b"Message-ID:", b"Authentication-Results: mail.builder.test; dmarc=fail\nMessage-ID:")
    copy = read_copy(forged)
    assert copy.said("dmarc")[0].result == "pass"
    assert [one.trust for one in copy.testimony if one.server == "mail.builder.test"] == ["none"]


def test_a_line_under_the_receivers_name_further_down_is_not_believed() -> None:
    forged = POSTFIX.replace(b"dmarc=none", b"x=y").replace(
        b"Message-ID:", b"Authentication-Results: mx.hotel.test; dmarc=pass\nMessage-ID:"
    )
    assert not read_copy(forged).said("dmarc")


@pytest.mark.parametrize(
    "value",
    [
        "mx.hotel.test; none",
        "mx.hotel.test 1; spf=pass smtp.mailfrom=<>",
        'mx.hotel.test; x-tls.subject="/C=CA"; spf=pass smtp.mailfrom=a@b.test',
        "mx.hotel.test; ; spf=pass (a (nested (comment); with a semicolon)) smtp.mailfrom=a@b.test ;;",
        "spf=pass (sender IP is 2001:db8::1) smtp.mailfrom=b.test; dkim=none (message not signed) header.d=none",
        'mx.hotel.test; spf=pass reason="a; b" smtp.mailfrom=a@b.test; bimi=skipped(DMARC not enforced)',
    ],
)
def test_odd_lines_lose_only_what_cannot_be_read(value: str) -> None:
    told = read_testimony("authentication-results", value)
    assert told is not None
    assert [one.result for one in told.told if one.method == "spf"] == (
        [] if value.endswith("none") and "spf" not in value else ["pass"]
    )


def test_the_filters_words_are_read() -> None:
    (report,) = (one for one in read_copy(MICROSOFT).screening if one.words.get("SFV"))
    assert (report.verdict, report.score, report.words["CAT"]) == ("junk", 5, "SPM")
    assassin = {one.header: one for one in read_copy(ALL["exim"]).screening}["X-Spam-Status"]
    assert (assassin.verdict, assassin.score, assassin.limit) == ("junk", 7.1, 5)
    assert list(assassin.words) == ["BAYES_99", "URI_PHISH"]
    assert read_copy(POSTFIX).screening[0].verdict == "clean"


def test_what_rspamd_and_others_write_is_read() -> None:
    def verdict(line: bytes) -> object:
        (one,) = read_copy(line + b"\nFrom: a@builder.test\nTo: b@hotel.test\n\nHello\n").screening
        return one.verdict

    assert verdict(b"X-Spamd-Result: default: True [15.40 / 15.00]; BAYES_SPAM(5.10)[99%]") == "junk"
    assert verdict(b"X-Spamd-Result: default: False [-1.20 / 15.00]; MIME_GOOD(-0.10)") == "clean"
    assert verdict(b"X-Spam-Flag: YES") == "junk"
    assert verdict(b"X-MS-Exchange-Organization-SCL: 9") == "junk"


def test_what_was_changed_on_the_way_is_told() -> None:
    rewritten = GMAIL.replace(b"From: =?", b"X-Google-Original-From: traces@hotel.test\nFrom: =?")
    (change,) = read_copy(rewritten).changes
    assert (change.field, change.was, change.now, change.how) == (
        "From",
        "traces@hotel.test",
        "frontdesk@builder.test",
        "X-Google-Original-From",
    )
    assert not read_copy(GMAIL).changes


def test_being_put_off_is_noted_and_not_being_put_off_is_not() -> None:
    assert "312 seconds" in (read_copy(POSTFIX).greylisted or "")
    spared = POSTFIX.replace(b"delayed 312 seconds by postgrey-1.37", b"Sender passed SPF test, not delayed by milter-greylist")
    assert read_copy(spared).greylisted is None
