"""The mode recommended for a site: what decides, what is said beside it, and what an unanswered question leaves open."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS, Product
from mailkit.site.erp import ErpSite, Mode
from mailkit.site.recommend import NOT_KNOWN, questions, recommend
from mailkit.site.screens import screens

OLD, NEW = {"version": "old"}, {"version": "new"}
DESK, TERMINAL, CLOUD = ({"deployment": name} for name in ("on-premises", "terminal-server", "cloud"))
MICROSOFT, ELSEWHERE = {"mailboxes": "microsoft-365"}, {"mailboxes": "other"}
METHODS = ("none", "PLAIN", "LOGIN", "CRAM-MD5", "NTLM")
NO_LOG_IN = {"smtp_auth": "no"}


@pytest.mark.parametrize(
    ("answers", "mode"),
    [
        (OLD | CLOUD, "smtp"),
        (OLD | CLOUD | MICROSOFT, "smtp"),
        (OLD | TERMINAL, "smtp"),
        (OLD | DESK | {"outlook": "classic"}, "outlook"),
        (OLD | DESK | {"outlook": "mixed"}, "outlook"),
        (OLD | DESK | {"outlook": "new", "smtp_auth": "yes"}, "smtp"),
        (OLD | DESK | {"outlook": "none", "client": "mapi"} | NO_LOG_IN, "other"),
        (OLD | DESK | {"outlook": "none", "client": "lotus-notes"} | NO_LOG_IN, "lotus-notes"),
        (OLD | DESK | {"outlook": "none", "client": "lotus-notes", "smtp_auth": "yes"}, "smtp"),
        (OLD | DESK | {"outlook": "new", "client": "none"} | NO_LOG_IN, None),
        (NEW | MICROSOFT, "modern-auth"),
        (NEW | MICROSOFT | CLOUD, "modern-auth"),
        (NEW | MICROSOFT | TERMINAL | {"mfa": "yes"}, "modern-auth"),
        (NEW | {"mailboxes": "both"}, "modern-auth"),
        (NEW | ELSEWHERE | CLOUD, "smtp"),
        (NEW | ELSEWHERE | TERMINAL, "smtp"),
        (NEW | ELSEWHERE | DESK | {"outlook": "classic"}, "outlook"),
        (NEW | ELSEWHERE | DESK | {"outlook": "mixed", "smtp_auth": "yes"}, "smtp"),
        (NEW | ELSEWHERE | DESK | {"outlook": "mixed"} | NO_LOG_IN, "outlook"),
        (NEW | ELSEWHERE | DESK | {"outlook": "new", "client": "mapi"} | NO_LOG_IN, "other"),
        (NEW | ELSEWHERE | DESK | {"outlook": "new", "client": "lotus-notes"} | NO_LOG_IN, None),
    ],
)
def test_the_answers_decide_the_mode(answers: dict[str, str], mode: str | None) -> None:
    found = recommend(answers)
    assert (found.mode, found.decided, found.open) == (mode, True, ())
    assert found.reasons
    assert found.sources


@pytest.mark.parametrize(
    ("answers", "method"),
    [
        ({"server": "relay"}, "none"),
        ({"server": "in-house", "log_in": "no"}, "none"),
        ({"server": "in-house", "log_in": "yes", "offers": "ntlm"}, "NTLM"),
        ({"server": "in-house", "log_in": "yes", "offers": "plain"}, "LOGIN"),
        ({"server": "in-house", "log_in": "yes", "offers": "cram-md5"}, "CRAM-MD5"),
        ({"server": "microsoft-365"}, "LOGIN"),
        ({"server": "hosted"}, "LOGIN"),
    ],
)
def test_the_kind_of_server_decides_the_method_of_maestro_pms(answers: dict[str, str], method: str) -> None:
    found = recommend(answers)
    assert (found.product, found.mode, found.decided) == ("maestro-pms", method, True)
    assert found.means
    assert found.needs[-1].where == "pms.email_traces"


def test_a_pms_too_old_for_trace_mail_is_told_so() -> None:
    found = recommend({"version": "older", "server": "hosted"})
    assert (found.mode, found.decided) == (None, True)
    assert "5.1" in found.reasons[0]


def test_nothing_answered_recommends_nothing_and_says_what_it_depends_on() -> None:
    found = recommend({})
    assert (found.mode, found.decided, found.needs) == (None, False, ())
    assert found.open[:3] == ("version", "deployment", "mailboxes")
    assert {one.mode for one in found.alternatives} == {*get_args(Mode), None}
    assert all(one.when for one in found.alternatives)


def test_not_known_is_as_good_as_no_answer() -> None:
    everything = {one.id: NOT_KNOWN for one in questions("maestro-erp")}
    assert recommend(everything) == recommend({})


def test_an_answer_that_changes_nothing_is_not_asked_for() -> None:
    found = recommend(NEW | ELSEWHERE | {"outlook": "none", "smtp_auth": "yes"})
    assert (found.mode, found.open) == ("smtp", ())
    assert found.reasons


def test_password_log_in_at_microsoft_is_said_to_end() -> None:
    assert any("December 2026" in warning for warning in recommend(OLD | CLOUD | MICROSOFT).warnings)
    assert any("December 2026" in reason for reason in recommend(NEW | MICROSOFT).reasons)
    assert any("December 2026" in warning for warning in recommend({"server": "microsoft-365"}).warnings)
    assert not any("December 2026" in warning for warning in recommend(OLD | CLOUD | ELSEWHERE).warnings)


@pytest.mark.parametrize("used", ["mobile", "bulk"])
@pytest.mark.parametrize("answers", [OLD | DESK | {"outlook": "classic"}, NEW | MICROSOFT])
def test_mobile_and_bulk_mail_need_the_general_account_whatever_the_mode(used: str, answers: dict[str, str]) -> None:
    without, found = recommend(answers | {used: "no"}), recommend(answers | {used: "yes"})
    assert any("General Settings" in warning for warning in found.warnings)
    assert not any("General Settings" in warning for warning in without.warnings)
    assert {fix.where for fix in found.needs} > {fix.where for fix in without.needs}


def test_a_password_is_typed_by_its_owner() -> None:
    needs = {fix.where: fix.who for fix in recommend(OLD | CLOUD).needs}
    assert needs["erp.password"] == "user"
    assert needs["erp.user_code"] == "site-admin"


def test_the_mode_is_called_what_the_screens_call_it() -> None:
    assert recommend(OLD | TERMINAL).name == "SMTP"
    assert recommend(NEW | ELSEWHERE | TERMINAL).name == "SMTP - Other"
    assert recommend(ELSEWHERE | TERMINAL | {"smtp_auth": "yes"}).name == "SMTP / SMTP - Other"


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_question_can_be_read_and_answered_with_not_known(product: Product) -> None:
    for one in questions(product):
        assert one.ask.endswith("?")
        assert one.help
        assert list(one.answers)[-1] == NOT_KNOWN
        assert len(one.answers) > 2


def test_questions_that_stand_in_the_site_file_name_its_field() -> None:
    keys = {one.key for one in questions("maestro-erp") if one.key}
    assert keys == {"version", "deployment"}
    assert keys <= set(ErpSite.__struct_fields__)


def test_a_question_that_makes_no_sense_is_not_asked_and_its_answer_does_not_count() -> None:
    (outlook,) = [one for one in questions("maestro-erp") if one.id == "outlook"]
    assert outlook.is_asked({})
    assert outlook.is_asked(DESK)
    assert not outlook.is_asked(CLOUD)
    assert recommend(OLD | CLOUD | {"outlook": "new"}) == recommend(OLD | CLOUD)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"version": "newest\nof all"}, "old, new, not-known"),
        ({"product": "maestro-xyz"}, "maestro-erp, maestro-pms"),
        ({"product": "maestro-pms", "deployment": "cloud"}, "deployment"),
    ],
)
def test_an_answer_nobody_offered_is_one_line(answers: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as wrong:
        recommend(answers)
    assert "\n" not in str(wrong.value)


def answers_to(product: Product) -> Any:
    return st.fixed_dictionaries({}, optional={one.id: st.sampled_from(list(one.answers)) for one in questions(product)})


@settings(max_examples=150, deadline=None)
@given(data=st.data(), product=st.sampled_from(PRODUCTS))
def test_what_was_recommended_stays_whatever_is_answered_later(data: st.DataObject, product: Product) -> None:
    less = data.draw(answers_to(product))
    more = {name: answer for name, answer in data.draw(answers_to(product)).items() if less.get(name, NOT_KNOWN) == NOT_KNOWN}
    sooner, later = recommend(less, product), recommend(less | more, product)
    if sooner.decided and not sooner.open:
        assert (later.decided, later.mode) == (True, sooner.mode)
    elif not sooner.decided and later.decided and (product, more.get("version")) != ("maestro-pms", "older"):
        assert later.mode in {one.mode for one in sooner.alternatives}
    assert sooner.decided or sooner.open
    assert sooner.mode in {None, *(get_args(Mode) if product == "maestro-erp" else METHODS)}
    assert {fix.where for fix in sooner.needs} - {None} <= screens().keys()


def test_no_mode_is_recommended_that_cannot_work() -> None:
    asked = [one for one in questions("maestro-erp") if one.id not in {"mfa", "mobile", "bulk"}]
    for given_ in itertools.product(*(list(one.answers)[:-1] for one in asked)):
        answers = dict(zip((one.id for one in asked), given_, strict=True))
        mode = recommend(answers).mode
        at_desks = answers["deployment"] == "on-premises"
        if mode == "outlook":
            assert at_desks
            assert answers["outlook"] in {"classic", "mixed"}
        if mode == "modern-auth":
            assert answers["version"] == "new"
            assert answers["mailboxes"] != "other"
        if mode in {"other", "lotus-notes"}:
            assert at_desks
            assert answers["smtp_auth"] == "no"
        if mode == "lotus-notes":
            assert answers["version"] == "old"
        if answers["version"] == "old" and answers["deployment"] == "cloud":
            assert mode == "smtp"
