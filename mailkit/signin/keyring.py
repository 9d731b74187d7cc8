"""Passwords remembered by the machine: Windows Credential Manager, macOS Keychain, or the Secret Service of a Linux desktop.

The service ``keyring`` does the work and is an extra. An entry is named by host and login, so that one person may have two
passwords; ``keyring set mailkit LOGIN`` makes one for all hosts. Its calls may wait for a person (a locked keyring asks): call
them in a thread.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any, cast

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["Keyring", "service_of"]

SERVICE = "mailkit"
_LONGEST_ON_WINDOWS = 1280  # characters: a credential's blob has 2560 bytes, and keyring writes UTF-16
_PLAIN = "keyrings.alt"  # its store is a file that anybody may read


def service_of(host: str | None) -> str:
    """Give the name of an entry's service.

    >>> service_of("smtp.office365.com"), service_of(None)
    ('mailkit smtp.office365.com', 'mailkit')
    """
    return f"{SERVICE} {host}" if host else SERVICE


class Keyring:
    """The keyring of this machine.

    Raises:
        InputError: there is none; one line that says what to use instead.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("keyring") is None:
            raise InputError("the keyring is not installed; pip install 'maestro-mailkit[keyring]', or use --password-stdin")
        import keyring  # noqa: PLC0415 - an extra

        self._backend = cast("Any", keyring.get_keyring())
        chain = [*getattr(self._backend, "backends", ())] or [self._backend]  # several are asked one after the other
        self._first = type(chain[0]).__module__
        self.name = str(chain[0].name)
        """What keeps the passwords, in the words of the library."""
        if self._first.startswith("keyring.backends.fail"):
            raise InputError(
                "this machine has no keyring (a Linux without a desktop session has none); use --password-stdin or --password-env"
            )
        for one in chain:
            if type(one).__module__.startswith("keyring.backends.Windows"):
                one.persist = "local machine"  # the default, "enterprise", copies it to other machines of the domain

    def secret_of(self, login: str, host: str | None = None) -> Secret:
        """Give the secret of ``login``: of this host, else of all hosts."""
        if secret := self.find(login, host):
            return secret
        raise InputError(
            f"the keyring has no password of {visible(login)} for the service {visible(service_of(host))}; "
            f"set it with: keyring set {_quoted(service_of(host))} {visible(login)}"
        )

    def find(self, login: str, host: str | None = None) -> Secret | None:
        """Give the secret, or ``None``."""
        for service in dict.fromkeys((service_of(host), SERVICE)):
            if found := self._do("get_password", service, login):
                return Secret(found)
        return None

    def remember(self, login: str, host: str | None, secret: Secret) -> None:
        """Keep a secret for later runs; ask its owner before.

        Raises:
            InputError: it cannot be kept safely here.
        """
        if self._first.startswith(_PLAIN):
            raise InputError(f"the keyring in use ({visible(self.name)}) may write in clear; it is given no password to keep")
        if sys.platform == "win32" and len(secret.reveal()) > _LONGEST_ON_WINDOWS:
            raise InputError(
                f"the secret is longer than the {_LONGEST_ON_WINDOWS} characters Windows keeps; "
                "an access token is not kept: sign in each time"
            )
        self._do("set_password", service_of(host), login, secret)

    def forget(self, login: str, host: str | None = None) -> bool:
        """Remove what was remembered for this host; false: there was nothing."""
        if not self._do("get_password", service_of(host), login):
            return False
        self._do("delete_password", service_of(host), login)
        return True

    def _do(self, action: str, service: str, login: str, secret: Secret | None = None) -> Any:  # noqa: ANN401 - the library's
        done, outcome = _attempt(self._backend, action, service, login, secret)
        if done:
            return outcome
        raise InputError(f"the keyring of this machine cannot be used ({outcome}); use --password-stdin or --password-env")


def _attempt(backend: Any, action: str, service: str, login: str, secret: Secret | None) -> tuple[bool, Any]:  # noqa: ANN401
    """Do one thing; false and the kind of error when it failed: no frame with the value is left in what is raised later."""
    try:
        return True, getattr(backend, action)(service, login, *([secret.reveal()] if secret else []))
    except Exception as error:  # noqa: BLE001 - each backend raises errors of its own, of D-Bus or of the system
        return False, type(error).__name__


def _quoted(service: str) -> str:
    return f'"{visible(service)}"' if " " in service else service
