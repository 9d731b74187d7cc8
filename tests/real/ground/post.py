"""A whole post office: Postfix takes mail with a log-in and delivers it into the mailbox that Dovecot shows over IMAP.

For tests that follow a mail from a click until it arrived; they may lie in another folder, so that everything is begun here.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .certificates import make_certificates
from .dovecot import PASSWORD, USER, Dovecot, dovecot
from .mailbox import ImapServer, imap_server
from .names import names
from .postfix import ROLES, Postfix, postfix
from .running import found, free_ports

__all__ = ["HOST", "PASSWORD", "USER", "PostOffice", "lacking", "post_office"]

HOST = "mx.ci.test"
_PROGRAMS = {"postfix": "postfix", "dovecot": "dovecot-core", "knotd": "knot", "unbound": "unbound"}


@dataclass(frozen=True)
class PostOffice:
    """The running servers, and what one needs to know to use them."""

    submission: int
    resolver: str
    ca_file: Path
    postfix: Postfix
    login: Dovecot
    imap: ImapServer

    @property
    def box(self) -> str:
        """The mailbox, as a person names it."""
        return f"{USER}@{HOST}:{self.imap.clear}"


def lacking() -> str | None:
    """Say why it cannot be run here; ``None``: it can."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return "real servers need root"
    missing = [package for program, package in _PROGRAMS.items() if not found(program)]
    return f"Debian packages missing: {' '.join(missing)}" if missing else None


@contextlib.contextmanager
def post_office(folder: Path) -> Iterator[PostOffice]:
    """Run it in ``folder``, which every user can reach, on free ports."""
    (folder / "certificates").mkdir()
    certificates = make_certificates(folder / "certificates")
    owner = pwd.getpwnam("mail")
    role = "submission"
    (port,) = free_ports(1)
    with (
        dovecot(folder / "dovecot") as login,
        imap_server(folder / "imap", certificates) as imap,
        names(folder / "names", {}) as resolver,
    ):
        imap.made()
        delivering = {
            "local_transport": "virtual:",
            "virtual_mailbox_base": str(imap.mail),
            "virtual_mailbox_maps": f"inline:{{{USER}={USER}/}}",
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
        }
        with postfix(
            folder / "postfix",
            {role: port},
            certificates,
            login.port,
            roles={role: ROLES[role]},
            settings=delivering,
            services="virtual unix - n n - - virtual\n",
        ) as running:
            yield PostOffice(port, resolver, certificates.anchor, running, login, imap)
