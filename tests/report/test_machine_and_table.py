"""What scripts and spreadsheets get."""

from __future__ import annotations

import csv
import io
import json

import msgspec

from mailkit.observation import ProbeDocument
from mailkit.report.machine import line
from mailkit.report.table import COLUMNS, frame, sheet


def test_a_document_is_one_line_and_reads_back_as_it_was(expired: ProbeDocument, hostile: ProbeDocument) -> None:
    for document in (expired, hostile):
        text = line(document)
        assert len(text.splitlines()) == 1
        assert msgspec.json.decode(text, type=ProbeDocument) == document


def test_the_first_key_is_the_schema_and_times_are_utc(expired: ProbeDocument) -> None:
    keys = json.loads(line(expired))
    assert next(iter(keys.items())) == ("schema", "mailkit.probe/1")
    assert keys["started"] == "2026-11-05T12:00:03Z"


def test_unusual_line_ends_do_not_split_a_document(expired: ProbeDocument) -> None:
    odd = msgspec.structs.replace(expired, headline="one\u2028two\u0085three")
    assert len(line(odd).splitlines()) == 1
    assert json.loads(line(odd))["headline"] == "one\u2028two\u0085three"


def test_a_table_has_a_row_per_address_with_unknown_left_out(expired: ProbeDocument) -> None:
    table = frame([expired])
    assert tuple(table.columns) == COLUMNS
    assert list(table["address"]) == ["192.0.2.25", "2001:db8::25"]
    assert table["security"][0] == "starttls"
    assert not table["certificate_verified"][0]
    assert table["reachable"].isna().tolist() == [False, True]
    assert str(table["certificate_until"][0]) == "2026-03-03 00:00:00+00:00"
    assert set(table["cause"]) == {"tls.certificate-expired"}


def test_a_target_without_an_endpoint_still_has_its_row(expired: ProbeDocument) -> None:
    table = frame([msgspec.structs.replace(expired, endpoints=())])
    assert list(table["target"]) == ["mail.hotel.example:587"]
    assert table["host"].isna().all()


def test_no_documents_make_an_empty_table() -> None:
    assert tuple(frame([]).columns) == COLUMNS
    assert sheet([]).splitlines() == [",".join(COLUMNS)]


def test_a_spreadsheet_calculates_nothing_a_server_said(expired: ProbeDocument) -> None:
    for formula in ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1"):
        rows = list(csv.DictReader(io.StringIO(sheet([msgspec.structs.replace(expired, headline=formula)]), newline="")))
        assert len(rows) == 2
        assert all(row["headline"].startswith("'") for row in rows)
        assert rows[0]["connect_ms"] == "20"
