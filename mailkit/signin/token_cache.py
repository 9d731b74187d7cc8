"""Where sign-ins are kept between runs: encrypted by the system, or not at all.

msal-extensions does the encrypting: DPAPI on Windows, the Keychain on macOS, the Secret Service (libsecret) on a Linux desktop.
Where none of these works, as on a server without a desktop, sign-ins live as long as this object; nothing is ever written in
clear. One entry is one person's sign-in with one program.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from mailkit.errors import InputError
from mailkit.secret import Secret

__all__ = ["TokenCache", "own_folder"]

_NOT_KEPT = (
    "This machine cannot keep sign-ins encrypted ({why}), so you will be asked again next time; nothing is written to disk."
)
_KEPT = "Sign-ins are kept encrypted by {by}."
_BY = {"win32": "Windows (DPAPI)", "darwin": "the macOS Keychain"}


def own_folder() -> Path:
    """Give the folder for what mailkit keeps for this user, where the system wants it; it need not exist."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "mailkit"
    if sys.platform == "darwin":
        return home / "Library/Application Support/mailkit"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local/state") / "mailkit"


class TokenCache:
    """Sign-ins by key. Its methods may take some 100 ms or wait for a person: call them in a thread.

    Args:
        folder: where the system's encrypted files lie; ``None``: keep nothing beyond this object.

    Raises:
        InputError: the library is not installed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, Secret] = {}
        self.keeps = folder is not None
        """Whether a sign-in outlives this object."""
        self.note = _KEPT.format(by=_BY.get(sys.platform, "the Secret Service of this desktop"))
        """One sentence about that, for the person who signs in."""
        if folder is None:
            self._give_up("that was not asked for")
        elif (store := _store(folder / "signin-trial")) is None:
            self._give_up("there is no DPAPI, Keychain or Secret Service")
        else:
            del store

    def load(self, key: str) -> Secret | None:
        """Give what was kept under ``key``."""
        if key in self._held or not self.keeps:
            return self._held.get(key)
        store = self._store(key)
        if store is not None:
            with suppress(Exception):  # nothing was kept, or it can no longer be decrypted: the person signs in again
                return Secret(store.load() or "") or None
        return None

    def save(self, key: str, secret: Secret) -> None:
        """Keep something under ``key``; where that fails it is held in memory and :attr:`note` says so."""
        self._held[key] = secret
        if not self.keeps:
            return
        store = self._store(key)
        if store is None or not _saved(store, secret):
            self._give_up("the system refused to encrypt")

    def forget(self, key: str) -> None:
        """Remove what was kept under ``key``."""
        self._held.pop(key, None)
        if self.keeps and (store := self._store(key)) is not None:
            _saved(store, Secret(""))  # the library has no way to remove an entry
            with suppress(OSError):
                self._file(key).unlink()

    def _give_up(self, why: str) -> None:
        self.keeps = False
        self.note = _NOT_KEPT.format(why=why)

    def _store(self, key: str) -> Any:  # noqa: ANN401 - one of three classes of an optional library
        return _store(self._file(key))

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"signin-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _store(file: Path) -> Any:  # noqa: ANN401 - one of three classes of an optional library
    """Open an encrypted place; ``None`` where the system has none."""
    try:
        from msal_extensions import build_encrypted_persistence  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError("keeping a sign-in needs an extra; pip install 'maestro-mailkit[oauth]'") from None
    try:
        return build_encrypted_persistence(os.fspath(file))
    except Exception:  # noqa: BLE001 - a missing library, a missing service and a locked one fail each in its own way
        return None


def _saved(store: Any, secret: Secret) -> bool:  # noqa: ANN401 - see _store
    try:
        store.save(secret.reveal())
    except Exception:  # noqa: BLE001 - see _store; nothing with the value in its frames is left
        return False
    return True
