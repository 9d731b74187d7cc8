"""Postfix with Cyrus SASL behind it: the one free mail server of Debian that checks NTLM, as Exchange offers it in offices.

The password database is made with ``saslpasswd2`` in a folder of its own; no file of the system is changed.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .certificates import Certificates
from .postfix import Postfix, Role, postfix
from .running import found, free_ports

USER, REALM, PASSWORD = "frontdesk", "ci.test", "correct horse"


@contextlib.contextmanager
def windows_like(folder: Path, certificates: Certificates) -> Iterator[Postfix]:
    """Run one submission port that offers NTLM alone, under the role ``windows``."""
    folder.mkdir(mode=0o755)
    database = folder / "sasldb2"
    program = found("saslpasswd2")
    assert program
    subprocess.run(
        [program, "-c", "-p", "-f", database, "-u", REALM, USER],
        input=PASSWORD.encode(),
        check=True,
        timeout=20,
        capture_output=True,
    )
    os.chown(database, pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
    options = {
        "smtpd_tls_security_level": "encrypt",
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sasl_type": "cyrus",
        "smtpd_sasl_path": "smtpd",
        "smtpd_sasl_local_domain": REALM,
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
    }
    settings = f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\nmech_list: NTLM\n"
    (port,) = free_ports(1)
    roles = {"windows": Role(options=options)}
    with postfix(folder / "postfix", {"windows": port}, certificates, 0, roles=roles, cyrus=settings) as running:
        yield running
