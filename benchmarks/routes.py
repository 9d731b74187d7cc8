"""Measure how long it takes to find the routes of a large site: 10,000 users, four mailing types each.

``python benchmarks/routes.py [USERS]`` prints a Markdown table: a site of which everything is known, one of which little is
known, and one where hardly anything is right. The goal is two seconds for each; it is
processor time, because nothing here waits.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from mailkit.site import ErpSite
from mailkit.site.erp import GeneralSettings, MailingRow, Mode, SmtpSettings, User
from mailkit.site.routing import routes

GOAL_S = 2.0
SMTP = SmtpSettings(
    server_name="mail.builder.test",
    port=587,
    use_ssl=True,
    user_name="office@builder.test",
    password="set",
    from_address="office@builder.test",
)


def known(count: int) -> ErpSite:
    """Return a site of an older version of which everything is known; every second user has his own configuration."""
    users = [
        User(
            code=f"user{number}",
            user_specific=number % 2 == 0,
            user_name=f"user{number}@builder.test",
            from_address=f"user{number}@builder.test",
            password="set",
            server_name="mail.builder.test",
            port=587,
            use_ssl=True,
            access="maestro-and-mobile",
            outlook="classic",
        )
        for number in range(count)
    ]
    return ErpSite(
        version="old",
        deployment="on-premises",
        general_settings=GeneralSettings(mail_software="smtp", smtp=SMTP),
        users=tuple(users),
        mailing_configuration=(
            MailingRow(form="Invoice", account="billing@builder.test", use_smtp="not-shown"),
            MailingRow(form="Work order", mailing="dispatch", account="", use_smtp="not-shown"),
        ),
    )


def hardly_known(count: int) -> ErpSite:
    """Return a site of which there is nothing but a list of user codes."""
    return ErpSite(users=tuple(User(code=f"user{number}") for number in range(count)))


def broken(count: int) -> ErpSite:
    """Return a site of a newer version with every mode in turn and every field empty."""
    modes: tuple[Mode, ...] = ("outlook", "modern-auth", "smtp", "other", "lotus-notes")
    users = [
        User(
            code=f"user{number}@builder.test",
            mailing_mode=modes[number % len(modes)],
            user_name="",
            password="empty",
            email="",
            contact_email=f"user{number}@hotel{number}.test",
            authentication="not-authenticated",
        )
        for number in range(count)
    ]
    return ErpSite(
        version="new",
        deployment="cloud",
        general_settings=GeneralSettings(
            mail_software="outlook",
            smtp=SmtpSettings(server_name="", port="", use_ssl=False, user_name="", password="empty", from_address=""),
        ),
        users=tuple(users),
        mailing_configuration=(MailingRow(form="Invoice", account="", use_smtp="off"),),
    )


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Measure each kind of site three times."""
    for name, build in (("everything known", known), ("only user codes", hardly_known), ("every field empty", broken)):
        site, seconds, found = build(count), [], 0
        for _ in range(3):
            begun = time.process_time()
            found = sum(1 for _ in routes(site))
            seconds.append(time.process_time() - begun)
        taken = statistics.median(seconds)
        goal = f"{'within' if taken <= GOAL_S else '**over**'} {GOAL_S:g} s"
        yield name, f"{found:,}", f"{taken:.2f} ({goal})", f"{taken / found * 1e6:.0f}"


def of_many_users(count: int = 10_000) -> str:
    """Return the results as Markdown."""
    head = f"## Routes of {count:,} users\n\n|  | routes | CPU s (median of 3) | µs a route |\n|---|--:|--:|--:|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows(count))


if __name__ == "__main__":
    print(of_many_users(*map(int, sys.argv[1:])))
