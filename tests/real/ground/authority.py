"""A sign-in service in a thread of its own, and mail servers that ask it about every token: Postfix, with Dovecot behind it.

Dovecot asks by introspection (RFC 7662) over TLS, so a token that was withdrawn is refused although its signature is good.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailkit.practice.account import Accounts
from mailkit.practice.certificates import Authority
from mailkit.practice.oauth import OAuthServer

from .certificates import Certificates
from .postfix import Postfix, Role, postfix
from .running import Log, answers, found, free_ports, running

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"
OTHER, OTHERS_PASSWORD = "estimator@builder.test", "practice-estimator"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
auth_verbose = yes
auth_debug = yes
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
"""

_TOKENS = """
introspection_mode = post
introspection_url = {url}/introspect
tls_ca_cert_file = {ca_file}
username_attribute = email
active_attribute = active
active_value = true
openid_configuration_url = {url}/practice/v2.0/.well-known/openid-configuration
"""

_SUBMISSION = {
    "smtpd_tls_security_level": "encrypt",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_sender_restrictions": "",
}


@dataclass(frozen=True)
class Service:
    """The running sign-in service, and the file to trust it by."""

    server: OAuthServer
    ca_file: Path


@dataclass(frozen=True)
class Tokens:
    """The service, the mail server that takes its tokens, and Dovecot's log."""

    service: Service
    mail: Postfix
    log: Log

    def attempts(self, mark: int) -> list[str]:
        """Return one line for every log-in tried since ``mark``, however it ended."""

        def ended(lines: list[str]) -> list[str]:
            return [line for line in lines if "client passdb out: OK" in line or "client passdb out: FAIL" in line]

        return ended(self.log.wait(mark, lambda lines: bool(ended(lines))))


@contextlib.contextmanager
def sign_in_service(folder: Path) -> Iterator[Service]:
    """Run the service in a thread until the block ends."""
    folder.mkdir(mode=0o755)
    server = OAuthServer(Authority(folder), Accounts())
    ready = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        await server.start()
        ended = asyncio.Event()
        stop.append((asyncio.get_running_loop(), ended))
        ready.set()
        await ended.wait()
        await server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="sign-in service")
    thread.start()
    try:
        assert ready.wait(20)
        yield Service(server, folder / "practice-root.pem")
    finally:
        for loop, ended in stop:
            loop.call_soon_threadsafe(ended.set)
        thread.join(20)


@contextlib.contextmanager
def token_servers(folder: Path, certificates: Certificates) -> Iterator[Tokens]:
    """Run all of it in ``folder``: the role ``submission`` takes tokens."""
    folder.mkdir(mode=0o755)
    program = found("dovecot")
    assert program
    with sign_in_service(folder / "service") as service:
        login, submission = free_ports(2)
        settings = folder / "dovecot.conf"
        settings.write_text(_CONFIGURATION.format(folder=folder, port=login))
        (folder / "tokens.conf").write_text(_TOKENS.format(url=service.server.url, ca_file=service.ca_file))
        roles = {"submission": Role(options=_SUBMISSION)}
        with (
            running([program, "-F", "-c", settings], folder / "start.log", lambda: answers("127.0.0.1", login)),
            postfix(folder / "postfix", {"submission": submission}, certificates, login, roles=roles) as mail,
        ):
            yield Tokens(service, mail, Log(folder / "dovecot.log"))
