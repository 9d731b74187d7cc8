"""``mailkit history``: tables in a terminal, as JSON, in files; one clear line where something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from mailkit.cli.main import main
from mailkit.history.questions import TABLES
from mailkit.journal.opening import open_store

from ..history.generated import journal

# Ibis 12 calls DuckDB 2 by names that DuckDB is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "history.sqlite3"
    with open_store(path) as store:
        store.add_events(journal(4, 200))
    return path


class Said(NamedTuple):
    status: int
    out: str
    err: str

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.out.splitlines()]


Ask = Callable[..., Said]


@pytest.fixture
def history(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command within this process: loading the engine anew takes longer than a question."""

    def ask(*arguments: str | Path) -> Said:
        try:
            status = main(["history", *map(str, arguments)])
        except SystemExit as ended:
            status = int(str(ended.code))
        return Said(status, *capsys.readouterr())

    return ask


def test_a_table_fits_the_terminal_and_ends_well(store: Path, mailkit: Callable[..., Said]) -> None:
    done = mailkit("history", "show", "funnel", "--by", "user", "--store", str(store), "--zone", "UTC", COLUMNS="100")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("user")
    assert "frontdesk" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_every_question_is_answered_as_json_lines(history: Ask, store: Path) -> None:
    for name in ("latest", "funnel", "latency", "reasons", "stuck", "queue", "unattempted", "silence", "duplicates"):
        done = history("show", name, "--store", store, "--json")
        assert done.status == 0, done.err
        documents = done.documents()
        assert documents
        for one in documents:
            jsonschema.validate(one, TABLES[name].json_schema())


def test_what_is_wrong_is_told_by_the_exit_status(history: Ask, store: Path) -> None:
    said = history("show", "headlines", "--store", store)
    assert said.status == 1
    assert said.out.startswith("error ")
    assert history("show", "check", "--store", store, "--json").status == 1


def test_one_mail_is_told_whole(history: Ask, store: Path) -> None:
    done = history("show", "story", "--id", "d000000", "--store", store, "--json")
    states = [one["state"] for one in done.documents()]
    assert states[:2] == ["pending", "sending"]


def test_tables_are_written_into_files(history: Ask, store: Path, tmp_path: Path) -> None:
    for name in ("latest.csv", "latest.xlsx", "latest.html", "latest.json", "latest.parquet"):
        done = history("export", "latest", "--store", store, "--out", tmp_path / name)
        assert done.status == 0, done.err
        assert (tmp_path / name).stat().st_size > 1000
    everything = history("export", "--store", store, "--out", tmp_path / "all.html")
    assert everything.status == 0, everything.err
    assert "funnel" in everything.out
    events = history("export", "--events", "--store", store, "--out", tmp_path / "events")
    assert events.status == 0, events.err
    again = history("show", "funnel", "--store", tmp_path / "events", "--zone", "UTC", "--json")
    assert again.out == history("show", "funnel", "--store", store, "--zone", "UTC", "--json").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "funnel", "--store", "missing.sqlite3"),
        ("show", "nothing", "--store", "history.sqlite3"),
        ("show", "story"),
        ("show", "story", "--store", "STORE", "--id", "nobody"),
        ("show", "before-after", "--store", "STORE"),
        ("show", "funnel", "--store", "STORE", "--by", "colour"),
        ("show", "funnel", "--store", "STORE", "--zone", "Nowhere/Land"),
        ("show", "funnel", "--store", "STORE", "--since", "yesterday"),
        ("show", "funnel", "--store", "STORE", "--limit", "0"),
        ("export", "latest", "--store", "STORE", "--out", "table.doc"),
        ("export", "colours", "--store", "STORE", "--out", "table.csv"),
        ("export", "latest", "funnel", "--store", "STORE", "--out", "table.csv"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(history: Ask, store: Path, arguments: tuple[str, ...]) -> None:
    done = history(*(str(store) if word == "STORE" else word for word in arguments))
    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


def test_a_log_is_imported_once(history: Ask, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        "2026-11-20T08:00:00.000000+00:00 mx postfix/smtp[71]: 4F1A2B3C4D: to=<frontdesk@hotel.test>, relay=mx1.example.com"
        "[192.0.2.1]:25, delay=1.5, delays=0.1/0.2/0.3/0.9, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 77)\n"
    )
    first = history("import", log, "--store", tmp_path / "history.sqlite3")
    assert first.status == 0, first.err
    assert first.out.startswith("Events added: 1, known before: 0, not readable: 0.")
    second = json.loads(history("import", log, "--store", tmp_path / "history.sqlite3", "--json").out)
    assert (second["schema"], second["new"], second["known"]) == ("mailkit.import/1", 0, 1)
    shown = history("show", "latency", "--store", tmp_path / "history.sqlite3", "--json").out
    assert json.loads(shown.splitlines()[0])["p50_ms"] == 1500


def test_without_the_packages_one_line_says_what_to_install(store: Path) -> None:
    program = "import sys; sys.modules['ibis'] = None; from mailkit.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "history", "show", "funnel", "--store", str(store)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "mailkit: the delivery history needs more packages: pip install 'maestro-mailkit[history]'\n"
