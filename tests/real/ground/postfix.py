"""Postfix in many roles at once: one smtpd line per role, each on its own port with its own options.

Own configuration, queue and data folders: an installed Postfix, and another one of these, can run beside it. Mail for
``ci.test`` is thrown away. Each role writes its name into the log, so that connections and commands can be counted per role.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .certificates import Certificates
from .dovecot import USER
from .running import Log, call, found, free_ports, running


@dataclass(frozen=True, kw_only=True)
class Role:
    """One smtpd: its options beyond :data:`_MAIN`, its certificate (``None``: no TLS), where it listens."""

    options: dict[str, str] = field(default_factory=dict)
    certificate: str | None = "good"
    addresses: tuple[str, ...] = ("127.0.0.1",)
    service: str = "smtpd"


_LOGIN = {"smtpd_sasl_auth_enable": "yes", "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination"}
_SUBMISSION = {
    "smtpd_tls_security_level": "encrypt",
    **_LOGIN,
    "smtpd_sender_login_maps": f"inline:{{{USER}={USER}, bookkeeping@ci.test=bookkeeping@ci.test}}",
    "smtpd_sender_restrictions": "reject_sender_login_mismatch",
}
_NOTHING = "permit_sasl_authenticated, reject"

ROLES: dict[str, Role] = {
    # as servers ought to be
    "mx": Role(addresses=("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "::1")),
    "submission": Role(options=_SUBMISSION, addresses=("127.0.0.1", "::1")),
    "implicit": Role(options={"smtpd_tls_wrappermode": "yes", **_SUBMISSION}),
    "intermediate": Role(certificate="intermediate"),
    # protection missing or withheld
    "plain": Role(certificate=None),
    "auth-in-clear": Role(options={**_LOGIN, "smtpd_tls_auth_only": "no"}),
    "auth-without-tls": Role(options={**_LOGIN, "smtpd_tls_auth_only": "no"}, certificate=None),
    "withheld": Role(options={"smtpd_discard_ehlo_keywords": "starttls"}),
    "old-tls": Role(
        options={
            "smtpd_tls_protocols": "TLSv1",
            "smtpd_tls_mandatory_protocols": "TLSv1",
            "smtpd_tls_ciphers": "low",
            "tls_low_cipherlist": "ALL:@SECLEVEL=0",
        }
    ),
    "client-certificate": Role(options={"smtpd_tls_security_level": "encrypt", "smtpd_tls_req_ccert": "yes"}),
    "asks-certificate": Role(options={"smtpd_tls_ask_ccert": "yes"}),
    # one certificate fault each
    **{
        name: Role(certificate=name)
        for name in ("expired", "early", "ending", "elsewhere", "untrusted", "incomplete", "self-signed", "client-only")
    },
    # answers
    "rejects-client": Role(
        options={"smtpd_delay_reject": "no", "smtpd_client_restrictions": "check_client_access static:{554 5.7.1 Blocked}"}
    ),
    "one-at-a-time": Role(options={"smtpd_client_connection_count_limit": "1"}),
    "small": Role(options={"message_size_limit": "20000"}),
    "login-first": Role(options={**_LOGIN, "smtpd_client_restrictions": _NOTHING, "smtpd_tls_security_level": "encrypt"}),
    "open-relay": Role(
        options={"mynetworks": "127.0.0.0/8", "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination"}
    ),
    "judges-at-once": Role(options={"smtpd_delay_reject": "no"}),
    "postscreen": Role(
        service="postscreen",
        options={"postscreen_greet_wait": "2s", "postscreen_greet_ttl": "1s", "postscreen_greet_banner": "Wait, please"},
    ),
}

RECIPIENTS = {
    "greylisted@ci.test": "450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/ci.test.html",
    "full@ci.test": "552 5.2.2 The mailbox is over its quota",
    "nearly-full@ci.test": "452 4.2.2 Mailbox full",
    "disabled@ci.test": "550 5.2.1 The account is disabled",
    "busy@ci.test": "451 4.3.0 Try again later",
    "refused@ci.test": "550 5.7.1 Recipient refused by policy",
}
"""What the access table answers; beside these there are unknown@ (not in the table of users) and moved@ (relocated)."""

SENDERS = {
    "blocked@ci.test": "554 5.7.1 Sender refused by policy",
    "slow@ci.test": "450 4.7.1 Try again later",
    "nobody@nowhere.test": "550 5.1.8 Domain not found",
}

_MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "mx.ci.test",
    "mydestination": "ci.test",
    "mynetworks": "",
    "alias_maps": "",
    "alias_database": "",
    "local_transport": "discard:",
    "default_transport": "discard:",
    "local_recipient_maps": "inline:{" + ", ".join(f"{{{name}=1}}" for name in (USER, "bookkeeping@ci.test", *RECIPIENTS)) + "}",
    "relocated_maps": "inline:{{moved@ci.test=frontdesk@elsewhere.test}}",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_recipient_restrictions": "check_recipient_access inline:{"
    + ", ".join(f"{{{name}={answer}}}" for name, answer in RECIPIENTS.items())
    + "}",
    "smtpd_sender_restrictions": "reject_non_fqdn_sender, check_sender_access inline:{"
    + ", ".join(f"{{{name}={answer}}}" for name, answer in SENDERS.items())
    + "}",
    "smtpd_peername_lookup": "no",  # the machine's own resolver is not part of this
    "smtpd_tls_auth_only": "yes",
    "smtpd_tls_loglevel": "1",
    "smtpd_sasl_type": "dovecot",
    "smtpd_client_connection_count_limit": "0",
    "inet_interfaces": "all",
    "default_database_type": "hash",
    "biff": "no",
}

_SERVICES = """\
pickup     unix  n  -  n  60    1  pickup
cleanup    unix  n  -  n  -     0  cleanup
qmgr       unix  n  -  n  300   1  qmgr
tlsmgr     unix  -  -  n  1000? 1  tlsmgr
rewrite    unix  -  -  n  -     -  trivial-rewrite
bounce     unix  -  -  n  -     0  bounce
defer      unix  -  -  n  -     0  bounce
trace      unix  -  -  n  -     0  bounce
verify     unix  -  -  n  -     1  verify
flush      unix  n  -  n  1000? 0  flush
proxymap   unix  -  -  n  -     -  proxymap
proxywrite unix  -  -  n  -     1  proxymap
error      unix  -  -  n  -     -  error
retry      unix  -  -  n  -     -  error
discard    unix  -  -  n  -     -  discard
anvil      unix  -  -  n  -     1  anvil
scache     unix  -  -  n  -     1  scache
postlog    unix-dgram n - n -   1  postlogd
dnsblog    unix  -  -  n  -     0  dnsblog
tlsproxy   unix  -  -  n  -     0  tlsproxy
"""


@dataclass(frozen=True)
class Postfix:
    """The running server: the port of each role, and the log."""

    ports: dict[str, int]
    log: Log

    def target(self, role: str, host: str = "127.0.0.1") -> str:
        return f"[{host}]:{self.ports[role]}" if ":" in host else f"{host}:{self.ports[role]}"

    def sessions(self, role: str, mark: int) -> list[str]:
        """Return what each connection since ``mark`` did (``ehlo=2 starttls=1 quit=1 commands=4``), once all have ended."""
        begun = re.compile(rf"{re.escape(role)}/smtpd\[\d+\]: connect from")
        ended = re.compile(rf"{re.escape(role)}/smtpd\[\d+\]: disconnect from \S+ (.*)")

        def finished(lines: list[str]) -> bool:
            connected = sum(bool(begun.search(line)) for line in lines)
            return 0 < connected == sum(bool(ended.search(line)) for line in lines)

        return [found[1] for line in self.log.wait(mark, finished) if (found := ended.search(line))]


@contextlib.contextmanager
def postfix(
    folder: Path,
    ports: dict[str, int],
    certificates: Certificates,
    login: int,
    *,
    roles: dict[str, Role] | None = None,
    cyrus: str | None = None,
    settings: dict[str, str] | None = None,
    services: str = "",
) -> Iterator[Postfix]:
    """Run all roles in ``folder`` (all parents of it open to every user).

    ``login`` is the port of Dovecot; ``cyrus`` are settings of Cyrus SASL, for roles that ask that;
    ``settings`` and ``services`` are more of main.cf and master.cf.
    """
    configuration, queue, data = folder / "etc", folder / "queue", folder / "data"
    for child in (folder, configuration, queue):
        child.mkdir(mode=0o755)
    data.mkdir(mode=0o700)
    os.chown(data, pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
    program = found("postfix")
    assert program
    daemons = call(found("postconf") or "postconf", "-d", "-h", "daemon_directory").strip()
    log = folder / "mail.log"
    main = _MAIN | {
        "queue_directory": str(queue),
        "data_directory": str(data),
        "maillog_file": str(log),
        "maillog_file_prefixes": str(folder),
        "smtpd_sasl_path": f"inet:127.0.0.1:{login}",
        **(settings or {}),
    }
    (configuration / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
    if cyrus is not None:
        (configuration / "sasl").mkdir(mode=0o755)
        (configuration / "sasl/smtpd.conf").write_text(cyrus)
    lines = [_SERVICES, services]
    for name, role in (roles or ROLES).items():
        options = {"syslog_name": name}
        if role.certificate:
            options["smtpd_tls_chain_files"] = str(certificates.chain(role.certificate))
            options["smtpd_tls_security_level"] = "may"
        options |= role.options
        words = "".join(f"    -o {{ {key} = {value} }}\n" for key, value in options.items())
        limit = "1" if role.service == "postscreen" else "-"
        for address in role.addresses:
            where = f"[{address}]" if ":" in address else address
            lines.append(f"{where}:{ports[name]} inet n - n - {limit} {role.service}\n{words}")
        if role.service == "postscreen":  # hands the connection on to an smtpd of its own
            lines.append(f"smtpd pass - - n - - smtpd\n{words}")
    (configuration / "master.cf").write_text("".join(lines))
    call(program, "-c", configuration, "check")
    # "postfix start" would put it into the background, out of our hands; the master itself stays where it is.
    command: list[str | Path] = [f"{daemons}/master", "-c", configuration]
    with running(command, log, lambda: _starts_tls(next(iter(ports.values())))):
        yield Postfix(ports, Log(log))


def _starts_tls(port: int) -> bool:
    """Tell whether the server is complete: TLS needs one more of Postfix's programs than a greeting does."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=5) as line,
        line.makefile("rb") as heard,
    ):
        heard.readline()
        line.sendall(b"EHLO ready.test\r\n")
        while heard.readline()[3:4] == b"-":
            pass
        line.sendall(b"STARTTLS\r\n")
        return heard.readline().startswith(b"220")
    return False


def choose_ports() -> dict[str, int]:
    """Give every role a port: known before the zone is written, which names some of them."""
    return dict(zip(ROLES, free_ports(len(ROLES)), strict=True))
