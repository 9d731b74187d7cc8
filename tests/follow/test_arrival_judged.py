"""What became of a mail is judged: where it is, why, who must act; and told on paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from mailkit.diagnosis.arrival import arrival_codes, judge_arrival
from mailkit.diagnosis.arrival_words import knowledge
from mailkit.explain import read_bounce
from mailkit.finding import Finding
from mailkit.mail.follow import Arrival
from mailkit.mail.follow.arrival import Check, FolderUse, Looked, Signature, Verified
from mailkit.mail.follow.reading import read_copy
from mailkit.report.arrival import page, render
from mailkit.site.screens import screens

from .dialects import ALL, EXIM, GMAIL, MICROSOFT, POSTFIX, QMAIL

SENT = datetime(2026, 3, 3, 12, 0, 7, tzinfo=UTC)
LOOKED = Looked(where=("guest@hotel.test at mail.hotel.test:993",), folders=("INBOX", "Junk"), times=7, began=SENT, until=SENT)


def arrived(source: bytes, use: FolderUse = "inbox", folder: str = "INBOX", after: float = 2.0, number: int = 1) -> Arrival:
    copy = replace(
        read_copy(source),
        use=use,
        folder=folder,
        latency_ms=after * 1000,
        arrived=SENT + timedelta(seconds=after),
        matched="message-id",
    )
    return Arrival(
        message_id="<q@builder.test>",
        recipient="guest@hotel.test",
        sender="frontdesk@builder.test",
        accepted=SENT,
        found="arrived",
        looked=LOOKED,
        copies=(copy,) * number,
    )


def by_code(arrival: Arrival) -> dict[str, Finding]:
    return {one.code: one for one in judge_arrival(arrival, "maestro-erp")}


def test_a_good_mail_is_told_to_be_good() -> None:
    found = by_code(arrived(GMAIL))
    assert set(found) == {"arrival.ok", "arrival.authenticated"}
    assert "the inbox, 2 seconds after" in found["arrival.ok"].summary
    assert all(word in found["arrival.authenticated"].summary for word in ("SPF", "DKIM", "DMARC"))


def test_junk_is_explained_in_the_receivers_own_words() -> None:
    microsoft = by_code(arrived(MICROSOFT, "junk", "Courrier indésirable"))["arrival.junk"]
    assert "calls it spam; spam level 5 of 9" in microsoft.summary
    assert "no SPF, DKIM or DMARC proves the sender" in microsoft.summary
    assert microsoft.evidence["compauth"] == "fail 001"
    exim = by_code(arrived(EXIM, "junk", "Junk"))["arrival.junk"]
    assert "7.1 points (junk from 5 on) for BAYES_99, URI_PHISH" in exim.summary
    assert by_code(arrived(QMAIL, "junk", "Junk"))["arrival.junk"].summary.endswith("The receiver does not say why.")


def test_a_failed_proof_is_an_error_only_where_the_domain_asks_to_refuse() -> None:
    found = by_code(arrived(MICROSOFT))
    assert found["arrival.dmarc-fail"].severity == "error"
    assert found["arrival.spf-fail"].severity == "warning"
    assert "192.0.2.25" in found["arrival.spf-fail"].summary
    weak = by_code(arrived(MICROSOFT.replace(b"action=quarantine", b"action=none")))
    assert weak["arrival.dmarc-fail"].severity == "warning"


@pytest.mark.parametrize("result", ["softfail", "fail"])
def test_a_failure_of_spf_reads_well_where_the_server_that_sent_is_not_known(result: str) -> None:
    mail = arrived(QMAIL)
    failed = Check(result=result, domain="builder.test", because="not listed")  # type: ignore[arg-type]  # one of them
    here = Verified(spf=failed, dkim=(), dmarc=Check(result="none", domain="builder.test"))
    copies = (replace(mail.copies[0], verified=here, hops=(), testimony=()),)
    finding = by_code(replace(mail, copies=copies))["arrival.spf-fail"]
    assert "not known" not in finding.summary
    assert "the server that handed the mail over" in finding.summary
    assert "Received" in finding.fix[-1].action


def test_what_was_checked_here_counts_where_the_receiver_is_silent() -> None:
    silent = arrived(QMAIL)
    here = Verified(
        spf=Check(result="fail", domain="builder.test", because="not authorized"),
        dkim=(Signature(result="permerror", domain="builder.test", selector="k1", because="the name service has no such key"),),
        dmarc=Check(result="fail", domain="builder.test", policy="none"),
    )
    found = by_code(replace(silent, copies=(replace(silent.copies[0], verified=here),)))
    assert {"arrival.spf-fail", "arrival.dkim-fail", "arrival.dmarc-fail"} <= set(found)
    assert "as checked here" in found["arrival.spf-fail"].summary
    assert "k1._domainkey.builder.test" in found["arrival.dkim-fail"].fix[0].action
    good = arrived(GMAIL)
    assert "arrival.spf-fail" not in by_code(replace(good, copies=(replace(good.copies[0], verified=here),)))


def test_a_mail_that_nothing_proves_is_told_so() -> None:
    nothing = Verified(spf=Check(result="none"), dkim=(), dmarc=Check(result="none", domain="builder.test"))
    silent = arrived(QMAIL)
    assert "arrival.unauthenticated" in by_code(replace(silent, copies=(replace(silent.copies[0], verified=nothing),)))
    assert "arrival.unauthenticated" not in by_code(silent)  # nobody has looked


def test_the_server_that_held_the_mail_is_named() -> None:
    slow = GMAIL.replace(b"04:00:09", b"04:31:09", 1)
    finding = by_code(arrived(slow, after=1900))["arrival.slow"]
    assert (finding.severity, finding.evidence["held_ms"]) == ("warning", 1_861_000)
    assert "mx.google.com held it for 31 minutes 1 second" in finding.summary


def test_greylisting_is_recognised_by_what_is_noted_and_by_its_look() -> None:
    noted = by_code(arrived(POSTFIX, after=312))["arrival.slow"]
    assert (noted.severity, noted.confidence) == ("info", "sure")
    assert "mx.hotel.test puts strangers off" in noted.summary
    alike = by_code(arrived(GMAIL.replace(b"04:00:0", b"04:05:1"), after=310))["arrival.slow"]
    assert alike.confidence == "likely"
    assert "looks like greylisting" in alike.summary


def test_two_copies_are_told_apart_by_where_their_ways_part() -> None:
    once = arrived(GMAIL, number=2)
    assert "doubled behind 2002:a05:6a10:1234:b0:1" in by_code(once)["arrival.duplicate"].summary
    again = read_copy(GMAIL.replace(b"4ABC123", b"4ABC999"))
    assert "handed over more than once" in by_code(replace(once, copies=(once.copies[0], again)))["arrival.duplicate"].summary


def test_a_changed_from_is_told_with_the_field_to_change() -> None:
    rewritten = GMAIL.replace(b"From: =?", b"X-Google-Original-From: traces@hotel.test\nFrom: =?")
    finding = by_code(arrived(rewritten))["arrival.rewritten"]
    assert "from traces@hotel.test to frontdesk@builder.test" in finding.summary
    assert finding.fix[0].where == "erp.from_address"


ABSENT = Arrival(message_id="<q@builder.test>", recipient="guest@hotel.test", accepted=SENT, found="missing", looked=LOOKED)


def test_not_seen_is_no_proof_and_says_what_250_does_not_say() -> None:
    (finding,) = judge_arrival(ABSENT)
    assert (finding.code, finding.severity) == ("arrival.timeout", "warning")
    assert "takes charge" in (finding.detail or "") or "took charge" in (finding.detail or "")
    assert "not delivered" not in finding.summary


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"looked": replace(LOOKED, stopped=True)}, "somebody stopped"),
        ({"accepted": None}, "It is not known whether the server took"),
        ({"uncertain": True}, "It is not known whether the server took"),
        ({"looked": replace(LOOKED, problem="closed", problem_text="it ended")}, "as long as"),
    ],
)
def test_how_looking_ended_is_told(changes: dict[str, object], words: str) -> None:
    assert words in judge_arrival(replace(ABSENT, **changes))[0].summary  # type: ignore[arg-type]  # fields of the document


def test_a_mailbox_that_refused_the_log_in_puts_the_account_at_risk() -> None:
    shut = replace(ABSENT, found="not-looked", looked=replace(LOOKED, times=0, problem="login-refused", problem_text="NO"))
    (finding,) = judge_arrival(shut)
    assert (finding.code, finding.account_risk) == ("arrival.not-looked", True)


def test_a_bounce_is_told_in_the_words_of_the_explanation() -> None:
    reading = read_bounce(
        b"From: MAILER-DAEMON@mx.test\nSubject: Undelivered Mail\n\n<guest@hotel.test>: 552 5.2.2 mailbox full\n"
    )
    finding = judge_arrival(replace(ABSENT, found="returned", returned=(reading,)))[0]
    assert finding.code == "arrival.bounced"
    assert finding.evidence["reason"] == "mailboxfull"
    assert finding.fix


@pytest.mark.parametrize("code", arrival_codes())
def test_every_finding_has_words_that_can_be_filled_and_fields_that_exist(code: str) -> None:
    entry = knowledge().findings[code]
    for seen in (entry, *(entry.seen_as(variant) for variant in entry.variants)):
        fixes = (*seen.fix, *seen.maestro_erp, *seen.maestro_pms)
        assert {fix.where for fix in fixes if fix.where} <= screens().keys()
        assert seen.summary[-1] in ".}"
        assert seen.severity == "ok" or seen.fix or seen.severity == "info"


@pytest.mark.parametrize("name", ALL)
def test_the_document_says_the_same_read_back_and_fits_its_schema(name: str) -> None:
    arrival = arrived(ALL[name], "junk", "Junk")
    written = msgspec.json.encode(arrival)
    assert msgspec.json.decode(written, type=Arrival) == arrival
    jsonschema.validate(msgspec.json.decode(written), msgspec.json.schema(Arrival))
    assert written.startswith(b'{"schema":"mailkit.arrival/1"')


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [44, 80, 120])
def test_on_paper_every_line_has_room_and_the_verdict_comes_first(name: str, width: int) -> None:
    arrival = arrived(ALL[name], "junk", "Junk")
    findings = judge_arrival(arrival)
    told = render(arrival, findings, width=width)
    assert max(map(len, told.splitlines())) <= width
    assert told.startswith(("ERROR", "WARNING"))
    shown = page(arrival, findings)
    assert shown.index(findings[0].severity) < shown.index("The way it took")
