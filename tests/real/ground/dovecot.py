"""Dovecot as the log-in service behind Postfix: passwords by five mechanisms, signed tokens by two more.

Tokens are checked against a key in a file (RFC 7519, HS256), so that no authority is asked. ``attempts`` counts, from Dovecot's
own log, what a log-in cost the account.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .running import Log, answers, found, free_ports, running

USER, PASSWORD = "frontdesk@ci.test", "correct horse"

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")
_KEY = b"a key of thirty-two bytes or more!"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
auth_verbose = yes
auth_debug = yes
auth_realms = ci.test
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/tokens.conf
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
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
class Dovecot:
    """A running log-in service and its log."""

    port: int
    log: Log

    def attempts(self, mark: int) -> list[str]:
        """Return one line for every log-in tried since ``mark``, however it ended."""

        def ended(lines: list[str]) -> list[str]:
            return [line for line in lines if re.search(r"Debug: client passdb out: (OK|FAIL)\b", line)]

        lines = self.log.wait(mark, lambda lines: bool(ended(lines)))
        time.sleep(0.2)  # a second attempt, if somebody makes one, comes at once
        return ended(self.log.since(mark)) or ended(lines)


def token(user: str = USER, *, seconds: int = 3600) -> str:
    """Return a signed access token for ``user``, good for ``seconds`` (negative: already over)."""
    now = int(time.time())
    head = {"alg": "HS256", "typ": "JWT"}
    body = {"email": user, "sub": user, "iat": now - 7200, "nbf": now - 7200, "exp": now + seconds}
    signed = b".".join(_url64(json.dumps(part).encode()) for part in (head, body))
    return (signed + b"." + _url64(hmac.digest(_KEY, signed, hashlib.sha256))).decode()


def _url64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@contextlib.contextmanager
def dovecot(folder: Path) -> Iterator[Dovecot]:
    """Run the log-in service in ``folder``."""
    folder.mkdir(mode=0o755)
    (port,) = free_ports(1)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    keys = folder / "keys/default/HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(_KEY))
    (folder / "tokens.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/keys/\nusername_attribute = email\n"
    )
    configuration = folder / "dovecot.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, mechanisms=" ".join(MECHANISMS).lower()))
    program = found("dovecot")
    assert program
    with running([program, "-F", "-c", configuration], folder / "start.log", lambda: answers("127.0.0.1", port)):
        yield Dovecot(port, Log(folder / "dovecot.log"))
