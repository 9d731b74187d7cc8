"""What the greeting, the introduction and the way a conversation ends mean."""

from __future__ import annotations

import pytest

from mailkit.observation import Observation, Problem

from .seen import (
    HOST,
    document,
    ehlo,
    end,
    endpoint,
    finding,
    good,
    greeting,
    judge,
    judged,
    recipient,
    reply,
    sender,
    tcp,
    troubles,
)

TROUBLES: list[tuple[Problem, str]] = [
    ("timeout", "session.timeout"),
    ("closed", "session.dropped"),
    ("reset", "session.dropped"),
    ("malformed", "session.protocol-error"),
    ("too-long", "session.protocol-error"),
]


def test_a_good_conversation_is_said_to_be_good_step_by_step() -> None:
    diagnosis = judge(*good())
    assert (diagnosis.verdict, troubles(diagnosis), diagnosis.not_tested) == ("ok", {}, ())
    assert {"tcp", "greeting", "ehlo", "tls", "auth", "session"} == {
        one.stage for one in diagnosis.findings if one.severity == "ok"
    }


# ── greeting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_says_nothing_has_not_refused() -> None:
    diagnosis = judge(tcp(), greeting(None, "timeout", speaks_tls=False, duration_ms=15000), security=None)
    assert troubles(diagnosis) == {"greeting.timeout": "error"}
    assert finding(diagnosis, "greeting.timeout").temporary is None
    assert {(gap.stage, gap.because) for gap in diagnosis.not_tested} == {
        ("ehlo", "greeting.timeout"),
        ("tls", "greeting.timeout"),
    }


def test_a_greeting_later_than_five_seconds_is_slow() -> None:
    assert troubles(judge(*good(greeting(duration_ms=5001)))) == {"greeting.slow": "warning"}
    assert not troubles(judge(*good(greeting(duration_ms=4999))))


def test_a_greeting_that_refuses_for_good_is_an_error() -> None:
    diagnosis = judge(
        tcp(), greeting("554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using bl.example.net"), security="none"
    )
    assert troubles(diagnosis) == {"greeting.rejected": "error"}
    found = finding(diagnosis, "greeting.rejected")
    assert found.evidence["reply_code"] == 554
    assert "blocklist" in str(found.detail)


def test_a_greeting_that_refuses_for_now_is_a_warning() -> None:
    diagnosis = judge(tcp(), greeting("421 4.3.2 Service shutting down"), security="none")
    assert troubles(diagnosis) == {"greeting.rejected": "warning"}
    assert finding(diagnosis, "greeting.rejected").temporary is True
    assert diagnosis.headline.startswith("Put off")


def test_too_many_connections_are_said_beside_the_refused_greeting() -> None:
    diagnosis = judge(tcp(), greeting("421 4.7.0 Too many connections from your address"), security="none")
    assert list(troubles(diagnosis)) == ["greeting.rejected", "session.too-many-connections"]


@pytest.mark.parametrize(
    ("service", "words"),
    [("http", "web server"), ("ssh", "SSH server"), ("imap", "IMAP server"), ("pop3", "POP3 server"), ("gopher", "gopher")],
)
def test_another_kind_of_server_is_named(service: str, words: str) -> None:
    diagnosis = judge(tcp(), greeting(None, "malformed", service=service, raw="hello"), security=None)
    assert troubles(diagnosis) == {"greeting.not-smtp": "error"}
    assert words in finding(diagnosis, "greeting.not-smtp").summary


def test_what_another_kind_of_server_answers_later_means_nothing() -> None:
    diagnosis = judge(tcp(), greeting("220 FTP server ready", service="ftp"), ehlo(line="530 Please log in"), security="none")
    assert troubles(diagnosis) == {"greeting.not-smtp": "error"}


@pytest.mark.parametrize("problem", ["malformed", "too-long"])
def test_a_greeting_that_is_no_reply_is_malformed(problem: Problem) -> None:
    assert troubles(judge(tcp(), greeting(None, problem, raw="hello there"), security=None)) == {"greeting.malformed": "error"}


@pytest.mark.parametrize("line", ["250 ready", "354 go ahead", "221 bye"])
def test_a_greeting_with_a_code_that_greets_nobody_is_malformed(line: str) -> None:
    first = greeting(line)
    assert troubles(judge(tcp(), first, security="none")) == {"greeting.malformed": "error"}


def test_a_greeting_that_is_cut_off_is_a_dropped_session() -> None:
    diagnosis = judge(tcp(), greeting(None, "closed"), security=None)
    assert troubles(diagnosis) == {"session.dropped": "error"}
    assert finding(diagnosis, "session.dropped").evidence["at"] == "greeting"


# ── EHLO ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_knows_only_helo_is_a_warning_and_explains_what_is_missing() -> None:
    plain = ehlo(line="250 mail.example.org", verb="HELO", refused=reply("502 5.5.1 Command not implemented"))
    from_here = [tcp(), greeting(), plain, end()]
    assert troubles(judge(*from_here, security="none", asked="none")) == {"ehlo.refused": "warning"}


@pytest.mark.parametrize("line", ["550 5.7.1 go away", "554 5.7.1 Access denied", "501 5.5.4 Invalid domain name"])
def test_a_refused_introduction_is_an_error(line: str) -> None:
    diagnosis = judge(tcp(), greeting(), ehlo(line=line, verb="HELO", refused=reply(line)), security="none")
    assert troubles(diagnosis) == {"ehlo.refused": "error"}
    assert finding(diagnosis, "ehlo.refused").evidence["ehlo_name"] == "client.example.net"


def test_an_introduction_put_off_is_a_warning() -> None:
    diagnosis = judge(tcp(), greeting(), ehlo(line="421 4.3.2 closing"), security="none")
    assert troubles(diagnosis) == {"ehlo.refused": "warning"}


def test_too_many_connections_at_ehlo_are_named() -> None:
    diagnosis = judge(tcp(), greeting(), ehlo(line="421 4.7.0 Error: too many connections"), security="none")
    assert troubles(diagnosis) == {"session.too-many-connections": "warning"}
    assert [gap.because for gap in diagnosis.not_tested] == ["session.too-many-connections"]


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (ehlo(line=None, problem="malformed", problem_text="what?"), "what?"),
        (ehlo(line=None, problem="too-long", lines_received=200), "200 lines"),
        (ehlo(line=None, problem="timeout", lines_received=40), "40 lines"),
        (ehlo(line="220 hello again"), "220 hello again"),
    ],
)
def test_an_answer_to_ehlo_that_is_none_is_malformed(stage: Observation, words: str) -> None:
    diagnosis = judge(tcp(), greeting(), stage, security="none")
    assert troubles(diagnosis) == {"ehlo.malformed": "error"}
    assert words in str(finding(diagnosis, "ehlo.malformed").detail)


def test_silence_after_ehlo_is_silence() -> None:
    diagnosis = judge(tcp(), greeting(), ehlo(line=None, problem="timeout", lines_received=0), security="none")
    assert troubles(diagnosis) == {"session.timeout": "error"}


# ── any step ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("problem", "code"), TROUBLES)
@pytest.mark.parametrize(("stage", "word"), [("sender", "MAIL FROM"), ("recipient", "RCPT TO")])
def test_a_step_without_answer_is_named_for_what_happened(problem: Problem, code: str, stage: str, word: str) -> None:
    broken: Observation = sender(None, problem) if stage == "sender" else recipient(None, problem)
    before = () if stage == "sender" else (sender(),)
    diagnosis = judge(*good(*before, broken), wanted=("sender", "recipient"))
    assert troubles(diagnosis) == {code: "error"}
    found = finding(diagnosis, code)
    assert word in found.summary
    assert found.evidence["at"] == stage
    assert found.temporary is None


def test_lines_nobody_asked_for_are_a_warning() -> None:
    diagnosis = judge(*good(greeting(unasked=("250 surprise",))))
    assert troubles(diagnosis) == {"session.protocol-error": "warning"}
    assert finding(diagnosis, "session.protocol-error").evidence["unasked"] == ["250 surprise"]


def test_a_goodbye_without_answer_is_nothing_to_worry_about() -> None:
    assert judge(*good(end(None, "closed"))).verdict == "ok"


@pytest.mark.parametrize("stopped", ["user", "deadline"])
def test_a_test_that_was_stopped_says_so(stopped: str) -> None:
    diagnosis = judged(document(endpoint(*good(until="greeting")), stopped=stopped, wanted=("auth",)))
    assert troubles(diagnosis) == {"session.incomplete": "warning"}
    assert {gap.because for gap in diagnosis.not_tested} == {"session.incomplete"}
    assert {gap.stage for gap in diagnosis.not_tested} == {"ehlo", "tls", "auth"}


def test_a_step_that_was_not_reached_for_no_visible_reason_is_owned_up_to() -> None:
    diagnosis = judge(*good(until="tls"), wanted=("auth",))
    assert finding(diagnosis, "session.incomplete").severity == "info"
    assert [(gap.stage, gap.because) for gap in diagnosis.not_tested] == [("auth", "session.incomplete")]


def test_hostile_text_does_not_break_a_sentence() -> None:
    nasty = "{host} {0} {evidence[0]} <script> %s %(x)s \\x1b[31m"
    diagnosis = judge(tcp(), greeting(f"554 {nasty}"), security="none")
    assert finding(diagnosis, "greeting.rejected").evidence["reply"] == nasty


def test_a_long_reply_is_cut_in_evidence_and_in_sentences() -> None:
    diagnosis = judge(tcp(), greeting("550 " + "x" * 5000), security="none")
    found = finding(diagnosis, "greeting.rejected")
    assert len(found.evidence["reply"]) <= 500
    assert len(found.summary) < 300


def test_both_ehlos_of_one_conversation_are_kept_apart() -> None:
    said = [one.evidence["encrypted"] for one in judge(*good()).findings if one.code == "ehlo.ok"]
    assert said == [False, True]


def test_an_implicit_conversation_is_judged_like_any_other() -> None:
    diagnosis = judge(*good(mode="implicit"), port=465, security="implicit")
    assert diagnosis.verdict == "ok"
    assert HOST in diagnosis.headline


def test_what_is_offered_before_and_inside_tls_is_compared() -> None:
    clear = ehlo("SIZE 1000", "STARTTLS")
    more = judge(*good(clear, ehlo("SIZE 1000", "AUTH PLAIN", encrypted=True)))
    found = finding(more, "ehlo.differs-inside-tls")
    assert (found.severity, found.evidence["only_inside_tls"]) == ("ok", ["AUTH PLAIN"])
    less = judge(*good(clear, ehlo("AUTH PLAIN", encrypted=True)))
    found = finding(less, "ehlo.differs-inside-tls")
    assert (found.severity, found.evidence["only_before_tls"]) == ("info", ["SIZE 1000"])
