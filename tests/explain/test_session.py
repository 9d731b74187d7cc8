"""Of a pasted session, log or traceback the line that tells is found, and the step at which it was said."""

from __future__ import annotations

import textwrap

import pytest

from mailkit.explain import explain, explanations

SWAKS = """
    === Trying smtp.site.test:587...
    <-  220 smtp.site.test ESMTP
     -> EHLO pc
    <-  250-smtp.site.test
    <-  250 STARTTLS
     -> STARTTLS
    <-  220 2.0.0 Ready
     ~> EHLO pc
    <~  250 AUTH LOGIN
     ~> AUTH LOGIN
    <~  334 VXNlcm5hbWU6
     ~> dXNlcg==
    <~  334 UGFzc3dvcmQ6
     ~> cGFzcw==
    <~* 535 5.7.8 Error: authentication failed
    *** No authentication type succeeded
     ~> QUIT
    <~  221 2.0.0 Bye
"""
MSMTP = """
    <-- 220 mx.site.test ESMTP
    --> EHLO pc
    <-- 250 mx.site.test
    --> MAIL FROM:<desk@site.test>
    <-- 250 ok
    --> RCPT TO:<guest@other.test>
    <-- 554 5.7.1 <guest@other.test>: Relay access denied
    msmtp: could not send mail
"""
TELNET = """
    220 mx.other.test ESMTP
    ehlo pc
    502 5.5.1 not implemented
    helo pc
    250 mx.other.test
    mail from:<desk@site.test>
    250 2.1.0 Ok
    rcpt to:<guest@other.test>
    452 4.2.2 mailbox full
"""
SMTPLIB = r"""
    send: 'ehlo pc\r\n'
    reply: b'250-mx\r\n'
    reply: b'250 SIZE\r\n'
    reply: retcode (250); Msg: b'mx\nSIZE'
    send: 'mail FROM:<desk@site.test>\r\n'
    reply: b'553 5.7.1 Sender address rejected: not owned by user bar\r\n'
    reply: retcode (553); Msg: b'5.7.1 Sender address rejected: not owned by user bar'
"""
POSTFIX = """
    Jun  1 09:00:00 mail postfix/qmgr[1]: AB12: from=<desk@site.test>, size=300, nrcpt=1 (queue active)
    Jun  1 09:00:01 mail postfix/smtp[2]: AB12: to=<guest@other.test>, relay=mx.other.test[192.0.2.5]:25, delay=1, dsn=5.1.1, \
status=bounced (host mx.other.test[192.0.2.5] said: 550 5.1.1 <guest@other.test>: User unknown (in reply to RCPT TO command))
    Jun  1 09:00:01 mail postfix/qmgr[1]: AB12: removed
"""
EXIM = """
    2026-06-01 09:00:00 1abcde-000000-AB ** guest@other.test R=dnslookup T=remote_smtp H=mx.other.test [192.0.2.5]: \
SMTP error from remote mail server after RCPT TO:<guest@other.test>: 550 5.1.1 User unknown
"""
OPENSSL = """
    CONNECTED(00000003)
    depth=0 CN = mail.site.test
    verify error:num=10:certificate has expired
    Verify return code: 10 (certificate has expired)
"""
TRACEBACK = """
    Traceback (most recent call last):
      File "send.py", line 5, in <module>
        server.login("desk", "secret")
    smtplib.SMTPAuthenticationError: (535, b'5.7.139 Authentication unsuccessful, basic authentication is disabled.')
"""
CHAIN = """
    System.Net.Mail.SmtpException: Failure sending mail.
     ---> System.Net.Sockets.SocketException (10061): the target machine actively refused it
       at System.Net.Sockets.Socket.Connect()
"""
PHP = """
    2026-06-01 09:00:00 SERVER -> CLIENT: 220 smtp ESMTP
    2026-06-01 09:00:00 CLIENT -> SERVER: EHLO pc
    2026-06-01 09:00:00 SERVER -> CLIENT: 250 ok
    2026-06-01 09:00:00 CLIENT -> SERVER: MAIL FROM:<desk@site.test>
    2026-06-01 09:00:00 SERVER -> CLIENT: 530 5.7.0 Must issue a STARTTLS command first
"""


@pytest.mark.parametrize(
    ("text", "stage", "code", "cause"),
    [
        (SWAKS, "auth", 535, "auth_credentials"),
        (MSMTP, "recipient", 554, "relay_denied"),
        (TELNET, "recipient", 452, "mailbox_full"),
        (SMTPLIB, "sender", 553, "sender_not_allowed"),
        (POSTFIX, "recipient", 550, "recipient_unknown"),
        (EXIM, "recipient", 550, "recipient_unknown"),
        (OPENSSL, "tls", None, "certificate"),
        (TRACEBACK, "auth", 535, "auth_basic_disabled"),
        (CHAIN, "tcp", None, "connect_refused"),
        (PHP, "sender", 530, "tls_required"),
    ],
    ids=["swaks", "msmtp", "telnet", "smtplib", "postfix", "exim", "openssl", "traceback", "dotnet", "phpmailer"],
)
def test_the_telling_line_is_found(text: str, stage: str, code: int | None, cause: str) -> None:
    told = explain(textwrap.dedent(text).strip("\n"))
    assert (told.stage, told.reply_code, told.cause) == (stage, code, cause)


def test_what_a_session_made_good_is_not_told() -> None:
    assert all("not implemented" not in told.text for told in explanations(textwrap.dedent(TELNET)))


def test_every_recipient_that_was_refused_is_told() -> None:
    session = "220 mx\nMAIL FROM:<a@b.test>\n250 ok\nRCPT TO:<c@d.test>\n550 user unknown\nRCPT TO:<e@d.test>\n452 mailbox full\n"
    assert {told.cause for told in explanations(session)} == {"recipient_unknown", "mailbox_full"}


def test_a_reply_of_several_lines_is_no_session() -> None:
    text = "550-5.7.1 This mail does not\n550 5.7.1 pass DMARC"
    assert [told.text for told in explanations(text)] == [text]
