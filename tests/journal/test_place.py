"""A store that cannot be used is said in one line: what, where, what would be right. Nothing is lost, no password is shown."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from mailkit.errors import InputError, StoreError
from mailkit.journal import Event, Store, open_store
from mailkit.journal.place import kind_of_mount, place, share_of

from .queued import LEASE, MESSAGE, NOW, fill, waiting

on_linux_as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs Linux and root"
)


def refusal(where: str | Path, **options: bool) -> str:
    with pytest.raises(InputError) as caught:
        open_store(where, **options)
    words = str(caught.value)
    assert len(words.splitlines()) == 1
    return words


def test_a_file_is_named_in_any_usual_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("history.sqlite3") as store:
        fill(store, 1)
    for name in (tmp_path / "history.sqlite3", "sqlite:///history.sqlite3", f"sqlite:///{tmp_path}/history.sqlite3"):
        with open_store(name, create=False) as store:
            assert store.counts() == {"pending": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_a_new_store_is_for_its_owner_only(store: Store, file: Path) -> None:
    fill(store, 1)
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_no_store_is_made_where_none_was_asked_for(file: Path) -> None:
    assert "there is no store; correct the name" in refusal(file, create=False)
    assert "there is no store" in refusal(file, readonly=True)
    assert not file.exists()


def test_a_wrong_name_is_said(tmp_path: Path) -> None:
    assert "is a folder; a store is a file" in refusal(tmp_path)
    assert "there is no folder" in refusal(tmp_path / "missing" / "history.sqlite3")
    assert "needs a file" in refusal(":memory:")
    assert "needs a file" in refusal("sqlite://")
    assert "mysql:// is not a store; right would be a file" in refusal("mysql://user:hunter2@host/db")
    assert "hunter2" not in refusal("mysql://user:hunter2@host/db")


def test_a_damaged_file_is_not_touched(file: Path) -> None:
    file.write_bytes(b"Dear diary, today the mail did not go out.\n" * 200)
    before = file.read_bytes()
    assert "damaged, or not a store: put the last backup in its place" in refusal(file)
    assert file.read_bytes() == before


def test_damage_met_on_the_way_is_said_and_found_by_check(file: Path) -> None:
    with open_store(file) as store:
        store.add_events(
            Event(moment=NOW, delivery_id=f"x{n}", state="accepted", source="postfix", source_key=str(n), reply="250 Ok " * 20)
            for n in range(2000)
        )
    with file.open("r+b") as raw:
        raw.seek(file.stat().st_size // 2)
        raw.write(b"\xff" * 20_000)
    with open_store(file) as store:
        with pytest.raises(StoreError, match="damaged") as caught:
            list(store.events())
        assert caught.value.problem == "damaged"
        assert "damaged" in store.check()[-1].text


def test_another_programs_database_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE guests (name TEXT)")
    other.close()
    assert "the database of another program (it has a table guests)" in refusal(file)
    with sqlite3.connect(file) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["guests"]
    other.close()


def test_a_store_of_a_newer_version_is_refused(store: Store, file: Path) -> None:
    fill(store, 1)
    with sqlite3.connect(file) as other:
        other.execute("UPDATE meta SET content = '2' WHERE name = 'schema'")
    other.close()
    assert "was made by a newer mailkit (its tables have version 2, this one knows 1): update mailkit" in refusal(file)


def test_a_table_that_was_taken_away_is_said(store: Store, file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("DROP TABLE event")
    other.close()
    with pytest.raises(StoreError, match="a table is missing") as caught:
        fill(store, 1)
    assert caught.value.problem == "changed"


def test_what_may_not_be_written_is_said(store: Store, file: Path) -> None:
    fill(store, 1)
    file.chmod(0o400)
    if os.access(file, os.W_OK):
        pytest.skip("nothing is read-only for this user")
    assert "is read-only for this user" in refusal(file)
    file.parent.chmod(0o500)
    assert "its folder is read-only for this user" in refusal(file)
    file.parent.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    return folder


@on_linux_as_root
def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    try:
        with open_store(small_disk / "history.sqlite3") as store:
            with pytest.raises(StoreError, match="the disk is full: make room") as caught:  # noqa: PT012 (until it is full)
                for queued in range(1000):
                    store.enqueue([(waiting(queued), MESSAGE * 500)], now=NOW)
            assert caught.value.problem == "full"
            assert queued > 3
            assert store.counts() == {"pending": queued}
            assert store.check() == []
            assert store.claim("one", limit=1, lease=LEASE, now=NOW)
    finally:
        subprocess.run(["umount", "-l", small_disk], check=True)


@on_linux_as_root
def test_a_disk_mounted_read_only_can_be_looked_at(small_disk: Path) -> None:
    file = small_disk / "history.sqlite3"
    try:
        with open_store(file) as store:
            fill(store, 3)
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        assert "read-only" in refusal(file)
        with open_store(file, readonly=True, create=False) as store:
            assert store.counts() == {"pending": 3}
            with pytest.raises(StoreError) as caught:
                fill(store, 4)
            assert caught.value.problem == "read-only"
    finally:
        subprocess.run(["umount", "-l", small_disk], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use cannot be taken away there")
def test_nothing_is_written_into_a_file_that_was_taken_away(store: Store, file: Path) -> None:
    fill(store, 1)
    file.rename(file.with_name("moved.sqlite3"))
    with pytest.raises(StoreError, match="moved, deleted or replaced while it was in use") as caught:
        fill(store, 2)
    assert caught.value.problem == "gone"
    open_store(file).close()
    with pytest.raises(StoreError, match="moved, deleted or replaced"):
        fill(store, 2)


def test_a_store_opened_to_look_at_is_not_changed(store: Store, file: Path) -> None:
    fill(store, 1)
    with open_store(file, readonly=True) as looking:
        assert looking.counts() == {"pending": 1}
        with pytest.raises(StoreError, match="cannot be written"):
            fill(looking, 2)
    assert store.counts() == {"pending": 1}


MOUNTS = [
    ("/", "ext4"),
    ("/proc", "proc"),
    ("/home", "nfs4"),
    ("/home/local", "xfs"),
    ("/mnt/a share", "cifs"),
    ("/srv", "fuse.sshfs"),
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/frontdesk/history.sqlite3", "nfs4"),
        ("/home/local/history.sqlite3", None),
        ("/mnt/a share/history.sqlite3", "cifs"),
        ("/srv/x/history.sqlite3", "fuse.sshfs"),
        ("/homes/history.sqlite3", None),
        ("/history.sqlite3", None),
    ],
)
def test_a_network_share_is_recognised(path: str, kind: str | None) -> None:
    assert kind_of_mount(MOUNTS, path) == kind


def test_this_disk_is_no_network_share(tmp_path: Path) -> None:
    assert share_of(tmp_path / "history.sqlite3") is None


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://user:hunter2@host:99999x/db",
        "postgresql://user:hun@ter2@host/db",
        "postgresql://user:hunter2@host",
        "postgresql://user:hunter2@/",
        "postgresql://user:hunter2@127.0.0.1:1/db",
        "postgresql:///db?host=127.0.0.1&port=1&password=hunter2",
        "postgresql://user:hunter2@127.0.0.1:1/db?sslmode=hunter2",
    ],
)
def test_no_password_is_ever_shown(where: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(InputError) as caught:
        open_store(where)
    told = "".join(traceback.format_exception(caught.value))
    words = told + repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert not [part for part in ("hunter2", "ter2@", "hun@") if part in words]


def test_a_server_is_shown_without_its_password() -> None:
    for where in ("//frontdesk:hunter2@db.hotel.test:5433/mail", "//frontdesk@db.hotel.test:5433/mail?password=hunter2"):
        at = place(f"postgres:{where}")
        assert at.shown == "postgresql://frontdesk@db.hotel.test:5433/mail"
        assert "hunter2" not in repr(at) + repr(at.url) + str(at.url)
        assert at.url.password == "hunter2"
