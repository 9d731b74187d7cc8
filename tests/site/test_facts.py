"""What holds only for a time is judged by the day, and ages."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from mailkit.site.check.password import password_ends
from mailkit.site.facts import Fact, facts
from mailkit.site.opinion import worded
from mailkit.site.providers import providers

from .samples import (
    MICROSOFT,
    builder,
    found,
)


@pytest.mark.parametrize(
    ("today", "severity", "words"),
    [
        (dt.date(2026, 6, 1), "warning", "ends at the end of December 2026 (days left: 213)"),
        (dt.date(2026, 12, 30), "warning", "days left: 1)"),
        (dt.date(2026, 12, 31), "error", "off by default since the end of December 2026, unless the administrator"),
        (dt.date(2027, 3, 1), "error", "unless the administrator has switched it on again"),
        (dt.date(2027, 7, 1), "warning", "is from 2026-11-21 and may no longer hold"),
    ],
)
def test_the_end_of_passwords_at_microsoft_365_depends_on_the_day(today: dt.date, severity: str, words: str) -> None:
    finding = found(builder(**MICROSOFT), "site.basic-auth-ends", today=today)
    assert finding.severity == severity
    assert words in finding.summary
    assert finding.evidence["users"] == ["estimator"]
    assert "techcommunity.microsoft.com" in (finding.detail or "")


def test_a_changed_row_of_facts_changes_what_is_said() -> None:
    row = msgspec.to_builtins(next(fact for fact in facts().fact if fact.id == "microsoft-365-password"))
    final = {"begins": "2027-12-01", "when": "1 December 2027", "kind": "gone", "then": "No password works any more."}
    changed = msgspec.convert({**row, "expires": "2028-06-01", "stages": [*row["stages"], final]}, Fact)
    provider = providers()["microsoft365"]
    sentences = [
        worded(opinion, "maestro-erp").summary
        for day in (dt.date(2027, 8, 1), dt.date(2027, 12, 1))
        for opinion in password_ends(provider, day, (), changed)
    ]
    assert "off by default since the end of December 2026" in sentences[0]
    assert "has not worked since 1 December 2027" in sentences[1]


def test_every_fact_is_of_a_known_provider_and_will_be_looked_at_again() -> None:
    for fact in facts().fact:
        assert {*fact.providers} <= providers().keys()
        assert fact.checked < fact.expires
        days = [stage.begins for stage in fact.stages if stage.begins]
        assert days == sorted(days)
        assert len(fact.source) <= 160
    assert facts().mechanisms.keys() <= providers().keys()


def test_the_presets_and_the_dated_facts_name_the_same_days() -> None:
    told = {
        provider: stage.begins
        for fact in facts().fact
        for stage in fact.stages
        for provider in fact.providers
        if fact.of == "password" and stage.kind != "app-password"
    }
    assert told == {name: provider.ends for name, provider in providers().items() if provider.ends}
