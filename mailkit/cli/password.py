"""Where a password comes from: never from an argument, for arguments show in every process list."""

from __future__ import annotations

import argparse
import os
import sys

from mailkit.errors import InputError
from mailkit.secret import Secret

__all__ = ["declare_password", "read_password"]


def declare_password(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the password is."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--password-env", metavar="NAME", help="take the password from this environment variable")
    group.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    group.add_argument("--password-keyring", action="store_true", help="take it from the keyring: service mailkit, user as given")


def read_password(chosen: argparse.Namespace) -> Secret:
    """Get the password of ``chosen.user`` from where the options say; asked for without echo when they say nothing.

    Raises:
        InputError: it is not there, or nobody can be asked.
    """
    if chosen.password_env:
        value = os.environ.get(chosen.password_env)
        if not value:
            raise InputError(
                f"the environment variable {chosen.password_env} is not set; put the password there, or use --password-stdin"
            )
    elif chosen.password_stdin:
        value = sys.stdin.readline().rstrip("\r\n")
        if not value:
            raise InputError("standard input holds no password; give it as the first line")
    elif chosen.password_keyring:
        value = _from_keyring(chosen.user)
    elif sys.stdin.isatty():
        from getpass import getpass  # noqa: PLC0415 - only where somebody can answer

        value = getpass(f"Password of {chosen.user}: ")
        if not value:
            raise InputError("no password was typed; a log-in without one would only cost a failed attempt")
    else:
        raise InputError(
            "--user needs a password, and nobody can be asked here; use --password-env, --password-stdin or --password-keyring"
        )
    return Secret(value)


def _from_keyring(user: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415 - keyring is optional
    except ImportError:
        raise InputError(
            "the keyring is not installed; pip install 'maestro-mailkit[keyring]', or use --password-stdin"
        ) from None
    try:
        value = keyring.get_password("mailkit", user)
    except KeyringError as error:
        raise InputError(f"the keyring of this machine cannot be used ({type(error).__name__}); use --password-stdin") from None
    if not value:
        raise InputError(
            f"the keyring has no password of {user} for the service mailkit; set it with: keyring set mailkit {user}"
        )
    return str(value)
