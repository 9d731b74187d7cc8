"""A password typed by its owner, without echo."""

from __future__ import annotations

import sys

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["Typed", "ask"]

_NOBODY = (
    "the password of {login} is needed, and nobody can be asked here; use --password-env, --password-stdin or --password-keyring"
)


def ask(question: str) -> Secret:
    """Ask for one secret at the terminal, or in the box a notebook shows; what is typed is not shown.

    Raises:
        EOFError: nobody can answer here. ``getpass`` would otherwise go on with echo, or take a line meant for something else.
    """
    import getpass  # noqa: PLC0415 - only where somebody can answer
    import warnings  # noqa: PLC0415 - loaded when it is needed

    front = _notebook_asks()
    if front is False or (front is None and not (sys.stdin and sys.stdin.isatty())):
        raise EOFError
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # a terminal whose echo cannot be switched off
        try:
            return Secret(getpass.getpass(question))
        except getpass.GetPassWarning:
            pass
    raise EOFError


def _notebook_asks() -> bool | None:
    """Tell whether a notebook's front end answers questions; ``None``: this is no notebook."""
    kernel = sys.modules.get("ipykernel.kernelapp")
    if kernel is None or not kernel.IPKernelApp.initialized():
        return None
    return bool(getattr(kernel.IPKernelApp.instance().kernel, "_allow_stdin", False))


class Typed:
    """Asks once for each login, and remembers the answer for the run: one account may be used by many users."""

    def __init__(self) -> None:
        self._answers: dict[str, Secret] = {}

    def secret_of(self, login: str, host: str | None = None) -> Secret:
        """Ask for the secret of ``login``."""
        if login not in self._answers:
            self._answers[login] = _answer(login, host)
        return self._answers[login]


def _answer(login: str, host: str | None) -> Secret:
    place = f" at {visible(host)}" if host else ""
    try:
        answer = ask(f"Password of {visible(login)}{place}: ")
    except EOFError:
        raise InputError(_NOBODY.format(login=visible(login))) from None
    if not answer:
        raise InputError("no password was typed; a log-in without one would only cost a failed attempt")
    return answer
