"""Whatever is configured: a check comes to an end, in whole sentences."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mailkit.finding import Finding
from mailkit.site import ErpSite, PmsSite
from mailkit.site.check import check
from mailkit.site.erp import GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.pms import Clerk, EmailSetup, LeaveFields, Property, Switch, Traces

from .samples import (
    TODAY,
    found,
)

TYPED = some.one_of(
    some.none(),
    some.sampled_from(
        ["", " ", "a", "None", "a@hotel.test", "b@x.test", "x@y@z", "a b@c.test", "{brace}", "a\x1b[31m", "é" * 300]
    ),
    some.sampled_from(["smtp.office365.com", "smtp.gmail.com", "10.0.0.1", "::1", "5.1", "mail.hotel.local", "microsoft365"]),
    some.text(max_size=12),
)


def any_of(kind: type[msgspec.Struct], **fixed: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Return any values of a type; texts are such as people type."""
    chosen: dict[str, some.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        said = str(field.type)
        if "max_length" in said and "Literal" not in said and "Struct" not in said and not field.required:
            chosen[field.name] = some.one_of(TYPED, some.booleans()) if "bool" in said else TYPED
        elif "Port" in said or "le=65535" in said:
            chosen[field.name] = some.sampled_from([None, "", 25, 465, 587, 993, 1, 65535])
        elif get_args(field.type) and not field.required and "Struct" not in said and "tuple" not in said and "Meta" not in said:
            choices = [one for part in get_args(field.type) for one in (get_args(part) or (part,))]
            chosen[field.name] = some.sampled_from([None, *(one for one in choices if isinstance(one, str))])
    return some.builds(kind, **{**chosen, **fixed})


DAYS = some.dates()
FLAGS = some.sampled_from([None, True, False])
SETUPS = any_of(EmailSetup, email_traces=FLAGS)
ERP = any_of(
    ErpSite,
    schema=some.just("mailkit.site/1"),
    general_settings=any_of(GeneralSettings, smtp=any_of(SmtpSettings, use_ssl=FLAGS)),
    users=some.lists(
        any_of(User, user_specific=FLAGS, use_ssl=FLAGS, number=some.sampled_from([None, 1, 2]), authenticated_on=some.none()),
        max_size=4,
    ).map(tuple),
    mailing_configuration=some.lists(
        any_of(
            MailingRow,
            form=some.sampled_from(["Invoice", "", "{x}"]),
            mailing=some.sampled_from(["bulk", "dispatch"]),
            archive=FLAGS,
        ),
        max_size=2,
    ).map(tuple),
)
PMS = any_of(
    PmsSite,
    schema=some.just("mailkit.site/1"),
    business_date=some.none() | DAYS,
    email_setup=SETUPS,
    baseline=any_of(LeaveFields),
    properties=some.lists(any_of(Property, code=some.sampled_from(["A", "", "{x}"]), email_setup=SETUPS), max_size=2).map(tuple),
    clerks=some.lists(any_of(Clerk), max_size=4).map(tuple),
    traces=some.builds(
        Traces,
        activated=FLAGS,
        first_activated=some.none() | DAYS,
        switches=some.lists(some.builds(Switch, on=DAYS, to=some.booleans()), max_size=2).map(tuple),
        days=some.sampled_from([0, 7, 3660]),
        waiting=some.sampled_from([None, 0, 1, 10**6]),
    ),
)


@settings(max_examples=250, deadline=None)
@given(ERP | PMS, DAYS)
def test_any_site_can_be_checked_on_any_day(site: ErpSite | PmsSite, today: dt.date) -> None:
    typed = msgspec.json.encode(site).decode()
    for finding in check(site, today):
        texts = [finding.summary, finding.detail or "", *(fix.action for fix in finding.fix)]
        assert finding.subject
        if "{" not in typed:
            assert not [text for text in texts if "{" in text or "}" in text]
        if "None" not in typed:
            assert not [text for text in texts if "None" in text]
        assert not [text for text in texts if "\x1b" in text]
        assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding


@pytest.mark.parametrize("site", [ErpSite(), PmsSite(), ErpSite(users=(User(), User())), PmsSite(clerks=(Clerk(), Clerk()))])
def test_what_is_not_known_is_no_mistake_but_listed_once(site: ErpSite | PmsSite) -> None:
    assert {one.severity for one in check(site, TODAY)} == {"info"}
    assert found(site, "site.look-up").fix[0].who == "support"
