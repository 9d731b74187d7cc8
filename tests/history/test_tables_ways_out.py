"""Whatever stands in a mail, a log or a reply, no way out lets it act: no formula, no markup, no control character."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from mailkit.errors import InputError
from mailkit.history import questions as ask
from mailkit.history.engine import History, open_history
from mailkit.journal import Event
from mailkit.journal.opening import open_store
from mailkit.report.frames import csv_of, json_lines, page, save, terminal
from mailkit.report.spreadsheet import csv_cell

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://example.com","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r\n=1+1",
    " =1+1",
    "harmless;=1+1",
    "\uff1d1+1",
    'a\nb,c"d;e',
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</table></body><h1>gone",
    "&lt;b&gt;",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "\x9b31mred",
    "evil\u202egpj.exe",
    "zero\u200bwidth",
    "line\u2028break",
    "*bold* [link](javascript:alert(1))",
    "| cell |",
    "%PATH%",
)
FIELDS = ("message_id", "property", "user", "mailing", "rule", "sender", "recipient", "recipient_domain", "subject", "account")
FIELDS += ("endpoint", "address", "stage", "enhanced_code", "reply", "reason", "cause", "tls", "queue_id", "run", "note", "kind")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]")
CALCULATED = re.compile("^[\\s]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    path = tmp_path_factory.mktemp("hostile") / "history.sqlite3"
    events = []
    for number, text in enumerate(HOSTILE):
        facts = dict.fromkeys(FIELDS, text)
        for step, state in enumerate(("deferred", "skipped", "accepted", "accepted", "pending")):
            name = text if step < 4 else f"{text} "
            moment = NOW.replace(hour=number % 12, minute=step)
            events.append(
                Event(moment=moment, delivery_id=name, state=state, source="csv", source_key=f"{number}/{step}", **facts)
            )  # type: ignore[arg-type]
    with open_store(path) as store:
        store.add_events(events)
    with open_history(path) as history:
        yield history


@pytest.fixture(scope="module")
def tables(history: History) -> dict[str, pd.DataFrame]:
    return {
        "latest": ask.latest(history),
        "funnel": ask.funnel(history, ("user", "endpoint"), now=NOW),
        "latency": ask.latency(history, "domain"),
        "reasons": ask.reasons(history, limit=100),
        "stuck": ask.stuck(history, now=NOW),
        "queue": ask.queue(history, now=NOW),
        "unattempted": ask.unattempted(history, now=NOW),
        "silence": ask.silence(history, now=NOW),
        "duplicates": ask.duplicates(history),
        "story": ask.story(history, "=1+1"),
        "check": ask.check(history, now=NOW),
    }


def test_the_hostile_texts_are_in_the_tables(tables: dict[str, pd.DataFrame]) -> None:
    assert set(tables["latest"]["subject"]) == set(HOSTILE)
    assert set(tables["reasons"]["sample_reply"]) == set(HOSTILE)


def test_no_cell_of_a_csv_file_is_calculated_whatever_its_separator_is_taken_for(tables: dict[str, pd.DataFrame]) -> None:
    for name, frame in tables.items():
        written = "".join(csv_of(frame))
        read = list(csv.reader(io.StringIO(written)))
        assert len(read) == len(frame) + 1, name
        assert all(len(row) == len(frame.columns) for row in read), name
        texts = {at for at, kind in enumerate(frame.dtypes) if str(kind) == "string"}
        for row in read[1:]:
            for at in texts:
                assert not CALCULATED.match(row[at]), (name, row[at])
                assert not CONTROL.search(row[at]), (name, row[at])
        # A program whose list separator is the semicolon sees other cells.
        for line in csv.reader(io.StringIO(written), delimiter=";"):
            for cell in line[1:]:
                assert not CALCULATED.match(cell), (name, cell)


def test_a_workbook_holds_texts_and_no_formula_or_link(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    file = tmp_path / "tables.xlsx"
    save(list(tables.items()), file)
    with zipfile.ZipFile(file) as parts:
        for part in parts.namelist():
            content = parts.read(part).decode("utf-8")
            assert "<f>" not in content
            assert "<f " not in content
            assert "<hyperlink" not in content
            assert "externalLink" not in part
        looks = parts.read("xl/styles.xml").decode()
    assert 'quotePrefix="1"' in looks  # a cell stays text when somebody edits it
    book = CalamineWorkbook.from_path(str(file))
    assert book.sheet_names == list(tables)
    sheet = book.get_sheet_by_name("latest").to_python()
    assert len(sheet) == len(tables["latest"]) + 1
    assert sheet[0][2] == "changed (UTC)"
    assert "=1+1" in {row[0] for row in sheet}


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.met: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, tuple(sorted(name for name, _ in attrs))))


def test_a_page_holds_no_element_that_a_mail_brought_along(tables: dict[str, pd.DataFrame]) -> None:
    parser = Elements()
    made = page(list(tables.items()), "<script>title</script>")
    parser.feed(made)
    known = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "section", "div", "p"}
    known |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in parser.met} <= known
    assert not any(name.startswith("on") or name in ("href", "src") for _, names in parser.met for name in names)
    assert "http://" not in re.sub("&[a-z0-9#]+;", "", made).replace("http://example.com", "")
    assert not CONTROL.search(made)
    assert "<script" not in made


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_reaches_a_terminal_as_a_command(tables: dict[str, pd.DataFrame], width: int) -> None:
    for frame in tables.values():
        shown = terminal(frame, width)
        assert not CONTROL.search(shown)
        assert all(len(line) <= width for line in shown.splitlines() if line.isascii())


def test_json_lines_keep_everything_as_it_was_recorded_a_row_a_line(tables: dict[str, pd.DataFrame]) -> None:
    made = list(json_lines(tables["latest"], "latest"))
    read = [json.loads(line) for line in made]
    assert {row["subject"] for row in read} == set(HOSTILE)
    assert all(row["schema"] == "mailkit.history-latest/1" and next(iter(row)) == "schema" for row in read)
    assert all(len(line.splitlines()) == 1 for line in made)
    assert read[0]["changed"].endswith("Z")
    assert read[0]["next_try"] is None
    days = json.loads(next(json_lines(one_day(), "funnel")))
    assert days["day"] == "2026-11-21"


def one_day() -> pd.DataFrame:
    return pd.DataFrame({"day": pd.to_datetime(["2026-11-21"]).astype("datetime64[us]"), "deliveries": [1]})


def test_parquet_keeps_values_and_types(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    save([("latest", tables["latest"])], tmp_path / "latest.parquet")
    back = pd.read_parquet(tmp_path / "latest.parquet")
    assert list(back["subject"]) == list(tables["latest"]["subject"])
    assert str(back["changed"].dtype).endswith("UTC]")


def test_what_cannot_be_saved_is_said_and_what_was_there_stays(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("before")
    for path, some in ((tmp_path / "a.doc", 1), (tmp_path / "no" / "folder.csv", 1), (tmp_path / "two.csv", 2)):
        with pytest.raises(InputError) as raised:
            save(list(tables.items())[:some], path)
        assert "\n" not in str(raised.value)
    assert kept.read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept.csv"]


def test_numbers_and_times_are_not_quoted() -> None:
    assert csv_cell(-5) == -5
    assert csv_cell(datetime(2026, 11, 21, 8, tzinfo=UTC)) == "2026-11-21T08:00:00Z"
