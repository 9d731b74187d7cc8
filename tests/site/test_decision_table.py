"""Every row of the decision table of maestro*: who sends what, from which settings, and how sure that is.

The expectations are written down here from the vendor's pages, row by row, in the words of the table; nothing is read from the
data that the program decides by. "GS" is General Settings, "MC" the row of Mailing Configuration.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mailkit.site import ErpSite
from mailkit.site.erp import GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.route import Route, RouteValue
from mailkit.site.routing import route, rules

ON_PREM = ("on-premises", "terminal-server")
CLOUD = ("cloud",)
ANYWHERE = (*ON_PREM, *CLOUD)
OFF, ON, OFF_OR_ON = (False,), (True,), (False, True)
BULK = ("bulk", "dispatch")
NOT_SMTP = ("outlook", "other", "lotus-notes")
ACCOUNT = "billing@builder.test"

GENERAL = SmtpSettings(
    server_name="general.builder.test",
    port=587,
    use_ssl=True,
    user_name="general@builder.test",
    password="set",
    from_address="general-from@builder.test",
)
USER = {
    "code": "estimating@builder.test",
    "user_name": "own@builder.test",
    "password": "set",
    "from_address": "own-from@builder.test",
    "server_name": "own.builder.test",
    "port": 465,
    "use_ssl": False,
    "email": "modern@builder.test",
    "authentication": "authenticated",
    "contact_email": "contact@builder.test",
}

# ── what a row gives ───────────────────────────────────────────────────────────────────────────────────────────────

CLIENT = {"server": "client", "port": "client", "security": "client", "login": "client", "password": "client"}
GS = {"server": "general", "port": "general", "security": "general", "login": "general", "password": "general"}
OF_USER = {"server": "user", "port": "user", "security": "user", "login": "user", "password": "user"}
GS_SERVER = {**OF_USER, "server": "general", "port": "general", "security": "general"}
TOKEN = {"server": "token", "port": "token", "security": "token", "login": "email", "password": "token"}
NOTHING = dict.fromkeys(CLIENT)

VALUES = {
    "general": {"server": "general.builder.test", "port": 587, "security": "ssl", "login": "general@builder.test"},
    "user": {"server": "own.builder.test", "port": 465, "security": "none", "login": "own@builder.test"},
    "email": {"login": "modern@builder.test"},
}

D, I_H, I_M, I_L = ("documented", "sure"), ("inferred", "likely"), ("inferred", "likely"), ("inferred", "guess")
MODE_D = ("documented", "likely")
"""The mode is documented, part of what it does is concluded."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The circumstances of a row ("any" spelled out) and what comes of them."""

    version: str = "old"
    deploy: tuple[str, ...] = ON_PREM
    software: tuple[str, ...] = ("smtp",)
    us: tuple[bool, ...] = OFF_OR_ON
    mode: tuple[str, ...] = ("",)
    mailing: tuple[str, ...] = ("standard",)
    account: tuple[str, ...] = (ACCOUNT,)
    box: tuple[str, ...] = ("off",)
    outlook: tuple[str, ...] = ("classic",)
    provider: tuple[str, ...] = ("microsoft365",)
    single: bool = False
    transport: str
    sources: dict[str, Any]
    sender: tuple[str | None, str | None] = (None, None)
    """The source and the value of From."""
    as_rule: str | None = None
    status: tuple[str, str] = D
    finds: str | None = None


FROM_USER = ("user", "own-from@builder.test")
FROM_GS = ("general", "general-from@builder.test")
FROM_MC = ("mailing", ACCOUNT)
FROM_CLIENT = ("client", None)

OUTLOOK: dict[str, Any] = {"transport": "outlook", "sources": CLIENT, "sender": FROM_CLIENT}
BY_USER: dict[str, Any] = {"transport": "smtp", "sources": OF_USER, "sender": FROM_USER}
BY_GS: dict[str, Any] = {"transport": "smtp", "sources": GS, "sender": FROM_GS}
BY_GS_AS_MC: dict[str, Any] = {"transport": "smtp", "sources": GS, "sender": FROM_MC}
INVALID: dict[str, Any] = {"transport": "none", "sources": NOTHING}

TABLE: dict[str, tuple[Row, ...]] = {
    # ── older versions
    "R1": (Row(software=("outlook",), us=OFF, **OUTLOOK),),
    "R2": (Row(software=("outlook",), us=ON, **BY_USER),),
    "R3": (Row(software=("smtp",), us=OFF, transport="smtp", sources=GS_SERVER, sender=FROM_USER),),
    "R4": (Row(software=("smtp",), us=ON, **BY_USER),),
    "R5": (Row(software=("other",), us=OFF, transport="mapi", sources=CLIENT, sender=FROM_CLIENT),),
    "R6": (Row(software=("other",), us=ON, **BY_USER, status=I_H),),
    "R7": (Row(software=("lotus-notes",), us=OFF, transport="notes", sources=CLIENT, sender=FROM_CLIENT, status=MODE_D),),
    "R8": (Row(software=("lotus-notes",), us=ON, **BY_USER, status=I_H),),
    "R9": (Row(deploy=CLOUD, us=OFF, transport="smtp", sources=GS_SERVER, sender=FROM_USER),),
    "R10": (Row(deploy=CLOUD, us=ON, **BY_USER, status=I_H),),
    "R11": (Row(deploy=CLOUD, software=NOT_SMTP, us=OFF, **INVALID, finds="site.cloud-needs-smtp"),),
    "R12": (Row(deploy=CLOUD, software=NOT_SMTP, us=ON, **BY_USER, status=I_M, finds="site.cloud-needs-smtp"),),
    "R13": (
        Row(software=("outlook", "smtp"), mailing=("mobile",), **BY_GS),
        Row(deploy=CLOUD, software=("outlook", "smtp"), mailing=("mobile",), **BY_GS, status=I_H),
    ),
    "R14": (Row(deploy=ANYWHERE, software=("other", "lotus-notes"), mailing=("mobile",), **BY_GS, status=I_H),),
    "R15": (Row(software=("outlook",), us=OFF, mailing=BULK, transport="outlook", sources=CLIENT, sender=FROM_MC),),
    "R16": (Row(software=("outlook",), us=ON, mailing=BULK, transport="outlook", sources=CLIENT, sender=FROM_MC, status=I_L),),
    "R17": (Row(software=("outlook",), mailing=BULK, box=("on",), **BY_GS_AS_MC, status=I_M),),
    "R18": (Row(software=("smtp",), mailing=BULK, box=("not-shown",), **BY_GS_AS_MC, status=I_M),),
    "R19": (
        Row(software=("other",), mailing=BULK, transport="mapi", sources=CLIENT, sender=FROM_CLIENT, status=I_L),
        Row(software=("lotus-notes",), mailing=BULK, transport="notes", sources=CLIENT, sender=FROM_CLIENT, status=I_L),
    ),
    "R20": (Row(software=("other", "lotus-notes"), mailing=BULK, box=("on",), **BY_GS_AS_MC, status=I_M),),
    "R21": (Row(deploy=CLOUD, software=("smtp",), mailing=BULK, box=("not-shown",), **BY_GS_AS_MC, status=I_M),),
    "R22": (
        Row(software=("outlook",), us=OFF, mailing=BULK, account=("",), box=("off", "on"), **OUTLOOK, as_rule="R1", status=I_M),
        Row(software=("outlook",), us=ON, mailing=BULK, account=("",), box=("off", "on"), **BY_USER, as_rule="R2", status=I_M),
        Row(
            us=OFF,
            mailing=BULK,
            account=("",),
            box=("not-shown",),
            transport="smtp",
            sources=GS_SERVER,
            sender=FROM_USER,
            as_rule="R3",
            status=I_M,
        ),
        Row(us=ON, mailing=BULK, account=("",), box=("not-shown",), **BY_USER, as_rule="R4", status=I_M),
        Row(deploy=CLOUD, us=ON, mailing=BULK, account=("",), box=("not-shown",), **BY_USER, as_rule="R10", status=I_M),
        Row(
            deploy=CLOUD,
            software=NOT_SMTP,
            us=OFF,
            mailing=BULK,
            account=("",),
            box=("on",),
            **INVALID,
            as_rule="R11",
            status=I_M,
            finds="site.cloud-needs-smtp",
        ),
    ),
    "R23": (
        Row(software=("outlook",), us=OFF, mailing=BULK, box=("off", "on"), single=True, **OUTLOOK, as_rule="R1"),
        Row(software=("outlook",), us=ON, mailing=BULK, box=("off", "on"), single=True, **BY_USER, as_rule="R2"),
        Row(us=ON, mailing=BULK, box=("not-shown",), single=True, **BY_USER, as_rule="R4"),
    ),
    "R24": (
        Row(
            deploy=CLOUD,
            software=NOT_SMTP,
            mailing=BULK,
            account=(ACCOUNT, ""),
            **INVALID,
            status=I_H,
            finds="site.cloud-needs-smtp",
        ),
    ),
    # ── newer versions
    "R25": (Row(version="new", mode=("outlook",), software=("outlook", "smtp", "modern-auth"), **OUTLOOK),),
    "R26": (
        Row(version="new", mode=("modern-auth",), transport="modern_auth", sources=TOKEN, sender=("user", USER["email"])),
        Row(
            version="new",
            deploy=CLOUD,
            mode=("modern-auth",),
            transport="modern_auth",
            sources=TOKEN,
            sender=("user", USER["email"]),
            status=I_H,
        ),
    ),
    "R27": (Row(version="new", deploy=ANYWHERE, mode=("smtp",), software=("outlook", "smtp"), **BY_USER, status=MODE_D),),
    "R28": (Row(version="new", mode=("other",), transport="mapi", sources=CLIENT, sender=FROM_CLIENT, status=MODE_D),),
    "R29": (
        Row(version="new", mode=("",), software=("outlook",), **OUTLOOK, as_rule="R25", status=I_H),
        Row(version="new", deploy=ANYWHERE, mode=("",), software=("smtp",), **BY_USER, as_rule="R27", status=I_H),
        Row(
            version="new",
            mode=("",),
            software=("other",),
            transport="mapi",
            sources=CLIENT,
            sender=FROM_CLIENT,
            as_rule="R28",
            status=I_H,
        ),
        Row(
            version="new",
            mode=("",),
            software=("modern-auth",),
            transport="modern_auth",
            sources=TOKEN,
            sender=("user", USER["email"]),
            as_rule="R26",
            status=I_H,
        ),
    ),
    "R30": (Row(version="new", deploy=CLOUD, mode=("outlook",), **INVALID, finds="site.mode-not-in-cloud"),),
    "R31": (Row(version="new", deploy=CLOUD, mode=("other",), **INVALID, status=I_M, finds="site.mode-not-in-cloud"),),
    "R32": (Row(version="new", mode=("outlook",), outlook=("new",), **INVALID, finds="site.new-outlook"),),
    "R33": (
        Row(
            version="new",
            deploy=ANYWHERE,
            mode=("modern-auth",),
            provider=("", "gmail"),
            **INVALID,
            finds="site.modern-auth-not-microsoft",
        ),
    ),
    "R34": (
        Row(
            version="new",
            deploy=ANYWHERE,
            mode=("outlook", "modern-auth", "smtp", "other", ""),
            software=("outlook", "smtp"),
            mailing=("mobile",),
            **BY_GS,
            as_rule="R13",
            status=I_M,
        ),
        Row(
            version="new",
            mode=("modern-auth", "smtp"),
            software=("outlook",),
            mailing=BULK,
            transport="outlook",
            sources=CLIENT,
            sender=FROM_MC,
            as_rule="R15",
            status=I_M,
        ),
        Row(
            version="new",
            mode=("modern-auth", "outlook"),
            software=("smtp",),
            mailing=BULK,
            box=("not-shown",),
            **BY_GS_AS_MC,
            as_rule="R18",
            status=I_M,
        ),
        Row(
            version="new",
            deploy=CLOUD,
            mode=("modern-auth", "smtp"),
            software=("smtp",),
            mailing=BULK,
            box=("not-shown",),
            **BY_GS_AS_MC,
            as_rule="R21",
            status=I_M,
        ),
    ),
}


def routed(row: Row) -> Iterator[Route]:
    """Give the routes of all circumstances a row speaks of."""
    for deploy, software, us, mode, mailing, account, box, outlook, provider in itertools.product(
        row.deploy, row.software, row.us, row.mode, row.mailing, row.account, row.box, row.outlook, row.provider
    ):
        user = User(**{**USER, "user_specific": us, "mailing_mode": mode, "outlook": outlook, "provider": provider})
        document = MailingRow(form="Invoice", account=account, use_smtp=box)
        site = ErpSite(
            version=row.version,
            deployment=deploy,
            general_settings=GeneralSettings(mail_software=software, smtp=GENERAL),
            users=(user,),
        )
        yield route(site, user, mailing, row=document if mailing in BULK else None, single=row.single)


@pytest.mark.parametrize("number", TABLE)
def test_the_row_decides_as_the_vendor_says(number: str) -> None:
    for row in TABLE[number]:
        for found in routed(row):
            assert (found.rule, found.as_rule, found.transport) == (number, row.as_rule, row.transport)
            assert (found.basis, found.confidence) == row.status
            assert not found.assumed
            assert not found.alternatives
            assert found.reason
            assert set(found.sources) <= rules().pages.keys()
            for name, source in row.sources.items():
                value: RouteValue = getattr(found.fields, name)
                assert value.source == ("user" if source == "email" else source), name
                assert value.value == VALUES.get(str(source), {}).get(name), name
            assert (found.fields.sender.source, found.fields.sender.value) == row.sender
            brought = {finding.code for finding in found.findings if finding.severity in {"error", "warning"}}
            assert brought == ({row.finds} if row.finds else set())


def test_the_table_has_exactly_these_rows_and_each_is_reached() -> None:
    numbers = {f"R{number}" for number in range(1, 35)}
    assert set(rules().ids) == numbers == set(TABLE)
    assert {found.rule for rows in TABLE.values() for row in rows for found in routed(row)} == numbers


def test_modern_authentication_logs_in_with_the_address_and_the_sign_in() -> None:
    (row, _) = TABLE["R26"]
    found = next(routed(row))
    assert found.fields.login.value == "modern@builder.test"
    assert (found.fields.password.set, found.fields.password.value) == (True, None)


def test_a_password_is_never_a_value() -> None:
    passwords = [found.fields.password for rows in TABLE.values() for row in rows for found in routed(row)]
    assert {password.value for password in passwords} == {None}
    assert {password.set for password in passwords} == {True, None}
