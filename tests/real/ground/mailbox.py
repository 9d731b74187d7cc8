"""Dovecot as somebody's mailbox: IMAP with STARTTLS and with TLS from the first byte, Maildirs, passwords and signed tokens.

Mail is put into the Maildir as a delivery agent does. The junk folder has a French name, and says by its attribute what it is
for.
"""

from __future__ import annotations

import base64
import contextlib
import os
import pwd
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .certificates import Certificates
from .dovecot import PASSWORD, USER, token
from .running import Log, answers, call, found, free_ports, running

__all__ = ["PASSWORD", "USER", "ImapServer", "imap_server", "token"]

JUNK = "Courrier ind&AOk-sirable"
"""In modified UTF-7, as it is on the wire and on disk."""

_KEY = b"a key of thirty-two bytes or more!"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = yes
auth_mechanisms = plain login scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
auth_verbose = yes
auth_debug = yes
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
mail_debug = no
namespace inbox {{
  inbox = yes
  separator = .
  mailbox "{junk}" {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Projects {{
    auto = create
  }}
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login scram-sha-256
  args = {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/tokens.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {clear}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {implicit}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  client_limit = 100
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """The running server, its log, and the mails on its disk."""

    clear: int
    implicit: int
    log: Log
    mail: Path

    def maildir(self, folder: str | None = None, user: str = USER) -> Path:
        return self.mail / user / f".{folder}" if folder else self.mail / user

    def deliver(self, content: bytes, folder: str | None = None, user: str = USER) -> Path:
        """Put a mail into a folder, as a delivery agent does."""
        self.made(user)
        box = self.maildir(folder, user)
        owner = pwd.getpwnam("mail")
        for part in (box, *(box / name for name in ("cur", "new", "tmp"))):
            part.mkdir(parents=True, exist_ok=True)
            os.chown(part, owner.pw_uid, owner.pw_gid)
        name = f"{time.time():.6f}.{os.urandom(6).hex()}.ci.test"
        first = box / "tmp" / name
        first.write_bytes(content)
        os.chown(first, owner.pw_uid, owner.pw_gid)
        return first.rename(box / "new" / name)

    def made(self, user: str = USER) -> None:
        owner = pwd.getpwnam("mail")
        home = self.mail / user
        home.mkdir(parents=True, exist_ok=True)
        os.chown(home, owner.pw_uid, owner.pw_gid)

    def empty(self, user: str = USER) -> None:
        """Throw every mail away."""
        for file in self.maildir(user=user).rglob("*"):
            if file.is_file() and file.parent.name in ("new", "cur"):
                file.unlink()

    def cut_off(self) -> None:
        """End every session, as a server does that is restarted."""
        call(found("doveadm") or "doveadm", "-c", self.mail.parent / "dovecot.conf", "kick", "*")

    def log_ins(self, mark: int) -> list[str]:
        """Return one line for every log-in tried since ``mark``, however it ended."""

        def ended(lines: list[str]) -> list[str]:
            return [line for line in lines if re.search(r"Debug: client passdb out: (OK|FAIL)\b", line)]

        self.log.wait(mark, lambda lines: bool(ended(lines)))
        time.sleep(0.2)  # a second attempt, if somebody makes one, comes at once
        return ended(self.log.since(mark))


@contextlib.contextmanager
def imap_server(folder: Path, certificates: Certificates) -> Iterator[ImapServer]:
    """Run the server in ``folder``."""
    folder.mkdir(mode=0o755)
    clear, implicit = free_ports(2)
    owner = pwd.getpwnam("mail")
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\nbookkeeping@ci.test:{{PLAIN}}{PASSWORD}\n")
    keys = folder / "keys/default/HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(_KEY))
    (folder / "tokens.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/keys/\nusername_attribute = email\n"
    )
    mail = folder / "mail"
    mail.mkdir(mode=0o755)
    os.chown(mail, owner.pw_uid, owner.pw_gid)
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            certificate=certificates.chain("good"),
            junk="Courrier indésirable",
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            clear=clear,
            implicit=implicit,
        ),
        encoding="utf-8",
    )
    program = found("dovecot")
    assert program
    with running(
        [program, "-F", "-c", configuration], folder / "start.log", lambda: _greets(clear) and answers("127.0.0.1", implicit)
    ):
        yield ImapServer(clear, implicit, Log(folder / "dovecot.log"), mail)


def _greets(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        return line.recv(10).startswith(b"* OK")
    return False
