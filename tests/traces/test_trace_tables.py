"""Traces from the tables hotels have: any encoding, any separator, broken rows listed and nothing lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter
from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.site.pms import Property, Traces
from mailkit.site.traces import TraceColumns, TraceSource, TraceWords
from mailkit.traces.trace import Trace, Unusable

from .hotel import HOTEL, bad, hotel, one, opened, rows, table


def said(**source: object) -> Traces:
    return Traces(source=TraceSource(**source))  # type: ignore[arg-type]  # fields by name


def test_a_trace_is_read_with_its_dates_in_the_propertys_zone(tmp_path: Path) -> None:
    headers = "Trace ID,Type,Clerk,Subject,Message,Created,Due,Due time,Business date,Status,E-mailed"
    path = table(
        tmp_path, "4711,Staff message,FD,Keys,In the safe,2026-11-20 23:30,2026-11-22,08:15,2026-11-20,Open,N", headers=headers
    )
    trace = one(path)
    assert (trace.row, trace.id, trace.kind, trace.clerk, trace.subject, trace.text) == (
        2,
        "4711",
        "staff",
        "FD",
        "Keys",
        "In the safe",
    )
    assert trace.created == dt.datetime(2026, 11, 21, 4, 30, tzinfo=dt.UTC)
    assert trace.created_on == dt.date(2026, 11, 20)
    assert trace.due == dt.datetime(2026, 11, 22, 13, 15, tzinfo=dt.UTC)
    assert (trace.business, trace.status, trace.mailed) == (dt.date(2026, 11, 20), "open", False)


def test_each_property_has_its_own_zone(tmp_path: Path) -> None:
    site = hotel(properties=(Property(code="EAST"), Property(code="WEST", time_zone="America/Vancouver")))
    headers = "Trace ID,Property,Clerk,Message,Created"
    path = table(tmp_path, "1,EAST,FD,x,2026-11-20 12:00", "2,west,FD,x,2026-11-20 12:00", headers=headers)
    hours = [trace.created.hour for trace in rows(path, site) if isinstance(trace, Trace) and trace.created]
    assert hours == [17, 20]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_encoding_and_the_separator_are_recognised(tmp_path: Path, encoding: str, separator: str) -> None:
    headers = separator.join(("No de trace", "Commis", "Texte", "Créé le"))
    path = table(tmp_path, separator.join(("7", "FD", "Chambre prête à 13 h", "2026-11-20")), headers=headers, encoding=encoding)
    trace = one(path)
    assert (trace.id, trace.clerk, trace.text, trace.created_on) == ("7", "FD", "Chambre prête à 13 h", dt.date(2026, 11, 20))


def test_reading_as_windows_1252_is_said(tmp_path: Path) -> None:
    path = table(tmp_path, "7,FD,Prêt,2026-11-20", encoding="cp1252")
    assert "Windows-1252" in opened(path).notes[0]


def test_columns_that_were_guessed_are_shown_and_those_the_site_names_go_first(tmp_path: Path) -> None:
    path = table(tmp_path, "1,A,FD,x,2026-11-20", headers="Trace ID,Clerk,Addressee code,Message,Created")
    guessed = {column.field: (column.header, column.how) for column in opened(path).columns}
    assert guessed["clerk"] == ("Clerk", "guessed")
    site = hotel(traces=said(columns=TraceColumns(clerk="addressee CODE")))
    named = opened(path, site)
    assert {column.field: (column.header, column.how) for column in named.columns}["clerk"] == ("Addressee code", "named")
    assert one(path, site).clerk == "FD"


def test_a_column_that_the_site_names_and_nobody_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,2026-11-20")
    with pytest.raises(InputError, match=r"no column 'Addressee'.*clerk.*Trace ID, Clerk, Message, Created"):
        opened(path, hotel(traces=said(columns=TraceColumns(clerk="Addressee"))))


def test_headers_may_stand_below_a_title(tmp_path: Path) -> None:
    path = table(tmp_path, "", HEADERS_LINE, "1,FD,x,2026-11-20", headers="Traces of the week,,,")
    assert one(path).row == 4


HEADERS_LINE = "Trace ID,Clerk,Message,Created"


def test_a_text_may_have_line_breaks_and_separators_in_quotes(tmp_path: Path) -> None:
    path = table(tmp_path, '1,FD,"Call 118, then\r\nring 119",2026-11-20', "2,FD,next,2026-11-20")
    found = rows(path)
    assert [trace.text for trace in found if isinstance(trace, Trace)] == ["Call 118, then\r\nring 119", "next"]
    assert found[1].row == 4


def test_rows_of_another_shape_are_listed_with_their_line(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,Call 118, then 119,2026-11-20", "2,FD,x,", "3,FD")
    found = rows(path)
    assert [(one.row, one.reason) for one in found if isinstance(one, Unusable)] == [(2, "row"), (4, "row")]
    assert "separator" in found[0].why if isinstance(found[0], Unusable) else False
    assert isinstance(found[1], Trace)


def test_empty_cells_that_a_program_leaves_out_at_the_end_are_empty(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,2026-11-20,Y", "2,FD,x,2026-11-20", headers="Trace ID,Clerk,Message,Created,E-mailed")
    assert [trace.mailed for trace in rows(path) if isinstance(trace, Trace)] == [True, False]


def test_a_quote_that_is_never_closed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,2026-11-20", '2,FD,"open,2026-11-20', "3,FD,x,2026-11-20")
    with pytest.raises(InputError, match="line 3: a quote is opened and not closed"):
        opened(path)


@pytest.mark.parametrize(
    ("headers", "line", "reason", "words"),
    [
        ("Trace ID,Clerk,Message,Created", ",FD,x,2026-11-20", "id", "nothing tells this trace"),
        ("Trace ID,Clerk,Message,Created", "1,FD,x,31/11/2026", "date", "no day"),
        ("Trace ID,Clerk,Message,Created", "1,FD,x,11/02/2026", "date", "day_first"),
        ("Trace ID,Clerk,Status,Created", "1,FD,Zz,2026-11-20", "status", r"\[traces.source.words\]"),
        ("Trace ID,Clerk,Type,Created", "1,FD,Zz,2026-11-20", "kind", "trace, staff, alert"),
        ("Trace ID,Clerk,E-mailed,Created", "1,FD,Zz,2026-11-20", "mailed", "neither yes, no nor a day"),
        ("Trace ID,Clerk,Subject,Created", f"1,FD,{'x' * 501},2026-11-20", "text", "longer than 500"),
    ],
)
def test_what_cannot_be_used_is_listed_with_the_cell_and_what_would_be_right(
    tmp_path: Path, headers: str, line: str, reason: str, words: str
) -> None:
    found = bad(table(tmp_path, line, headers=headers))
    assert (found.row, found.reason) == (2, reason)
    assert len(found.cell) <= 100
    assert pytest.importorskip("re").search(words, found.why)


def test_control_characters_of_a_source_do_not_reach_a_terminal(tmp_path: Path) -> None:
    found = bad(table(tmp_path, "1,FD,\x1b[31mred\x1b[0m,2026-11-20", headers="Trace ID,Clerk,Status,Created"))
    assert "\x1b" not in found.cell + found.why
    assert "\\x1b[31m" in found.cell


def test_the_other_rows_say_whether_the_day_comes_first(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,11/02/2026", "2,FD,x,13/02/2026")
    days = [trace.created_on for trace in rows(path) if isinstance(trace, Trace)]
    assert days == [dt.date(2026, 2, 11), dt.date(2026, 2, 13)]
    assert "with the day first" in opened(path).notes[0]


def test_the_site_says_whether_the_day_comes_first(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,x,11/02/2026")
    assert one(path, hotel(traces=said(day_first=False))).created_on == dt.date(2026, 11, 2)
    assert one(path, hotel(traces=said(day_first=True))).created_on == dt.date(2026, 2, 11)


def test_the_sites_own_words_are_understood(tmp_path: Path) -> None:
    words = TraceWords(staff="NOTE", completed="ZU, AB", yes="mailed ok")
    path = table(tmp_path, "1,note,FD,zu,Mailed OK,2026-11-20", headers="Trace ID,Type,Clerk,Status,E-mailed,Created")
    trace = one(path, hotel(traces=said(words=words)))
    assert (trace.kind, trace.status, trace.mailed) == ("staff", "completed", True)


def test_a_column_that_says_when_it_was_done_is_its_status(tmp_path: Path) -> None:
    path = table(tmp_path, "1,FD,2026-11-20", "2,FD,", "3,FD,Y", headers="Trace ID,Clerk,Resolved")
    assert [trace.status for trace in rows(path) if isinstance(trace, Trace)] == ["completed", "open", "completed"]


def test_an_address_where_a_clerk_should_stand_is_an_address(tmp_path: Path) -> None:
    trace = one(table(tmp_path, "1,desk@hotel.test,x,2026-11-20", headers="Trace ID,To,Message,Created"))
    assert (trace.clerk, trace.address) == (None, "desk@hotel.test")


def test_without_a_number_what_it_says_tells_one_trace_from_another_and_that_is_said(tmp_path: Path) -> None:
    path = table(tmp_path, "FD,one,2026-11-20", "FD,two,2026-11-20", headers="Clerk,Message,Created")
    found = [trace.id for trace in rows(path) if isinstance(trace, Trace)]
    assert len(set(found)) == 2
    assert found == [trace.id for trace in rows(path) if isinstance(trace, Trace)]
    assert "No column tells one trace from another" in opened(path).notes[-1]


def test_numbers_of_spreadsheets_are_whole(tmp_path: Path) -> None:
    assert one(table(tmp_path, '"4711,00";FD;x;"45983,354167"', headers="Trace ID;Clerk;Message;Created")).id == "4711"


def test_a_workbook_is_read_with_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "traces.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Traces")
        stamp, day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["Trace ID", "Clerk", "Message", "Created", "Due", "E-mailed"])
        sheet.write_row(1, 0, [4711, "FD", "Late arrival"])
        sheet.write_datetime(1, 3, dt.datetime(2026, 11, 20, 8, 30), stamp)  # noqa: DTZ001 - spreadsheets know no zone
        sheet.write_datetime(1, 4, dt.datetime(2026, 11, 22), day)  # noqa: DTZ001 - a workbook's times have no zone
        sheet.write_boolean(1, 5, True)  # noqa: FBT003 - the value of a cell
    trace = one(path)
    assert (trace.id, trace.text, trace.mailed) == ("4711", "Late arrival", True)
    assert trace.created == dt.datetime(2026, 11, 20, 13, 30, tzinfo=dt.UTC)
    assert (trace.due, trace.due_on) == (None, dt.date(2026, 11, 22))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 x", "is no table"),
        (b"only one line without headers", "no row of headers"),
        (b"a,b,c\r\n1,2,3\r\n", "to whom a trace goes|no row of headers"),
    ],
)
def test_what_is_no_table_of_traces_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "traces.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        opened(path)
    assert "\n" not in str(refused.value)


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="time_zone is 'Toronto', which is no time zone"):
        opened(table(tmp_path, "1,FD,x,2026-11-20"), replace(HOTEL, time_zone="Toronto"))
