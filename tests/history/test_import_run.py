"""What is imported is in the store once, however often it is read; a person sees how far it is and can stop it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.history.importing import Progress, Unreadable, import_into, import_mails, read
from mailkit.journal import Delivery, Store, open_store

from .imports import SAMPLES, both, events, sent, written

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.sqlite3") as opened:
        yield opened


def many(folder: Path, count: int) -> Path:
    return written(
        folder, "".join(sent(f"2026-03-02T08:{number // 60 % 60:02d}:{number % 60:02d}Z", number) for number in range(count))
    )


def test_importing_twice_is_importing_once(store: Store) -> None:
    for new, known in ((4, 0), (0, 4)):
        report = import_into(store, SAMPLES / "postfix.log", zone="UTC", year=2025)
        assert (report.new, report.known, report.unreadable, report.foreign) == (new, known, 0, 7)
    assert report.states == {"accepted": 2, "bounced": 1, "deferred": 1}
    assert report.first is not None
    assert report.last is not None
    assert report.first < report.last
    assert len(list(store.events())) == 4


def test_all_formats_at_once_are_one_report(store: Store) -> None:
    report = import_into(store, SAMPLES, zone="UTC", listed=3)
    kinds = {Path(name).name: kind for name, kind in report.files}
    assert kinds["postfix.log"] == "postfix"
    assert kinds["exim_main.log"] == "exim"
    assert kinds["trace_v2.csv"] == kinds["enhanced.csv"] == "exchange-trace"
    assert kinds["tracking.log"] == "exchange-tracking"
    assert kinds["table.csv"] == "csv"
    assert report.unreadable == 7
    assert len(report.examples) == 3
    assert all(one.file and one.why for one in report.examples)


def test_what_the_kit_sent_keeps_its_name(store: Store) -> None:
    own = Delivery(
        delivery_id="own-1", key="k", kind="test", message_id="<trace-1@hotel.test>", sender="a@hotel.test",
        recipient="guest@guest.test", account=None, created=NOW, due=NOW,
    )  # fmt: skip
    store.enqueue([(own, None)], now=NOW)
    import_into(store, SAMPLES / "postfix.log", zone="UTC", year=2025)
    assert {one.source for one in store.story("own-1")} == {"mailkit", "postfix"}


def test_mails_of_a_mailbox_are_put_into_the_store_once(store: Store) -> None:
    said = "host mx.guest.test[198.51.100.5] said: 550 5.1.1 User unknown (in reply to RCPT TO command)"
    head = "To: frontdesk@hotel.test\nDate: Mon, 02 Mar 2026 15:00:00 +0100\n"
    notice = f"From: MAILER-DAEMON@relay.test\n{head}Subject: Undelivered Mail\n\nIt failed:\n\n<guest@guest.test>: {said}\n"
    mails = [("INBOX/1", f"From: a@b.test\n{head}Subject: hello\n\nhi\n".encode()), ("INBOX/2", notice.encode())]
    for new, known in ((1, 0), (0, 1)):
        report = import_mails(store, mails)
        assert (report.new, report.known, report.foreign, report.states) == (new, known, 1, {"bounced": 1})


def test_packed_files_and_streams_are_read_alike(tmp_path: Path) -> None:
    plain = (SAMPLES / "postfix.log").read_bytes()
    whole = events(SAMPLES / "postfix.log", zone="UTC", year=2025)
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert events(written(tmp_path, pack(plain), "log"), zone="UTC", year=2025) == whole
        assert events(io.BytesIO(pack(plain)), zone="UTC", year=2025) == whole


def test_a_packed_file_that_ends_early_gives_what_it_has(tmp_path: Path) -> None:
    packed = gzip.compress(many(tmp_path, 40_000).read_bytes())
    found, unreadable, _ = both(written(tmp_path, packed[: len(packed) // 2], "cut.gz"))
    assert len(found) > 1000
    assert [("damaged" in one.why) for one in unreadable][-1]


def test_progress_is_told_and_ends_at_the_end(tmp_path: Path) -> None:
    log = many(tmp_path, 20_000)
    told: list[Progress] = []
    assert len(list(read(log, progress=told.append))) == 20_000
    assert (told[-1].done, told[-1].total, told[-1].events) == (log.stat().st_size, log.stat().st_size, 20_000)


def test_stop_keeps_what_was_read(store: Store, tmp_path: Path) -> None:
    log = many(tmp_path, 30_000)
    stop = threading.Event()

    def after_some(progress: Progress) -> None:
        if progress.events > 5000:
            stop.set()

    report = import_into(store, log, progress=after_some, stop=stop.is_set)
    assert report.stopped
    assert 0 < report.new < 30_000
    assert report.new == len(list(store.events()))
    assert import_into(store, log).new == 30_000 - report.new


def test_an_endless_line_needs_no_endless_memory(tmp_path: Path) -> None:
    line = sent("2026-03-02T08:00:01Z")
    found, _, _ = both(written(tmp_path, line + "x" * 5_000_000 + "\n" + line.replace("4Xyz", "4Xyy")))
    assert len(found) == 2


def test_a_file_of_no_known_kind_is_refused_before_anything_is_read(store: Store, tmp_path: Path) -> None:
    unknown = written(tmp_path, "Dear diary,\ntoday nothing happened.\n", "diary.txt")
    with pytest.raises(InputError, match="Dear diary"):
        import_into(store, [SAMPLES / "postfix.log", unknown])
    assert list(store.events()) == []
    with pytest.raises(InputError, match="there is no file"):
        read(tmp_path / "nothing.log")
    with pytest.raises(InputError, match="'sendmail' does not exist"):
        read(tmp_path, kind="sendmail")


def test_unknown_files_of_a_folder_are_passed_over_and_named(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    written(folder, "Dear diary,\ntoday nothing happened.\n", "diary.txt")
    many(folder, 3)
    report = import_into(store, folder)
    assert {Path(name).name: kind for name, kind in report.files} == {"diary.txt": None, "mail.log": "postfix"}
    assert (report.new, report.unreadable) == (3, 0)


def test_a_log_that_begins_with_other_things_is_known_by_its_middle(tmp_path: Path) -> None:
    other = "Mar  2 08:00:00 relay kernel: nothing about mail\n" * 4000
    assert len(events(written(tmp_path, other + sent("Mar  2 08:00:01") * 40 + other), zone="UTC", year=2026)) == 40


def test_a_broken_workbook_in_a_folder_does_not_stop_the_rest(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    written(folder, b"PK\x03\x04 and no more", "broken.xlsx")
    many(folder, 3)
    report = import_into(store, folder)
    assert report.new == 3
    assert any("broken.xlsx" in note for note in report.notes)


@pytest.mark.parametrize("kind", ["postfix", "exim", "exchange-trace", "exchange-tracking", "bounces", "csv"])
def test_no_bytes_break_a_reader(tmp_path: Path, kind: str) -> None:
    noise = bytes((number * 7919 + number // 251) % 256 for number in range(200_000))
    whole = b"".join(path.read_bytes() for path in sorted(SAMPLES.iterdir()))
    for data in (noise, whole[::2], whole[:-77], whole.replace(b" ", b"\x1b"), b""):
        path = written(tmp_path, data, "x.log")
        try:
            found = list(read(path, kind, zone="UTC"))
        except InputError:  # no table at all: that is said, and in one line
            continue
        assert all(isinstance(one, Unreadable) or one.moment.tzinfo is UTC for one in found)
