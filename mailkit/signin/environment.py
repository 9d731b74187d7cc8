"""Passwords in environment variables: one variable for one login, or a pattern that makes a name of each login.

Meant for scripts and tests. A variable is seen by every program started from the same place, so no other use is advised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["USER", "Environment", "variable_of"]

USER = "{user}"
"""Stands in a pattern for the login: capitals, and ``_`` for all that is no letter or digit."""


def variable_of(pattern: str, login: str) -> str:
    """Give the variable of a login.

    >>> variable_of("MAIL_{user}", "frontdesk@hotel.test")
    'MAIL_FRONTDESK_HOTEL_TEST'
    """
    return pattern.replace(USER, re.sub(r"[^A-Z0-9]", "_", login.upper()))


class Environment:
    """Takes each secret from a variable.

    Args:
        pattern: the variable's name; with ``{user}`` in it one for each login. Without, it holds the password of the one login
            that is asked about first: one person's password tried for others would lock them out.
        variables: where to look; the environment of this process when not given.
    """

    def __init__(self, pattern: str, variables: Mapping[str, str] | None = None) -> None:
        self._pattern = pattern
        self._variables = variables
        self._owners: dict[str, str] = {}

    def secret_of(self, login: str, host: str | None = None) -> Secret:  # noqa: ARG002 - a variable is one login's, at any host
        """Give the secret of ``login``."""
        name = variable_of(self._pattern, login)
        if (owner := self._owners.setdefault(name, login)) != login:
            raise InputError(_shared(name, owner, login, several=USER in self._pattern))
        variables = os.environ if self._variables is None else self._variables
        if secret := Secret(variables.get(name, "")):
            return secret
        state = "is empty" if name in variables else "is not set"
        del variables  # the error below holds no value
        raise InputError(f"the environment variable {visible(name)} {state}; put the password there, or use --password-stdin")


def _shared(name: str, owner: str, login: str, *, several: bool) -> str:
    both = f"the environment variable {visible(name)} would be the password of both {visible(owner)} and {visible(login)}"
    if several:
        return f"{both}; give these two by --password-stdin"
    return f"{both}; write {USER} into its name, such as MAIL_{USER}, and set one variable for each"
