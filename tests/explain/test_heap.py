"""Many bounces at once: folders and mboxes, with the progress of the reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.explain import looks_like_mail, read_heap

BOUNCE = "From: MAILER-DAEMON@a.test\nTo: desk@site.test\nSubject: Returned mail\n\n<{}@other.test>: 550 5.1.1 user unknown\n"


def test_a_folder_is_read_file_by_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for name in ("b.eml", "a.eml", "new/c.eml"):
        (tmp_path / name).write_text(BOUNCE.format(name[-5]), encoding="utf-8")
    read = list(read_heap(tmp_path))
    assert [one.name for one in read] == ["a.eml", "b.eml", str(Path("new/c.eml"))]
    assert [one.reading.facts[0].recipient for one in read] == ["a@other.test", "b@other.test", "c@other.test"]
    assert read[-1].done == read[-1].total
    assert [one.done for one in read] == sorted(one.done for one in read)


def test_an_mbox_is_read_mail_by_mail(tmp_path: Path) -> None:
    file = tmp_path / "bounces.mbox"
    mails = (BOUNCE.format(name) + "\nFrom here it is text.\n" for name in "abc")
    file.write_text("".join(f"From MAILER-DAEMON Mon Jun  1 10:00:00 2026\n{mail}\n" for mail in mails), encoding="utf-8")
    read = list(read_heap(file))
    assert [one.name for one in read] == ["bounces.mbox#1", "bounces.mbox#2", "bounces.mbox#3"]
    assert [one.reading.facts[0].recipient for one in read] == ["a@other.test", "b@other.test", "c@other.test"]


def test_a_heap_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        next(iter(read_heap(tmp_path / "nothing")))


@pytest.mark.parametrize(
    ("raw", "mail"),
    [
        (BOUNCE.encode(), True),
        (b"From MAILER-DAEMON@a.test Mon Jun  1 10:00:00 2026\nSubject: x\n\n", True),
        (b"550 5.1.1 user unknown", False),
        (b"220 mx\nMAIL FROM:<a@b.test>\n550 no\n", False),
        (b"Traceback (most recent call last):\n", False),
        (b"", False),
    ],
)
def test_a_mail_is_told_from_a_text(raw: bytes, mail: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert looks_like_mail(raw) is mail
