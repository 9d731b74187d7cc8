"""Notices of many servers, in their layouts and languages: each recipient is found, and why the mail came back."""

from __future__ import annotations

# ruff: noqa: RUF001 - letters of other scripts are what these tests are about
import pytest

from mailkit.explain import explain, read_bounce
from mailkit.explain.rule import shipped

RETURNED = """Received: from pc (pc [192.0.2.1]) by mail.site.test; Mon, 1 Jun 2026 09:00:00 +0000
Message-ID: <sent-1@site.test>
From: desk@site.test
To: anna@other.test
Subject: hello
MIME-Version: 1.0

hello
"""
ANNA, BOB = "anna@other.test", "bob@other.test"


def notice(sender: str, subject: str, body: str, *fields: str) -> bytes:
    head = [f"From: {sender}", "To: desk@site.test", f"Subject: {subject}", "Date: Mon, 1 Jun 2026 10:00:00 +0000", *fields]
    return ("\n".join([*head, "Content-Type: text/plain; charset=utf-8"]) + "\n\n" + body).encode()


def read(*told: str) -> list[tuple[str | None, str]]:
    return [(fact.recipient, fact.reason) for fact in read_bounce(notice(*told)).facts]


@pytest.mark.parametrize(
    ("sender", "subject", "body", "facts"),
    [
        (
            "MailMarshal@other.test",
            "Undeliverable Mail: hello",
            (
                "Your message:\n   From:    desk@site.test\n\nCould not be delivered because of\n\n550 5.7.1 rejected as spam\n\n"
                f"The following recipients were affected:\n    {ANNA}\n"
            ),
            [(ANNA, "spamdetected")],
        ),
        (
            "post_master@carrier.test",
            "Undeliverable Message",
            f"Error: 552 5.2.2 mailbox full\n\nThe message you have sent could not be delivered:\n   RCPT TO: {ANNA}\n",
            [(ANNA, "mailboxfull")],
        ),
        (
            "postmaster@site.test",
            "[BOUNCE]",
            (
                f"Failed recipient(s):\n{ANNA}\n550 5.1.1 <{ANNA}>: User unknown in relay recipient table\n"
                f"{BOB}\n554 5.7.1 <{BOB}>: Relay access denied\n"
            ),
            [(ANNA, "userunknown"), (BOB, "norelaying")],
        ),
        (
            "Mail Administrator <postmaster@site.test>",
            "Delivery failure report",
            f"The following messages failed:\n\n  {ANNA}      5.1.1   User unknown\n  {BOB}       5.2.1   Account disabled\n",
            [(ANNA, "userunknown"), (BOB, "suspend")],
        ),
        ("<>", "failure notice", f"Your mail could not be delivered: no such mailbox.\n\n{RETURNED}", [(ANNA, "userunknown")]),
        (
            "Post Office <office@other.test>",
            "Undelivered message",
            f"The mail could not be delivered.\n\nRCPT: {ANNA}\nERR: no such local mailbox\n\n{RETURNED}",
            [(ANNA, "userunknown")],
        ),
        (
            "LISTSERV <LISTSERV@other.test>",
            "Rejected posting to team@other.test",
            "You are not authorized to send mail to the list from your desk@site.test account.\n",
            [("team@other.test", "rejected")],
        ),
    ],
)
def test_a_notice_is_read_whatever_server_wrote_it(sender: str, subject: str, body: str, facts: list[tuple[str, str]]) -> None:
    assert read(sender, subject, body) == facts


@pytest.mark.parametrize(
    ("subject", "body", "reason"),
    [
        ("Unzustellbar: hello", f"{ANNA}\nDie E-Mail-Adresse wurde nicht gefunden. Überprüfen Sie sie.", "userunknown"),
        ("Nachricht unzustellbar", f"Die E-Mail an {ANNA} wurde nicht zugestellt: Das Postfach ist voll.", "mailboxfull"),
        ("Échec de la remise", f"Le message n'a pas pu être remis à <{ANNA}> : nom de domaine inexistant.", "hostunknown"),
        ("Mensaje no entregado", f"No se ha podido entregar:\n\n{ANNA}: el buzón del destinatario está lleno", "mailboxfull"),
        ("Mensagem não entregue", f"Não foi possível entregar a {ANNA}\nErro: conta inexistente", "userunknown"),
        ("Mancata consegna", f"Il messaggio non è stato consegnato a:\n\n{ANNA}\n\nMotivo: indirizzo inesistente", "userunknown"),
        ("Niet bezorgd", f"Uw bericht is niet bezorgd bij {ANNA}.\nDe postbus van de geadresseerde is vol.", "mailboxfull"),
        ("Niedostarczona wiadomość", f"Nie można dostarczyć: {ANNA}\nPowód: adresat nieznany", "userunknown"),
        ("Недоставленное сообщение", f"Не удалось доставить: {ANNA}\nПочтовый ящик переполнен.", "mailboxfull"),
        ("送信エラー", f"下記への送信に失敗しました。\n\n  {ANNA}\n\n理由: 指定されたアドレスは存在しません。", "userunknown"),
        ("Returned mail", f"宛先: {ANNA}\n理由: メールサイズが制限値を超えているため、配送できませんでした。", "emailtoolarge"),
        ("系统退信", f"您的邮件被退回。\n收件人：{ANNA}\n退信原因：邮箱空间已满", "mailboxfull"),
        ("메일 전송 실패", f"전송하지 못했습니다.\n\n{ANNA}\n\n사유: 메일함 용량이 초과되었습니다.", "mailboxfull"),
    ],
)  # fmt: skip
def test_a_notice_is_read_in_the_language_it_is_written_in(subject: str, body: str, reason: str) -> None:
    assert read("Mail Delivery System <postmaster@other.test>", subject, body) == [(ANNA, reason)]


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        ("Parcels <info@parcels.test>", "Zustellung Ihres Pakets", "Nicht zugestellt: Adresse unbekannt. help@parcels.test"),
        ("Shop <orders@shop.test>", "Your payment was rejected", "Your card was refused. Contact help@shop.test, 550 EUR"),
        ("Mail Security <report@gw.test>", "Daily digest", "Messages blocked: spam from a@b.test; virus from c@d.test"),
        ("sato@other.test", "エラーメールについて", "a@b.test に送信できませんでした。どうすれば良いですか"),
        ("list-owner@list.test", "3 requests waiting", "Post by nonmember a@b.test was held: members only"),
    ],
)  # fmt: skip
def test_words_of_failure_alone_make_no_bounce(sender: str, subject: str, body: str) -> None:
    assert read_bounce(notice(sender, subject, body)).kind == "ordinary"


def test_recipients_of_blind_copies_are_found_though_the_returned_mail_names_others() -> None:
    body = f"<one@other.test>:\n550 5.1.1 user unknown\n\n<two@other.test>:\n552 5.2.2 mailbox full\n\n--- copy ---\n\n{RETURNED}"
    assert read("MAILER-DAEMON@site.test", "failure notice", body) == [
        ("one@other.test", "userunknown"),
        ("two@other.test", "mailboxfull"),
    ]


def test_a_reply_without_command_and_code_is_no_proof_that_an_address_is_dead() -> None:
    def fact(words: str) -> tuple[str, str, bool | None]:
        one = read_bounce(notice("MAILER-DAEMON@site.test", "failure notice", f"<{ANNA}>:\n{words}\n")).facts[0]
        return one.bounce, one.cause, one.address_dead

    assert fact("550 No such user") == ("soft", "recipient_unknown", None)
    assert fact("550 5.7.1 No such user") == ("soft", "recipient_unknown", None)
    assert fact("550 5.1.1 No such user") == ("hard", "recipient_unknown", True)
    assert fact("550 No such user (in reply to RCPT TO command)") == ("hard", "recipient_unknown", True)


def test_a_complaint_may_be_nothing_but_the_mail_complained_of() -> None:
    told = f"X-HmXmrOriginalRecipient: {ANNA}\n{RETURNED}"
    raw = notice("staff@other.test", "complaint about a message", told).replace(b"text/plain; charset=utf-8", b"message/rfc822")
    assert [(fact.recipient, fact.reason) for fact in read_bounce(raw).facts] == [(ANNA, "feedback")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 5.7.1 DKIM verification failed", "authfailure"),
        ("451 4.3.0 Internal server error, LDAP lookup failed", "systemerror"),
        ("550 5.7.1 Relaying denied. IP name lookup failed [192.0.2.1]", "norelaying"),
        ("556 5.1.10 Recipient address has null MX", "notaccept"),
        ("554 5.4.7 Delivery expired (message too old)", "expired"),
        ("Temporary failure, the server is unavailable", "systemerror"),
    ],
)
def test_words_of_one_thing_are_not_taken_for_another(text: str, reason: str) -> None:
    assert explain(text).reason == reason


def test_no_rule_looks_for_a_word_list_by_a_name_that_cannot_be_read() -> None:
    patterns = [pattern for placed in shipped().rules for pattern in (*placed.rule.any, *placed.rule.all, *placed.rule.none)]
    assert not [pattern for pattern in patterns if "{" in pattern and "_" in pattern[pattern.index("{") :].partition("}")[0]]
