"""The documents printed are what the schemas shipped with them say, and keep the habits promised to scripts."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailkit.cli.schema import KINDS


def mailkit(*arguments: str | Path) -> list[Any]:
    """Run the command and return the JSON documents it printed."""
    command = [sys.executable, "-m", "mailkit", *(str(part) for part in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, encoding="utf-8")
    assert done.returncode in {0, 1}, done.stderr
    assert not done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def schema(kind: str) -> Any:
    command = [sys.executable, "-m", "mailkit", "schema", kind]
    return json.loads(subprocess.run(command, capture_output=True, timeout=30, check=True).stdout)


@pytest.fixture(scope="module")
def printed() -> list[Any]:
    """All faults of the practice site: findings about its settings, then what was probed and judged."""
    return mailkit("demo", "--json")


@pytest.fixture(scope="module")
def documents(printed: list[Any]) -> list[Any]:
    return [document for document in printed if document["schema"] == "mailkit.probe/1"]


@pytest.fixture(scope="module")
def saved(documents: list[Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each document in a file of its own."""
    folder = tmp_path_factory.mktemp("saved")
    files = [folder / f"{number}.json" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(json.dumps(document) + "\n", encoding="utf-8")
    return files


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_valid_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))


def test_a_printed_probe_fits_its_schema(documents: list[Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema("probe"))
    assert len(documents) > 5
    assert not [error.message for document in documents for error in validator.iter_errors(document)]


def test_a_printed_finding_fits_its_schema(printed: list[Any], documents: list[Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema("finding"))
    alone = [document for document in printed if document["schema"] == "mailkit.finding/1"]
    assert len(alone) + len(documents) == len(printed) > len(documents)
    findings = [*alone, *(finding for document in documents for finding in document["findings"])]
    assert {finding["severity"] for finding in findings} >= {"error", "warning", "ok"}
    assert not [error.message for finding in findings for error in validator.iter_errors(finding)]


def test_a_printed_comparison_fits_its_schema(saved: list[Path]) -> None:
    validator = jsonschema.Draft202012Validator(schema("comparison"))
    (comparison,) = mailkit("diagnose", saved[0], saved[1], "--json")
    assert comparison["schema"] == "mailkit.comparison/1"
    assert not [error.message for error in validator.iter_errors(comparison)]


def test_a_saved_probe_is_judged_the_same_again(documents: list[Any], saved: list[Path]) -> None:
    for document, file in zip(documents, saved, strict=True):
        assert mailkit("diagnose", file, "--json") == [document]


def values(thing: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Return all plain values of a document with the key they stand under."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from values(value, key)
    elif isinstance(thing, list):
        for value in thing:
            yield from values(value, name)
    else:
        yield name, thing


def test_a_document_says_first_what_it_is(documents: list[Any]) -> None:
    for document in documents:
        assert next(iter(document.items())) == ("schema", "mailkit.probe/1")


def test_what_is_not_known_is_null(documents: list[Any]) -> None:
    # A line of a conversation may be empty: that is what was said.
    assert not [key for document in documents for key, value in values(document) if value == "" and key != "line"]


def test_times_are_in_utc_and_durations_in_milliseconds(documents: list[Any]) -> None:
    seen = [pair for document in documents for pair in values(document)]
    times = [value for key, value in seen if key in {"started", "not_before", "not_after"}]
    assert {dt.datetime.fromisoformat(time).utcoffset() for time in times} == {dt.timedelta(0)}
    durations = [value for key, value in seen if key.endswith("_ms") and value is not None]
    assert durations
    assert all(isinstance(value, int | float) and value >= 0 for value in durations)
