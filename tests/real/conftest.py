"""Real servers for the tests of this folder: Postfix with Dovecot, Knot and unbound, on loopback.

They use free ports and a folder of their own; no system file is changed, no system service is used, everything is stopped by its
process id. Needs Debian's packages (``make test`` installs them) and root; without those the tests are skipped and say why.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailkit.diagnosis import diagnosed
from mailkit.observation import ProbeDocument
from mailkit.probe import ProbeSettings, probe

from .ground.asking import Ask
from .ground.certificates import Certificates, make_certificates
from .ground.dovecot import Dovecot, dovecot
from .ground.names import names
from .ground.postfix import Postfix, choose_ports, postfix
from .ground.running import Log, found

_PROGRAMS = {"postfix": "postfix", "dovecot": "dovecot-core", "knotd": "knot", "unbound": "unbound"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers said last beside a test that failed: their logs are gone afterwards."""
    report = yield
    if report.failed:
        for name, fixture in getattr(item, "funcargs", {}).items():
            if isinstance(getattr(fixture, "log", None), Log):
                report.sections.append((f"log of {name}", "\n".join(fixture.log.text().splitlines()[-30:])))
    return report


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """Make a folder that the servers' own users can reach (pytest's are private), with a path short enough for sockets."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("real servers need root")
    missing = [package for program, package in _PROGRAMS.items() if not found(program)]
    if missing:
        why = f"Debian packages missing: {' '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(why)  # there, a test that silently does not run is worse than one that fails
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="mailkit-real-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificates(ground: Path) -> Certificates:
    folder = ground / "certificates"
    folder.mkdir()
    return make_certificates(folder)


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    return choose_ports()


@pytest.fixture(scope="session")
def login(ground: Path) -> Iterator[Dovecot]:
    with dovecot(ground / "dovecot") as running:
        yield running


@pytest.fixture(scope="session")
def mail(ground: Path, ports: dict[str, int], certificates: Certificates, login: Dovecot) -> Iterator[Postfix]:
    with postfix(ground / "postfix", ports, certificates, login.port) as running:
        yield running


@pytest.fixture(scope="session")
def resolver(ground: Path, ports: dict[str, int], certificates: Certificates) -> Iterator[str]:
    tlsa = {
        f"_{ports['mx']}._tcp.mx.dane": certificates.tlsa_key_sha256("good"),
        f"_{ports['expired']}._tcp.mx.dane": certificates.tlsa_key_sha256("expired"),
        f"_{ports['mx']}._tcp.mx.wrongdane": certificates.tlsa_key_sha256("self-signed"),
    }
    with names(ground / "names", tlsa) as running:
        yield running


@pytest.fixture
def ask(certificates: Certificates) -> Ask:
    """Probe as a person would who knows the server's name and trusts its authority."""

    async def ask(target: str, **settings: Any) -> ProbeDocument:
        chosen = {"ca_file": certificates.anchor, "server_name": "mx.ci.test", "timeout": 5.0} | settings
        return diagnosed(await probe(target, ProbeSettings(**chosen)))

    return ask
