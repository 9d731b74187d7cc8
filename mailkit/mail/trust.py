"""The TLS contexts of the sender: one for each set of trust anchors, made once.

A context of one's own for every connection would load the authorities anew each time, which takes longer than everything else.
"""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from mailkit.errors import InputError

__all__ = ["context"]


def context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """Give the context for a PEM file of authorities (``None``: the machine's). Reads files: call it in a thread.

    Raises:
        InputError: the file cannot be read, or holds no certificate.
    """
    if not verify:
        return _unverified()
    if ca_file is None:
        return _made(None, None)
    try:
        state = Path(ca_file).stat()
    except OSError as error:
        raise InputError(f"the CA file {ca_file} cannot be read ({error.strerror}); give a PEM file of certificates") from error
    return _made(ca_file, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=64)
def _made(ca_file: str | None, _state: tuple[int, int] | None) -> ssl.SSLContext:
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"the CA file {ca_file} holds no PEM certificate; give one with BEGIN CERTIFICATE blocks") from error
    # Python 3.13 refuses authorities that 3.11 and the programs of the site accept; a newer Python must not stop the mail.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made


@functools.lru_cache(maxsize=1)
def _unverified() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
