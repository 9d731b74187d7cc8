"""A mailbox is named in one line, and what is wrong with the name is said in one line, without a password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailkit.errors import InputError
from mailkit.mail.follow import open_source
from mailkit.mail.follow.mailbox import read_mailbox
from mailkit.secret import Secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("imap:desk@mail.hotel.test", ("desk", "mail.hotel.test", 993, "implicit", None)),
        ("imap://desk@mail.hotel.test/", ("desk", "mail.hotel.test", 993, "implicit", None)),
        ("imap:desk@hotel.test@mail.hotel.test", ("desk@hotel.test", "mail.hotel.test", 993, "implicit", None)),
        ("imap://desk%40hotel.test@mail.hotel.test:143", ("desk@hotel.test", "mail.hotel.test", 143, "starttls", None)),
        ("imaps:desk@192.0.2.1:10993", ("desk", "192.0.2.1", 10993, "implicit", None)),
        ("imap:desk@[2001:db8::1]:10143", ("desk", "2001:db8::1", 10143, "starttls", None)),
        ("imap:desk@mail.hotel.test:143?security=none", ("desk", "mail.hotel.test", 143, "none", None)),
        ("imap:desk@mail.hotel.test/Tests%2Fmail", ("desk", "mail.hotel.test", 993, "implicit", "Tests/mail")),
        ("imap:HOTEL\\desk@mail.hotel.test", ("HOTEL\\desk", "mail.hotel.test", 993, "implicit", None)),
        ("imap:desk@mail.hôtel.test", ("desk", "mail.xn--htel-vqa.test", 993, "implicit", None)),
    ],
)
def test_a_mailbox_by_imap_is_read(text: str, expected: tuple[object, ...]) -> None:
    box = read_mailbox(text)
    assert (box.user, box.host, box.port, box.security, box.folder) == expected


@pytest.mark.parametrize(
    "text",
    [
        "imap:mail.hotel.test",
        "imap:desk:hunter2@mail.hotel.test",
        "imap:desk@mail.hotel.test:99999",
        "imap:desk@mail hotel",
        "imap:desk@",
        "imap:desk%0d%0aA1 DELETE INBOX@mail.hotel.test",
        "imap:desk@mail.hotel.test?security=perhaps",
        "maildir:/nowhere/at/all",
        "mbox:/nowhere.mbox",
        "pop3:desk@mail.hotel.test",
    ],
)
def test_what_is_no_mailbox_is_told_in_one_line_without_the_password(text: str) -> None:
    with pytest.raises(InputError) as told:
        open_source(text, Secret("x"))
    assert "\n" not in str(told.value)
    assert "hunter2" not in str(told.value)


def test_a_log_in_without_encryption_needs_a_yes() -> None:
    with pytest.raises(InputError, match="allow-plaintext-auth"):
        open_source("imap:desk@mail.hotel.test:143?security=none", Secret("x"))
    assert open_source("imap:desk@mail.hotel.test:143?security=none", Secret("x"), allow_plaintext_auth=True)


def test_a_mailbox_by_imap_needs_a_secret_and_shows_none() -> None:
    with pytest.raises(InputError, match="password"):
        open_source("imap:desk@mail.hotel.test")
    assert "hunter2" not in repr(vars(open_source("imap:desk@mail.hotel.test", Secret("hunter2"))))


def test_files_and_folders_tell_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "box/cur").mkdir(parents=True)
    (tmp_path / "pile.mbox").write_bytes(b"From a@b.test Tue Mar  3 12:00:00 2026\nFrom: a@b.test\n\nHello\n")
    (tmp_path / "one.eml").write_bytes(b"From: a@b.test\n\nHello\n")
    kinds = [type(open_source(str(tmp_path / name))).__name__ for name in ("box", "pile.mbox", "one.eml")]
    assert kinds == ["Maildir", "Mbox", "OneMail"]
    with pytest.raises(InputError, match="Maildir"):
        open_source(f"maildir:{tmp_path}")
