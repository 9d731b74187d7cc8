"""The rules are data: complete, consistent, and a person's own go first."""

from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import pytest

from mailkit.diagnosis import finding_codes
from mailkit.errors import InputError
from mailkit.explain import explain, load_rules, read_bounce
from mailkit.explain.phrase import GAP, Table, compiled
from mailkit.explain.rule import shipped
from mailkit.explain.vocabulary import causes, codes, reasons
from mailkit.site.screens import screens


def test_every_rule_means_a_cause_and_names_where_it_comes_from() -> None:
    for placed in shipped().rules:
        rule = placed.rule
        assert rule.means in causes(), rule.id
        assert rule.reason is None or rule.reason in reasons(), rule.id
        assert placed.sources, rule.id
        assert placed.date, rule.id
        assert rule.any or rule.status, rule.id
        assert {fix.where for fix in (*(rule.erp or ()), *(rule.pms or ())) if fix.where} <= screens().keys(), rule.id


def test_no_two_rules_have_one_name() -> None:
    names = [placed.rule.id for placed in shipped().rules]
    assert len(names) == len({*names})


@pytest.mark.parametrize("name", causes())
def test_every_cause_has_words_a_reason_and_fields_that_exist(name: str) -> None:
    cause = causes()[name]
    assert cause.reason in reasons()
    assert {fix.where for fix in (*cause.erp, *cause.pms) if fix.where} <= screens().keys()
    for text in (cause.summary, *(fix.action for fix in (*cause.fix, *cause.erp, *cause.pms))):
        assert text[0] in string.ascii_uppercase or text.startswith(("maestro*", "465"))
        assert text.endswith(".")


@pytest.mark.parametrize("name", reasons())
def test_every_reason_has_a_cause_that_leads_back_to_its_family(name: str) -> None:
    reason = reasons()[name]
    assert reasons()[causes()[reason.cause].reason].family == reason.family


def test_causes_lead_to_findings_of_the_probe() -> None:
    known = {*finding_codes(), "*.rejected", "*.temporary-failure", "arrival.timeout", "arrival.slow", "arrival.junk"}
    assert {cause.finding for cause in causes().values()} <= known


def test_the_code_tables_lead_to_causes() -> None:
    assert {*codes().status.values(), *codes().reply.values()} <= causes().keys()


RULES = """
[[reply]]
id = "gate"
any = ["sorry, the gate is shut"]
means = "policy"
because = "The gate keeper is on holiday."
fix = "Ring the bell."
source = "a note on the door"
date = 2026-06-01
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "explain.toml"
    file.write_text(RULES, encoding="utf-8")
    return file


def test_a_person_s_own_rule_goes_before_the_shipped_ones_and_says_that_it_matched(own: Path) -> None:
    text = "550 5.1.1 user unknown: sorry, the gate is shut"
    told = explain(text, rules=load_rules(own))
    assert explain(text).cause == "recipient_unknown"
    assert (told.cause, told.summary, told.fix[0].action) == ("policy", "The gate keeper is on holiday.", "Ring the bell.")
    assert told.matched is not None
    assert (told.matched.rule, told.matched.layer, told.matched.words) == ("gate", "own", "sorry, the gate is shut")
    assert (told.matched.sources, told.matched.date) == (("a note on the door",), "2026-06-01")


def test_own_rules_count_for_bounces_too(own: Path) -> None:
    mail = b"From: MAILER-DAEMON@a.test\nSubject: Undelivered\n\n<guest@b.test>: 550 sorry, the gate is shut\n"
    assert [fact.cause for fact in read_bounce(mail, rules=load_rules(own)).facts] == ["policy"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('means = "polcy"', "polcy"),
        ('means = "policy"\nreason = "no"', "no reason"),
        ('means = "policy"\nany = []', "nothing to look for"),
        ('means = "policy"\ncolour = "red"', "colour"),
        ('means = "policy"\nerp = [{ where = "erp.prot", action = "Set 587." }]', "erp.prot"),
        ('means = "policy"\nany = ["{nolist} x"]', "nolist"),
        ("means = ", "explain.toml"),
    ],
)
def test_a_mistake_in_own_rules_is_told_in_one_line(tmp_path: Path, wrong: str, said: str) -> None:
    file = tmp_path / "explain.toml"
    base = "" if "any" in wrong else 'any = ["x"]\n'
    file.write_text(f'[[reply]]\nid = "mine"\n{base}{wrong}\n', encoding="utf-8")
    with pytest.raises(InputError, match=said) as told:
        load_rules(file)
    assert "\n" not in str(told.value)


def found(pattern: str, text: str) -> bool:
    return bool(Table([compiled(pattern, {"box": ("mailbox", "user"), "full": ("full", "over quota")})]).find(text))


def test_a_pattern_is_words_in_order_with_bounded_gaps() -> None:
    assert found("{box} .. {full}", "the mailbox of the guest is full")
    assert found("no {box}", "there is no  'user' here")
    assert not found("{box} .. {full}", "full is the mailbox")
    assert not found("{box} .. {full}", "mailbox " + "x" * (GAP + 2) + " full")
    assert not found("no {box}", "no such long way to a user")


def test_a_word_begins_where_a_word_begins() -> None:
    assert found("block", "it was blocked")
    assert not found("able", "unable")


def test_importing_the_room_reads_no_file_and_opens_no_socket() -> None:
    probe = (
        "import sys, mailkit.explain; from mailkit.explain import rule;"
        "assert not rule.shipped.cache_info().currsize;"
        "assert not {'ssl', 'asyncio', 'OpenSSL', 'dns'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)
