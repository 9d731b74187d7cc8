"""The password of each account: one question, answered from wherever the passwords of this run come from.

The answers are in :mod:`~mailkit.signin.typed`, :mod:`~mailkit.signin.environment`, :mod:`~mailkit.signin.stream` and
:mod:`~mailkit.signin.keyring`; ``Held`` has those that are in memory already, from fields of a panel. A password is asked of
its owner or of the machine, and never of a file of the site.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Protocol

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["Held", "PasswordBook", "same"]


class PasswordBook(Protocol):
    """Knows the secret of every account of a run."""

    def secret_of(self, login: str, host: str | None = None) -> Secret:
        """Give the secret of ``login`` at ``host``; may wait for a person or a service, so call it in a thread.

        Raises:
            InputError: it has none; one line that names the account and says where it should have been.
        """
        ...


class Held:
    """Secrets that somebody typed into fields, by login; they live as long as this object."""

    def __init__(self, secrets: Mapping[str, Secret]) -> None:
        self._secrets = dict(secrets)

    def secret_of(self, login: str, host: str | None = None) -> Secret:
        """Give the secret of ``login``, whatever the host."""
        if not (secret := self._secrets.get(login)):
            place = f" at {visible(host)}" if host else ""
            raise InputError(f"no password was typed for {visible(login)}{place}; type it into the field beside the name")
        return secret


def same(one: Secret, other: Secret) -> bool:
    """Say whether two secrets have the same value; how long that takes does not tell where they differ."""
    first, second = (secret.reveal().encode("utf-8", "surrogatepass") for secret in (one, other))
    return hmac.compare_digest(first, second)
