"""Where sign-ins are kept: encrypted by the system, or in memory and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("msal_extensions", reason="the extra oauth is not installed")

from mailkit.secret import Secret
from mailkit.signin.token_cache import TokenCache, own_folder


class Encrypted:
    """Stands for what msal-extensions makes where the system can encrypt; ``broken``: it changes its mind."""

    kept: dict[str, str] = {}  # noqa: RUF012 - one store for all files, as a keyring is
    broken = False

    def __init__(self, file: str) -> None:
        self.file = file

    def save(self, text: str) -> None:
        if self.broken:
            raise RuntimeError(f"cannot encrypt {text}")
        self.kept[self.file] = text

    def load(self) -> str:
        if self.broken or self.file not in self.kept:
            raise RuntimeError("nothing there")
        return self.kept[self.file]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> type[Encrypted]:
    monkeypatch.setattr(Encrypted, "kept", {})
    monkeypatch.setattr(Encrypted, "broken", False)
    monkeypatch.setattr("msal_extensions.build_encrypted_persistence", Encrypted)
    return Encrypted


@pytest.mark.skipif(sys.platform != "linux", reason="here a system that always encrypts")
def test_without_a_desktop_a_sign_in_is_held_in_memory_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    folder = tmp_path / "state"
    cache = TokenCache(folder)
    cache.save("one", Secret("MARKER"))
    kept = cache.load("one")
    assert kept is not None
    assert kept.reveal() == "MARKER"
    assert TokenCache(folder).load("one") is None
    if not cache.keeps:  # a desktop whose keyring is open would keep it
        assert "nothing is written to disk" in cache.note
        assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_where_the_system_encrypts_a_sign_in_outlives_the_program(system: type[Encrypted], tmp_path: Path) -> None:
    first = TokenCache(tmp_path)
    assert first.keeps
    assert "encrypted" in first.note
    first.save("one", Secret("MARKER"))
    first.save("two", Secret("other"))
    later = TokenCache(tmp_path)
    assert [kept.reveal() for name in ("one", "two") if (kept := later.load(name))] == ["MARKER", "other"]
    assert later.load("three") is None
    later.forget("one")
    assert TokenCache(tmp_path).load("one") is None
    assert sorted(system.kept.values()) == ["", "other"]
    assert "one" not in "".join(system.kept)  # the names of files tell nobody who signed in


def test_where_encrypting_fails_later_it_is_held_in_memory_and_that_is_said(system: type[Encrypted], tmp_path: Path) -> None:
    cache = TokenCache(tmp_path)
    system.broken = True
    cache.save("one", Secret("MARKER"))
    assert not cache.keeps
    assert "refused to encrypt" in cache.note
    kept = cache.load("one")
    assert kept is not None
    assert kept.reveal() == "MARKER"
    assert "MARKER" not in repr(cache) + cache.note
    assert not list(tmp_path.iterdir())


def test_without_a_folder_nothing_is_kept() -> None:
    cache = TokenCache()
    assert not cache.keeps
    assert "asked again" in cache.note


def test_the_own_folder_is_where_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert own_folder().name == "mailkit"
