"""Exim beside Postfix: another program, with another way of saying things, that hangs up on clients who talk out of turn.

It is Debian's, unpacked below ``build/`` by ``make test`` (as a package it would push out Postfix). It insists on a system user
of its own; libnss-wrapper shows it one that is in no system file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .certificates import Certificates
from .running import Log, answers, free_ports, running

UNPACKED = Path(__file__).parents[3] / "build/exim"
PROGRAM = UNPACKED / "usr/sbin/exim4"
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
USER, PASSWORD = "frontdesk", "correct horse"
_ID = 4321

_CONFIGURATION = """
primary_hostname = mx.ci.test
domainlist local_domains = ci.test
spool_directory = {folder}
log_file_path = {folder}/%slog
log_selector = +smtp_connection +smtp_no_mail +smtp_syntax_error +smtp_protocol_error
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = {certificate}
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max_per_host = 4
acl_smtp_rcpt = recipient
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}

begin acl
recipient:
  defer local_parts = greylisted
        message = greylisted, try again in five minutes
  deny  !domains = +local_domains
        !authenticated = *
        message = relay not permitted
  require verify = recipient
  accept

begin routers
users:
  driver = redirect
  local_parts = {user}
  data = :blackhole:
nobody:
  driver = redirect
  allow_fail
  data = :fail: Unrouteable address

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{user}}}{{{password}}}fail}}
  server_set_id = $auth1
"""


@dataclass(frozen=True)
class Exim:
    """A running Exim: a port with STARTTLS, one with TLS at once, and its log."""

    starttls: int
    implicit: int
    log: Log


@contextlib.contextmanager
def exim(folder: Path, certificates: Certificates) -> Iterator[Exim]:
    """Run Exim in ``folder``."""
    folder.mkdir(mode=0o755)
    os.chown(folder, _ID, _ID)
    starttls, implicit = free_ports(2)
    certificate = folder / "server.pem"
    certificate.write_bytes(certificates.chain("good").read_bytes())
    os.chown(certificate, _ID, _ID)
    configuration = folder / "exim.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, starttls=starttls, implicit=implicit, certificate=certificate, user=USER, password=PASSWORD
        )
    )
    (folder / "passwd").write_text(f"{Path('/etc/passwd').read_text()}Debian-exim:x:{_ID}:{_ID}::/:/usr/sbin/nologin\n")
    (folder / "group").write_text(f"{Path('/etc/group').read_text()}Debian-exim:x:{_ID}:\n")
    (wrapper,) = UNPACKED.glob("usr/lib/*/libnss_wrapper.so")
    shown = {
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    start = folder / "start.log"
    with running([PROGRAM, "-C", configuration, "-bdf"], start, lambda: answers("127.0.0.1", implicit), shown):
        yield Exim(starttls, implicit, Log(folder / "mainlog"))
