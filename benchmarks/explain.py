"""Measure how many bounces a second of processor time reads, beside what the standard library needs to parse them at all.

``python benchmarks/explain.py`` prints a Markdown table. The mails are made here, in two common
shapes; the goal is 1,000 a second.
"""

from __future__ import annotations

import email
import statistics
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage

from mailkit.explain import read_bounce

GOAL = 1000
COUNT = 400
REPLIES = (
    "550 5.1.1 <{name}>: Recipient address rejected: User unknown",
    "552 5.2.2 The mailbox is over quota",
    "554 5.7.1 Message refused: it looks like spam",
    "451 4.7.1 Greylisted, please come back in five minutes",
    "550 5.7.26 Unauthenticated mail from this domain is not accepted due to its DMARC policy",
)


def reports(count: int) -> list[bytes]:
    """Return delivery reports with fields for programs (RFC 3464)."""
    return [_report(number) for number in range(count)]


def _report(number: int) -> bytes:
    name = f"clerk{number}@hotel{number % 9}.test"
    reply = REPLIES[number % len(REPLIES)].format(name=name)
    fields = (
        f"Reporting-MTA: dns; mx.builder.test\n\nFinal-Recipient: rfc822; {name}\nAction: failed\n"
        f"Diagnostic-Code: smtp; {reply}\n"
    )
    words = f"Your message could not be delivered to\n\n<{name}>: host mx.hotel.test said: {reply}\n"
    mail = (
        "From: MAILER-DAEMON@mx.builder.test\nTo: office@builder.test\nSubject: Undelivered mail\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\n\n'
        f"--cut\nContent-Type: text/plain\n\n{words}\n--cut\nContent-Type: message/delivery-status\n\n{fields}\n"
        f"--cut\nContent-Type: message/rfc822\n\n{_sent(number)}\n--cut--\n"
    )
    return mail.encode()


def prose(count: int) -> list[bytes]:
    """Return notices for people only, the returned mail below."""
    mails = []
    for number in range(count):
        name = f"clerk{number}@hotel{number % 9}.test"
        notice = EmailMessage()
        notice["From"], notice["To"], notice["Subject"] = "postmaster@mx.builder.test", "office@builder.test", "failure notice"
        reply = REPLIES[number % len(REPLIES)].format(name=name)
        notice.set_content(
            f"Hello, this is the mail program at mx.builder.test.\nThe following address failed:\n\n<{name}>:\n{reply}\n\n"
            f"--- Below this line is a copy of the message.\n\n{_sent(number)}"
        )
        mails.append(notice.as_bytes())
    return mails


def _sent(number: int) -> str:
    lines = "\n".join(f"Line {line} of the work order {number}: doors, windows and paint for the lobby." for line in range(30))
    head = f"From: office@builder.test\nTo: clerk@hotel.test\nSubject: Work order {number}\n"
    return f"{head}Message-ID: <{number}@builder.test>\n\n{lines}\n"


def _rate(mails: Sequence[bytes], read: Callable[[bytes], object]) -> float:
    rates = []
    for _ in range(3):
        begun = time.process_time()
        for mail in mails:
            read(mail)
        rates.append(len(mails) / (time.process_time() - begun))
    return statistics.median(rates)


def bounces() -> str:
    """Return the results as Markdown."""
    lines = [
        "## Bounces read\n",
        "|  | mailkit, mails per CPU second | standard parser alone | ratio |",
        "|---|--:|--:|--:|",
    ]
    for title, mails in (("reports with fields", reports(COUNT)), ("notices for people", prose(COUNT))):
        read_bounce(mails[0])  # the rules are loaded once
        ours, parser = _rate(mails, read_bounce), _rate(mails, email.message_from_bytes)
        goal = f"{'within' if ours >= GOAL else '**under**'} {GOAL:,}"
        lines.append(f"| {title} | {ours:,.0f} ({goal}) | {parser:,.0f} | {parser / ours:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(bounces())
