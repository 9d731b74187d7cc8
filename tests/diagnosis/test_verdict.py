"""The verdict: one cause first, what follows from it, who must act; the same on a saved document."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from mailkit.diagnosis import diagnose, diagnosed
from mailkit.finding import PRODUCTS
from mailkit.observation import ProbeDocument

from .seen import (
    ADDRESS,
    AUTH,
    HOST,
    INTERMEDIATE,
    KEYWORDS,
    NOW,
    SECOND,
    auth,
    certificate,
    document,
    ehlo,
    end,
    endpoint,
    endpoint_of,
    finding,
    good,
    greeting,
    judge,
    judged,
    no_log_in,
    recipient,
    reply,
    sender,
    session,
    starttls,
    tcp,
    tls,
    troubles,
)

EXPIRED = tls(session(10, chain=(certificate(not_after=NOW - timedelta(days=3)), INTERMEDIATE)))


def test_the_earliest_broken_step_is_the_cause() -> None:
    stages = good(EXPIRED, auth("535 5.7.8 authentication failed"), sender("550 5.7.1 no"))
    assert list(troubles(judge(*stages, wanted=("auth", "sender")))) == [
        "tls.certificate-expired",
        "auth.rejected",
        "sender.rejected",
    ]


def test_errors_come_before_warnings_and_these_before_hints_and_good_news() -> None:
    stages = good(greeting(duration_ms=9000), auth("535 5.7.8 authentication failed"), ehlo(*KEYWORDS, AUTH, "STARTTLS"))
    ranks = [["error", "warning", "info", "ok"].index(one.severity) for one in judge(*stages, wanted=("auth",)).findings]
    assert ranks == sorted(ranks)


def test_a_warning_that_explains_an_error_comes_before_it() -> None:
    plain = ehlo(line="250 mail.example.org", verb="HELO", refused=reply("502 5.5.1 no"))
    refused = starttls("502 5.5.1 no", offered=False)
    diagnosis = judge(
        tcp(), greeting(), plain, refused, no_log_in("not-offered", encrypted=False), end(), security="none", wanted=("auth",)
    )
    assert list(troubles(diagnosis)) == ["ehlo.refused", "tls.not-offered", "auth.not-offered"]
    assert diagnosis.verdict == "error"
    assert diagnosis.headline.startswith("Broken at the introduction")
    assert finding(diagnosis, "tls.not-offered").evidence["follows_from"] == "ehlo.refused"


def test_the_headline_says_what_broke_who_must_act_and_what_to_change() -> None:
    diagnosis = judge(*good(EXPIRED))
    assert diagnosis.headline == (
        f"Broken at the encryption: The certificate of {HOST} ended on 2026-11-18. "
        "To be done by the provider or whoever runs the server: "
        "Install the renewed certificate and restart the mail service; then see why the renewal did not work by itself."
    )


def test_nothing_wrong_is_said_with_what_was_found_good() -> None:
    diagnosis = judge(*good(auth(), sender(), recipient()), wanted=("auth", "sender", "recipient"))
    assert diagnosis.headline == (
        f"Nothing wrong: {HOST} answers on port 587, encrypts with TLSv1.3, shows a certificate good for another 60 days, "
        "accepts the log-in, takes the sender, takes the recipient."
    )


def test_a_warning_alone_lets_the_mail_through() -> None:
    diagnosis = judge(*good(greeting(duration_ms=9000)))
    assert diagnosis.verdict == "warning"
    assert diagnosis.headline.startswith("It works, with a reservation about the greeting")


def test_hints_do_not_change_the_verdict() -> None:
    diagnosis = judge(*good(ehlo(*KEYWORDS, encrypted=True)))
    assert [one.code for one in diagnosis.findings if one.severity == "info"] == ["auth.not-offered"]
    assert diagnosis.verdict == "ok"


def test_the_exchanger_senders_try_first_gives_the_headline() -> None:
    second = endpoint(tcp("refused"), host="mx2.example.org", port=25, preference=20, security=None)
    first = endpoint(*good(EXPIRED), host="mx1.example.org", port=25, preference=10)
    diagnosis = judged(document(second, first, kind="mx", target="mx:example.org"))
    assert list(troubles(diagnosis)) == ["tls.certificate-expired", "tcp.refused"]


def test_what_is_true_of_one_address_only_names_it() -> None:
    second = [tcp(address=SECOND), greeting("554 5.7.1 no")]
    diagnosis = judged(document(endpoint_of({ADDRESS: good(), SECOND: second})))
    assert finding(diagnosis, "greeting.rejected").subject == f"{HOST}:587 [{SECOND}]"
    assert diagnosis.not_tested == (), "the leading address got through"


def test_what_is_true_of_all_addresses_is_said_once() -> None:
    diagnosis = judged(document(endpoint_of({ADDRESS: good(EXPIRED), SECOND: [tcp(address=SECOND), *good(EXPIRED)[1:]]})))
    found = finding(diagnosis, "tls.certificate-expired")
    assert found.subject == f"{HOST}:587"
    assert found.evidence["addresses"] == [ADDRESS, SECOND]


def test_an_ipv6_address_as_host_is_written_with_brackets() -> None:
    server = endpoint(tcp("refused", SECOND), host=SECOND, address=SECOND, security=None)
    assert finding(judged(document(server)), "tcp.refused").subject == f"[{SECOND}]:587"


def test_a_document_is_filled_in_and_doing_it_twice_changes_nothing() -> None:
    seen = document(endpoint(tcp("timeout"), security=None), wanted=("auth",))
    once = diagnosed(seen)
    assert (once.verdict, once.findings[0].code) == ("error", "tcp.timeout")
    assert [gap.stage for gap in once.not_tested] == ["greeting", "ehlo", "tls", "auth"]
    assert once.endpoints[0].not_tested == once.not_tested
    assert diagnosed(once) == once
    assert seen.verdict is None


def test_a_saved_document_is_judged_like_a_live_one() -> None:
    seen = document(endpoint(*good(EXPIRED, auth("535 5.7.8 authentication failed"))), wanted=("auth",))
    again = msgspec.json.decode(msgspec.json.encode(diagnosed(seen)), type=ProbeDocument)
    assert diagnosed(again) == diagnosed(seen)


def test_the_clock_of_this_machine_plays_no_part() -> None:
    long_ago = timedelta(days=3650)
    then = [
        msgspec.structs.replace(stage, started=stage.started - long_ago)
        for stage in good(
            tls(
                session(
                    chain=(
                        certificate(not_before=NOW - long_ago * 2, not_after=NOW - long_ago + timedelta(days=90)),
                        INTERMEDIATE,
                    )
                )
            )
        )
    ]
    assert judge(*then).verdict == "ok"


def test_an_empty_document_is_judged_to_be_nothing() -> None:
    diagnosis = diagnose(document())
    assert (diagnosis.verdict, diagnosis.findings, diagnosis.not_tested) == ("warning", (), ())
    assert "Nothing was seen" in diagnosis.headline


@pytest.mark.parametrize("product", [*PRODUCTS, None])
def test_fields_of_one_product_are_never_mixed_with_the_other(product: str | None) -> None:
    stages = good(EXPIRED, auth("535 5.7.8 authentication failed"), sender("550 5.7.60 no permissions to send as this sender"))
    diagnosis = judge(*stages, wanted=("auth", "sender"), product=product)  # type: ignore[arg-type]
    prefixes = {fix.where.partition(".")[0] for one in diagnosis.findings for fix in one.fix if fix.where}
    assert prefixes == {"maestro-erp": {"erp"}, "maestro-pms": {"pms"}, None: set()}[product]
