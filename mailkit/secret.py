"""A password or token: readable once where it is used, invisible everywhere else."""

from __future__ import annotations

import base64
from typing import NoReturn
from urllib.parse import quote

__all__ = ["REDACTED", "Secret"]

REDACTED = "<redacted>"


class Secret:
    """Hold a password or an access token.

    It has no value in ``repr``, ``str``, a format string, a pickle or a copy; it compares by identity only, so that a
    failing assertion cannot print it.

    >>> password = Secret("correct horse")
    >>> print(password, f"{password}", repr(password))
    <redacted> <redacted> Secret(<redacted>)
    >>> password.scrub("the server said: wrong password 'correct horse'")
    "the server said: wrong password '<redacted>'"
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Give the value; called where a log-in is computed and nowhere else."""
        return self.__value

    def scrub(self, text: str) -> str:
        """Replace the value in ``text``, also in its base64 and URL forms (a hostile server may echo what it was sent)."""
        value = self.__value
        if not value:
            return text
        raw = value.encode()
        forms = {value, quote(value, safe="")}
        # In base64 the value looks different at each of the three alignments it may have in the sent string
        # ("\0user\0password"); the characters at both ends depend on neighbours and are left out.
        for lead in range(3):
            coded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
            body = coded[(0, 2, 3)[lead] : len(coded) - (1 if (lead + len(raw)) % 3 else 0)]
            if len(body) >= 4:
                forms.add(body)
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, REDACTED)
        return text

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, _spec: str) -> str:
        return REDACTED

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")
