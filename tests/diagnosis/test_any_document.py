"""Whatever was seen, in whatever order: a diagnosis comes of it, complete and in whole sentences."""

from __future__ import annotations

from typing import get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some

from mailkit.diagnosis import compare, diagnosed
from mailkit.observation import Asked, DnsStatus, Observation, ProbeDocument, Problem, Security

from .seen import (
    AUTH,
    HOST,
    KEYWORDS,
    auth,
    certificate,
    document,
    ehlo,
    end,
    endpoint,
    greeting,
    injection,
    judged,
    look_up,
    mail_in_clear,
    mx,
    no_log_in,
    recipient,
    sender,
    session,
    starttls,
    tcp,
    tls,
    tlsa,
)

PROBLEMS: list[Problem] = [*get_args(Problem)]
CODES = [
    "220 hello",
    "250 fine",
    "354 go on",
    "421 4.7.0 too many connections",
    "451 later",
    "530 5.7.0 first",
    "550 5.1.1 no",
    "554 no",
]

POOL: list[Observation] = [
    *(tcp(problem) for problem in (None, *PROBLEMS)),
    *(greeting(line, encrypted=inside) for line in CODES for inside in (False, True)),
    *(greeting(None, problem, speaks_tls=speaks) for problem in PROBLEMS for speaks in (None, True, False)),
    *(greeting(None, "malformed", raw="x", service=service) for service in ("http", "tls", "unheard-of")),
    *(ehlo(*KEYWORDS, AUTH, line=line, encrypted=inside) for line in CODES for inside in (False, True)),
    *(
        ehlo(line=None, problem=problem, encrypted=inside, lines_received=n)
        for problem in PROBLEMS
        for inside in (False, True)
        for n in (0, 9)
    ),
    *(starttls(line, offered=offered, masked=mask) for line in CODES for offered in (False, True) for mask in (None, "XXXA")),
    *(starttls(None, problem) for problem in PROBLEMS),
    *(
        tls(problem=problem, mode=mode, received=bytes_)
        for problem in PROBLEMS
        for mode in ("starttls", "implicit")
        for bytes_ in (None, "220 x")
    ),
    *(tls(session(*objections)) for objections in ((), (10,), (18,), (19,), (20, 21), (28,), (66,))),
    tls(session(chain=(certificate(names=(), issuer="", issuer_urls=()),), verified=None, trust=None, name_matches=None)),
    *(mail_in_clear(line) for line in CODES),
    *(injection(executed=executed) for executed in (True, False, None)),
    *(auth(line) for line in CODES),
    *(auth(None, problem) for problem in PROBLEMS),
    *(
        no_log_in(why, offered=("NTLM",))
        for why in ("not-offered", "mechanism-not-offered", "unencrypted", "unverified", "already-rejected")
    ),
    *(sender(line) for line in CODES),
    *(sender(None, problem) for problem in (None, *PROBLEMS)),
    *(recipient(line, authenticated=known) for line in CODES for known in (False, True)),
    *(recipient(None, problem) for problem in PROBLEMS),
    *(end(None, problem) for problem in PROBLEMS),
    *(look_up("reverse", "198.51.100.7", status) for status in get_args(DnsStatus)),
]

documents = some.builds(
    lambda stages, asked, security, port, kind, status, wanted, stopped: document(
        endpoint(
            *stages,
            asked=asked,
            security=security,
            port=port,
            preference=10 if kind == "mx" else None,
            names=(look_up(status=status), tlsa()),
        ),
        kind=kind,
        target=f"mx:{HOST}" if kind == "mx" else HOST,
        stages=(mx(HOST),) if kind == "mx" else (),
        wanted=wanted,
        stopped=stopped,
    ),
    some.lists(some.sampled_from(POOL), max_size=9),
    some.sampled_from(get_args(Asked)),
    some.sampled_from([*get_args(Security), None]),
    some.sampled_from([25, 465, 587, 2525, 49152]),
    some.sampled_from(["endpoint", "host", "mx"]),
    some.sampled_from(get_args(DnsStatus)),
    some.sampled_from([(), ("auth",), ("sender", "recipient"), ("auth", "sender", "recipient")]),
    some.sampled_from([None, None, "user", "deadline"]),
)


@settings(max_examples=300, deadline=None)
@given(documents)
def test_a_diagnosis_is_always_complete(seen: ProbeDocument) -> None:
    diagnosis = judged(seen)
    assert diagnosis.headline
    assert {gap.because for gap in diagnosis.not_tested} <= {one.code for one in diagnosis.findings}
    worst = {one.severity for one in diagnosis.findings}
    assert diagnosis.verdict == ("error" if "error" in worst else "warning" if "warning" in worst else "ok")
    if diagnosis.verdict != "ok":
        assert diagnosis.findings[0].severity in ("error", "warning")


@settings(max_examples=100, deadline=None)
@given(documents)
def test_it_can_be_saved_read_back_and_done_again(seen: ProbeDocument) -> None:
    once = diagnosed(seen)
    again = msgspec.json.decode(msgspec.json.encode(once), type=ProbeDocument)
    assert diagnosed(again) == again == once


@settings(max_examples=100, deadline=None)
@given(documents, documents)
def test_any_two_can_be_compared(one: ProbeDocument, other: ProbeDocument) -> None:
    comparison = compare(one, other)
    assert comparison.headline
    assert all("{" not in difference.sentence for difference in comparison.differences)
    assert compare(one, one).differences == ()
