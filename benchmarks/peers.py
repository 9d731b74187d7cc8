"""The other programs: how each is asked for one STARTTLS look at a server, and where it comes from.

Debian's are used when they are installed; those on PyPI get an environment of their own below ``build/``, so that they stay
separate programs. A peer that cannot be had is left out and named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parent.parent / "build/peers"
_SEARCH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"

_SMTPLIB = """\
import smtplib, ssl, sys
host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.check_hostname = False
with smtplib.SMTP(host, int(port)) as server:
    server.ehlo()
    server.starttls(context=context)
    server.ehlo()
"""
_CHECKDMARC = """\
import smtplib, sys
from checkdmarc.smtp import test_starttls
smtplib.SMTP.default_port = int(sys.argv[2])  # it knows port 25 only
test_starttls(sys.argv[1])
"""


@dataclass(frozen=True)
class Peer:
    """One program, and how it is asked.

    In the arguments ``{host}``, ``{port}`` and ``{ca}`` are filled in, ``{hosts}`` becomes one argument for each host, and
    ``{list}`` the name of a file with one ``host:port`` a line.
    """

    name: str
    arguments: tuple[str, ...]
    many: tuple[str, ...] | None = None
    """The arguments for many targets in one process; ``None``: it takes one target a process."""
    package: str | None = None
    """The distribution on PyPI that it comes from."""
    typed: str = ""
    """What it reads from standard input."""

    def command(self, arguments: tuple[str, ...], hosts: list[str], port: int, ca: Path, listed: Path) -> list[str] | None:
        """Return the command line for ``hosts``, or ``None`` when the program is not here."""
        program = arguments[0]
        if self.package:
            place = environment(self.package)
            where = str(place / program) if place else None
        else:
            where = shutil.which(program, path=_SEARCH)
        if where is None:
            return None
        filled = [part.format(host=hosts[0], port=port, ca=ca, list=listed, hosts="{hosts}") for part in arguments[1:]]
        return [where, *(word for part in filled for word in (hosts if part == "{hosts}" else [part]))]


_BARE = (sys.executable, str(Path(__file__).with_name("bare.py")), "{ca}", "{port}", "{hosts}")
_MAILKIT = (str(Path(sys.executable).with_name("mailkit")), "probe", "--ca-file", "{ca}")

OURS = (
    Peer("bare asyncio script", _BARE, many=_BARE),
    Peer("mailkit probe", (*_MAILKIT, "{host}:{port}"), many=(*_MAILKIT, "--targets-file", "{list}")),
)
PEERS = (
    Peer("posttls-finger", ("posttls-finger", "-c", "-l", "verify", "-F", "{ca}", "[{host}]:{port}")),
    Peer(
        "openssl s_client",
        ("openssl", "s_client", "-starttls", "smtp", "-CAfile", "{ca}", "-connect", "{host}:{port}"),
        typed="QUIT\n",
    ),
    Peer(
        "gnutls-cli",
        ("gnutls-cli", "--starttls-proto=smtp", "--insecure", "--x509cafile={ca}", "-p", "{port}", "{host}"),
        typed="QUIT\r\n",
    ),
    Peer("swaks", ("swaks", "--server", "{host}", "--port", "{port}", "-tls", "--quit-after", "EHLO")),
    Peer("smtplib script", (sys.executable, "-c", _SMTPLIB, "{host}", "{port}", "{ca}")),
    Peer(
        "sslyze --certinfo",
        ("sslyze", "--starttls=smtp", "--certinfo", "{host}:{port}"),
        many=("sslyze", "--starttls=smtp", "--certinfo", "--targets_in={list}"),
        package="sslyze",
    ),
    Peer("checkdmarc test_starttls", ("python", "-c", _CHECKDMARC, "{host}", "{port}"), package="checkdmarc"),
)


def environment(package: str) -> Path | None:
    """Return the folder of programs of an environment that holds ``package``; made on first use."""
    place = BUILD / package
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    stamp = place / "installed"
    if not stamp.exists():
        venv.create(place, with_pip=True, clear=True)
        install = [programs / "python", "-m", "pip", "install", "-q", package]
        done = subprocess.run(install, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            return None
        stamp.touch()
    return programs
