"""``mailkit site init``: questions in a terminal or from a pipe, and a commented site file at the end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mailkit.cli.main import main
from mailkit.errors import InputError
from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import GeneralSettings, SmtpSettings, User
from mailkit.site.file import load
from mailkit.site.file.interview import Doubt, Question, questions
from mailkit.site.pms import Clerk, EmailSetup, Traces


class Person(io.StringIO):
    """Who answers line by line, and presses Ctrl-C at the end instead of leaving."""

    def readline(self, *arguments: int) -> str:  # type: ignore[override] # size is positional there, too
        line = super().readline(*arguments)
        if not line:
            raise KeyboardInterrupt
        return line


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(
    monkeypatch: pytest.MonkeyPatch, *answers: str, arguments: tuple[str, ...] = (), kind: type[io.StringIO] = io.StringIO
) -> int:
    monkeypatch.setattr("sys.stdin", kind("".join(f"{one}\n" for one in answers)))
    return main(["site", "init", *arguments])


def test_the_answers_make_a_site_file(monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "users.csv").write_text("User Code;Name;Fax\nfrontdesk;Front desk;12\n")
    said = ("maestro*", "Head office", "new", "CLOUD", "-", "microsoft365", "SMTP - Other")
    smtp = ("mail.builder.test", "587", "yes", "", "no", "-")
    assert answer(monkeypatch, *said, *smtp, '"users.csv"') == 0
    assert load("site.toml").site == ErpSite(
        name="Head office",
        version="new",
        deployment="cloud",
        code_domain="",
        provider="microsoft365",
        general_settings=GeneralSettings(
            mail_software="smtp",
            smtp=SmtpSettings(server_name="mail.builder.test", port=587, use_ssl=True, password="empty", from_address=""),
        ),
        users=(User(code="frontdesk", name="Front desk"),),
    )
    out = capsys.readouterr().out
    assert "1 users were read" in out
    assert "row 1, C (Fax)" in out
    assert "mailkit site check site.toml" in out
    assert "# user_name = " in (here / "site.toml").read_text()


def test_the_hotel_is_asked_about_email_setup_and_clerks(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    (here / "clerks.csv").write_text("Clerk Code,E-mail\nFD,frontdesk@hotel.test\n")
    said = ("", "5.1", "", "", "mail.hotel.test", "25", "traces@hotel.test", "LOGIN", "login", "", "yes", "N", "no")
    leave = ("confirmations@hotel.test", "N", "N", "N", "N", "", "")
    assert answer(monkeypatch, *said, *leave, "clerks.csv", arguments=("--product", "maestro-pms", "--out", "hotel.toml")) == 0
    assert load("hotel.toml").site == PmsSite(
        version="5.1",
        email_setup=EmailSetup(
            server="mail.hotel.test",
            port=25,
            trace_rep_addr="traces@hotel.test",
            auth_meth="LOGIN",
            mechanism="LOGIN",
            password="set",
            email_traces=False,
            rep_address="confirmations@hotel.test",
            na_build="N",
            na_send="N",
            imm_send="N",
            allow_cc="N",
        ),
        traces=Traces(activated=False),
        clerks=(Clerk(code="FD", email="frontdesk@hotel.test"),),
    )


def test_an_answer_that_cannot_be_is_asked_again_and_a_question_mark_explains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("banana", "?", "erp", "?", "", "perhaps", "?", "old")
    answer(monkeypatch, *said)
    out = capsys.readouterr().out
    assert "Northwind" in out
    assert "appears at the head of sheets" in out
    assert "answer old or new" in out
    site = load("site.toml").site
    assert isinstance(site, ErpSite)
    assert site.version == "old"


def test_one_can_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "erp", "Offfice", "<", "Office", "<", "<", "Main office", "new")
    assert load("site.toml").site == ErpSite(name="Main office", version="new")


def test_a_password_typed_instead_of_yes_is_not_kept_or_shown(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "erp", *[""] * 10, "hunter2", "yes")
    captured = capsys.readouterr()
    assert "the password itself is not wanted" in captured.out
    assert "hunter2" not in captured.out + captured.err + (here / "site.toml").read_text()
    assert 'password = "set"' in (here / "site.toml").read_text()


def test_what_the_screen_really_says_is_taken_when_it_is_said_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "pms", *[""] * 4, "http://mail", "mail server", "mail server")
    site = load("site.toml").site
    assert isinstance(site, PmsSite)
    assert site.email_setup.server == "mail server"


def test_ctrl_c_keeps_what_was_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(monkeypatch, "erp", "Office", kind=Person) == 130
    assert load("site.toml").site == ErpSite(name="Office")
    assert "Stopped" in capsys.readouterr().out


def test_ctrl_c_before_the_first_answer_writes_nothing(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    assert answer(monkeypatch, kind=Person) == 130
    assert list(here.iterdir()) == []


def test_without_a_product_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(monkeypatch, "banana") == 2
    assert "--product" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(("out", "said"), [("there.toml", "is not overwritten"), ("no/site.toml", "there is no such folder")])
def test_a_file_is_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str], out: str, said: str
) -> None:
    (here / "there.toml").write_text("mine")
    assert answer(monkeypatch, "erp", arguments=("--out", out)) == 2
    assert said in capsys.readouterr().err
    assert (here / "there.toml").read_text() == "mine"


def test_a_table_that_cannot_be_read_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "users.csv").write_text("User Code,Name\na,b\n")
    assert answer(monkeypatch, "erp", *[""] * 12, "user.csv", "users.csv") == 0
    assert "user.csv cannot be read" in capsys.readouterr().out
    site = load("site.toml").site
    assert isinstance(site, ErpSite)
    assert site.users == (User(code="a", name="b"),)


@pytest.mark.parametrize("question", [*questions("maestro-erp"), *questions("maestro-pms")], ids=lambda one: one.key)
def test_every_question_can_be_left_open_and_explains_itself(question: Question) -> None:
    assert question.value("") is None
    assert question.text
    assert question.explanation.endswith((".", "?", ")"))
    for choice in question.choices:
        assert question.value(choice) is not None


def test_answers_are_judged_at_once() -> None:
    by_key = {question.key: question for question in questions("maestro-erp")}
    port, sender = by_key["general_settings.smtp.port"], by_key["general_settings.smtp.from_address"]
    assert port.value(" 587 ") == 587
    assert port.value("-") == ""
    for wrong in ("70000", "smtp", "5.8.7", "-1"):
        with pytest.raises(InputError, match="from 1 to 65535 or - if it is empty"):
            port.value(wrong)
    with pytest.raises(Doubt, match=r"frontdesk@example\.com"):
        sender.value("frontdesk")
    with pytest.raises(InputError, match="at most 1,000 characters"):
        sender.value("x" * 1001)
    assert by_key["name"].value("\x1b[31mred") == "\\x1b[31mred"
