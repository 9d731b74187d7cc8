"""Where passwords come from: never from an argument, for arguments show in every process list."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mailkit.secret import Secret
from mailkit.signin.book import PasswordBook

__all__ = ["declare_password", "declare_passwords", "password_book", "read_password"]


def declare_password(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the password of one user is."""
    _declare(
        parser,
        env="take the password from this environment variable",
        stdin="read the password from standard input",
        keyring="take it from the keyring: service mailkit, user as given",
    )


def declare_passwords(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the passwords of several users are."""
    _declare(
        parser,
        env="take each password from an environment variable; {user} in the name stands for the login: MAIL_{user}",
        stdin="read them from standard input, a row for each login: the login, a tab, the password; or JSON Lines",
        keyring='take them from the keyring: service "mailkit HOST", else mailkit; user is the login',
    )


def _declare(parser: argparse.ArgumentParser, *, env: str, stdin: str, keyring: str) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--password-env", metavar="NAME", help=env)
    group.add_argument("--password-stdin", action="store_true", help=stdin)
    group.add_argument("--password-keyring", action="store_true", help=keyring)


def read_password(chosen: argparse.Namespace) -> Secret:
    """Get the password of ``chosen.user`` from where the options say; asked for without echo when they say nothing.

    Raises:
        InputError: it is not there, or nobody can be asked.
    """
    return password_book(chosen, [chosen.user]).secret_of(chosen.user)


def password_book(chosen: argparse.Namespace, logins: Sequence[str]) -> PasswordBook:
    """Open what knows the passwords of ``logins``: as the options say, else their owners are asked one after the other.

    Raises:
        InputError: it cannot be opened, or standard input is not usable.
    """
    if chosen.password_env:
        from mailkit.signin.environment import Environment  # noqa: PLC0415 - one of four is needed

        return Environment(chosen.password_env)
    if chosen.password_stdin:
        from mailkit.signin.stream import from_stream  # noqa: PLC0415 - one of four is needed

        return from_stream(logins)
    if chosen.password_keyring:
        from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - one of four is needed

        return Keyring()
    from mailkit.signin.typed import Typed  # noqa: PLC0415 - one of four is needed

    return Typed()
