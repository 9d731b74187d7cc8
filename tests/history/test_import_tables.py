"""Any table becomes events: by a column map, or by what its headers suggest, which is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import xlsxwriter

from mailkit.errors import InputError
from mailkit.history.importing import ColumnMap, guess, read, read_column_map

from .imports import SAMPLES, both, events, written

MAP = """\
zone = "America/Toronto"
order = "mdy"

[columns]
moment = ["Day", "Hour"]
recipient = "Guest's address"
state = "Ausgang"
reference = "Nr."

[states]
"weg" = "accepted"

[always]
kind = "trace"
property = "MAIN"
"""


def test_headers_that_tell_are_enough_and_the_guess_is_said() -> None:
    found, unreadable, tally = both(SAMPLES / "table.csv", zone="America/Toronto")
    assert [(one.user, one.recipient, one.state, one.reason) for one in found] == [
        ("FD", "guest@guest.test", "accepted", None),
        ("FD", "missing@guest.test", "rejected", "userunknown"),
        ("HK", "slow@slow.test", "accepted", None),
    ]
    assert found[0].moment == datetime(2026, 3, 25, 18, 5, tzinfo=UTC)
    assert [one.line for one in unreadable] == [5, 6]
    assert "[states]" in unreadable[0].why
    assert any("columns were guessed" in note and "Sent on" in note for note in tally.notes)


def test_a_column_map_says_which_column_is_what(tmp_path: Path) -> None:
    columns = read_column_map(written(tmp_path, MAP, "map.toml"))
    table = written(tmp_path, "Nr.,Guest's address,Day,Hour,Ausgang\n1,b@g.test,3/2/2026,2:00 PM,WEG\n", "x.csv")
    (one,) = events(table, columns=columns)
    assert (one.moment, one.state, one.kind, one.property) == (
        datetime(2026, 3, 2, 19, 0, tzinfo=UTC),
        "accepted",
        "trace",
        "MAIN",
    )


def test_a_guess_can_be_written_corrected_and_read_back(tmp_path: Path) -> None:
    made = guess(SAMPLES / "table.csv")
    assert made.columns["moment"] == "Sent on"
    assert read_column_map(written(tmp_path, made.toml(), "map.toml")) == msgspec.convert(msgspec.to_builtins(made), ColumnMap)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns]\nmoment = 'Day'\nrecipient = 'To'\n", "does not say which column is state"),
        ("[columns]\nwhen = 'Day'\n", "when"),
        ("columns = [", "is not right"),
        ("[columns]\nmoment = 'Day'\nstate = 'S'\nrecipient = 'To'\n[states]\nx = 'gone'\n", "gone"),
    ],
)
def test_a_wrong_map_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as wrong:
        read_column_map(written(tmp_path, text, "map.toml"))
    assert "\n" not in str(wrong.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    table = written(tmp_path, "When,To,Result\n2026-03-02,b@g.test,sent\n", "x.csv")
    columns = ColumnMap(columns={"moment": "Sent", "recipient": "To", "state": "Result"})
    with pytest.raises(InputError, match="no column 'Sent'; it has: When, To, Result"):
        list(read(table, columns=columns))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("No de trace;Courriel;Date d'envoi;Heure;État\n4711;c@d.test;25/03/2026;14:05;Envoyé\n", "accepted"),
        ("MessageID,To,From,Subject,Status,ReceivedAt\n1-2-3,c@d.test,a@b.test,Hi,Sent,2026-03-25T14:05:00Z\n", "accepted"),
        ("event,recipient,timestamp,reason\nbounce,c@d.test,1774447500,550 5.1.1 User unknown\n", "bounced"),
        ("Date\tTo\tStatus\n25.03.2026 14:05\tc@d.test\tdelivered\n", "delivered"),
    ],
)
def test_exports_of_several_kinds_are_guessed(tmp_path: Path, text: str, state: str) -> None:
    (one,) = events(written(tmp_path, text, "x.csv"), zone="UTC")
    assert (one.recipient, one.state, one.moment) == ("c@d.test", state, datetime(2026, 3, 25, 14, 5, tzinfo=UTC))
    assert one.reason in (None, "userunknown")


def test_a_workbook_is_a_table_too(tmp_path: Path) -> None:
    path = tmp_path / "sent.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Sent on", "To", "Status"])
    when = datetime(2026, 3, 2, 14, 0)  # noqa: DTZ001 - workbooks have no zones
    sheet.write_datetime(1, 0, when, book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
    sheet.write_row(1, 1, ["b@g.test", "Sent"])
    book.close()
    (one,) = events(path, zone="UTC")
    assert (one.moment, one.recipient) == (datetime(2026, 3, 2, 14, 0, tzinfo=UTC), "b@g.test")


@pytest.mark.parametrize(
    "when",
    [
        "2026-03-02 14:05", "2026-03-02T14:05:00Z", "02/03/2026 14:05:00", "02.03.2026 14:05", "2 mars 2026 14:05",
        "Mar 2, 2026 2:05 PM",
        "Mon, 02 Mar 2026 15:05:00 +0100", "2026/03/02 14:05", "1772460300", "1772460300000", "46083.586805555555",
        "lundi 2 mars 2026 à 14h05", "2026-03-02T14:05:00.1234567Z",
    ],
)  # fmt: skip
def test_times_are_read_as_programs_and_people_write_them(tmp_path: Path, when: str) -> None:
    table = written(tmp_path, f'When,To,Result\n"{when}",b@g.test,sent\n', "x.csv")
    columns = ColumnMap(columns={"moment": "When", "recipient": "To", "state": "Result"})
    (one,) = events(table, columns=columns, zone="UTC")
    assert one.moment.replace(second=0, microsecond=0) == datetime(2026, 3, 2, 14, 5, tzinfo=UTC)


def test_a_quote_that_is_never_closed_does_not_swallow_the_file_silently(tmp_path: Path) -> None:
    rows = "".join(f"2026-03-02 14:05,b{number}@g.test,sent\n" for number in range(20_000))
    table = written(tmp_path, f'Date,To,Status\n2026-03-02 14:05,"b@g.test,sent\n{rows}', "x.csv")
    found, unreadable, _ = both(table, zone="UTC")
    assert "quote" in unreadable[0].why
    assert len(found) > 5_000  # how much one cell may hold, and so swallow, is set for the whole program
