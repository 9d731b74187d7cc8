"""Where passwords come from: variables, standard input, the keyring, a person; and what is said where there is none."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.signin.book import Held, same
from mailkit.signin.environment import Environment
from mailkit.signin.stream import from_stream
from mailkit.signin.typed import Typed

ONE, OTHER = "frontdesk@hotel.test", "estimator@builder.test"


def said(error: pytest.ExceptionInfo[InputError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


# ── variables ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_login_has_a_variable_of_its_own() -> None:
    book = Environment("MAIL_{user}", {"MAIL_FRONTDESK_HOTEL_TEST": "one", "MAIL_ESTIMATOR_BUILDER_TEST": "two"})
    assert book.secret_of(ONE, "mail.hotel.test").reveal() == "one"
    assert book.secret_of(OTHER).reveal() == "two"


def test_one_variable_is_the_password_of_one_login_and_is_tried_for_no_other() -> None:
    book = Environment("MAIL", {"MAIL": "one"})
    assert book.secret_of(ONE).reveal() == "one"
    assert book.secret_of(ONE).reveal() == "one"
    with pytest.raises(InputError) as error:
        book.secret_of(OTHER)
    assert "MAIL_{user}" in said(error)


def test_two_logins_whose_variables_would_be_the_same_are_told_apart() -> None:
    book = Environment("MAIL_{user}", {"MAIL_A_B_HOTEL_TEST": "one"})
    assert book.secret_of("a.b@hotel.test")
    with pytest.raises(InputError, match="--password-stdin"):
        book.secret_of("a_b@hotel.test")


@pytest.mark.parametrize(("variables", "words"), [({}, "is not set"), ({"MAIL": ""}, "is empty")])
def test_a_variable_without_a_value_is_named(variables: dict[str, str], words: str) -> None:
    with pytest.raises(InputError) as error:
        Environment("MAIL", variables).secret_of(ONE)
    assert words in said(error)
    assert "MAIL" in said(error)


# ── standard input ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "password"),
    [
        (b"correct horse\n", "correct horse"),
        (b"correct horse\r\nignored\n", "correct horse"),
        (b"\xef\xbb\xbfcorrect horse", "correct horse"),
        (b" blanks count \n", " blanks count "),
        ("pässwörd\n".encode(), "pässwörd"),
        (b'{"not": "a row"\n', '{"not": "a row"'),
        (f"{ONE}\tcorrect horse\n".encode(), "correct horse"),
        (f'{OTHER}\tx\n{{"user": "{ONE}", "password": "correct horse"}}\n'.encode(), "correct horse"),
    ],
)
def test_the_password_of_one_login_is_the_first_line_or_its_row(given: bytes, password: str) -> None:
    assert from_stream([ONE], io.BytesIO(given)).secret_of(ONE).reveal() == password


def test_many_logins_have_a_row_each() -> None:
    rows = f'{ONE}\tone\ttwo\n\n{{"user": "{OTHER}", "password": "three"}}\nsomebody@else.test\tfour\n'
    book = from_stream([ONE, OTHER], io.TextIOWrapper(io.BytesIO(rows.encode())))
    assert book.secret_of(ONE).reveal() == "one\ttwo"
    assert book.secret_of(OTHER, "mail.builder.test").reveal() == "three"


def test_of_many_lines_only_the_first_is_read_where_that_is_the_password() -> None:
    given = io.BytesIO(b"correct horse\nfor somebody else\n")
    from_stream([ONE], given)
    assert given.read() == b"for somebody else\n"


@pytest.mark.parametrize(
    ("logins", "given", "words"),
    [
        ([ONE], b"", "first line"),
        ([ONE], b"\n", "first line"),
        ([ONE, OTHER], b"", "a tab"),
        ([ONE, OTHER], b"MARKER-secret\n", "row 1"),
        ([ONE, OTHER], f"{ONE}\tMARKER-secret\n{ONE}\tMARKER-other\n".encode(), "row 2"),
        ([ONE, OTHER], f"{ONE}\t\n".encode(), "row 1"),
        ([ONE, OTHER], b'{"user": 1, "password": "MARKER-secret"}\n', "row 1"),
        ([ONE, OTHER], b'{"a":' * 20_000, "longer"),
        ([ONE, OTHER], b"[" * 60_000, "row 1"),
        ([ONE], b"MARKER-\xff\xfe\n", "UTF-8"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line_without_the_value(logins: list[str], given: bytes, words: str) -> None:
    with pytest.raises(InputError) as error:
        from_stream(logins, io.BytesIO(given))
    assert words in said(error)
    assert "MARKER" not in said(error)


def test_a_login_without_a_row_is_named() -> None:
    book = from_stream([ONE, OTHER], io.BytesIO(f"{ONE}\tone\n".encode()))
    with pytest.raises(InputError) as error:
        book.secret_of(OTHER)
    assert OTHER in said(error)


# ── a person ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_nobody_can_answer_nothing_is_asked() -> None:
    code = f"from mailkit.signin.typed import Typed; Typed().secret_of('{ONE}')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="typed\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 1
    assert "nobody can be asked here" in done.stderr.splitlines()[-1]
    assert "Password of" not in done.stdout + done.stderr


_TWO_QUESTIONS = f"""
from mailkit.signin.typed import Typed
book = Typed()
print(len(book.secret_of({ONE!r}, "mail.hotel.test").reveal()), book.secret_of({ONE!r}), len(book.secret_of({OTHER!r}).reveal()))
"""
_IN_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn([sys.executable, '-c', sys.argv[1]])))"


@pytest.mark.skipif(sys.platform == "win32", reason="the terminal is made with pty")
def test_a_person_types_each_password_once_and_it_is_not_shown() -> None:
    answers = {b"mail.hotel.test: ": b"correct horse\n", b"builder.test: ": b"battery\n"}
    shown = b""
    command = [sys.executable, "-c", _IN_A_TERMINAL, _TWO_QUESTIONS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        while got := os.read(terminal.stdout.fileno(), 4096):
            shown += got
            for question in [one for one in answers if one in shown]:
                terminal.stdin.write(answers.pop(question))
                terminal.stdin.flush()
        assert terminal.wait(30) == 0
    assert b"13 <redacted> 7" in shown
    assert b"correct" not in shown
    assert shown.count(b"Password of") == 2


def test_fields_that_were_filled_in_are_a_book_too() -> None:
    book = Held({ONE: Secret("one")})
    assert book.secret_of(ONE).reveal() == "one"
    with pytest.raises(InputError, match="type it"):
        book.secret_of(OTHER, "mail.builder.test")


def test_a_person_is_asked_by_nobody_in_a_pipe() -> None:
    class Pipe(io.StringIO):
        def isatty(self) -> bool:
            return False

    before, sys.stdin = sys.stdin, Pipe("typed\n")
    try:
        with pytest.raises(InputError, match="nobody can be asked"):
            Typed().secret_of(ONE)
        assert sys.stdin.read() == "typed\n"
    finally:
        sys.stdin = before


# ── the keyring ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Any]:
    """A keyring of the test's own, in memory, as the library lets anybody bring one."""
    library = pytest.importorskip("keyring", reason="the extra keyring is not installed")
    from keyring.backend import KeyringBackend  # noqa: PLC0415 - needs the extra
    from keyring.errors import KeyringLocked, PasswordDeleteError  # noqa: PLC0415 - loaded when it is needed

    assert tmp_path.exists()

    class Memory(KeyringBackend):  # type: ignore[misc]  # untyped there
        priority = 1
        locked = False

        def __init__(self) -> None:
            self.entries: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            if self.locked:
                raise KeyringLocked(f"locked, and here is a secret: {self.entries}")
            return self.entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            if self.locked:
                raise KeyringLocked(f"locked, and here is a secret: {password}")
            self.entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            if (service, username) not in self.entries:
                raise PasswordDeleteError
            del self.entries[service, username]

    before = library.get_keyring()
    memory = Memory()
    library.set_keyring(memory)
    yield memory
    library.set_keyring(before)


def test_a_password_is_remembered_for_a_host_and_forgotten_again(keyring: Any) -> None:
    from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - needs the extra

    book = Keyring()
    assert book.find(ONE, "mail.hotel.test") is None
    book.remember(ONE, "mail.hotel.test", Secret("one"))
    assert keyring.entries == {("mailkit mail.hotel.test", ONE): "one"}
    assert book.secret_of(ONE, "mail.hotel.test").reveal() == "one"
    with pytest.raises(InputError) as error:
        book.secret_of(ONE, "mail.elsewhere.test")
    assert 'keyring set "mailkit mail.elsewhere.test"' in said(error)
    assert book.forget(ONE, "mail.hotel.test")
    assert not book.forget(ONE, "mail.hotel.test")
    assert not keyring.entries


def test_an_entry_without_a_host_is_for_all_hosts(keyring: Any) -> None:
    from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - needs the extra

    keyring.entries["mailkit", ONE] = "one"
    assert Keyring().secret_of(ONE, "mail.hotel.test").reveal() == "one"
    assert Keyring().secret_of(ONE).reveal() == "one"


def test_a_locked_keyring_is_said_in_one_line_without_a_value(keyring: Any) -> None:
    from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - needs the extra

    book = Keyring()
    keyring.locked = True
    for act in (lambda: book.secret_of(ONE), lambda: book.remember(ONE, None, Secret("MARKER"))):
        with pytest.raises(InputError, match="KeyringLocked") as error:
            act()
        assert "MARKER" not in said(error)
        assert error.value.__cause__ is None
        assert error.value.__context__ is None


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
def test_a_machine_without_a_keyring_says_what_to_use_instead(backend: str) -> None:
    pytest.importorskip("keyring", reason="the extra keyring is not installed")
    code = f"from mailkit.signin.keyring import Keyring; Keyring().secret_of('{ONE}')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHON_KEYRING_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    line = done.stderr.splitlines()[-1]
    assert "--password-stdin" in line or "keyring set" in line


def test_values_are_compared_without_being_shown() -> None:
    assert same(Secret("ä"), Secret("ä"))
    assert not same(Secret("a"), Secret("A"))
