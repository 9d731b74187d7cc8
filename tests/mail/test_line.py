"""Opening a connection to send over: its encryption, its certificate, its log-in, and what is said when it does not work."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from mailkit.explain import explain
from mailkit.mail.account import Access, Account
from mailkit.mail.failure import LineFailed
from mailkit.mail.line import Dialer, OpenLine
from mailkit.mail.login import log_in
from mailkit.mail.patience import Patience
from mailkit.mail.trust import context
from mailkit.net.sasl import MECHANISMS
from mailkit.practice.play import PLAYS, Play
from mailkit.practice.server import PracticeServer, practice_server
from mailkit.secret import Secret

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"
QUICK = Patience(connect=2, greeting=2, silence=0.3, tls=2, ehlo=2, auth=2, opening=8, goodbye=0.5)


def account(server: PracticeServer, **changes: Any) -> Account:
    settings = {"host": server.host, "port": server.port, "server_name": server.name, "ca_file": str(server.authority.ca_file)}
    return Account(**(settings | {"login": USER, "security": "tls"} | changes))


async def opened(server: PracticeServer, password: str = PASSWORD, **changes: Any) -> OpenLine:
    chosen = account(server, **changes)
    line = await Dialer(chosen, QUICK).open()
    await log_in(line, Access(chosen, Secret(password)), QUICK)
    return line


async def failing(server: PracticeServer, password: str = PASSWORD, **changes: Any) -> LineFailed:
    with pytest.raises(LineFailed) as caught:
        await opened(server, password, **changes)
    return caught.value


@pytest.mark.parametrize("security", ["starttls", "tls", "auto"])
async def test_starttls_is_used_where_it_is_offered(security: str) -> None:
    async with practice_server("good-submission") as server:
        line = await opened(server, security=security)
        assert (line.mode, line.tls, line.verified, line.mechanism) == ("starttls", "TLSv1.3", True, "PLAIN")
        line.close()


@pytest.mark.parametrize("security", ["implicit", "tls", "auto"])
async def test_a_server_that_wants_tls_at_once_is_given_it(security: str) -> None:
    async with practice_server("good-implicit") as server:
        line = await opened(server, security=security)
        assert (line.mode, line.verified) == ("implicit", True)
        line.close()


@pytest.mark.parametrize(("security", "play"), [("starttls", "good-implicit"), ("implicit", "good-starttls")])
async def test_a_mode_that_was_set_is_not_changed(security: str, play: str) -> None:
    async with practice_server(play) as server:
        failed = await failing(server, security=security)
        assert failed.stage in ("greeting", "tls")
        assert explain(failed.text, stage="tls").cause == "tls_wrong_mode"
        assert server.authority is not None


async def test_encryption_that_is_demanded_but_not_offered_ends_it() -> None:
    async with practice_server("no-tls") as server:
        failed = await failing(server, security="tls")
        assert failed.stage == "tls"
        assert explain(failed.text, stage="starttls").cause == "tls_not_offered"


async def test_a_password_does_not_go_over_a_line_in_clear_unless_that_is_allowed() -> None:
    async with practice_server("auth-in-clear-no-tls") as server:
        failed = await failing(server, security="auto")
        assert (failed.stage, failed.reply) == ("auth", None)
        assert server.accounts.attempts == 0
        line = await opened(server, security="auto", allow_plaintext_auth=True)
        assert (line.mode, line.tls, line.verified, line.mechanism) == ("none", None, None, "PLAIN")
        line.close()


SUFFICIENT = {"certificate-weak-key", "certificate-sha1", "certificate-expires-soon"}


@pytest.mark.parametrize("play", [name for name in PLAYS if name.startswith("certificate-") and name not in SUFFICIENT])
async def test_a_certificate_that_fails_ends_it_before_any_password(play: str) -> None:
    async with practice_server(play) as server:
        failed = await failing(server)
        assert (failed.stage, failed.certificate) == ("tls", True)
        assert explain(failed.text, stage="tls").reason == "failedstarttls"
        assert server.accounts.attempts == 0


async def test_a_certificate_that_fails_is_noted_where_the_settings_allow_it() -> None:
    async with practice_server("certificate-self-signed") as server:
        line = await opened(server, allow_unverified=True)
        assert (line.verified, line.mechanism) == (False, "PLAIN")
        assert any("not verified" in entry.line for entry in line.record.take() if entry.direction == "note")
        line.close()


async def test_the_name_in_the_certificate_is_compared_with_the_server_asked_for() -> None:
    async with practice_server("good-starttls") as server:
        failed = await failing(server, server_name="elsewhere.test")
        assert explain(failed.text, stage="tls").finding == "tls.certificate-name-mismatch"


@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if name != "NTLM"])
async def test_every_mechanism_logs_in_and_a_wrong_secret_costs_one_attempt(mechanism: str) -> None:
    token = mechanism in ("XOAUTH2", "OAUTHBEARER")
    right = "practice-token-frontdesk" if token else PASSWORD
    async with practice_server("good-submission") as server:
        line = await opened(server, right, mechanism=mechanism)
        assert line.mechanism == mechanism
        shown = " ".join(entry.line for entry in line.record.take())
        assert f"AUTH {mechanism}" in shown
        assert Secret(right).scrub(shown) == shown
        line.close()
        before = server.accounts.attempts
        failed = await failing(server, "wrong", mechanism=mechanism)
        assert failed.reply is not None
        assert (failed.stage, failed.reply.code) == ("auth", 535)
        assert server.accounts.attempts == before + 1
        assert (failed.challenge is not None) == token


@pytest.mark.parametrize(
    "play", [name for name in PLAYS if name.startswith("auth-") and PLAYS[name].ask.user and name != "auth-needs-tls"]
)
async def test_refused_log_ins_are_told_in_the_words_of_the_server_and_tried_once(play: str) -> None:
    ask = PLAYS[play].ask
    async with practice_server(play) as server:
        password = ask.password or PASSWORD
        if PLAYS[play].expects in ((), ("auth.in-clear",)):
            line = await opened(server, password, login=ask.user, mechanism=ask.mechanism)
            line.close()
            return
        failed = await failing(server, password, login=ask.user, mechanism=ask.mechanism)
        assert failed.stage == "auth"
        assert server.accounts.attempts <= 1
        kept = repr(failed.transcript) + failed.text
        assert Secret(password).scrub(kept) == kept


@pytest.mark.parametrize(
    ("play", "stage"),
    [
        ("banner-421", "greeting"),
        ("banner-554-blocklist", "greeting"),
        ("drop-at-greeting", "greeting"),
        ("says-nothing", "greeting"),
        ("http", "greeting"),
        ("drop-at-ehlo", "ehlo"),
        ("hang-at-ehlo", "ehlo"),
        ("ehlo-endless", "ehlo"),
        ("ehlo-long-line", "ehlo"),
        ("starttls-454", "tls"),
        ("drop-at-handshake", "tls"),
        ("hang-after-220", "tls"),
        ("garbage-after-220", "tls"),
        ("drop-at-auth", "auth"),
        ("hang-at-auth", "auth"),
        ("tls-10-only", "tls"),
    ],
)
async def test_whatever_the_server_does_it_ends_in_time_and_says_where(play: str, stage: str) -> None:
    async with practice_server(play, banner_delay=5) as server:
        failed = await failing(server, security="starttls")
        assert failed.stage == stage, failed
        assert failed.text


async def test_a_closed_port_is_told_as_such() -> None:
    async with practice_server("closed-port") as server:
        failed = await failing(server)
        assert (failed.stage, explain(failed.text, stage="tcp").cause) == ("connect", "connect_refused")


async def test_a_name_that_does_not_exist_is_told_as_such() -> None:
    chosen = Account(host="nowhere.invalid", port=587, resolver="127.0.0.1:9")
    with pytest.raises(LineFailed) as caught:
        await Dialer(chosen, Patience(opening=1)).open()
    assert caught.value.stage == "connect"


async def test_the_next_address_is_tried_when_one_is_broken() -> None:
    async with practice_server(Play(id="one", title="listens on one of its addresses")) as server:

        class Both(Dialer):
            async def _addresses(self) -> tuple[str, ...]:
                return ("127.0.0.9", server.host)

        line = await Both(account(server), QUICK).open()
        assert line.address == server.host
        line.close()


async def test_a_ca_file_that_cannot_be_read_is_told_and_nothing_is_connected(tmp_path: Path) -> None:
    async with practice_server("good-starttls") as server:
        assert "cannot be read" in (await failing(server, ca_file=str(tmp_path / "absent.pem"))).text
        (tmp_path / "empty.pem").write_text("no certificate")
        assert "holds no PEM certificate" in (await failing(server, ca_file=str(tmp_path / "empty.pem"))).text


async def test_a_name_that_cannot_be_said_in_ehlo_is_told() -> None:
    async with practice_server("good-starttls") as server:
        assert "local_hostname" in (await failing(server, ehlo_name="front desk")).text


async def test_a_secret_that_the_server_echoes_is_in_no_transcript() -> None:
    async with practice_server("good-submission") as server:
        line = await opened(server)
        assert line.record.clean(f"you said {PASSWORD}") == "you said <redacted>"
        line.close()


def test_this_python_verifies_certificates_as_every_other_does() -> None:
    made = context(None, verify=True)
    assert made.verify_mode == ssl.CERT_REQUIRED
    assert made.check_hostname
    assert not made.verify_flags & ssl.VERIFY_X509_STRICT
    assert context(None, verify=True) is made
