"""Handing over mail: one round trip each, in the order that loses nothing, and always knowing whether the server may have it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from mailkit.errors import NetworkError
from mailkit.mail.account import Account
from mailkit.mail.envelope import Mail, Unsendable, word
from mailkit.mail.line import Dialer
from mailkit.mail.patience import Patience
from mailkit.mail.pipeline import Handed, Pipeline

from ..real.ground.receiver import (
    KEYWORDS,
    Receiver,
    receiver,
)

QUICK = Patience(connect=2, greeting=2, tls=2, ehlo=2, envelope=0.6, behind=0.4, data=0.6, block=2, end=0.6, goodbye=0.5)
PLAIN = tuple(word for word in KEYWORDS if word != "PIPELINING")


def mail(number: int = 1, **changes: object) -> Mail:
    content = f"Message-ID: <m{number}@hotel.test>\r\nSubject: {number}\r\n\r\n.dot first\r\nend\r\n".encode()
    settings = {"sender": "traces@hotel.test", "recipient": f"r{number}@hotel.test", "content": content} | changes
    return Mail(**settings)  # type: ignore[arg-type]  # the fields' own types


@contextlib.asynccontextmanager
async def pipeline(server: Receiver, *, ahead: bool = True) -> AsyncIterator[Pipeline]:
    line = await Dialer(Account(host="127.0.0.1", port=server.port, security="none"), QUICK).open()
    made = Pipeline(line, QUICK, ahead=ahead)
    try:
        yield made
    finally:
        await made.close()


async def hand_over(line: Pipeline, mails: Sequence[Mail], order: list[str] | None = None) -> list[Handed]:
    """Hand over mails as a sender does, as long as the line stands; ``order`` gets what would be written down."""
    done: list[Handed] = []
    for at, one in enumerate(mails):
        if not line.usable:
            break

        async def before_body(one: Mail = one) -> None:
            if order is not None:
                order.append(f"sending {one.recipient}")

        following = mails[at + 1] if at + 1 < len(mails) else None
        done.append(await line.hand_over(one, before_body=before_body, following=lambda following=following: following))
        if order is not None:
            order.append(f"{done[-1].outcome} {one.recipient}")
    return done


@pytest.mark.parametrize("keywords", [KEYWORDS, PLAIN, ()])
async def test_every_message_arrives_once_and_whole(keywords: tuple[str, ...]) -> None:
    async with receiver(keywords=keywords) as server:
        server.keep_bodies = True
        async with pipeline(server) as line:
            done = await hand_over(line, [mail(number) for number in range(20)])
        assert [one.outcome for one in done] == ["accepted"] * 20
        assert done[0].queue_id == "A000001"
        assert dict(server.taken) == {f"<m{number}@hotel.test>": 1 for number in range(20)}
        assert server.bodies[3].endswith(b"\r\n\r\n..dot first\r\nend")
        assert "(talked out of turn)" not in server.said


async def test_the_next_envelope_rides_behind_the_body() -> None:
    async with receiver() as server:
        seen: list[str] = []
        server.tell = lambda step, _: seen.append(step)
        async with pipeline(server) as line:
            one, two = mail(1), mail(2)

            async def before_body() -> None:
                seen.append("before body")

            await line.hand_over(one, before_body=before_body, following=lambda: two)
            assert line.asked is two
            await line.hand_over(two, before_body=before_body)
        steps = ["MAIL", "RCPT", "DATA", "before body", "body", "dot", "answered"]
        assert seen[2:9] == steps
        # What the server did with the envelope of the second was before the sender said that its body would leave.
        assert seen.index("MAIL", 9) < seen.index("before body", 9) < seen.index("body", 9)


async def test_without_pipelining_each_command_waits_for_its_answer() -> None:
    async with receiver(keywords=PLAIN) as server, pipeline(server) as line:
        one = mail(1)
        handed = await line.hand_over(one, before_body=_nothing, following=lambda: mail(2))
        assert (handed.outcome, line.asked) == ("accepted", None)


async def _nothing() -> None:
    pass


@pytest.mark.parametrize("keywords", [KEYWORDS, PLAIN])
@pytest.mark.parametrize(("step", "stage"), [("MAIL", "sender"), ("RCPT", "recipient"), ("DATA", "data"), ("dot", "data")])
async def test_a_refusal_names_its_step_and_the_others_go_on(step: str, stage: str, keywords: tuple[str, ...]) -> None:
    async with receiver(keywords=keywords) as server:
        server.answers[step] = ["250 ok" if step != "DATA" else "354 go", "550 5.7.1 not this one"]
        async with pipeline(server) as line:
            done = await hand_over(line, [mail(number) for number in range(4)])
        assert [one.outcome for one in done] == ["accepted", "refused", "accepted", "accepted"]
        assert done[1].stage == stage
        assert done[1].reply is not None
        assert (done[1].reply.code, done[1].reply.enhanced_code) == (550, "5.7.1")
        assert +server.taken == {f"<m{number}@hotel.test>": 1 for number in (0, 2, 3)}


async def test_a_server_that_says_354_although_it_refused_everybody_gets_a_lone_dot() -> None:
    async with receiver() as server:
        server.answers["RCPT"] = ["550 5.1.1 unknown"]
        server.answers["DATA"] = ["354 go ahead"]
        async with pipeline(server) as line:
            done = await hand_over(line, [mail(1), mail(2)])
        assert [one.outcome for one in done] == ["refused", "accepted"]
        assert dict(server.taken) == {"<m2@hotel.test>": 1}


@pytest.mark.parametrize("keywords", [KEYWORDS, PLAIN])
@pytest.mark.parametrize("fault", ["drop", "silence"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
async def test_only_what_breaks_after_the_last_dot_is_uncertain(step: str, fault: str, keywords: tuple[str, ...]) -> None:
    async with receiver(keywords=keywords) as server:
        server.answers[step] = [fault]
        async with pipeline(server) as line:
            (handed,) = await hand_over(line, [mail(1), mail(2)])
            assert not line.usable
        assert handed.outcome == ("uncertain" if step == "dot" else "broken")
        assert isinstance(handed.problem, NetworkError)
        assert sum(server.taken.values()) == (step == "dot")


async def test_a_line_cut_within_a_large_body_leaves_nothing_uncertain() -> None:
    async with receiver() as server:
        server.tell = lambda step, _: "drop" if step == "body" else None
        large = mail(1, content=b"Message-ID: <m1@hotel.test>\r\n\r\n" + b"0123456789abcdef\r\n" * 500_000)
        async with pipeline(server) as line:
            (handed,) = await hand_over(line, [large])
        assert (handed.outcome, sum(server.taken.values())) == ("broken", 0)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
async def test_421_is_a_no_at_any_step_and_the_last_word(step: str) -> None:
    async with receiver() as server:
        server.answers[step] = ["421 4.3.2 going down"]
        async with pipeline(server) as line:
            (handed,) = await hand_over(line, [mail(1), mail(2)])
            assert not line.usable
        assert handed.outcome == "refused"
        assert handed.reply is not None
        assert handed.reply.code == 421
        assert not +server.taken


async def test_a_server_that_hung_up_meanwhile_costs_no_attempt() -> None:
    async with receiver() as server, pipeline(server) as line:
        await line.hand_over(mail(1), before_body=_nothing)
        server.cut()
        handed = await line.hand_over(mail(2), before_body=_nothing)
        assert (handed.outcome, handed.untouched) == ("broken", True)


async def test_a_server_that_drops_what_rides_behind_a_body_is_noticed() -> None:
    async with receiver() as server:
        server.drops_what_follows_a_body = True
        async with pipeline(server) as line:
            done = await hand_over(line, [mail(1), mail(2)])
            assert [one.outcome for one in done] == ["accepted", "broken"]
            assert line.failed_behind_body
        async with pipeline(server, ahead=False) as line:
            assert [one.outcome for one in await hand_over(line, [mail(2), mail(3)])] == ["accepted"] * 2


async def test_nothing_leaves_when_it_cannot_be_written_down() -> None:
    async with receiver() as server:
        async with pipeline(server) as line:

            async def full() -> None:
                raise OSError("no space left on device")

            with pytest.raises(OSError, match="no space"):
                await line.hand_over(mail(1), before_body=full, following=lambda: mail(2))
            assert not line.usable
        assert not server.taken
        assert "body" not in server.said


async def test_replies_that_are_none_end_the_line() -> None:
    async with receiver() as server:
        for nonsense in ("hello", "25 ok", "x" * 5000, "\r\n".join(["250-x"] * 300), "\r\n".join(["250 x"] * 60)):
            server.answers["MAIL"] = [nonsense]
            async with pipeline(server) as line:
                (handed,) = await hand_over(line, [mail(1)])
                assert handed.outcome == "broken", nonsense[:20]
        server.answers["MAIL"] = ["354 what?"]
        async with pipeline(server) as line:
            assert (await hand_over(line, [mail(1)]))[0].outcome == "broken"
        server.answers["dot"] = ["354 what?"]
        async with pipeline(server) as line:
            assert (await hand_over(line, [mail(1)]))[0].outcome == "uncertain"


async def test_a_mail_beyond_the_servers_limit_is_not_begun() -> None:
    async with receiver(keywords=("PIPELINING", "SIZE 50")) as server:
        async with pipeline(server) as line:
            done = await hand_over(line, [mail(1)])
        assert done[0].outcome == "unsendable"
        assert done[0].reply is not None
        assert (done[0].reply.code, done[0].reply.enhanced_code, done[0].stage) == (552, "5.3.4", "data")
        assert not any(line.startswith("MAIL") for line in server.said)


def test_a_mail_is_worded_with_what_the_server_offers_only() -> None:
    asked = mail(1, envid="token.2", notify=("SUCCESS", "FAILURE"))
    assert word(asked, {}).commands == ("MAIL FROM:<traces@hotel.test>", "RCPT TO:<r1@hotel.test>", "DATA")
    worded = word(asked, {"size": "", "dsn": "", "8bitmime": "", "smtputf8": ""})
    assert worded.mail == f"MAIL FROM:<traces@hotel.test> SIZE={len(worded.body) - 3} RET=HDRS ENVID=token.2"
    assert worded.rcpt == "RCPT TO:<r1@hotel.test> NOTIFY=SUCCESS,FAILURE"
    eight = mail(1, content="Subject: x\r\n\r\nGrüße\r\n".encode())
    assert word(eight, {"8bitmime": ""}).mail.endswith(" BODY=8BITMIME")
    assert "SMTPUTF8" not in word(eight, {"smtputf8": ""}).mail


def test_letters_beyond_ascii_need_smtputf8_except_in_a_domain() -> None:
    assert word(mail(1, recipient="r@grüße.test"), {}).rcpt == "RCPT TO:<r@xn--gre-6ka8l.test>"
    for needy in (mail(1, recipient="grüße@hotel.test"), mail(1, content="Subject: Grüße\r\n\r\nx\r\n".encode())):
        assert " SMTPUTF8" in word(needy, {"smtputf8": ""}).mail
        with pytest.raises(Unsendable, match="SMTPUTF8"):
            word(needy, {})


@pytest.mark.parametrize("address", ["a@b.test>\r\nRCPT TO:<c@d.test", "a b@c.test", "<a@b.test>", "", "a@b.test\x00"])
def test_an_address_that_could_break_the_command_is_refused(address: str) -> None:
    with pytest.raises(Unsendable):
        word(mail(1, recipient=address), {})


def test_an_empty_sender_is_allowed() -> None:
    assert word(mail(1, sender=""), {}).mail == "MAIL FROM:<>"
